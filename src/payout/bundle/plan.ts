/**
 * Planning: what is owed to Bitcoin accounts is gathered for a while, and goes out as one transaction. Coins,
 * orders and the plan are one transaction of ours.
 */
import { because, type Reason } from '../../base/reasons.ts'
import { BadInput } from '../../base/answer.ts'
import { newId } from '../../base/id.ts'
import { canonical } from '../../approvals/approvals.ts'
import { btc } from '../../base/money.ts'
import { later, type Millis, type World } from '../../base/world.ts'
import { post } from '../../ledger/ledger.ts'
import type { ChainRail, Coin, Destination, Payee, Plan } from '../../rails/chain.ts'
import { setWhy, faultOf, remember, skipLocked, sql, type Sql, type Db, type Tx } from '../../db/db.ts'
import { notAsBooked } from '../asBooked.ts'
import { keepCandidate, latestOf, spendable } from './bundle.ts'
import { strangeIn } from './check.ts'
import { payableNow } from '../cooling.ts'
import { againstPolicy } from './sign.ts'
import { holdPaidElsewhere } from './foreign.ts'
import { withinLimits } from '../limits.ts'
import { withProof, type ApprovalsNeeded } from '../proven.ts'
import { refundRule } from './refund.ts'
import { holdBack, mayGoOut, type PayoutRow } from '../row.ts'
import { chainPayoutsStopped } from './unread.ts'
import type { BundleTerms, Present } from './terms.ts'
import { payouts } from '../tables.ts'

export type Planning =
  | { is: 'planned'; bundleId: string; payouts: number }
  | { is: 'nothing' }
  | { is: 'not now'; why: string }

const maxPayees = 100
// Nodes pass on no transaction above 100 000 virtual bytes (Bitcoin Core, MAX_STANDARD_TX_WEIGHT).
const maxSize = 100_000
const againMs = 60_000
const dustAgainMs = 60 * 60_000
const policyAgainMs = 5 * 60_000

/** Plans one bundle of what is due. */
export async function planBundle(
  db: Db,
  rail: ChainRail,
  world: World,
  terms: BundleTerms,
  present: Present,
): Promise<Planning> {
  const planning = await planOrIsolate(db, rail, world, terms, present)
  await world.at('bundle planned')
  if (planning.is === 'planned')
    world.log.info(
      { bundle: planning.bundleId, count: planning.payouts, feeRate: present.feeRate.toString() },
      'payouts bundled',
    )
  if (planning.is === 'not now') world.log.warn({ why: planning.why }, 'payouts wait')
  return planning
}

/**
 * Where something of one payout makes the whole plan fail, that one is held with what went wrong, and the
 * others are planned.
 */
async function planOrIsolate(
  db: Db,
  rail: ChainRail,
  world: World,
  terms: BundleTerms,
  present: Present,
): Promise<Planning> {
  const plan = () => db.tx(tx => planDue(tx, rail, world, terms, present), 'locks')
  try {
    return await plan()
  } catch (error) {
    faultOf(error)
    if (!(await holdWhatFails(db, rail, world, terms, present))) throw error
    return plan()
  }
}

class Undone extends Error {}

/**
 * Plans each due payout by itself and undoes it again. Answers whether one was held; what fails with any of
 * them is no fault of one.
 */
async function holdWhatFails(
  db: Db,
  rail: ChainRail,
  world: World,
  terms: BundleTerms,
  present: Present,
): Promise<boolean> {
  const due = await db.tx(tx => claimable(tx, terms.gatherMs))
  const faults = new Map<PayoutRow, string>()
  for (const payout of due) {
    const alone = db.tx(async tx => {
      await planDue(tx, rail, world, { ...terms, gatherMs: 0 }, present, sql`and id = ${payout.id}`)
      throw new Undone()
    }, 'locks')
    await alone.catch((error: unknown) => {
      if (!(error instanceof Undone)) faults.set(payout, faultOf(error))
    })
  }
  if (faults.size === due.length && due.length > 1) return false
  for (const [payout, why] of faults)
    await db.tx(tx => holdBack(tx, world, payout, because('cannot-be-planned', { fault: why.slice(0, 500) })))
  return faults.size > 0
}

