/**
 * The rail's wire laid straight into the simulated bank: no socket, and the same verdicts on what it answers
 * as the SDK's wire gives.
 */
import { z } from 'zod'
import type { Bank as SimulatedBank } from '../../sim/bank.ts'
import type { BankResponse } from '../../sim/exchange.ts'
import { done, refused, unsure, type Answer } from '../../src/base/answer.ts'
import type { Deadline } from '../../src/base/deadline.ts'
import type { Clock, Millis } from '../../src/base/world.ts'
import {
  balanceShape,
  eventShape,
  invoiceLogShape,
  invoiceShape,
  listedInvoiceShape,
  publicKeyShape,
  transactionShape,
  transferLogShape,
  transferShape,
  webhookShape,
  type Bank,
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
  /** What the bank's `Date` says; it says nothing where this is left out. */
  bankNow?: () => Millis
}

const tooLate = refused('too late to send it', true)
/** The real wire's deadline for a whole request. */
const deadlineMs = 15_000

type Query = Record<string, string | number | boolean | string[] | undefined>

export function wire({ bank, clock, at, latencyMs, trace, bankNow }: WireParts): Bank {
  /** Undefined: `deadline` had passed when it was to leave, so nothing did. */
  async function ask(
    method: string,
    path: string,
    query: Query = {},
    body?: unknown,
    deadline?: Deadline,
  ): Promise<BankResponse | undefined> {
    const name = `${method} ${path.replace(/\d{10,}/, ':id')}`
    await at(`before ${name}`)
    if (deadline && deadline.leftMs() <= 0) return undefined
    const askedMs = clock.uptimeMs?.() ?? 0
    await clock.sleep(latencyMs())
    const fields = Object.entries(query).filter(([, value]) => value !== undefined)
    const response = bank.handle({
      method,
      path: `/v2/${path}`,
      query: new URLSearchParams(
        fields.map(([key, value]): [string, string] => [
          key,
          Array.isArray(value) ? value.join(',') : String(value),
        ]),
      ),
      headers: {},
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    })
    if (method !== 'GET' || response.is !== 'answer' || response.status !== 200)
      trace(`bank ${name} ${response.is === 'answer' ? response.status : response.is}`)
    if (bankNow && response.is === 'answer')
      clock.hear?.({
        whose: 'the bank’s',
        weight: 'surely another',
        atMs: Math.floor(bankNow() / 1_000) * 1_000,
        askedMs,
      })
    if (response.is === 'hang') await clock.sleep(deadlineMs)
    await at(`after ${name}`)
    return response
  }

  async function call<S extends z.ZodType>(
    /** What the answer calls it. */
    name: string,
    shape: S,
    method: string,
    path: string,
    query: Query = {},
    body?: unknown,
    deadline?: Deadline,
    look: (whole: Record<string, unknown>) => void = () => undefined,
  ): Promise<Answer<z.output<S>>> {
    const response = await ask(method, path, query, body, deadline)
    if (response === undefined) return tooLate
    if (response.is !== 'answer') return unsure(`the bank did not answer (${response.is})`)
    const json = jsonOf(response.body) as Record<string, unknown> | undefined
    if (response.status === 200) {
      const result = shape.safeParse(json?.[name])
      if (json) look(json)
      return result.success ? done(result.data) : unsure('the bank answered in a shape we do not know')
    }
    const { errors } = (json ?? {}) as { errors?: unknown }
    if (response.status === 400 && Array.isArray(errors)) return inputErrors(errors)
    return statusFault(response.status, () =>
      retryAfterMs({ 'retry-after': response.headers?.['Retry-After'] }, clock.now()),
    )
  }

  const page =
    <S extends z.ZodType>(name: string, path: string, shape: S) =>
    async (query: object) => {
      let cursor: string | undefined
      const items = await call(
        name,
        shape,
        'GET',
        path,
        query as Query,
        undefined,
        undefined,
        whole => void (cursor = (whole['cursor'] as string | null) || undefined),
      )
      return items.is === 'done' ? done({ items: items.value, cursor }) : items
    }

  return {
    createInvoices: (invoices, deadline) =>
      call('invoices', lists.invoices, 'POST', 'invoice', {}, { invoices }, deadline),
    pageInvoices: page('invoices', 'invoice', lists.listedInvoices),
    getInvoice: id => call('invoice', invoiceShape, 'GET', `invoice/${id}`),
    patchInvoice: (id, patch, deadline) =>
      call('invoice', invoiceShape, 'PATCH', `invoice/${id}`, {}, patch, deadline),
    pageInvoiceLogs: page('logs', 'invoice/log', lists.invoiceLogs),

    createTransfers: (transfers, deadline) =>
      call('transfers', lists.transfers, 'POST', 'transfer', {}, { transfers }, deadline),
    pageTransfers: page('transfers', 'transfer', lists.transfers),
    getTransfer: id => call('transfer', transferShape, 'GET', `transfer/${id}`),
    pageTransferLogs: page('logs', 'transfer/log', lists.transferLogs),

    pageEvents: page('events', 'event', lists.events),
    markDelivered: id => call('event', lists.anything, 'PATCH', `event/${id}`, {}, { isDelivered: true }),

    balance: () => call('balances', lists.balance, 'GET', 'balance'),
    pageTransactions: page('transactions', 'transaction', lists.transactions),
    webhooks: () => call('webhooks', lists.webhooks, 'GET', 'webhook'),
    createWebhook: body => call('webhook', webhookShape, 'POST', 'webhook', {}, body),
    publicKeys: () => call('publicKeys', lists.publicKeys, 'GET', 'public-key'),
    close: () => undefined,
  }
}

// Made once: a shape is compiled at its first use.
const lists = {
  invoices: z.array(invoiceShape),
  listedInvoices: z.array(listedInvoiceShape),
  invoiceLogs: z.array(invoiceLogShape),
  transfers: z.array(transferShape),
  transferLogs: z.array(transferLogShape),
  events: z.array(eventShape),
  transactions: z.array(transactionShape),
  webhooks: z.array(webhookShape),
  publicKeys: z.array(publicKeyShape),
  balance: z.tuple([balanceShape]).transform(([balance]) => balance),
  anything: z.unknown().transform(() => undefined),
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
