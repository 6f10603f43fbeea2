/**
 * A payout is always of what is owed now: brought to that whenever money went back to its payer, or came
 * back.
 */
import { because, sentence, told } from '../base/reasons.ts'
import { formatReais, shareOf, smallest } from '../base/money.ts'
import { chainRails } from '../base/rails.ts'
import type { World } from '../base/world.ts'
import { owedFor, totalsFor, type MovementName } from '../ledger/ledger.ts'
import { setWhy, forUpdate, join, remember, sql, type Cause, type Reader, type Tx } from '../db/db.ts'
import { postReceivable } from './receivable.ts'
import { type PayoutRow } from './row.ts'
import { bringTo, nextSource } from './taken.ts'
import { awaitsItsLog } from './bank/unheard.ts'
import { payouts } from './tables.ts'

export type ReversalRow = {
  invoice_id: string
  returned_units: bigint
  undone: bigint
  logs_seen: bigint
  under_way_since: string | null
  holds_payout: bigint
  next_at: string | null
  said_units: bigint | null
  said_logs: bigint
}

export const reversalOf = (reader: Reader, invoiceId: string) =>
  reader.one<ReversalRow>(sql`select * from invoice_reversals where invoice_id = ${invoiceId}`)

/**
 * While it holds of a payout's invoice, nothing is ordered: money may be going back to its payer, or have
 * gone back unheard.
 */
export const mayBeGoingBack = sql`(${awaitsItsLog} or exists (
  select 1 from invoice_reversals r where r.invoice_id = payouts.invoice_id
    and r.under_way_since is not null))`

/**
 * `owes`: the payee has more than the payer left with us. `in flight`: an order is under way, and its end
 * decides.
 */
export type Sized = 'owed' | 'nothing left' | 'owes' | 'in flight' | 'settled'

const live: readonly PayoutRow['state'][] = ['sending', 'unsure', 'sent']

/** An invoice's payout, locked; undefined where none was ever owed. Only on a chain may there be several. */
const lockPayout = (tx: Tx, invoiceId: string) =>
  tx.one<PayoutRow>(sql`
    select * from payouts where invoice_id = ${invoiceId} and rail not in (${join(chainRails)})
      ${forUpdate}`)

/**
 * The one rule of what is owed for a payment of which part or all went back: what the payer left with us,
 * less the bank's fee, less the commission on what was left, less the transfer's fee where the receiver bears
 * it and one is made. Where that is below zero, the payee owes it, but never more than was paid on. What was
 * never reversed is left as it is. Safe to call twice.
 */
export async function rightSize(tx: Tx, world: World, invoiceId: string, cause: Cause): Promise<Sized> {
  const reversal = await reversalOf(tx, invoiceId)
  const payout = reversal && (await lockPayout(tx, invoiceId))
  if (!payout) return 'settled'
  if (live.includes(payout.state)) return 'in flight'

  const invoice = (await tx.one<{
    paid_units: bigint
    fee_units: bigint
    commission_bp: bigint
    min_payout_units: bigint
  }>(sql`
    select paid_units, fee_units, commission_bp, min_payout_units from invoices where id = ${invoiceId}`))!
  const left = invoice.paid_units - reversal.returned_units
  const isPaid = payout.state === 'paid'
  const commission = shareOf(left, invoice.commission_bp)
  const withheld = left > 0n ? payout.withheld_units : 0n
  const net = left - invoice.fee_units - commission - withheld
  // Where nothing is left, nothing is taken either. What a transfer that was made has cost stays withheld.
  const isTaken = isPaid || net > 0n
  await bringTo(tx, world, invoiceId, isTaken ? commission : 0n, 'commission', cause)
  if (!isPaid) await bringTo(tx, world, invoiceId, isTaken ? withheld : 0n, 'transfer fee withheld', cause)

  const owed = await bookDebt(tx, world, payout, cause)
  if (isPaid) return owed < 0n ? 'owes' : 'settled'
  await resize(tx, payout, { owed, net: isTaken ? owed : net, least: invoice.min_payout_units }, cause)
  return owed > 0n ? 'owed' : 'nothing left'
}

