/**
 * The bank's events: read, asked about at the bank, and applied. Where a bank invoice and its payout meet.
 */
import { because, sentence } from '../../base/reasons.ts'
import { BadInput, done, type Answer } from '../../base/answer.ts'
import type { World } from '../../base/world.ts'
import {
  awaitsItsId,
  findOurs,
  invoiceMachine,
  reversalLogs,
  takeAsIssued,
  type InvoiceRow,
} from '../../invoice/invoice.ts'
import { clearBooked } from '../../ledger/ledger.ts'
import { applyPayout, noteStrange, owe, type PayoutNews, type Terms } from '../../payout/payout.ts'
import type { ProviderEvent, ProviderInvoice, ProviderPayout, Rail } from '../../rails/rail.ts'
import { forUpdate, sql, type Cause, type Tx } from '../../db/db.ts'
import { finish, unconfirmed, type Claimed, type Settling, type Outcome, type Settler } from '../apply.ts'
import type { InboxRow } from '../inbox.ts'
import {
  askTogether,
  finalLogs,
  isKnownCredit,
  needsProof,
  noProofs,
  type InvoiceEvent,
  type PayoutEvent,
  type Proofs,
} from './proofs.ts'
import { beginReversal, mayBeGoingBackOf, noteReversal, settleReversal } from './reversals.ts'
import { settleTwin } from './twins.ts'
import { invoices } from '../../invoice/tables.ts'

type SettlingAtBank = Settling & { rail: Rail }

/** The bank's half of settling. */
export function bankSettler(app: Settling): Settler | undefined {
  const { starkbank: rail } = app.rails
  if (!rail) return undefined
  const bankApp = { ...app, rail }
  return {
    rail: rail.name,
    async together(rows) {
      const proofs = rail.readInvoices && rows.length > 1 ? await proofsOf(bankApp, rows) : noProofs
      return row => settleBankEvent(bankApp, row, proofs)
    },
  }
}

/** What the bank shows of everything that these claimed rows are about. */
function proofsOf(app: SettlingAtBank, rows: readonly InboxRow[]): Promise<Proofs> {
  const events = rows.flatMap(row => read(app.rail, row) ?? [])
  return askTogether(
    app,
    events.filter(({ workspaceId }) => workspaceId === app.rail.workspaceId),
  )
}

/**
 * Settles one claimed row of the bank's; false when it waits. What `proofs` lacks is asked of the bank by
 * itself.
 */
async function settleBankEvent(
  app: SettlingAtBank,
  row: InboxRow,
  proofs: Proofs = noProofs,
): Promise<boolean> {
  const event = read(app.rail, row)
  if (!event)
    return finish(app, row, undefined, async () => ({
      is: 'quarantined',
      why: because('unreadable'),
    }))
  if (event.workspaceId !== app.rail.workspaceId)
    return finish(app, row, event.kind, async () => ({
      is: 'ignored',
      why: because('of-other-workspace', { workspace: event.workspaceId }),
      others: true,
    }))

  switch (event.about) {
    case 'other':
      return finish(app, row, event.kind, async () => ({
        is: 'ignored',
        why: because('of-no-use'),
        others: true,
      }))
    case 'invoice':
      return settleInvoice(app, row, event, proofs)
    case 'payout':
      return settlePayout(app, row, event, proofs)
  }
}

function read(rail: Rail, row: InboxRow): ProviderEvent | undefined {
  try {
    return rail.read(row.raw)
  } catch (error) {
    if (error instanceof BadInput) return undefined
    throw error
  }
}

async function settleInvoice(
  app: SettlingAtBank,
  row: InboxRow,
  event: InvoiceEvent,
  proofs: Proofs,
): Promise<boolean> {
  const ours = await findOurs(app.db, app.rail.name, event.invoice.providerId, event.invoice.tag)
  // One that bears our tag may be ours after all, as after a restore, and is read again then.
  if (!ours)
    return finish(app, row, event.kind, async () => ({
      ...{ is: 'ignored', why: because('invoice-not-ours', { invoice: event.invoice.providerId }) },
      ...(event.invoice.tag === undefined && { others: true }),
    }))
  return settleOurs(
    app,
    { ...row, about: ours.id, isForgotten: ours.forgotten_at !== null },
    event,
    ours,
    proofs,
  )
}

