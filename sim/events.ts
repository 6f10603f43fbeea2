/**
 * Events and their pushes: each log becomes an event, and each webhook of the workspace is told of it until
 * it answers 200.
 */
import { forge, makeForeign } from './forgeries.ts'
import type { Office } from './office.ts'
import { pythonJson } from './python.ts'
import { refuse } from './refusal.ts'
import { makeTable, type Row, type Table } from './table.ts'
import type { Signer } from './signing.ts'
import type { Webhook } from './webhooks.ts'
import type { BankEvent, Log } from './event.ts'

/**
 * One POST to make now; how it ended is told to `delivered` under its deliveryId, which no two attempts
 * share.
 */
export interface Delivery {
  deliveryId: string
  url: string
  body: Buffer
  headers: Record<string, string>
}

export type Outcome = { status: number } | 'timeout' | 'badConnection'

export interface Attempt extends Row {
  code: 'badHttpStatus' | 'badConnection' | 'timeout'
  message: string
  eventId: string
  webhookId: string
}

export interface Events {
  table: Table<BankEvent>
  attempts: Table<Attempt>
  record(subscription: BankEvent['subscription'], log: Log): void
  get(id: string): BankEvent
  setDelivered(id: string, isDelivered: unknown): BankEvent
  remove(id: string): BankEvent
  take(): Delivery[]
  isReady(): boolean
  delivered(deliveryId: string, outcome: Outcome): void
  /** Pushes with a wrong signature or a changed body that were answered 200. */
  forgeriesAccepted(): number
}

/** What is known of one push while it waits and while it is under way. */
interface Push {
  event: BankEvent
  webhook: Webhook
  kind: 'genuine' | 'wrongSignature' | 'foreign' | 'tampered'
  /** How many tries went before. */
  tries: number
  body: Buffer
}

export function makeEvents(office: Office, signer: Signer, webhooks: () => Webhook[]): Events {
  const table = makeTable<BankEvent>({
    isDelivered: { of: row => [String(row.isDelivered)], allowed: ['true', 'false'] },
  })
  const attempts = makeTable<Attempt>({
    eventIds: { of: row => [row.eventId], indexed: true },
    webhookIds: { of: row => [row.webhookId], indexed: true },
  })
  /** Webhooks that have not taken an event yet. */
  const waiting = new Map<string, Set<string>>()
  let ready: Push[] = []
  const underWay = new Map<string, Push>()
  let pushes = 0
  let forgeriesAccepted = 0

  function announce(subscription: BankEvent['subscription'], log: Log) {
    const event = table.add({
      created: office.stamp(),
      id: office.id(),
      log,
      subscription,
      workspaceId: office.settings.workspaceId,
      isDelivered: false,
    })
    const told = webhooks().filter(webhook => webhook.subscriptions.includes(subscription))
    if (told.length === 0) return
    waiting.set(event.id, new Set(told.map(webhook => webhook.id)))
    const body = bodyOf(event)
    for (const webhook of told) {
      const { faults } = office
      if (office.chance(faults.foreignWorkspace))
        ready.push({ event, webhook, kind: 'foreign', tries: 0, body: bodyOf(makeForeign(office, event)) })
      if (office.chance(faults.tampered)) ready.push({ event, webhook, kind: 'tampered', tries: 0, body })
      if (office.chance(faults.drop)) continue
      const push = (): Push => ({ event, webhook, kind: 'genuine', tries: 0, body })
      if (office.chance(faults.duplicate)) office.after([0, 20_000], () => void ready.push(push()))
      if (office.chance(faults.delay)) office.after([1_000, 60_000], () => void ready.push(push()))
      else if (office.chance(faults.reorder)) office.after([1_000, 8_000], () => void ready.push(push()))
      else ready.push(push())
    }
  }

  function depart(push: Push): Delivery {
    const deliveryId = `delivery-${++pushes}`
    const kind =
      push.kind === 'genuine' && office.chance(office.faults.wrongSignature) ? 'wrongSignature' : push.kind
    underWay.set(deliveryId, { ...push, kind })
    const signature = signer.sign(push.body, kind === 'wrongSignature' ? 'stranger' : 'own')
    const body = kind === 'tampered' ? forge(push.body) : push.body
    return {
      deliveryId,
      url: push.webhook.url,
      body,
      headers: { 'Content-Type': 'application/json', 'Digital-Signature': signature },
    }
  }

  function retry(push: Push) {
    const delay = office.settings.retryDelaysMs[push.tries]
    if (delay !== undefined)
      office.after([delay, delay], () => void ready.push({ ...push, kind: 'genuine', tries: push.tries + 1 }))
  }

  const get = (id: string) => table.get(id) ?? refuse('invalidEvent', `Event not found: ${id}`)
  // A webhook that was deleted, and an event the client marked or deleted, are not pushed any more.
  const stillWanted = ({ event, webhook }: Push) =>
    webhooks().includes(webhook) && table.get(event.id) !== undefined

  return {
    table,
    attempts,
    get,
    record: (subscription, log) =>
      office.after(office.settings.eventDelayMs, () => announce(subscription, log)),
    setDelivered(id, isDelivered) {
      const event = get(id)
      if (typeof isDelivered !== 'boolean') refuse('invalidJson', 'isDelivered must be true or false')
      event.isDelivered = isDelivered as boolean
      return event
    },
    remove(id) {
      get(id)
      return table.remove(id)!
    },
    isReady: () => ready.length > 0,
    take() {
      const due = ready.filter(push => stillWanted(push) && !(push.tries > 0 && push.event.isDelivered))
      ready = []
      return due.map(depart)
    },
    delivered(deliveryId, outcome) {
      const push = underWay.get(deliveryId)
      if (!push) throw new Error(`${deliveryId} is not under way`)
      underWay.delete(deliveryId)
      const { event, webhook, kind } = push
      const taken = typeof outcome === 'object' && outcome.status === 200
      if (taken && (kind === 'tampered' || kind === 'wrongSignature')) forgeriesAccepted++
      if (kind === 'tampered' || kind === 'foreign') return
      if (taken) {
        const left = waiting.get(event.id)
        left?.delete(webhook.id)
        if (left?.size === 0) event.isDelivered = true
        return
      }
      attempts.add({
        ...explain(outcome),
        id: office.id(),
        created: office.stamp(),
        eventId: event.id,
        webhookId: webhook.id,
      })
      retry(push)
    },
    forgeriesAccepted: () => forgeriesAccepted,
  }
}

/** The bytes that are signed and pushed; isDelivered is only shown when an event is read. */
export const bodyOf = ({ isDelivered: _, ...event }: BankEvent): Buffer => Buffer.from(pythonJson({ event }))

function explain(outcome: Outcome): Pick<Attempt, 'code' | 'message'> {
  if (outcome === 'timeout') return { code: 'timeout', message: 'HTTP POST request timed out' }
  if (outcome === 'badConnection')
    return { code: 'badConnection', message: 'HTTP POST request could not connect' }
  return { code: 'badHttpStatus', message: `HTTP POST request returned status ${outcome.status}` }
}
