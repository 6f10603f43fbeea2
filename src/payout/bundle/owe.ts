/**
 * Owing what came on a chain: coins that lie deep enough become the payee's, and when the chain thinks again,
 * so do we.
 */
import { because, sentence } from '../../base/reasons.ts'
import { newId } from '../../base/id.ts'
import { btc, shareOf } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import { post } from '../../ledger/ledger.ts'
import { setWhy, forUpdate, remember, sql, type Cause, type Tx, valuesOf } from '../../db/db.ts'
import type { PayoutRow } from '../row.ts'
import { stopPayouts } from '../stops.ts'
import { payouts } from '../tables.ts'

/**
 * Coins of one invoice that are credited together. `credits`: how often each was credited or taken back
 * before.
 */
export interface Deep {
  invoiceId: string
  accountId: string
  commissionBp: bigint
  minPayout: bigint
  /** What of this invoice was credited before. */
  before: bigint
  coins: { id: string; units: bigint; credits: bigint }[]
}

/** Its coins may lie deep again; it goes on by itself then. */
const orphaned = because('payment-orphaned')

/**
 * Credits the coins and owes what is left of them after the commission; the network fee is taken when they
 * are sent. Each coin counts once: `credits` is odd while it does. Answers the payout's id.
 */
export async function oweCoins(tx: Tx, world: World, deep: Deep, cause: Cause): Promise<string> {
  const { invoiceId, before, coins } = deep
  const units = coins.reduce((sum, coin) => sum + coin.units, 0n)
  const id = newId('payout', world)
  // What is taken of all that came is what is taken of its parts, to the last unit.
  const commission = shareOf(before + units, deep.commissionBp) - shareOf(before, deep.commissionBp)
  const net = units - commission
  const why = net <= 0n ? because('nothing-left') : net < deep.minPayout ? because('below-smallest') : null
  const state = why === null ? 'owed' : 'held'
  const now = await tx.now()
  const first =
    (await tx.one(
      sql`select 1 as yes from payouts where invoice_id = ${invoiceId} and rule not like 'refund%'`,
    )) === undefined
  const rule = first ? 'net' : `net/${coins[0]!.id}/${coins[0]!.credits + 1n}`

  for (const coin of coins)
    await post(tx, world, {
      movement: 'payment credited',
      source: `${coin.id}/${coin.credits + 1n}`,
      amount: btc(coin.units),
      invoiceId,
      memo: sentence(cause.why),
    })
  if (net > 0n)
    await post(tx, world, {
      movement: 'commission',
      source: id,
      amount: btc(commission),
      invoiceId,
      memo: sentence(cause.why),
    })
  await tx.run(sql`
    insert into payouts (id, store_id, invoice_id, rule, account_id, rail, asset, units, withheld_units,
      state,
      why, reason, detail, next_at, added_at, changed_at)
    values (${id}, (select store_id from invoices where id = ${invoiceId}), ${invoiceId},
      ${rule}, ${deep.accountId}, 'bitcoin', 'BTC', ${net}, 0, ${state},
      ${valuesOf(why)}, ${now}, ${now}, ${now})`)
  await remember(tx, 'payouts', id, '', state, { ...cause, why: why ?? cause.why }, now)
  for (const coin of coins)
    await tx.run(
      sql`update coins set credits = ${coin.credits + 1n}, payout_id = ${id} where id = ${coin.id}`,
    )
  await tx.run(
    sql`update invoices set paid_units = coalesce(paid_units, 0) + ${units} where id = ${invoiceId}`,
  )
  return id
}

const waits = ['owed', 'waiting'] as const
const isWaiting = (state: string): state is (typeof waits)[number] =>
  (waits as readonly string[]).includes(state)

/**
 * A credited coin is in no block any more. What is not ordered yet waits until it is back; once it was
 * ordered nothing more is paid out until a person has looked. Answers `late` then.
 */
export async function suspend(
  tx: Tx,
  world: World,
  payoutId: string,
  coin: string,
  cause: Cause,
): Promise<'suspended' | 'late'> {
  const payout = await pause(tx, payoutId, cause)
  if (isWaiting(payout.state)) return 'suspended'
  if (payout.state === 'held' || payout.state === 'canceled' || payout.state === 'returned')
    return 'suspended'
  world.log.error(
    { payout: payoutId, coin, ref: cause.ref },
    'the chain left a payment behind that was passed on: payouts are stopped',
  )
  await stopPayouts(
    tx,
    because('passed-on-left-chain', {
      invoice: payout.invoice_id,
      ...{ coin, payout: payoutId, state: payout.state === 'sending' ? 'ordered' : payout.state },
    }),
  )
  return 'late'
}

/** What is not ordered yet waits until its coins lie deep again. Answers the payout as it was. */
export async function pause(tx: Tx, payoutId: string, cause: Cause): Promise<PayoutRow> {
  const payout = (await tx.one<PayoutRow>(sql`select * from payouts where id = ${payoutId} ${forUpdate}`))!
  if (isWaiting(payout.state))
    await payouts.move(tx, payout, 'held', { ...cause, why: orphaned }, [setWhy(orphaned)])
  return payout
}

/** The coin is back, deep enough: what waited for it goes on. */
export async function resume(tx: Tx, payoutId: string, cause: Cause): Promise<void> {
  const payout = (await tx.one<PayoutRow>(sql`select * from payouts where id = ${payoutId} ${forUpdate}`))!
  if (payout.state === 'held' && payout.reason === orphaned.code)
    await payouts.move(tx, { id: payout.id, state: 'held' }, 'owed', cause, [
      setWhy(null),
      sql`next_at = ${await tx.now()}`,
    ])
}

/**
 * The coin can never come back, for another transaction has spent what it was made of. A payout that was
 * not ordered ends, and all its coins are uncredited: those that are still there are credited again.
 * Answers false when it was ordered, and then nothing is unsaid.
 */
export async function uncredit(tx: Tx, world: World, payoutId: string, cause: Cause): Promise<boolean> {
  const payout = (await tx.one<PayoutRow>(sql`select * from payouts where id = ${payoutId} ${forUpdate}`))!
  if (!isWaiting(payout.state) && payout.state !== 'held') return false
  const { invoice_id: invoiceId } = payout
  const coins = await tx.all<{ id: string; units: bigint; credits: bigint }>(
    sql`select id, units - refunded_units as units, credits from coins where payout_id = ${payoutId}
      and credits % 2 = 1 order by id`,
  )
  const units = coins.reduce((sum, coin) => sum + coin.units, 0n)
  for (const coin of coins) {
    await post(tx, world, {
      movement: 'payment uncredited',
      source: `${coin.id}/${coin.credits + 1n}`,
      amount: btc(coin.units),
      invoiceId,
      memo: sentence(cause.why),
    })
    await tx.run(sql`update coins set credits = credits + 1, payout_id = null where id = ${coin.id}`)
  }
  // A commission on money that went back was never earned.
  if (payout.units > 0n)
    await post(tx, world, {
      movement: 'commission returned',
      source: payoutId,
      amount: btc(units - payout.units),
      invoiceId,
      memo: sentence(cause.why),
    })
  await tx.run(sql`update invoices set paid_units = paid_units - ${units} where id = ${invoiceId}`)
  await payouts.move(tx, payout, 'canceled', cause, [setWhy(cause.why)])
  return true
}
