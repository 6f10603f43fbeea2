/**
 * A refund on the chain: a payout of its own kind, which gives a payment back to where its payer says, out of
 * what was never credited.
 */
import { because, sentence } from '../../base/reasons.ts'
import { newId } from '../../base/id.ts'
import { btc } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import { audit, post } from '../../ledger/ledger.ts'
import { setWhy, forUpdate, remember, sql, type Cause, type Reader, type Sql, type Tx } from '../../db/db.ts'
import { pause, resume, suspend } from './owe.ts'
import { refuse } from '../refusals.ts'
import { findPayout, type PayoutRow } from '../row.ts'
import { payouts } from '../tables.ts'

/** `refund`, and of the same invoice later ones `refund/2`, `refund/3`, …: no other payout begins so. */
export const isRefund = ({ rule }: Pick<PayoutRow, 'rule'>): boolean => /^refund(\/\d+)?$/.test(rule)
/** The same in a query, of a table's alias. */
export const refundRule: Sql = sql`(rule = 'refund' or rule like 'refund/%')`

export interface NewRefund {
  invoiceId: string
  /** An address that somebody may own, and that is none of ours. */
  to: string
  units: bigint
  /** What may be given back of each payment, the oldest first; together at least `units`. */
  from: { id: string; left: bigint }[]
  madeBy: string
  approvedBy: string
  why: string
}

/**
 * Owes it: the payout, what it gives back of which payment, and the movement. Its address is an account that
 * is closed to all else.
 */
export async function oweRefund(tx: Tx, world: World, refund: NewRefund): Promise<PayoutRow> {
  const { invoiceId, to, units, madeBy, approvedBy, why } = refund
  const id = newId('payout', world)
  const account = newId('account', world)
  const now = await tx.now()
  const { store_id: store } = (await tx.one<{ store_id: string }>(
    sql`select store_id from invoices where id = ${invoiceId}`,
  ))!
  const cause: Cause = { why: because('returned-by', { madeBy, by: approvedBy, said: why }) }
  await tx.run(sql`
    insert into accounts (id, store_id, name, kind, holder, destination, state, added_by, added_at,
      changed_at, approved_by)
    values (${account}, ${store}, ${`refund ${id}`}, 'bitcoin', ${`payer of ${invoiceId}`}, ${to},
      'closed', ${madeBy}, ${now}, ${now}, ${approvedBy})`)
  await remember(tx, 'accounts', account, '', 'closed', { why: because('for-refund', { payout: id }) }, now)
  const before = (await tx.one<{ count: bigint }>(
    sql`select count(*) as count from payouts where invoice_id = ${invoiceId} and ${refundRule}`,
  ))!.count
  const rule = before === 0n ? 'refund' : `refund/${before + 1n}`
  await tx.run(sql`
    insert into payouts (id, store_id, invoice_id, rule, account_id, rail, asset, units, withheld_units,
      state,
      why, next_at, added_at, changed_at)
    values (${id}, ${store}, ${invoiceId}, ${rule}, ${account}, 'bitcoin', 'BTC', ${units}, 0, 'owed', null,
      ${now}, ${now}, ${now})`)
  await remember(tx, 'payouts', id, '', 'owed', cause, now)
  let missing = units
  for (const { id: coin, left } of refund.from) {
    const part = left < missing ? left : missing
    if (part === 0n) continue
    await tx.run(sql`insert into coin_refunds (payout_id, coin_id, units) values (${id}, ${coin}, ${part})`)
    await tx.run(sql`update coins set refunded_units = refunded_units + ${part} where id = ${coin}`)
    missing -= part
  }
  if (missing > 0n) throw new RangeError(`the payments of ${invoiceId} do not cover its refund`)
  await post(tx, world, {
    movement: 'refund owed',
    source: id,
    amount: btc(units),
    invoiceId,
    memo: sentence(cause.why),
  })
  return (await findPayout(tx, id))!
}

/**
 * Ends a refund that was not ordered: its payments are there to be decided about again. Answers false where
 * it is under way or over.
 */
export async function withdrawRefund(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  cause: Cause,
): Promise<boolean> {
  const { id, state, units, invoice_id: invoiceId } = payout
  if (state !== 'owed' && state !== 'waiting' && state !== 'held') return false
  await payouts.move(tx, { id, state }, 'canceled', cause, [setWhy(cause.why)])
  const parts = await tx.all<{ coin_id: string; units: bigint }>(
    sql`select coin_id, units from coin_refunds where payout_id = ${id}`,
  )
  for (const { coin_id: coin, units: part } of parts)
    await tx.run(sql`update coins set refunded_units = refunded_units - ${part} where id = ${coin}`)
  await tx.run(sql`delete from coin_refunds where payout_id = ${id}`)
  await post(tx, world, {
    movement: 'refund withdrawn',
    source: id,
    amount: btc(units),
    invoiceId,
    memo: sentence(cause.why),
  })
  return true
}

