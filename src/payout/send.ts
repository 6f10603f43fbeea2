/** Sending what is owed: payouts are claimed, the rail is asked under our own key, and what it answered is recorded. */
import { refused, type Answer } from '../base/answer.ts'
import { deadlineIn, type Deadline } from '../base/deadline.ts'
import { newId } from '../base/id.ts'
import { brl } from '../base/money.ts'
import { later, type Instant, type World } from '../base/world.ts'
import { bankKnowsUs, post } from '../ledger/ledger.ts'
import { absenceMs, callMs, type PayoutOrder, type ProviderPayout, type Rail } from '../rails/rail.ts'
import { forUpdate, move, remember, skipLocked, sql, type Cause, type Sql, type Store, type Tx } from '../store/store.ts'
import { destinationOf, type BankAccountRow } from './account.ts'
import { setOff } from './receivable.ts'
import { afterItsEnd, mayBeGoingBack } from './rightSize.ts'
import { attemptMachine, payoutMachine, payoutsStopped, type PayoutRow } from './row.ts'

const batchSize = 100
const againMs = 60_000
/** How long a payout that the bank took on may stay silent before it is read again. */
export const silenceMs = 15 * 60_000

export type Sent = Record<'sent' | 'unsure' | 'held' | 'later', number>

interface Order extends PayoutOrder {
  payoutId: string
  attemptId: string
  /** When it was claimed: what was claimed again since is not ours to write about. */
  askedAt: Instant
}

const tooLate = refused('too late to order it: this worker stalled after claiming it', true)

/** Sends every payout that is due to an approved account, unless payouts are stopped. Answers how each order ended. */
export async function sendPayouts(store: Store, rail: Rail, world: World): Promise<Sent> {
  const outcome: Sent = { sent: 0, unsure: 0, held: 0, later: 0 }
  const send = async (which: Sql) => {
    if (!(await bankKnowsUs(store, rail))) return false
    // From before the claim: another worker counts from the claim itself, so its count always ends later.
    const deadline = deadlineIn(callMs, world.clock)
    const orders = await claimDue(store, world, which)
    if (orders.length === 0) return false
    await world.at('payouts claimed')
    await order(store, rail, world, orders, outcome, deadline)
    return true
  }
  while (await send(sql`and not ${mayHaveBeenOrdered}`));
  for (const payout of await dueAgain(store))
    if (await earlierOrdersAreDead(store, rail, world, payout)) await send(sql`and id = ${payout.id}`)
  return outcome
}

/** By an attempt we know of, or by one made after the backup that this database was restored from. */
const mayHaveBeenOrdered = sql`(
  exists (select 1 from attempts where payout_id = payouts.id)
  or exists (select 1 from settings s, invoices i where s.name = 'restored' and i.id = payouts.invoice_id and i.added_at <= s.value))`

const isDue = (now: Instant): Sql => sql`
  asset = 'BRL' and state in ('owed', 'waiting') and next_at <= ${now} and account_id in (select id from accounts where state = 'approved')
  and not ${mayBeGoingBack}`

async function claimDue(store: Store, world: World, which: Sql): Promise<Order[]> {
  return store.tx(async tx => {
    if (await payoutsStopped(tx)) return []
    const rows = await tx.all<PayoutRow & { state: 'owed' | 'waiting' }>(sql`
      select * from payouts where ${isDue(await tx.now())} ${which} order by added_at, id limit ${batchSize} ${skipLocked}`)
    const orders: Order[] = []
    for (const row of await setOff(tx, world, rows)) orders.push(await openAttempt(tx, world, row))
    return orders
  }, 'locks')
}

async function dueAgain(store: Store): Promise<PayoutRow[]> {
  return store.tx(async tx =>
    (await payoutsStopped(tx))
      ? []
      : tx.all<PayoutRow>(sql`
          select * from payouts where ${isDue(await tx.now())} and ${mayHaveBeenOrdered}
          order by next_at, id limit ${batchSize}`),
  )
}

