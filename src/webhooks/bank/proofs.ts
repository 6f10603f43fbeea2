/**
 * Proofs: what the bank shows now of everything that a claim of events is about, asked for together, a
 * hundred a call instead of one by one.
 */
import { type Answer, done } from '../../base/answer.ts'
import type { Millis } from '../../base/world.ts'
import type { InvoiceRow } from '../../invoice/invoice.ts'
import type { ProviderEvent, ProviderInvoice, ProviderPayout, Rail } from '../../rails/rail.ts'
import { readInSets, sql, type Reader, type Sql } from '../../db/db.ts'
import type { Settling } from '../apply.ts'

export type InvoiceEvent = ProviderEvent & { about: 'invoice' }
export type PayoutEvent = ProviderEvent & { about: 'payout' }

/** What one look at the bank showed of many things. Undefined: it must be asked for by itself. */
export interface Proofs {
  invoice(event: InvoiceEvent): Answer<ProviderInvoice> | undefined
  /** Every transfer under `key`, that of the event among them. */
  payouts(event: PayoutEvent, key: string): Answer<ProviderPayout[]> | undefined
}

export const noProofs: Proofs = { invoice: () => undefined, payouts: () => undefined }

/** Logs after which money has come or gone: the bank is asked before they are believed. */
const moneyLogs = new Set(['credited', 'reversed', 'voided'])
/** Logs that may end an order: the bank is asked what became of every transfer under its key. */
export const finalLogs = new Set(['success', 'failed', 'canceled', 'refunded'])

type Ours = Pick<InvoiceRow, 'id' | 'state' | 'provider_id'>

/** Told before, so that nothing is asked and nothing changes. */
export const isKnownCredit = (ours: Ours, { log }: InvoiceEvent): boolean =>
  log === 'credited' && (ours.state === 'credited' || ours.state === 'reversed')

/**
 * Whether the bank is asked about an event of our invoice itself. Of another invoice under its tag, a
 * duplicate, it always is; about money that goes back its log is read instead (`reversals.ts`).
 */
export const needsProof = (ours: Ours, { log }: InvoiceEvent): boolean =>
  ours.provider_id === null || (moneyLogs.has(log) && ours.state !== 'credited' && ours.state !== 'reversed')

/** What was seen longer ago is asked for again: half a minute is less than a claim lasts. */
const maxAgeMs: Millis = 30_000

type AtBank = Pick<Settling, 'db' | 'world'> & { rail: Rail }

/**
 * Asks once about all the invoices of `events` and once about all their orders. Every event was written down
 * before it was claimed, and it was claimed before this asks, so what is shown is never older than the
 * asking. A list may lag, though: what it shows counts only where it is no older than the event's own
 * picture.
 */
export async function askTogether(
  { db, world, rail }: AtBank,
  events: readonly ProviderEvent[],
): Promise<Proofs> {
  const askedAt = world.clock.now()
  const invoices = await invoicesOf(db, rail, events)
  const orders = await ordersOf(db, rail, events)
  if (!invoices && !orders) return noProofs
  await world.at('proofs asked for together')

  const isOld = () => {
    const ageMs = world.clock.now() - askedAt
    return ageMs < 0 || ageMs > maxAgeMs
  }
  return {
    invoice({ invoice: { providerId, updatedAt } }) {
      if (!invoices?.ids.has(providerId)) return undefined
      if (invoices.answer.is !== 'done') return isFinal(invoices.answer) ? undefined : invoices.answer
      const shown = invoices.answer.value.get(providerId)
      return shown && !isOld() && isNoOlder(shown, updatedAt) ? done(shown) : undefined
    },
    payouts({ payout: { providerId, updatedAt } }, key) {
      if (!orders?.keys.has(key)) return undefined
      if (orders.answer.is !== 'done') return isFinal(orders.answer) ? undefined : orders.answer
      const shown = orders.answer.value.get(key) ?? []
      const itself = shown.find(payout => payout.providerId === providerId)
      // That one is paid is told by one of them; that all are dead only by a look that cannot lack one.
      const isPaid = shown.some(({ status }) => status === 'success')
      return itself && isPaid && !isOld() && isNoOlder(itself, updatedAt) ? done(shown) : undefined
    },
  }
}

/** A bank that does not answer now is not asked about each by itself; one that cannot be asked so is. */
const isFinal = (answer: Answer<unknown>) => answer.is === 'refused' && !answer.again

const isNoOlder = (shown: { updatedAt?: string }, updatedAt: string | undefined) =>
  shown.updatedAt !== undefined && updatedAt !== undefined && shown.updatedAt >= updatedAt

/** Undefined where fewer than two are to be asked about, or the provider cannot be asked so. */
async function invoicesOf(db: Reader, rail: Rail, events: readonly ProviderEvent[]) {
  const told = events.filter(event => event.about === 'invoice')
  if (!rail.readInvoices || told.length < 2) return undefined
  const readBy = (column: Sql, values: string[]) =>
    readInSets(values, set =>
      db.all<Ours>(
        sql`select id, state, provider_id from invoices where rail = ${rail.name} and ${column} in (${set})`,
      ),
    )
  const shown = await readBy(
    sql`provider_id`,
    told.map(({ invoice }) => invoice.providerId),
  )
  const tagged = await readBy(
    sql`id`,
    told.flatMap(({ invoice }) => invoice.tag ?? []),
  )
  const [byProvider, byId] = [
    new Map(shown.map(row => [row.provider_id, row])),
    new Map(tagged.map(row => [row.id, row])),
  ]
  const ids = new Set<string>()
  for (const event of told) {
    const { providerId, tag } = event.invoice
    const ours = byProvider.get(providerId) ?? (tag === undefined ? undefined : byId.get(tag))
    const isDuplicate = ours !== undefined && ours.provider_id !== null && ours.provider_id !== providerId
    // Of what is credited, the log says what goes back; it is read for each by itself, and seldom.
    const isCredited = ours?.state === 'credited' || ours?.state === 'reversed'
    if (ours && (isDuplicate || (needsProof(ours, event) && !isCredited))) ids.add(providerId)
  }
  if (ids.size < 2) return undefined
  const answer = await rail.readInvoices([...ids])
  return {
    ids,
    answer:
      answer.is === 'done' ? done(new Map(answer.value.map(shown => [shown.providerId, shown]))) : answer,
  }
}

async function ordersOf(db: Reader, rail: Rail, events: readonly ProviderEvent[]) {
  const told = events.flatMap(event =>
    event.about === 'payout' && finalLogs.has(event.log) ? (event.payout.externalId ?? []) : [],
  )
  if (!rail.findPayoutsOfAll || told.length < 2) return undefined
  // One that was given up and is shown as paid stops all payouts: that is believed of a look at it alone, for
  // a list may be late.
  const known = await readInSets(told, set =>
    db.all<{ external_id: string }>(sql`
      select external_id from attempts where state in ('sending', 'unsure', 'sent', 'success')
        and external_id in (${set})`),
  )
  const keys = new Set(known.map(row => row.external_id))
  if (keys.size < 2) return undefined
  return { keys, answer: await rail.findPayoutsOfAll([...keys]) }
}