/**
 * What is owed to the payee. Where that is below zero, the payee owes it, as far as anything was paid on:
 * what a transfer paid less than its order the payee never had, and what the bank charged beyond that is ours
 * to bear. Answers what is owed, below zero included.
 */
async function bookDebt(tx: Tx, world: World, payout: PayoutRow, cause: Cause): Promise<bigint> {
  const { invoice_id: invoiceId, account_id: accountId } = payout
  const booked = await totalsFor(tx, invoiceId)
  const of = (...names: MovementName[]) => names.reduce((sum, name) => sum + (booked[name] ?? 0n), 0n)
  const debt = of('receivable booked') - of('receivable canceled')
  const borne = of('charges borne') - of('charges borne returned')
  const offset = of('shortfall offset') - of('shortfall offset returned')
  const beyond = await paidBeyondOrders(tx, payout)
  const got =
    of('payout settled', 'cash handed over', 'payout paid elsewhere', 'receivable set off') -
    of('payout refunded', 'payout elsewhere undone', 'set-off returned') +
    beyond
  const owed = (await owedFor(tx, invoiceId)).units - debt - borne - offset
  const lacking = owed < 0n ? -owed : 0n
  const shortfall = smallest(lacking, beyond < 0n ? -beyond : 0n)
  const wanted = smallest(lacking - shortfall, got)
  await bringTo(tx, world, invoiceId, shortfall, 'shortfall offset', cause)
  await bringTo(tx, world, invoiceId, lacking - shortfall - wanted, 'charges borne', cause)
  if (wanted === debt) return owed

  const movement = wanted > debt ? 'receivable booked' : 'receivable canceled'
  const source = await nextSource(tx, movement, invoiceId)
  const units = wanted > debt ? wanted - debt : debt - wanted
  await postReceivable(tx, world, {
    movement,
    accountId,
    invoiceId,
    source,
    units,
    memo: sentence(cause.why),
  })
  if (wanted > debt)
    world.log.error(
      { invoice: invoiceId, payout: payout.id, units: formatReais(wanted) },
      'the payee owes what went back to the payer',
    )
  return owed
}

/**
 * What the transfers of a payout paid beyond their orders, below zero where less: two people said that such a
 * transfer is one of them.
 */
async function paidBeyondOrders(tx: Tx, { id }: Pick<PayoutRow, 'id'>): Promise<bigint> {
  const row = await tx.one<{ units: bigint }>(sql`
    select cast(coalesce(sum(case when t.movement = 'payout overpaid' then e.units
      else -e.units end), 0) as bigint) as units
    from attempts a join ledger_transactions t on t.source = a.id
      and t.movement in ('payout overpaid', 'payout underpaid')
      join ledger_entries e on e.transaction_id = t.id and e.line = 1
    where a.payout_id = ${id}`)
  return row!.units
}

const nothingLeft = because('nothing-left')
const tooSmall = because('below-smallest')

/**
 * `net`: as it was owed at first, which may be below zero while a little is still owed: then a person
 * decides.
 */
async function resize(
  tx: Tx,
  payout: PayoutRow,
  { owed, net, least }: { owed: bigint; net: bigint; least: bigint },
  cause: Cause,
) {
  const { id, state } = payout
  if (owed <= 0n) {
    if (state !== 'canceled') await payouts.move(tx, { id, state }, 'canceled', cause, [setWhy(cause.why)])
    return
  }
  if (payout.units !== net) {
    await tx.run(sql`update payouts set units = ${net} where id = ${id}`)
    const why = because('resized', { now: `${net}`, before: `${payout.units}`, because: told(cause.why) })
    await remember(tx, 'payouts', id, state, state, { ...cause, why }, await tx.now())
  }
  const why = net <= 0n ? nothingLeft : net < least ? tooSmall : undefined
  if (state === 'canceled') await payouts.move(tx, { id, state }, 'held', cause, [setWhy(why ?? cause.why)])
  else if (why !== undefined && (state === 'owed' || state === 'waiting'))
    await payouts.move(tx, { id, state }, 'held', { ...cause, why }, [setWhy(why)])
}

