/** The bank's events: read, asked about at the bank, and applied. Where a bank invoice and its payout meet. */
import { BadInput } from '../base/answer.ts'
import type { World } from '../base/world.ts'
import { awaitsItsId, findOurs, invoiceMachine, takeAsIssued, type InvoiceRow } from '../invoice/invoice.ts'
import { totalsFor } from '../ledger/ledger.ts'
import { applyPayout, owe, takeBack, type PayoutNews, type Terms } from '../payout/payout.ts'
import type { ProviderEvent, ProviderInvoice, Rail } from '../rails/rail.ts'
import { forUpdate, move, sql, type Cause, type Tx } from '../store/store.ts'
import { finish, type Desk, type Outcome } from './apply.ts'
import type { InboxRow } from './inbox.ts'
import { settleTwin } from './twinEvents.ts'

type BankDesk = Desk & { rail: Rail }

/** Settles one claimed row of the bank's; false when it waits. */
export async function settleBankEvent(desk: BankDesk, row: InboxRow): Promise<boolean> {
  const event = read(desk.rail, row)
  if (!event) return finish(desk, row, undefined, async () => ({ is: 'quarantined', why: 'it cannot be read as an event' }))
  if (event.workspaceId !== desk.rail.workspaceId)
    return finish(desk, row, event.kind, async () => ({ is: 'ignored', why: `of another workspace (${event.workspaceId})` }))

  switch (event.about) {
    case 'other':
      return finish(desk, row, event.kind, async () => ({ is: 'ignored', why: 'of a kind this house has no use for' }))
    case 'invoice':
      return settleInvoice(desk, row, event)
    case 'payout':
      return settlePayout(desk, row, event)
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

type InvoiceEvent = ProviderEvent & { about: 'invoice' }

/** Logs after which money has come or gone: the bank is asked before they are believed. */
const moneyLogs = new Set(['credited', 'reversed', 'voided'])

async function settleInvoice(desk: BankDesk, row: InboxRow, event: InvoiceEvent): Promise<boolean> {
  const ours = await findOurs(desk.store, desk.rail.name, event.invoice.providerId, event.invoice.tag)
  if (!ours)
    return finish(desk, row, event.kind, async () => ({ is: 'ignored', why: `invoice ${event.invoice.providerId} is not one we issued` }))

  if (ours.provider_id !== event.invoice.providerId && !awaitsItsId(ours)) return settleTwin(desk, row, event, ours)

  if (event.log === 'credited' && (ours.state === 'credited' || ours.state === 'reversed'))
    return finish(desk, row, event.kind, async () => ({ is: 'done', why: `it was ${ours.state} before` }))

  let invoice = event.invoice
  const needsProof = moneyLogs.has(event.log) || ours.provider_id === null
  if (needsProof) {
    const answer = await desk.rail.readInvoice(invoice.providerId)
    await desk.world.at('invoice read again')
    if (answer.is !== 'done')
      return finish(desk, row, event.kind, async () => ({ is: 'again', why: `the bank did not confirm it: ${answer.why}` }))
    invoice = answer.value
    if (invoice.tag !== ours.id && ours.provider_id === null)
      return finish(desk, row, event.kind, async () => ({ is: 'quarantined', why: 'the bank shows this invoice without our tag' }))
  }
  return finish(desk, row, event.kind, tx => applyInvoice(tx, desk, ours.id, event, invoice))
}

async function applyInvoice(tx: Tx, { world, terms }: BankDesk, id: string, event: InvoiceEvent, now: ProviderInvoice): Promise<Outcome> {
  const cause: Cause = { why: `the bank said ${event.log}`, ref: event.eventId }
  await takeAsIssued(tx, id, now, { why: 'an event proves that the bank issued it', ref: event.eventId })
  const row = (await tx.one<InvoiceRow>(sql`select * from invoices where id = ${id} ${forUpdate}`))!
  // Another one became known while this one was read: looked at again, this one is its twin.
  if (row.provider_id !== now.providerId) return { is: 'again', why: `${id} is ${row.provider_id} at the bank` }

  switch (event.log) {
    case 'credited':
      return credit(tx, world, terms, row, event.invoice, now, cause)
    case 'reversed':
    case 'voided':
      return reverse(tx, world, row, now, cause)
    case 'paid':
    case 'overdue':
    case 'expired':
    case 'canceled':
      return step(tx, row, event.log, cause)
    default:
      return { is: 'done', why: `${event.log} changes nothing here` }
  }
}

/**
 * Only this owes a payout: credited, ours, and shown as paid by the bank when asked. What was paid stands in the log, for the bank's
 * own amount falls as soon as the payer is given money back: then the credit is booked whole, and its payout waits for the reversal.
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
  if (row.state === 'credited' || row.state === 'reversed') return { is: 'done', why: `it was ${row.state} before` }
  if (now.status !== 'paid' && now.status !== 'voided') return { is: 'again', why: `the bank shows it as ${now.status}` }
  const paid = then.units > now.units ? then.units : now.units

  const also = [sql`paid_units = ${paid}`, sql`fee_units = ${now.feeUnits}`]
  const moved = await move(tx, 'invoices', invoiceMachine, row.id, row.state as 'issued', 'credited', cause, also)
  if (!moved) return { is: 'again', why: 'someone moved it first' }
  await owe(
    tx,
    world,
    {
      invoiceId: row.id,
      accountId: row.account_id,
      paid,
      bankFee: now.feeUnits,
      commissionBp: row.commission_bp,
      minPayout: row.min_payout_units,
      comingBack: now.status === 'voided' || now.units < paid,
    },
    terms,
    cause,
  )
  return { is: 'done', why: 'credited' }
}

/** What went back to the payer is what was paid less what the bank shows now; telling it twice books it once. */
async function reverse(tx: Tx, world: World, row: InvoiceRow, now: ProviderInvoice, cause: Cause): Promise<Outcome> {
  if (row.state === 'reversed') return { is: 'done', why: 'it was reversed before' }
  // Its credit is still on its way here: what the bank charged for it stays charged, so both are booked, in their order.
  if (row.state !== 'credited') return { is: 'again', why: `it is ${row.state} here, and its credit has not come yet` }
  const before = (await totalsFor(tx, row.id))['invoice reversed'] ?? 0n
  const total = (row.paid_units ?? 0n) - now.units
  if (total <= before) return { is: 'done', why: 'nothing more went back' }

  const all = now.units === 0n
  const how = await takeBack(tx, world, row.id, total - before, total, all, cause)
  if (all) await move(tx, 'invoices', invoiceMachine, row.id, 'credited', 'reversed', cause)
  if (how === 'late')
    world.log.error({ invoice: row.id, ref: cause.ref }, 'an invoice was reversed after its money was passed on: the payee owes it')
  return { is: 'done', why: how === 'late' ? 'reversed after it was passed on: the payee owes it' : 'reversed, and its payout stopped' }
}

/** States only move along arrows: what comes late or out of order is an ordinary nothing. */
async function step(tx: Tx, row: InvoiceRow, to: 'paid' | 'overdue' | 'expired' | 'canceled', cause: Cause): Promise<Outcome> {
  if (row.state === to) return { is: 'done', why: `it is ${to}` }
  const arrows: readonly string[] = invoiceMachine[row.state as keyof typeof invoiceMachine]
  if (!arrows.includes(to)) return { is: 'done', why: `${to} came after ${row.state}` }
  await move(tx, 'invoices', invoiceMachine, row.id, row.state as 'issued', to, cause)
  return { is: 'done', why: to }
}

const finalLogs = new Set(['success', 'failed', 'canceled', 'refunded'])

async function settlePayout(desk: BankDesk, row: InboxRow, event: ProviderEvent & { about: 'payout' }): Promise<boolean> {
  const { payout } = event
  const key =
    payout.externalId ??
    (await desk.store.one<{ external_id: string }>(sql`select external_id from attempts where provider_id = ${payout.providerId}`))
      ?.external_id
  if (key === undefined || !(await desk.store.one(sql`select id from attempts where external_id = ${key}`)))
    return finish(desk, row, event.kind, async () => ({ is: 'ignored', why: `transfer ${payout.providerId} is not one we ordered` }))

  let news: PayoutNews = { externalId: key, found: [payout], errors: event.errors }
  if (finalLogs.has(event.log)) {
    const [one, all] = [await desk.rail.readPayout(payout.providerId), await desk.rail.findPayouts(key)]
    await desk.world.at('payout read again')
    if (one.is !== 'done' || all.is !== 'done')
      return finish(desk, row, event.kind, async () => ({ is: 'again', why: 'the bank did not confirm it' }))
    // The look-up by tag may lag behind the transfer itself.
    news = { ...news, found: [...all.value.filter(({ providerId }) => providerId !== payout.providerId), one.value] }
  }
  return finish(desk, row, event.kind, async tx => {
    const applied = await applyPayout(tx, desk.world, news, { why: `the bank said ${event.log}`, ref: event.eventId })
    switch (applied) {
      case 'moved':
      case 'nothing new':
        return { is: 'done', why: applied === 'moved' ? event.log : `${event.log} was nothing new` }
      case 'not ours':
        return { is: 'ignored', why: 'not one we ordered' }
      case 'again':
        return { is: 'again', why: 'the bank does not show yet what became of it' }
      case 'halt':
        return { is: 'quarantined', why: 'it contradicts what we ordered: payouts are stopped' }
    }
  })
}
