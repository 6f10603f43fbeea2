/**
 * Sending what is owed: payouts are claimed, the rail is asked under our own key, and what it answered is
 * recorded.
 */
import { because } from '../../base/reasons.ts'
import { refused, type Answer } from '../../base/answer.ts'
import { deadlineIn, type Deadline } from '../../base/deadline.ts'
import { newId } from '../../base/id.ts'
import { brl, formatReais } from '../../base/money.ts'
import { later, type Instant, type World } from '../../base/world.ts'
import { bankMayBeAsked, post } from '../../ledger/ledger.ts'
import { absenceMs, callMs, type PayoutOrder, type ProviderPayout, type Rail } from '../../rails/rail.ts'
import {
  setWhy,
  eachApart,
  faultOf,
  forUpdate,
  remember,
  skipLocked,
  sql,
  throwFirst,
  type Cause,
  type Sql,
  type Db,
  type Tx,
  type Why,
} from '../../db/db.ts'
import { canonical } from '../../approvals/approvals.ts'
import { placeOf, type BankAccountRow } from '../account.ts'
import { destinationOf } from '../place.ts'
import { notAsBooked } from '../asBooked.ts'
import { payableNow } from '../cooling.ts'
import { withinLimits } from '../limits.ts'
import { withProof, type ApprovalsNeeded } from '../proven.ts'
import { isFresh, staleLook, type Look } from './look.ts'
import { balancePauseMs, silenceMs } from './outcome.ts'
import { setOff } from '../receivable.ts'
import { afterItsEnd, mayBeGoingBack } from '../rightSize.ts'
import { assertKeyIsFree, holdBack, mayGoOut, type PayoutRow } from '../row.ts'
import { hasStrange } from './strange.ts'
import { lookUnderTag, unansweredPauseMs } from './underTag.ts'
import { mayOrderAtBank } from './unheard.ts'
import { payouts, attempts } from '../tables.ts'

const batchSize = 100

export type Sent = Record<'sent' | 'unsure' | 'held' | 'later', number>

interface Order extends PayoutOrder {
  payoutId: string
  attemptId: string
  /** When it was claimed: what was claimed again since is not ours to write about. */
  askedAt: Instant
}

const tooLate = refused('too late to order it: this worker stalled after claiming it', true)

/**
 * Sends every payout that is due to an approved account, unless payouts are stopped. Answers how each order
 * ended.
 */
export async function sendPayouts(
  db: Db,
  rail: Rail,
  world: World,
  approvals: ApprovalsNeeded = 'any',
): Promise<Sent> {
  const outcome: Sent = { sent: 0, unsure: 0, held: 0, later: 0 }
  const send = async (which: Sql, look?: Look) => {
    if (!(await bankMayBeAsked(db, rail, world))) return false
    // From before the claim: another worker counts from the claim itself, so its count always ends later.
    const deadline = deadlineIn(callMs, world.clock)
    const { due, orders, held, stale } = await claimDue(db, world, { which, approvals }, look)
    outcome.held += held
    outcome.later += stale
    if (stale > 0) world.log.warn({ payout: look?.payoutId }, staleLook)
    if (orders.length > 0) {
      await world.at('payouts claimed')
      await order(db, rail, world, orders, outcome, deadline)
    }
    return due > 0
  }
  while (await send(sql`and not ${mayHaveBeenOrdered}`));
  const again = await dueAgain(db)
  if (again.length === 0) return outcome
  const covered = await coveredByBalance(db, rail, world, again)
  const faults = await eachApart(covered, async payout => {
    const look = await lookUnderTag(db, rail, world, payout)
    if (look === 'stale') {
      world.log.warn({ payout: payout.id }, staleLook)
      outcome.later += 1
    } else if (look !== 'no') await send(sql`and id = ${payout.id}`, look)
  })
  const left: typeof faults = []
  for (const fault of faults)
    if (
      await db.tx(tx =>
        holdBack(tx, world, fault.of, because('cannot-be-looked-up', { fault: fault.why.slice(0, 500) })),
      )
    )
      outcome.held += 1
    else left.push(fault)
  throwFirst(left)
  return outcome
}