const goingBack = because('being-refunded')

/**
 * Money of this invoice may be going back from now on: what is not ordered yet is held, and goes on by itself
 * (`letGoOn`).
 */
export async function holdWhileGoingBack(tx: Tx, invoiceId: string, cause: Cause): Promise<void> {
  const payout = await lockPayout(tx, invoiceId)
  if (payout?.state !== 'owed' && payout?.state !== 'waiting') return
  await payouts.move(tx, payout, 'held', { ...cause, why: goingBack }, [setWhy(goingBack)])
  await tx.run(sql`update invoice_reversals set holds_payout = 1 where invoice_id = ${invoiceId}`)
}

/** Nothing is going back any more: a payout that was held for that is owed again, at what it is now. */
export async function letGoOn(tx: Tx, invoiceId: string, cause: Cause): Promise<void> {
  const reversal = await reversalOf(tx, invoiceId)
  if (reversal?.holds_payout !== 1n) return
  await tx.run(sql`update invoice_reversals set holds_payout = 0 where invoice_id = ${invoiceId}`)
  const payout = await lockPayout(tx, invoiceId)
  if (payout?.state !== 'held') return
  const { min_payout_units: least } = (await tx.one<{ min_payout_units: bigint }>(
    sql`select min_payout_units from invoices where id = ${invoiceId}`,
  ))!
  const why = payout.units <= 0n ? nothingLeft : payout.units < least ? tooSmall : undefined
  if (why !== undefined) await tx.run(sql`update payouts set ${setWhy(why)} where id = ${payout.id}`)
  else
    await payouts.move(tx, { id: payout.id, state: 'held' }, 'owed', cause, [
      setWhy(null),
      sql`next_at = ${await tx.now()}`,
    ])
}

/** Whether the last refund of an invoice that two people wanted came to nothing since then. */
export async function hasFailedRefund(reader: Reader, invoiceId: string, since: string): Promise<boolean> {
  const last = await reader.one<{ state: string; changed_at: string }>(
    sql`select state, changed_at from invoice_refunds where invoice_id = ${invoiceId}
      order by added_at desc, id desc limit 1`,
  )
  return last?.state === 'failed' && last.changed_at >= since
}

const notRefunded = because('refund-not-done')

/**
 * Its payer was not given back what two people wanted: whether its payee is paid instead is a person's to
 * say.
 */
export async function keepForPerson(tx: Tx, invoiceId: string, cause: Cause): Promise<void> {
  if ((await reversalOf(tx, invoiceId))?.holds_payout !== 1n) return
  await tx.run(sql`update invoice_reversals set holds_payout = 0 where invoice_id = ${invoiceId}`)
  const payout = await lockPayout(tx, invoiceId)
  if (payout?.state !== 'held') return
  await tx.run(sql`update payouts set ${setWhy(notRefunded)} where id = ${payout.id}`)
  await remember(tx, 'payouts', payout.id, 'held', 'held', { ...cause, why: notRefunded }, await tx.now())
}

/**
 * The order is dead: what went back to the payer meanwhile is owed no more, and while more may be going back
 * nothing is ordered; nor where two people wanted it refunded meanwhile and that was not done.
 */
export async function afterItsEnd(
  tx: Tx,
  world: World,
  { invoice_id: invoiceId }: Pick<PayoutRow, 'invoice_id'>,
  cause: Cause,
) {
  await rightSize(tx, world, invoiceId, cause)
  if ((await reversalOf(tx, invoiceId))?.under_way_since != null)
    return holdWhileGoingBack(tx, invoiceId, cause)
  const payout = await lockPayout(tx, invoiceId)
  if (payout?.state !== 'owed' && payout?.state !== 'waiting') return
  const last = await tx.one<{ at: string | null }>(
    sql`select max(asked_at) as at from attempts where payout_id = ${payout.id}`,
  )
  if (last?.at == null || !(await hasFailedRefund(tx, invoiceId, last.at))) return
  await payouts.move(tx, payout, 'held', { ...cause, why: notRefunded }, [setWhy(notRefunded)])
}