async function planDue(
  tx: Tx,
  rail: ChainRail,
  world: World,
  terms: BundleTerms,
  { height, feeRate, feeNote }: Present,
  only: Sql = sql``,
): Promise<Planning> {
  if (await chainPayoutsStopped(tx)) return { is: 'nothing' }
  const index = await terms.change.hold(tx)
  await holdPaidElsewhere(tx, rail, world)
  const due = await withinLimits(
    tx,
    'BTC',
    await withSomethingLeft(tx, world, await claimable(tx, terms.gatherMs, only), terms.approvals),
  )
  if (due.length === 0) return { is: 'nothing' }
  const coins = await spendable(tx, height, terms.payoutDepth)
  const accounts = await accountsOf(tx, due)
  const payable = await holdUnpayable(tx, rail, world, accounts, due)

  let lockTime = Number(height)
  for (let waiting = payable.map(payout => ({ payout, key: newId('attempt', world) })); waiting.length > 0;) {
    const orders = addressed(rail, accounts, waiting)
    const payees = payeesOf(orders)
    const { mostFeeRate } = terms
    const planned = rail.plan({ coins, payees, feeRate, mostFeeRate, change: { index }, lockTime })
    switch (planned.is) {
      case 'planned': {
        if (await tx.one(sql`select 1 as yes from bundle_candidates where id = ${planned.plan.txid}`)) {
          // The very same was planned in a bundle that was canceled since: this is another transaction.
          lockTime -= 1
          break
        }
        if (planned.plan.size > maxSize) {
          // Who is left out of this one is in the next.
          const last = waiting.pop()!
          if (waiting.length === 0) await wait(tx, last.payout, because('too-many-coins'), dustAgainMs)
          break
        }
        const against = await againstPolicy(tx, rail, planned.plan, '', 'planned')
        if (against !== undefined) {
          // Whoever is refused alone waits alone; where only all together are too much, the newest wait.
          const refused =
            waiting.length === 1
              ? new Map([[waiting[0]!.key, against]])
              : await refusedAlone(tx, rail, orders, { coins, feeRate, mostFeeRate, index, height })
          if (refused.size === 0) refused.set(waiting.at(-1)!.key, against)
          for (const { payout, key } of waiting)
            if (refused.has(key))
              await wait(tx, payout, because('policy', { fault: refused.get(key)! }), policyAgainMs)
          waiting = waiting.filter(({ key }) => !refused.has(key))
          break
        }
        if (planned.plan.outputs.some(({ key }) => key === undefined)) await terms.change.take(tx)
        const bundleId = await open(tx, world, payees, planned.plan, feeNote)
        const strange = await strangeIn(tx, rail, await latestOf(tx, bundleId))
        if (strange !== undefined) throw new Error(strange)
        return { is: 'planned', bundleId, payouts: orders.length }
      }
      case 'dust': {
        // What is too small beside the fee waits for a cheaper hour or more company, and holds up nobody
        // else.
        const tooSmall = new Set(
          payees
            .filter(({ key }) => planned.keys.includes(key))
            .flatMap(({ of }) => of.map(({ key }) => key)),
        )
        for (const { payout, key } of waiting)
          if (tooSmall.has(key)) await wait(tx, payout, because('share-leaves-dust'), dustAgainMs)
        waiting = waiting.filter(({ key }) => !tooSmall.has(key))
        break
      }
      case 'short':
        // The oldest are sent first: the newest wait until more coins lie deep enough.
        for (let missing = planned.missing; missing > 0n && waiting.length > 0;) {
          const { payout } = waiting.pop()!
          missing -= payout.units
          await wait(tx, payout, because('coins-do-not-cover'), againMs)
        }
        break
      case 'too dear':
        for (const { payout } of waiting)
          await wait(tx, payout, because('network-too-dear', { fault: planned.why }), againMs)
        return { is: 'not now', why: planned.why }
    }
  }
  return { is: 'nothing' }
}