/**
 * By an attempt we know of, by one made after the backup that this database was restored from, or by whoever
 * made a transfer that was heard of under its invoice's tag or under the key of one of its orders.
 */
const mayHaveBeenOrdered = sql`(
  exists (select 1 from attempts where payout_id = payouts.id)
  or exists (select 1 from settings s, invoices i where s.name = 'restored' and i.id = payouts.invoice_id
    and i.added_at <= s.value)
  or ${hasStrange})`

const isDue = (now: Instant): Sql => sql`
  rail = 'starkbank' and state in ('owed', 'waiting') and next_at <= ${now} and account_id in (select id
    from accounts where state = 'approved')
  and not ${mayBeGoingBack}`

type DuePayout = PayoutRow & { state: 'owed' | 'waiting' }

const duePayouts = (tx: Tx, now: Instant, which: Sql): Promise<DuePayout[]> =>
  tx.all<DuePayout>(sql`
    select * from payouts where ${isDue(now)} ${which} order by added_at, id
      limit ${batchSize} ${skipLocked}`)

interface Claim {
  /** How many were looked at; those that a limit keeps are put off, and others may stand behind them. */
  due: number
  orders: Order[]
  /** How many of the due ones cannot be ordered and were held instead. */
  held: number
  /** How many must be looked at again first. */
  stale: number
}

interface Wanted {
  which: Sql
  approvals: ApprovalsNeeded
}

/** Orders for what is due. One payout that cannot be ordered is held and keeps back no other. */
async function claimDue(
  db: Db,
  world: World,
  { which, approvals }: Wanted,
  look: Look | undefined,
): Promise<Claim> {
  const claim = (only: Sql): Promise<Claim> =>
    db.tx(async tx => {
      const claimed: Claim = { due: 0, orders: [], held: 0, stale: 0 }
      if (!(await mayOrderAtBank(tx))) return claimed
      const left: DuePayout[] = []
      const due = await duePayouts(tx, await tx.now(), sql`${which} ${only}`)
      // Once its row is locked nobody else orders it.
      if (look && !(await isFresh(tx, look))) return { ...claimed, stale: due.length }
      claimed.due = due.length
      const edited = await notAsBooked(tx, due)
      for (const row of await payableNow(tx, await withProof(tx, due, approvals))) {
        const refusal = mayGoOut(row) ?? edited.get(row.id)
        if (refusal !== undefined) {
          await holdBack(tx, world, row, refusal)
          claimed.held += 1
        } else left.push(...(await setOff(tx, world, [row])))
      }
      for (const row of await withinLimits(tx, 'BRL', left))
        claimed.orders.push(await openAttempt(tx, world, row))
      return claimed
    }, 'locks')
  try {
    return await claim(sql``)
  } catch (error) {
    faultOf(error)
    return await claimApart(db, world, which, claim)
  }
}

/**
 * Something of one payout made the whole claim fail, so each is claimed by itself, and the one that still
 * cannot be is held.
 */
async function claimApart(
  db: Db,
  world: World,
  which: Sql,
  claim: (only: Sql) => Promise<Claim>,
): Promise<Claim> {
  const due = await db.tx(async tx => duePayouts(tx, await tx.now(), which))
  const claimed: Claim = { due: due.length, orders: [], held: 0, stale: 0 }
  const faults = await eachApart(due, async row => {
    const { orders, held, stale } = await claim(sql`and id = ${row.id}`)
    claimed.orders.push(...orders)
    claimed.held += held
    claimed.stale += stale
  })
  for (const { of: row, why } of faults) {
    await db.tx(tx => holdBack(tx, world, row, because('cannot-be-ordered', { fault: why.slice(0, 500) })))
    claimed.held += 1
  }
  return claimed
}

async function dueAgain(db: Db): Promise<PayoutRow[]> {
  return db.tx(async tx =>
    !(await mayOrderAtBank(tx))
      ? []
      : tx.all<PayoutRow>(sql`
          select * from payouts where ${isDue(await tx.now())} and ${mayHaveBeenOrdered}
          order by next_at, id limit ${batchSize}`),
  )
}