/** A person withdraws it; refuses where it can no longer be. */
export async function withdrawRefundBy(
  tx: Tx,
  world: World,
  id: string,
  { by, why }: { by: string; why: string },
): Promise<PayoutRow> {
  const payout = await tx.one<PayoutRow>(sql`select * from payouts where id = ${id} ${forUpdate}`)
  if (!payout || !isRefund(payout)) return refuse({ is: 'refund-unknown', id })
  const live = await tx.one(
    sql`select 1 as yes from attempts where payout_id = ${id}
      and state in ('sending', 'unsure', 'sent', 'success')`,
  )
  if (live || !(await withdrawRefund(tx, world, payout, { why: because('said-by', { by, said: why }) })))
    refuse({ is: 'refund-ordered', id, state: payout.state })
  await audit(tx, {
    actor: by,
    act: 'refund withdrawn',
    subject: payout.invoice_id,
    detail: { payout: id, why },
  })
  return (await findPayout(tx, id))!
}

/** Refunds that give back of this payment and are not over. */
const refundsOf = (reader: Reader, coin: string) =>
  reader.all<PayoutRow>(sql`
    select p.* from payouts p join coin_refunds r on r.payout_id = p.id where r.coin_id = ${coin}
      and p.state <> 'canceled' order by p.id`)

/**
 * The payments of a request lie as they do now: a refund waits while one of its own is not deep, ends where
 * that can never come back, and goes on when all are deep again.
 */
export async function keepRefunds(
  tx: Tx,
  world: World,
  coins: readonly { id: string; state: string; refunded_units: bigint }[],
  deep: ReadonlySet<string>,
  cause: Cause,
): Promise<void> {
  for (const coin of coins) {
    if (coin.refunded_units === 0n || deep.has(coin.id)) continue
    for (const payout of await refundsOf(tx, coin.id)) {
      const gone = coin.state === 'conflicted'
      if (
        gone &&
        (await withdrawRefund(tx, world, payout, {
          ...cause,
          why: because('payment-replaced'),
        }))
      )
        continue
      if (coin.state === 'mined') await pause(tx, payout.id, cause)
      else await suspend(tx, world, payout.id, coin.id, cause)
    }
  }
  const again = new Set<string>()
  for (const coin of coins)
    if (coin.refunded_units > 0n && deep.has(coin.id))
      for (const { id } of await refundsOf(tx, coin.id)) again.add(id)
  for (const id of again) {
    const parts = await tx.all<{ coin_id: string }>(
      sql`select coin_id from coin_refunds where payout_id = ${id}`,
    )
    if (parts.every(({ coin_id: coin }) => deep.has(coin))) await resume(tx, id, cause)
  }
}

interface SpentCoin {
  [column: string]: bigint | string | null
  id: string
  invoice_id: string | null
  units: bigint
  refunded_units: bigint
  refund_bookings: bigint
  spendings: bigint
  spent_by: string | null
}

/** Whether two people said that this transaction gave something back. */
export const isRefundMade = async (reader: Reader, txid: string): Promise<boolean> =>
  (await reader.one(sql`select 1 as yes from refunds_elsewhere where txid = ${txid}`)) !== undefined

/** What left us by that transaction clears what came, as often as the chain says so and takes it back. */
export async function bookRefundMade(tx: Tx, world: World, coinId: string): Promise<void> {
  const coin = (await tx.one<SpentCoin>(sql`select * from coins where id = ${coinId} ${forUpdate}`))!
  if (coin.invoice_id === null) return
  const made =
    coin.spendings % 2n === 1n &&
    (await tx.one(
      sql`select 1 as yes from refunds_elsewhere where txid = ${coin.spent_by}
        and invoice_id = ${coin.invoice_id}`,
    )) !== undefined
  if (made === (coin.refund_bookings % 2n === 1n)) return
  const times = coin.refund_bookings + 1n
  const movement = made ? 'refund made elsewhere' : 'refund elsewhere undone'
  const amount = btc(coin.units - coin.refunded_units)
  await post(tx, world, {
    movement,
    source: `${coin.id}/${times}`,
    amount,
    invoiceId: coin.invoice_id,
    memo: coin.spent_by ?? 'the chain took it back',
  })
  await tx.run(sql`update coins set refund_bookings = ${times} where id = ${coin.id}`)
}