async function settleOurs(
  app: SettlingAtBank,
  row: Claimed,
  event: InvoiceEvent,
  ours: InvoiceRow,
  proofs: Proofs,
): Promise<boolean> {
  if (ours.provider_id !== event.invoice.providerId && !awaitsItsId(ours))
    return settleTwin(app, row, event, ours, proofs.invoice(event))

  if (isKnownCredit(ours, event))
    return finish(app, row, event.kind, async () => ({
      is: 'done',
      why: because('was-before', { state: ours.state }),
    }))

  if (reversalLogs.has(event.log) && (ours.state === 'credited' || ours.state === 'reversed'))
    return settleLogs(app, row, event, ours)

  let invoice = event.invoice
  if (needsProof(ours, event)) {
    let answer = proofs.invoice(event)
    if (!answer) {
      answer = await app.rail.readInvoice(invoice.providerId)
      await app.world.at('invoice read again')
    }
    if (answer.is !== 'done') return finish(app, row, event.kind, async () => unconfirmed(answer))
    invoice = answer.value
    if (invoice.tag !== ours.id && ours.provider_id === null)
      return finish(app, row, event.kind, async () => ({
        is: 'quarantined',
        why: because('tag-missing'),
      }))
  }
  return finish(app, row, event.kind, tx => applyInvoice(tx, app, ours.id, event, invoice))
}

/**
 * An event about money that goes back: the bank's whole log of the invoice says what became of it, whatever
 * comes late or twice.
 */
async function settleLogs(
  app: SettlingAtBank,
  row: Claimed,
  event: InvoiceEvent,
  ours: InvoiceRow,
): Promise<boolean> {
  const answer = await app.rail.invoiceLogs(event.invoice.providerId)
  await app.world.at('invoice read again')
  return finish(app, row, event.kind, async tx => {
    const cause: Cause = { why: because('bank-said', { log: event.log }), ref: event.eventId }
    if (answer.is === 'done' && answer.value.some(({ logId }) => logId === event.logId))
      return settleReversal(tx, app.world, ours.id, answer.value, cause)
    // What it is about is not known yet, so nothing is ordered until it is.
    await beginReversal(tx, ours.id, cause)
    return answer.is === 'done' ? { is: 'again', why: because('not-listed-yet') } : unconfirmed(answer)
  })
}

async function applyInvoice(
  tx: Tx,
  { world, terms }: SettlingAtBank,
  id: string,
  event: InvoiceEvent,
  now: ProviderInvoice,
): Promise<Outcome> {
  const cause: Cause = { why: because('bank-said', { log: event.log }), ref: event.eventId }
  await takeAsIssued(tx, id, now, { why: because('event-proves-issued'), ref: event.eventId })
  const row = (await tx.one<InvoiceRow>(sql`select * from invoices where id = ${id} ${forUpdate}`))!
  // Another one became known while this one was read: looked at again, this one is its twin.
  if (row.provider_id !== now.providerId)
    return { is: 'again', why: because('other-at-bank', { invoice: id, shown: `${row.provider_id}` }) }

  // The bank's own time of the payment is the payer's, whenever we come to hear of it; of `paid` and
  // `credited` the earlier one.
  if (event.log === 'paid' || event.log === 'credited')
    await tx.run(
      sql`update invoices set paid_at = ${event.loggedAt} where id = ${id} and (paid_at is null
        or paid_at > ${event.loggedAt})`,
    )

  // Its credit is still on its way here: what the bank charged for it stays charged, so both are booked, in
  // their order.
  if (reversalLogs.has(event.log)) {
    await noteReversal(tx, id)
    return { is: 'again', why: because('credit-not-come', { state: row.state }) }
  }

  switch (event.log) {
    case 'credited':
      return credit(tx, world, terms, row, event.invoice, now, cause)
    case 'paid':
    case 'overdue':
    case 'expired':
    case 'canceled':
      return step(tx, row, event.log, cause)
    default:
      return { is: 'done', why: because('changes-nothing', { log: event.log }) }
  }
}

/**
 * Only this owes a payout: credited, ours, and shown as paid by the bank when asked. What was paid stands in
 * the log, for the bank's own amount falls as soon as the payer is given money back: then the credit is
 * booked whole, and its payout waits for the reversal.
 */
async function credit(
  tx: Tx,
  world: World,
  terms: Terms,
  row: InvoiceRow,
  then: ProviderInvoice,
  now: ProviderInvoice,
  cause: Cause,
): Promise<Outcome> {
  if (row.state === 'credited' || row.state === 'reversed')
    return { is: 'done', why: because('was-before', { state: row.state }) }
  if (now.status !== 'paid' && now.status !== 'voided')
    return { is: 'again', why: because('shown-as', { status: now.status }) }
  const paid = then.units > now.units ? then.units : now.units

  const also = [sql`paid_units = ${paid}`, sql`fee_units = ${now.feeUnits}`]
  const moved = await invoices.move(tx, row, 'credited', cause, also)
  if (!moved) return { is: 'again', why: because('moved-first') }
  await owe(
    tx,
    world,
    {
      rail: 'starkbank',
      movement: 'invoice credited',
      invoiceId: row.id,
      accountId: row.account_id,
      paid,
      bankFee: now.feeUnits,
      commissionBp: row.commission_bp,
      minPayout: row.min_payout_units,
    },
    terms,
    cause,
  )
  // Its lines may have been read while these books did not know it.
  await clearBooked(tx, world, now.providerId, [paid, -now.feeUnits], sentence(cause.why))
  // Nothing is sent until it is known what went back. The bank's amount may fall only later: then an event
  // told of it before.
  const isGoingBack = now.status === 'voided' || now.units < paid || (await mayBeGoingBackOf(tx, row.id))
  if (isGoingBack) await beginReversal(tx, row.id, cause)
  return { is: 'done', why: because('credited') }
}