/**
 * Those of which the bank can hold the money now, by one question for all of them: what once found no balance
 * is ordered again only when there is some, and waits longer each time there is none.
 */
async function coveredByBalance(db: Db, rail: Rail, world: World, due: PayoutRow[]): Promise<PayoutRow[]> {
  const waiting = due.filter(({ state }) => state === 'waiting')
  if (waiting.length === 0) return due
  const answer = await rail.balance()
  if (answer.is !== 'done') return due.filter(({ state }) => state !== 'waiting')
  let left = answer.value
  const short: PayoutRow[] = []
  const covered = due.filter(payout => {
    if (payout.state !== 'waiting') return true
    if (left < payout.units) return (short.push(payout), false)
    left -= payout.units
    return true
  })
  if (short.length > 0) await db.tx(tx => waitForBalance(tx, short, answer.value))
  if (short.length > 0)
    world.log.warn(
      { count: short.length, balance: formatReais(answer.value) },
      'payouts wait: the bank holds less than they need',
    )
  return covered
}

async function waitForBalance(tx: Tx, payouts: PayoutRow[], balance: bigint): Promise<void> {
  const now = await tx.now()
  for (const { id, waits } of payouts) {
    const why = because('insufficient-balance', { units: `${balance}` })
    await tx.run(sql`
      update payouts set ${setWhy(why)}, waits = waits + 1, next_at = ${later(now, balancePauseMs(waits))}
        where id = ${id} and state = 'waiting'`)
  }
}

/** One more order for a payout, booked as in transit before anyone is asked. */
async function openAttempt(tx: Tx, world: World, payout: DuePayout): Promise<Order> {
  const now = await tx.now()
  const before = await tx.one<{ number: bigint | null }>(
    sql`select max(number) as number from attempts where payout_id = ${payout.id}`,
  )
  const number = (before?.number ?? 0n) + 1n
  const account = (await tx.one<BankAccountRow>(sql`select * from accounts where id = ${payout.account_id}`))!
  const attemptId = newId('attempt', world)
  const externalId = `${payout.id}-${number}`
  await assertKeyIsFree(tx, payout, externalId)

  await payouts.move(
    tx,
    payout,
    'sending',
    { why: because('order-about-to-be-sent', { number: `${number}` }), ref: attemptId, again: true },
    [sql`next_at = ${later(now, absenceMs)}`, sql`tries = tries + 1`, setWhy(null)],
  )
  await tx.run(sql`
    insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at, destination)
    values (${attemptId}, ${payout.id}, ${number}, ${externalId}, ${payout.units}, 'sending', ${now}, ${now},
      ${canonical(placeOf(account))})`)
  await remember(
    tx,
    'attempts',
    attemptId,
    '',
    'sending',
    { why: because('about-to-ask-bank'), ref: payout.id },
    now,
  )
  await post(tx, world, {
    movement: 'payout ordered',
    source: attemptId,
    amount: brl(payout.units),
    invoiceId: payout.invoice_id,
    memo: externalId,
  })
  return {
    payoutId: payout.id,
    attemptId,
    askedAt: now,
    invoiceId: payout.invoice_id,
    externalId,
    units: payout.units,
    to: destinationOf(account),
    description: `Repasse ${payout.invoice_id}`,
  }
}

/** Asks the rail for these orders and records the answer. */
async function order(
  db: Db,
  rail: Rail,
  world: World,
  orders: Order[],
  outcome: Sent,
  deadline: Deadline,
): Promise<void> {
  const asked = orders.map(({ externalId, invoiceId, units, to, description }) => ({
    externalId,
    invoiceId,
    units,
    to,
    description,
  }))
  const answer = deadline.leftMs() > 0 ? await rail.pay(asked, deadline) : tooLate
  await world.at('payouts asked for')

  // One bad order refuses the whole call and nothing happened, so the halves are asked for apart until it
  // stands alone.
  if (answer.is === 'refused' && !answer.again && orders.length > 1) {
    const middle = orders.length >> 1
    await order(db, rail, world, orders.slice(0, middle), outcome, deadline)
    await order(db, rail, world, orders.slice(middle), outcome, deadline)
    return
  }
  await db.tx(async tx => {
    for (const each of orders) await record(tx, world, each, answer)
  }, 'locks')
  const how =
    answer.is === 'done' ? 'sent' : answer.is === 'unsure' ? 'unsure' : answer.again ? 'later' : 'held'
  outcome[how] += orders.length
  world.log[answer.is === 'done' ? 'info' : 'warn'](
    { count: orders.length, ...(answer.is === 'done' ? {} : { why: answer.why }) },
    `payouts ${how}`,
  )
}