/** Payouts that the signing policy refuses each by itself, and why. */
async function refusedAlone(
  tx: Tx,
  rail: ChainRail,
  orders: readonly Order[],
  {
    coins,
    feeRate,
    mostFeeRate,
    index,
    height,
  }: { coins: Coin[]; feeRate: bigint; mostFeeRate: bigint; index: number; height: bigint },
): Promise<Map<string, string>> {
  const refused = new Map<string, string>()
  for (const order of orders) {
    const planned = rail.plan({
      coins,
      payees: payeesOf([order]),
      feeRate,
      mostFeeRate,
      change: { index },
      lockTime: Number(height),
    })
    const against =
      planned.is === 'planned' ? await againstPolicy(tx, rail, planned.plan, '', 'planned') : undefined
    if (against !== undefined) refused.set(order.key, against)
  }
  return refused
}

/** Owed long enough to be gathered, to an account that a second person approved; the oldest first. */
async function claimable(tx: Tx, gatherMs: Millis, only: Sql = sql``): Promise<PayoutRow[]> {
  const now = await tx.now()
  const rows = await tx.all<PayoutRow>(sql`
    select * from payouts where rail = 'bitcoin' and state in ('owed', 'waiting') and next_at <= ${now}
      and (account_id in (select id from accounts where state = 'approved' and kind = 'bitcoin')
        or ${refundRule}) ${only}
    order by added_at, id limit ${maxPayees} ${skipLocked}`)
  // One that was owed under a clock that was ahead would be gathered until that time has come.
  const isGathered = ({ added_at: at }: PayoutRow) => at <= later(now, -gatherMs) || at > now
  const ripe = rows.length === maxPayees || rows.some(isGathered)
  return ripe ? rows : []
}

/** What may not go out is held, and keeps back no other. */
async function withSomethingLeft(
  tx: Tx,
  world: World,
  due: PayoutRow[],
  approvals: ApprovalsNeeded | undefined,
): Promise<PayoutRow[]> {
  const left: PayoutRow[] = []
  const edited = await notAsBooked(tx, due)
  for (const payout of await payableNow(tx, await withProof(tx, due, approvals))) {
    const refusal = mayGoOut(payout) ?? edited.get(payout.id)
    if (refusal === undefined) left.push(payout)
    else await holdBack(tx, world, payout, refusal)
  }
  return left
}

type Accounts = Map<string, { destination: string; next: number }>

async function accountsOf(tx: Tx, due: PayoutRow[]): Promise<Accounts> {
  const accounts: Accounts = new Map()
  for (const id of new Set(due.map(payout => payout.account_id))) {
    const row = await tx.one<{ destination: string; next_index: bigint }>(
      sql`select destination, next_index from accounts where id = ${id}`,
    )
    accounts.set(id, { destination: row!.destination, next: Number(row!.next_index) })
  }
  return accounts
}

/**
 * What was approved before it was known to be nobody's is held for a person, and keeps nobody else waiting.
 */
async function holdUnpayable(
  tx: Tx,
  rail: ChainRail,
  world: World,
  accounts: Accounts,
  due: PayoutRow[],
): Promise<PayoutRow[]> {
  const faults = new Map<string, string>()
  for (const [id, { destination, next }] of accounts)
    try {
      rail.destination(destination, next)
    } catch (error) {
      if (!(error instanceof BadInput)) throw error
      faults.set(id, error.message)
    }
  for (const payout of due) {
    const fault = faults.get(payout.account_id)
    if (fault === undefined) continue
    const why = because('account-unpayable', { fault })
    await payouts.move(tx, payout, 'held', { why }, [setWhy(why)])
    world.log.error(
      { payout: payout.id, account: payout.account_id, why: fault },
      'a payout is held: its account cannot be paid',
    )
  }
  return due.filter(payout => !faults.has(payout.account_id))
}

