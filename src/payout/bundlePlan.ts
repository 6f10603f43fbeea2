/** Planning: what is owed to Bitcoin accounts is gathered for a while, and goes out as one transaction. Coins, orders and the plan are one transaction of ours. */
import { newId } from '../base/id.ts'
import { btc } from '../base/money.ts'
import { later, type Millis, type World } from '../base/world.ts'
import { post } from '../ledger/ledger.ts'
import type { ChainRail, Destination, Payee, Plan } from '../rails/chain.ts'
import { move, remember, skipLocked, sql, type Store, type Tx } from '../store/store.ts'
import { keepCandidate, spendable } from './bundle.ts'
import { payoutMachine, payoutsStopped, type PayoutRow } from './row.ts'

export interface BundleTerms {
  /** How long payouts are gathered before they go out together. */
  gatherMs: Millis
  /** How deep a coin must lie to be spent, and a payout to be paid. */
  payoutDepth: number
  /** Satoshis for a thousand virtual bytes. */
  mostFeeRate: bigint
  /** After so many blocks without being mined a better fee is offered. */
  bumpAfterBlocks: number
  /** Hands out the next change address of ours. */
  takeChange: (tx: Tx) => Promise<Destination & { number: number }>
}

export type Planning = { is: 'planned'; bundleId: string; payouts: number } | { is: 'nothing' } | { is: 'not now'; why: string }

const mostPayees = 100
const againMs = 5 * 60_000
const dustAgainMs = 60 * 60_000

/** Plans one bundle of what is due. `height` and `feeRate` come from the node, asked before. */
export async function planBundle(
  store: Store,
  rail: ChainRail,
  world: World,
  { gatherMs, payoutDepth, mostFeeRate, takeChange }: BundleTerms,
  { height, feeRate }: { height: bigint; feeRate: bigint },
): Promise<Planning> {
  const planning = await store.tx(async (tx): Promise<Planning> => {
    if (await payoutsStopped(tx)) return { is: 'nothing' }
    const due = await claimable(tx, gatherMs)
    if (due.length === 0) return { is: 'nothing' }
    const coins = (await spendable(tx, height, payoutDepth)).map(({ id, units, branch, number }) => ({
      outpoint: id,
      units,
      branch,
      index: Number(number),
    }))
    const orders = await payeesOf(tx, rail, world, due)
    const change = await takeChange(tx)

    let payees = [...orders.values()].map(({ payee }) => payee)
    for (;;) {
      if (payees.length === 0) return { is: 'nothing' }
      const planned = rail.plan({ coins, payees, feeRate, mostFeeRate, change: { index: change.number }, lockTime: Number(height) })
      switch (planned.is) {
        case 'planned': {
          const bundleId = await open(tx, world, orders, planned.plan)
          return { is: 'planned', bundleId, payouts: payees.length }
        }
        case 'dust':
          // What is too small beside the fee waits for a cheaper hour, and holds up nobody else.
          for (const key of planned.keys)
            await wait(tx, orders.get(key)!.payout, 'its share of the network fee would leave dust', dustAgainMs)
          payees = payees.filter(({ key }) => !planned.keys.includes(key))
          break
        case 'short': {
          // The oldest are sent first: the newest wait until more coins lie deep enough.
          const last = orders.get(payees.at(-1)!.key)!.payout
          await wait(tx, last, 'the coins that lie deep enough do not cover it yet', againMs)
          payees = payees.slice(0, -1)
          break
        }
        case 'too dear':
          return { is: 'not now', why: planned.why }
      }
    }
  }, 'locks')
  await world.at('bundle planned')
  if (planning.is === 'planned')
    world.log.info({ bundle: planning.bundleId, count: planning.payouts, feeRate: feeRate.toString() }, 'payouts bundled')
  if (planning.is === 'not now') world.log.warn({ why: planning.why }, 'payouts wait')
  return planning
}

/** Owed long enough to be gathered, to an account that a second person approved. */
async function claimable(tx: Tx, gatherMs: Millis): Promise<PayoutRow[]> {
  const now = await tx.now()
  const rows = await tx.all<PayoutRow>(sql`
    select * from payouts where asset = 'BTC' and state in ('owed', 'waiting') and next_at <= ${now}
      and account_id in (select id from accounts where state = 'approved' and kind = 'bitcoin')
    order by added_at, id limit ${mostPayees} ${skipLocked}`)
  const ripe = rows.length === mostPayees || rows.some(({ added_at: at }) => at <= later(now, -gatherMs))
  return ripe ? rows : []
}

interface Order {
  payout: PayoutRow
  payee: Payee
  to: Destination
}

async function payeesOf(tx: Tx, rail: ChainRail, world: World, due: PayoutRow[]): Promise<Map<string, Order>> {
  const orders = new Map<string, Order>()
  for (const payout of due) {
    const account = (await tx.one<{ destination: string; next_index: bigint }>(
      sql`select destination, next_index from accounts where id = ${payout.account_id}`,
    ))!
    const to = rail.destination(account.destination, Number(account.next_index))
    // A descriptor gives every payout an address of its own; a plain address does not mind the number.
    await tx.run(sql`update accounts set next_index = next_index + 1 where id = ${payout.account_id}`)
    const key = newId('attempt', world)
    orders.set(key, { payout, to, payee: { key, units: payout.units, script: to.script } })
  }
  return orders
}

async function open(tx: Tx, world: World, orders: Map<string, Order>, plan: Plan): Promise<string> {
  const now = await tx.now()
  const bundleId = newId('bundle', world)
  await tx.run(
    sql`insert into bundles (id, store_id, state, next_at, added_at, changed_at) values (${bundleId}, 'sto_default', 'planned', ${now}, ${now}, ${now})`,
  )
  await remember(tx, 'bundles', bundleId, '', 'planned', { why: `${plan.inputs.length} coins are spent`, ref: plan.txid }, now)
  for (const { key } of plan.outputs) if (key !== undefined) await openAttempt(tx, world, bundleId, key, orders.get(key)!.payout)
  await keepCandidate(tx, bundleId, 1n, plan, new Map([...orders].map(([key, { to }]) => [key, to.address])))
  return bundleId
}

async function openAttempt(tx: Tx, world: World, bundleId: string, attemptId: string, payout: PayoutRow): Promise<void> {
  const now = await tx.now()
  const before = await tx.one<{ number: bigint | null }>(sql`select max(number) as number from attempts where payout_id = ${payout.id}`)
  const number = (before?.number ?? 0n) + 1n
  const externalId = `${payout.id}-${number}`
  const cause = { why: 'it goes out in a bundle', ref: bundleId }
  await move(tx, 'payouts', payoutMachine, payout.id, payout.state as 'owed', 'sending', cause, [sql`tries = tries + 1`, sql`why = null`])
  await tx.run(sql`
    insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at, bundle_id)
    values (${attemptId}, ${payout.id}, ${number}, ${externalId}, ${payout.units}, 'sending', ${now}, ${now}, ${bundleId})`)
  await remember(tx, 'attempts', attemptId, '', 'sending', cause, now)
  const { invoice_id: invoiceId } = payout
  await post(tx, world, { movement: 'payout ordered', source: attemptId, amount: btc(payout.units), invoiceId, memo: externalId })
}

async function wait(tx: Tx, payout: PayoutRow, why: string, ms: Millis): Promise<void> {
  const next = later(await tx.now(), ms)
  await tx.run(sql`update payouts set next_at = ${next}, why = ${why} where id = ${payout.id} and state in ('owed', 'waiting')`)
}