async function record(tx: Tx, world: World, order: Order, answer: Answer<ProviderPayout[]>): Promise<void> {
  // What was taken on is true whoever ordered it. Everything else is said about this claim, and another
  // worker may hold a later one.
  if (answer.is !== 'done' && !(await isStillOurs(tx, order))) return
  switch (answer.is) {
    case 'done': {
      const made = answer.value.find(payout => payout.externalId === order.externalId)
      return made ? taken(tx, order, made) : unclear(tx, order, because('bank-left-it-out'))
    }
    // No answer came, so the money may be on its way: resolve asks by tag before anyone pays again.
    case 'unsure':
      return unclear(tx, order, because('said', { said: answer.why }))
    case 'refused':
      return refusedNow(tx, world, order, answer)
  }
}

/** Whether an order is under the claim it was made under: another worker may have claimed it again since. */
export const isStillOurs = async (
  tx: Tx,
  { attemptId, askedAt }: Pick<Order, 'attemptId' | 'askedAt'>,
): Promise<boolean> =>
  (await tx.one(
    sql`select 1 as yes from attempts where id = ${attemptId} and state = 'sending'
      and asked_at = ${askedAt} ${forUpdate}`,
  )) !== undefined

async function taken(tx: Tx, order: Order, made: ProviderPayout): Promise<void> {
  const cause: Cause = { why: because('bank-accepted'), ref: made.providerId }
  const now = await tx.now()
  if (
    await attempts.move(tx, { id: order.attemptId, state: 'sending' }, 'sent', cause, [
      sql`provider_id = ${made.providerId}`,
    ])
  )
    await payouts.move(tx, { id: order.payoutId, state: 'sending' }, 'sent', { ...cause, again: true }, [
      sql`next_at = ${later(now, silenceMs)}`,
    ])
}

async function unclear(tx: Tx, order: Order, why: Why): Promise<void> {
  const next = later(await tx.now(), absenceMs)
  if (
    await attempts.move(tx, { id: order.attemptId, state: 'sending' }, 'unsure', { why }, [sql`absences = 0`])
  )
    await payouts.move(tx, { id: order.payoutId, state: 'sending' }, 'unsure', { why, again: true }, [
      sql`next_at = ${next}`,
      setWhy(why),
    ])
}

async function refusedNow(
  tx: Tx,
  world: World,
  order: Order,
  { why: said, again, afterMs, denied }: { why: string; again: boolean; afterMs?: number; denied?: true },
): Promise<void> {
  const why = because('said', { said })
  if (
    !(await attempts.move(tx, { id: order.attemptId, state: 'sending' }, 'refused', { why }, [setWhy(why)]))
  )
    return
  await post(tx, world, {
    movement: 'payout returned',
    source: order.attemptId,
    amount: brl(order.units),
    invoiceId: order.invoiceId,
    memo: said,
  })
  const { waits } = (await tx.one<PayoutRow>(sql`select * from payouts where id = ${order.payoutId}`))!
  const next = later(await tx.now(), Math.max(afterMs ?? 0, unansweredPauseMs(waits)))
  await payouts.move(
    tx,
    { id: order.payoutId, state: 'sending' },
    again ? 'owed' : 'held',
    { why, ...(again && { again }) },
    [
      sql`next_at = ${next}`,
      setWhy(why),
      // That the bank does not know us says nothing about this payout.
      ...(denied ? [sql`tries = tries - 1`] : [sql`waits = waits + 1`]),
    ],
  )
  await afterItsEnd(tx, world, { invoice_id: order.invoiceId }, { why })
}