interface Order {
  payout: PayoutRow
  /** Of the attempt it becomes. */
  key: string
  to: Destination
}

/** One output, and the orders that share it. */
type Output = Payee & { of: Order[] }

/**
 * A descriptor gives every payout an address of its own, from the account's next number on; a plain address
 * does not mind the number.
 */
function addressed(
  rail: ChainRail,
  accounts: Accounts,
  waiting: readonly { payout: PayoutRow; key: string }[],
): Order[] {
  const given = new Map<string, number>()
  return waiting.map(({ payout, key }) => {
    const { destination, next } = accounts.get(payout.account_id)!
    const before = given.get(payout.account_id) ?? 0
    given.set(payout.account_id, before + 1)
    return { payout, key, to: rail.destination(destination, next + before) }
  })
}

/**
 * What goes to one address goes there as one output: it costs its payee and us less than many, and what is
 * small passes in company.
 */
const payeesOf = (orders: Order[]): Output[] =>
  [...Map.groupBy(orders, ({ to }) => to.address).values()].map(of => ({
    key: of[0]!.key,
    units: of.reduce((sum, { payout }) => sum + payout.units, 0n),
    script: of[0]!.to.script,
    of,
  }))

async function open(
  tx: Tx,
  world: World,
  outputs: Output[],
  plan: Plan,
  feeNote: string | undefined,
): Promise<string> {
  const now = await tx.now()
  const bundleId = newId('bundle', world)
  await tx.run(
    sql`insert into bundles (id, store_id, state, next_at, added_at, changed_at)
      values (${bundleId}, ${tx.store}, 'planned', ${now}, ${now}, ${now})`,
  )
  await remember(
    tx,
    'bundles',
    bundleId,
    '',
    'planned',
    { why: because('coins-spent', { count: plan.inputs.length }), ref: plan.txid },
    now,
  )
  for (const order of outputs.flatMap(({ of }) => of)) await openAttempt(tx, world, bundleId, order, feeNote)
  const shares = outputs.map(
    ({ key, of }) =>
      [
        key,
        of.map(({ payout, to, key: attemptId }) => ({ attemptId, address: to.address, units: payout.units })),
      ] as const,
  )
  await keepCandidate(tx, bundleId, plan, new Map(shares))
  return bundleId
}

async function openAttempt(
  tx: Tx,
  world: World,
  bundleId: string,
  { key: attemptId, payout, to }: Order,
  feeNote: string | undefined,
): Promise<void> {
  const now = await tx.now()
  const before = await tx.one<{ number: bigint | null }>(
    sql`select max(number) as number from attempts where payout_id = ${payout.id}`,
  )
  const number = (before?.number ?? 0n) + 1n
  const externalId = `${payout.id}-${number}`
  const cause = {
    why: because('bundled', feeNote === undefined ? {} : { note: feeNote }),
    ref: bundleId,
  }
  await payouts.move(tx, payout, 'sending', cause, [sql`tries = tries + 1`, setWhy(null)])
  await tx.run(sql`update accounts set next_index = next_index + 1 where id = ${payout.account_id}`)
  await tx.run(sql`
    insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at, bundle_id,
      destination)
    values (${attemptId}, ${payout.id}, ${number}, ${externalId}, ${payout.units}, 'sending', ${now}, ${now},
      ${bundleId},
      ${canonical({ destination: to.address })})`)
  await remember(tx, 'attempts', attemptId, '', 'sending', cause, now)
  const { invoice_id: invoiceId } = payout
  await post(tx, world, {
    movement: 'payout ordered',
    source: attemptId,
    amount: btc(payout.units),
    invoiceId,
    memo: externalId,
  })
}

async function wait(tx: Tx, payout: PayoutRow, why: Reason, ms: Millis): Promise<void> {
  const next = later(await tx.now(), ms)
  await tx.run(
    sql`update payouts set next_at = ${next}, ${setWhy(why)} where id = ${payout.id}
      and state in ('owed', 'waiting')`,
  )
}