/** A new key is a new payment to the bank, so before one is used every order under the old ones is seen to be dead. */
async function earlierOrdersAreDead(store: Store, rail: Rail, world: World, payout: PayoutRow): Promise<boolean> {
  const earlier = await store.all<{ external_id: string; state: string }>(sql`
    select external_id, state from attempts where payout_id = ${payout.id} and state <> 'refunded' order by number`)
  for (const { external_id: key } of earlier) {
    const answer = await rail.findPayouts(key)
    if (answer.is !== 'done') return false
    const alive = answer.value.find(({ status }) => status !== 'failed' && status !== 'canceled')
    if (alive) return hold(store, world, payout, alive, `order ${key} was given up, but the bank shows it as ${alive.status}`)
  }
  return noOrderWasForgotten(store, rail, world, payout)
}

/** A restored database may have ordered this invoice's payout in the time it lost, under a payout id it never knew: the bank knows. */
async function noOrderWasForgotten(store: Store, rail: Rail, world: World, payout: PayoutRow): Promise<boolean> {
  if (!(await store.one(sql`select 1 as yes from settings where name = 'restored'`))) return true
  const answer = await rail.findPayouts(payout.invoice_id)
  if (answer.is !== 'done') return false
  const forgotten = answer.value.find(
    ({ externalId, status }) => !externalId?.startsWith(`${payout.id}-`) && status !== 'failed' && status !== 'canceled',
  )
  if (!forgotten) return true
  const key = forgotten.externalId ?? forgotten.providerId
  return hold(
    store,
    world,
    payout,
    forgotten,
    `the bank shows it as ${forgotten.status} under ${key}, ordered after the backup restored here`,
  )
}

async function hold(store: Store, world: World, payout: PayoutRow, shown: ProviderPayout, why: string): Promise<false> {
  world.log.error({ payout: payout.id, why }, 'a payout is held')
  await store.tx(tx =>
    move(tx, 'payouts', payoutMachine, payout.id, payout.state as 'owed' | 'waiting', 'held', { why, ref: shown.providerId }, [
      sql`why = ${why}`,
    ]),
  )
  return false
}