/** States only move along arrows: what comes late or out of order is an ordinary nothing. */
async function step(
  tx: Tx,
  row: InvoiceRow,
  to: 'paid' | 'overdue' | 'expired' | 'canceled',
  cause: Cause,
): Promise<Outcome> {
  if (row.state === to) return { is: 'done', why: because('is-so-already', { state: to }) }
  const arrows: readonly string[] = invoiceMachine[row.state as keyof typeof invoiceMachine]
  if (!arrows.includes(to))
    return { is: 'done', why: because('came-after', { state: to, before: row.state }) }
  await invoices.move(tx, row, to, cause)
  return { is: 'done', why: because('became-so', { state: to }) }
}

const asReturned = (shown: ProviderPayout, { providerId }: ProviderPayout): ProviderPayout =>
  shown.providerId === providerId ? { ...shown, status: 'failed' } : shown

/**
 * One that bears a tag of ours all the same is remembered: nothing is ordered for its invoice before it was
 * looked at.
 */
async function notOurs(
  tx: Tx,
  { rail }: SettlingAtBank,
  { providerId, externalId: order, invoiceId: invoice }: ProviderPayout,
): Promise<Outcome> {
  if (order !== undefined || invoice !== undefined)
    await noteStrange(tx, { rail: rail.name, providerId, tags: { invoice, order } })
  const isOthers = order === undefined && invoice === undefined
  return {
    is: 'ignored',
    why: because('transfer-not-ours', { transfer: providerId }),
    ...(isOthers && { others: true }),
  }
}

async function settlePayout(
  app: SettlingAtBank,
  row: InboxRow,
  event: PayoutEvent,
  proofs: Proofs,
): Promise<boolean> {
  const { payout } = event
  const ours = await app.db.one<{ external_id: string }>(sql`
    select external_id from attempts where provider_id = ${payout.providerId}
      or external_id = ${payout.externalId ?? ''}
    order by case when provider_id = ${payout.providerId} then 0 else 1 end limit 1`)
  if (!ours) return finish(app, row, event.kind, tx => notOurs(tx, app, payout))

  const key = ours.external_id
  let news: PayoutNews = { externalId: key, found: [payout], errors: event.errors }
  let cameBack = false
  if (finalLogs.has(event.log)) {
    let found = proofs.payouts(event, key)
    if (!found) {
      const [one, all] = [await app.rail.readPayout(payout.providerId), await app.rail.findPayouts(key)]
      await app.world.at('payout read again')
      // The look-up by tag may lag behind the transfer itself.
      found = both(one, all, (itself, others) => [
        ...others.filter(({ providerId }) => providerId !== payout.providerId),
        itself,
      ])
    }
    if (found.is !== 'done') return finish(app, row, event.kind, async () => unconfirmed(found))
    news = { ...news, found: found.value, readNow: true }
    const shown = found.value.find(({ providerId }) => providerId === payout.providerId)
    if (event.log === 'refunded' && shown?.status === 'success') {
      const answer = await app.rail.hasComeBack(payout.providerId)
      if (answer.is !== 'done') return finish(app, row, event.kind, async () => unconfirmed(answer))
      cameBack = answer.value
    }
  }
  return finish(app, row, event.kind, async tx => {
    const cause: Cause = { why: because('bank-said', { log: event.log }), ref: event.eventId }
    let applied = await applyPayout(tx, app.world, news, cause)
    // Its log says that it came back, so it did, though its status still says that it succeeded.
    if (cameBack)
      applied = await applyPayout(
        tx,
        app.world,
        { ...news, found: news.found.map(each => asReturned(each, payout)) },
        cause,
      )
    switch (applied) {
      case 'moved':
      case 'nothing new':
        return {
          is: 'done',
          why: because(applied === 'moved' ? 'applied' : 'nothing-new-of', { log: event.log }),
        }
      case 'not ours':
        return { is: 'ignored', why: because('order-not-ours') }
      case 'again':
        return { is: 'again', why: because('outcome-not-shown') }
      case 'halt':
        return { is: 'quarantined', why: because('contradicts') }
    }
  })
}

const both = <A, B, R>(one: Answer<A>, other: Answer<B>, make: (one: A, other: B) => R): Answer<R> =>
  one.is !== 'done' ? one : other.is !== 'done' ? other : done(make(one.value, other.value))
