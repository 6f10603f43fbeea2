/** The rail's wire laid straight into the simulated bank: no socket, and the same verdicts on what it answers as the SDK's wire gives. */
import { z } from 'zod'
import type { Bank as SimulatedBank, BankResponse } from '../../sim/bank.ts'
import { done, unsure, type Answer } from '../../src/base/answer.ts'
import type { Clock, Millis } from '../../src/base/world.ts'
import {
  balanceShape,
  eventShape,
  invoiceLogShape,
  invoiceShape,
  publicKeyShape,
  transactionShape,
  transferLogShape,
  transferShape,
  webhookShape,
  type Bank,
  type Page,
} from '../../src/rails/starkbank/bank.ts'
import { inputErrors, retryAfterMs, statusFault } from '../../src/rails/starkbank/faults.ts'

export interface WireParts {
  bank: SimulatedBank
  clock: Clock
  /** Before a request leaves and after its answer came: where a process may die. */
  at: (name: string) => Promise<void>
  /** How long a request is on its way to the bank. */
  latencyMs: () => Millis
  trace: (line: string) => void
}

/** The real wire's deadline for a whole request. */
const deadlineMs = 15_000

type Query = Record<string, string | number | boolean | string[] | undefined>

export function wire({ bank, clock, at, latencyMs, trace }: WireParts): Bank {
  async function ask(method: string, path: string, query: Query = {}, body?: unknown): Promise<BankResponse> {
    const name = `${method} ${path.replace(/\d{10,}/, ':id')}`
    await at(`before ${name}`)
    await clock.sleep(latencyMs())
    const fields = Object.entries(query).filter(([, value]) => value !== undefined)
    const response = bank.handle({
      method,
      path: `/v2/${path}`,
      query: new URLSearchParams(fields.map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : String(value)])),
      headers: {},
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    })
    if (method !== 'GET' || response.is !== 'answer' || response.status !== 200)
      trace(`bank ${name} ${response.is === 'answer' ? response.status : response.is}`)
    if (response.is === 'hang') await clock.sleep(deadlineMs)
    await at(`after ${name}`)
    return response
  }

  async function call<S extends z.ZodType>(shape: S, method: string, path: string, query?: Query, body?: unknown): Promise<Answer<z.output<S>>> {
    const response = await ask(method, path, query, body)
    if (response.is !== 'answer') return unsure(`the bank did not answer (${response.is})`)
    const json = jsonOf(response.body)
    if (response.status === 200) {
      const result = shape.safeParse(json)
      return result.success ? done(result.data) : unsure('the bank answered in a shape we do not know')
    }
    const { errors } = (json ?? {}) as { errors?: unknown }
    if (response.status === 400 && Array.isArray(errors)) return inputErrors(errors)
    return statusFault(response.status, () => retryAfterMs({ 'retry-after': response.headers?.['Retry-After'] }, clock.now()))
  }

  const under = <S extends z.ZodType>(name: string, shape: S) => z.object({ [name]: shape }).transform(found => found[name] as z.output<S>)
  const page =
    <S extends z.ZodType>(name: string, path: string, shape: S) =>
    (query: object): Promise<Answer<Page<z.output<S>>>> =>
      call(pageOf(name, shape), 'GET', path, query as Query)

  return {
    createInvoices: invoices => call(under('invoices', z.array(invoiceShape)), 'POST', 'invoice', {}, { invoices }),
    pageInvoices: page('invoices', 'invoice', invoiceShape),
    getInvoice: id => call(under('invoice', invoiceShape), 'GET', `invoice/${id}`),
    patchInvoice: (id, patch) => call(under('invoice', invoiceShape), 'PATCH', `invoice/${id}`, {}, patch),
    pageInvoiceLogs: page('logs', 'invoice/log', invoiceLogShape),

    createTransfers: transfers => call(under('transfers', z.array(transferShape)), 'POST', 'transfer', {}, { transfers }),
    pageTransfers: page('transfers', 'transfer', transferShape),
    getTransfer: id => call(under('transfer', transferShape), 'GET', `transfer/${id}`),
    pageTransferLogs: page('logs', 'transfer/log', transferLogShape),

    pageEvents: page('events', 'event', eventShape),
    markDelivered: id => call(z.unknown().transform(() => undefined), 'PATCH', `event/${id}`, {}, { isDelivered: true }),

    balance: () => call(under('balances', z.array(balanceShape).nonempty()).transform(balances => balances[0]), 'GET', 'balance'),
    pageTransactions: page('transactions', 'transaction', transactionShape),
    webhooks: () => call(under('webhooks', z.array(webhookShape)), 'GET', 'webhook'),
    createWebhook: body => call(under('webhook', webhookShape), 'POST', 'webhook', {}, body),
    publicKeys: () => call(under('publicKeys', z.array(publicKeyShape)), 'GET', 'public-key'),
    close: () => undefined,
  }
}

const pageOf = <S extends z.ZodType>(name: string, shape: S) =>
  z
    .object({ [name]: z.array(shape), cursor: z.string().nullish() })
    .transform(found => ({ items: found[name] as z.output<S>[], cursor: (found['cursor'] as string | null | undefined) || undefined }))

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