/** One more order for a payout, booked as in transit before anyone is asked. */
async function openAttempt(tx: Tx, world: World, payout: PayoutRow & { state: 'owed' | 'waiting' }): Promise<Order> {
  const now = await tx.now()
  const before = await tx.one<{ number: bigint | null }>(sql`select max(number) as number from attempts where payout_id = ${payout.id}`)
  const number = (before?.number ?? 0n) + 1n
  const account = (await tx.one<BankAccountRow>(sql`select * from accounts where id = ${payout.account_id}`))!
  const attemptId = newId('attempt', world)
  const externalId = `${payout.id}-${number}`

  await move(
    tx,
    'payouts',
    payoutMachine,
    payout.id,
    payout.state,
    'sending',
    { why: `order ${number} is about to be sent`, ref: attemptId },
    [sql`next_at = ${later(now, absenceMs)}`, sql`tries = tries + 1`, sql`why = null`],
  )
  await tx.run(sql`
    insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at)
    values (${attemptId}, ${payout.id}, ${number}, ${externalId}, ${payout.units}, 'sending', ${now}, ${now})`)
  await remember(tx, 'attempts', attemptId, '', 'sending', { why: 'about to ask the bank', ref: payout.id }, now)
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
async function order(store: Store, rail: Rail, world: World, orders: Order[], outcome: Sent, deadline: Deadline): Promise<void> {
  const asked = orders.map(({ externalId, invoiceId, units, to, description }) => ({ externalId, invoiceId, units, to, description }))
  const answer = deadline.leftMs() > 0 ? await rail.pay(asked, deadline) : tooLate
  await world.at('payouts asked for')

  // One bad order refuses the whole call and nothing happened, so the halves are asked for apart until it stands alone.
  if (answer.is === 'refused' && !answer.again && orders.length > 1) {
    const middle = orders.length >> 1
    await order(store, rail, world, orders.slice(0, middle), outcome, deadline)
    await order(store, rail, world, orders.slice(middle), outcome, deadline)
    return
  }
  await store.tx(async tx => {
    for (const each of orders) await record(tx, world, each, answer)
  }, 'locks')
  const how = answer.is === 'done' ? 'sent' : answer.is === 'unsure' ? 'unsure' : answer.again ? 'later' : 'held'
  outcome[how] += orders.length
  world.log[answer.is === 'done' ? 'info' : 'warn'](
    { count: orders.length, ...(answer.is === 'done' ? {} : { why: answer.why }) },
    `payouts ${how}`,
  )
}

async function record(tx: Tx, world: World, order: Order, answer: Answer<ProviderPayout[]>): Promise<void> {
  // What was taken on is true whoever ordered it. Everything else is said about this claim, and another worker may hold a later one.
  if (answer.is !== 'done' && !(await isStillOurs(tx, order))) return
  switch (answer.is) {
    case 'done': {
      const made = answer.value.find(payout => payout.externalId === order.externalId)
      return made ? taken(tx, order, made) : unclear(tx, order, 'the bank answered without it')
    }
    // No answer came, so the money may be on its way: resolve asks by tag before anyone pays again.
    case 'unsure':
      return unclear(tx, order, answer.why)
    case 'refused':
      return refusedNow(tx, world, order, answer)
  }
}

/** Whether an order is under the claim it was made under: another worker may have claimed it again since. */
export const isStillOurs = async (tx: Tx, { attemptId, askedAt }: Pick<Order, 'attemptId' | 'askedAt'>): Promise<boolean> =>
  (await tx.one(
    sql`select 1 as yes from attempts where id = ${attemptId} and state = 'sending' and asked_at = ${askedAt} ${forUpdate}`,
  )) !== undefined

async function taken(tx: Tx, order: Order, made: ProviderPayout): Promise<void> {
  const cause: Cause = { why: 'the bank took it on', ref: made.providerId }
  const now = await tx.now()
  if (await move(tx, 'attempts', attemptMachine, order.attemptId, 'sending', 'sent', cause, [sql`provider_id = ${made.providerId}`]))
    await move(tx, 'payouts', payoutMachine, order.payoutId, 'sending', 'sent', cause, [sql`next_at = ${later(now, silenceMs)}`])
}

async function unclear(tx: Tx, order: Order, why: string): Promise<void> {
  const next = later(await tx.now(), absenceMs)
  if (await move(tx, 'attempts', attemptMachine, order.attemptId, 'sending', 'unsure', { why }, [sql`absences = 0`]))
    await move(tx, 'payouts', payoutMachine, order.payoutId, 'sending', 'unsure', { why }, [sql`next_at = ${next}`, sql`why = ${why}`])
}

async function refusedNow(
  tx: Tx,
  world: World,
  order: Order,
  { why, again, afterMs, denied }: { why: string; again: boolean; afterMs?: number; denied?: true },
): Promise<void> {
  if (!(await move(tx, 'attempts', attemptMachine, order.attemptId, 'sending', 'refused', { why }, [sql`why = ${why}`]))) return
  await post(tx, world, {
    movement: 'payout returned',
    source: order.attemptId,
    amount: brl(order.units),
    invoiceId: order.invoiceId,
    memo: why,
  })
  const next = later(await tx.now(), Math.max(afterMs ?? 0, againMs))
  await move(tx, 'payouts', payoutMachine, order.payoutId, 'sending', again ? 'owed' : 'held', { why }, [
    sql`next_at = ${next}`,
    sql`why = ${why}`,
    // That the bank does not know us says nothing about this payout.
    ...(denied ? [sql`tries = tries - 1`] : []),
  ])
  await afterItsEnd(tx, world, { invoice_id: order.invoiceId }, { why })
}
