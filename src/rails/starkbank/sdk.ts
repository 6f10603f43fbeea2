/**
 * The wire through the bank's official SDK: its calls, our signatures (sign.ts), our deadline, its answers
 * checked, its errors read.
 */
import { createRequire } from 'node:module'
import { z } from 'zod'
import { done, unsure, type Answer } from '../../base/answer.ts'
import { BankAgent, tameAxios, within, type AgentOptions } from './agent.ts'
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
  type BankPublicKey,
  type Page,
} from './bank.ts'
import { faultOf, inputErrors, statusFault } from './faults.ts'
import { placeholderPem, signingUser, type PemSource, type SdkUser } from './sign.ts'

export interface SdkParts extends AgentOptions {
  environment: 'sandbox' | 'production'
  projectId: string
  privateKeyPem: PemSource
}

// What the SDK really takes and gives: its own types want whole class instances and lack half of the fields.
type Call = (...given: unknown[]) => Promise<unknown>
interface Entity {
  create: Call
  page: Call
  get: Call
  update: Call
  log: { page: Call }
}
interface Sdk {
  Project: new (given: { environment: string; id: string; privateKey: string }) => SdkUser
  setHttpsAgent(agent: BankAgent): void
  invoice: Entity
  transfer: Entity
  event: Entity
  transaction: Entity
  webhook: Entity
  balance: { get: Call }
  request: { get: Call }
}

/** Those that are open, oldest first. */
let agents: readonly BankAgent[] = []

/**
 * The bank behind the SDK. The SDK keeps one agent for the whole process, so a second call of this replaces
 * the first one's until it is closed. `page()` only: `query()` shares a global between calls and loses rows
 * when two run at once.
 */
export function sdkBank({ environment, projectId, privateKeyPem, ...options }: SdkParts): Bank {
  const { clock, maxSockets = 8 } = options
  const starkbank = createRequire(import.meta.url)('starkbank') as Sdk
  const user = signingUser(
    new starkbank.Project({ environment, id: projectId, privateKey: placeholderPem() }),
    privateKeyPem,
  )
  const agent = new BankAgent(options)
  tameAxios()
  agents = [...agents, agent]
  starkbank.setHttpsAgent(agent)

  const gate = atMost(maxSockets)

  /** One call: when there is room, its answer judged by `shape`. */
  async function call<S extends z.ZodType>(
    shape: S,
    send: () => Promise<unknown>,
  ): Promise<Answer<z.output<S>>> {
    const leave = await gate()
    try {
      const answer = await send()
      const result = shape.safeParse(answer)
      if (result.success) return done(result.data)
      return unsure(
        `the bank answered in a shape we do not know (${result.error.issues[0]!.path.join('.') || 'whole'})`,
      )
    } catch (error) {
      return faultOf(error, clock.now())
    } finally {
      leave()
    }
  }

  const page = <S extends z.ZodType>(shape: S, send: () => Promise<unknown>) => call(pageOf(shape), send)

  return {
    createInvoices: (bodies, deadline) =>
      call(z.array(invoiceShape), () =>
        within(deadline, () => starkbank.invoice.create(structuredClone(bodies), { user })),
      ),
    pageInvoices: query => page(listedInvoiceShape, () => starkbank.invoice.page({ ...query, user })),
    getInvoice: id => call(invoiceShape, () => starkbank.invoice.get(id, { user })),
    patchInvoice: (id, patch, deadline) =>
      call(invoiceShape, () => {
        const send = () => starkbank.invoice.update(id, { ...patch, user })
        return deadline ? within(deadline, send) : send()
      }),
    pageInvoiceLogs: query => page(invoiceLogShape, () => starkbank.invoice.log.page({ ...query, user })),

    createTransfers: (bodies, deadline) =>
      call(z.array(transferShape), () =>
        within(deadline, () => starkbank.transfer.create(structuredClone(bodies), { user })),
      ),
    pageTransfers: query => page(transferShape, () => starkbank.transfer.page({ ...query, user })),
    getTransfer: id => call(transferShape, () => starkbank.transfer.get(id, { user })),
    pageTransferLogs: query => page(transferLogShape, () => starkbank.transfer.log.page({ ...query, user })),

    pageEvents: query => page(eventShape, () => starkbank.event.page({ ...query, user })),
    markDelivered: id => call(nothing, () => starkbank.event.update(id, { isDelivered: true, user })),

    balance: () => call(balanceShape, () => starkbank.balance.get({ user })),
    pageTransactions: query => page(transactionShape, () => starkbank.transaction.page({ ...query, user })),
    webhooks: async () => items(await page(webhookShape, () => starkbank.webhook.page({ limit: 100, user }))),
    createWebhook: body => call(webhookShape, () => starkbank.webhook.create({ ...body, user })),
    publicKeys: async () =>
      published(await call(rawShape, () => starkbank.request.get('public-key', { limit: 100 }, { user }))),
    close() {
      agent.destroy()
      agents = agents.filter(other => other !== agent)
      const newest = agents.at(-1)
      if (newest) starkbank.setHttpsAgent(newest)
    },
  }
}

const nothing = z.unknown().transform(() => undefined)

const pageOf = <S extends z.ZodType>(shape: S) =>
  z
    .tuple([z.array(shape), z.string().nullish()])
    .transform(([found, cursor]) => ({ items: found, cursor: cursor || undefined }))

const items = <T>(answer: Answer<Page<T>>): Answer<T[]> =>
  answer.is === 'done' ? done(answer.value.items) : answer

// The SDK's own call for keys asks for one; its raw request asks for all, but leaves the status to us.
const rawShape = z.object({ status: z.number(), content: z.unknown() })
const keysShape = z.object({ publicKeys: z.array(publicKeyShape) })

function published(answer: Answer<z.output<typeof rawShape>>): Answer<BankPublicKey[]> {
  if (answer.is !== 'done') return answer
  const { status, content } = answer.value
  if (status === 200) {
    const list = keysShape.safeParse(content)
    return list.success
      ? done(list.data.publicKeys)
      : unsure('the bank answered in a shape we do not know (publicKeys)')
  }
  const { errors } = (content ?? {}) as { errors?: unknown }
  return status === 400 && Array.isArray(errors) ? inputErrors(errors) : statusFault(status)
}

/** Lets `most` through at a time; answers what to call when done. */
function atMost(most: number): () => Promise<() => void> {
  const waiting: (() => void)[] = []
  let inside = 0
  const leave = () => {
    const next = waiting.shift()
    if (next) next()
    else inside--
  }
  return async () => {
    if (inside < most) inside++
    else await new Promise<void>(resolve => waiting.push(resolve))
    return leave
  }
}
