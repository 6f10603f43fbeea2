/**
 * What became of an order: decided from everything the bank has under its key, so that order, delay and
 * repetition of events do not matter.
 */
import { because, told, type Reason, sentence } from '../../base/reasons.ts'
import { isSamePlace } from '../../base/brazil.ts'
import { brl } from '../../base/money.ts'
import { later, type Millis, type World } from '../../base/world.ts'
import { clearBooked, post } from '../../ledger/ledger.ts'
import { lacksBalance, type ProviderPayout } from '../../rails/rail.ts'
import { setWhy, forUpdate, sql, type Cause, type Sql, type Tx, type Why } from '../../db/db.ts'
import type { BankAccountRow } from '../account.ts'
import { afterItsEnd, rightSize } from '../rightSize.ts'
import type { AttemptRow, PayoutRow } from '../row.ts'
import { stopPayouts } from '../stops.ts'
import { verdictsOn, type Verdict } from './strange.ts'
import { attempts, payouts } from '../tables.ts'

const minuteMs = 60_000
const maxTries = 5n

/** How long a payout that the bank took on may stay silent before it is read again. */
export const silenceMs = 15 * minuteMs

/**
 * How long a payout waits for balance, the longer the more often it found none: 5, 10, 20, 40 minutes, then
 * an hour.
 */
export const balancePauseMs = (waits: bigint): Millis =>
  Math.min(5 * minuteMs * 2 ** Math.min(Number(waits), 4), 60 * minuteMs)

/** What the bank shows under one externalId, read again, and the errors its event named. */
export interface PayoutNews {
  externalId: string
  found: ProviderPayout[]
  errors: string[]
  /** It is the answer to the order itself, whose call has ended. */
  answered?: true
  /**
   * All of `found` was read just now and not told by an event: what is alive in it may bring back an order
   * that was given up.
   */
  readNow?: true
}

type Decision =
  | { is: 'unknown' }
  | { is: 'live'; transfer: ProviderPayout }
  | { is: 'success'; transfer: ProviderPayout }
  | { is: 'dead'; transfer: ProviderPayout; reason: 'insufficient balance' | 'failed' | 'canceled' }
  /** Refused as a double, and the one it doubles is not in sight yet. */
  | { is: 'hidden' }
  | { is: 'wrong'; why: Reason }

const isLive = ({ status }: ProviderPayout) => status === 'created' || status === 'processing'
const duplicate = /duplicat/i

/**
 * Pure: which of the transfers under one key is the order, and what became of it. `verdicts`: what two people
 * said of transfers, by their id at the bank; what is not ours is as if it were not there, and what is ours
 * is the order, whatever it differs in.
 */
export function decide(
  { found: all, errors }: PayoutNews,
  ordered: { units: bigint; account: Pick<BankAccountRow, 'bank' | 'branch' | 'number'> },
  verdicts: ReadonlyMap<string, Verdict> = new Map(),
): Decision {
  const found = all.filter(({ providerId }) => verdicts.get(providerId) !== 'not-ours')
  const said = found.find(({ providerId }) => verdicts.get(providerId) === 'ours')
  const successes = found.filter(({ status }) => status === 'success')
  if (!said && successes.length > 1)
    return { is: 'wrong', why: because('several-paid', { count: successes.length }) }
  const chosen = said ?? successes[0] ?? found.find(isLive) ?? found.at(-1)
  if (!chosen) return { is: 'unknown' }
  if (!said && (chosen.units !== ordered.units || !isSamePlace(chosen.to, ordered.account)))
    return {
      is: 'wrong',
      why: because('transfer-differs', { transfer: chosen.providerId }),
    }

  if (chosen.status === 'success') return { is: 'success', transfer: chosen }
  if (isLive(chosen)) return { is: 'live', transfer: chosen }
  if (chosen.status === 'unknown') return { is: 'unknown' }
  if (errors.some(error => duplicate.test(error)) && found.length < 2) return { is: 'hidden' }
  const reason =
    chosen.status === 'canceled' ? 'canceled' : errors.some(lacksBalance) ? 'insufficient balance' : 'failed'
  return { is: 'dead', transfer: chosen, reason }
}

export type Applied = 'moved' | 'nothing new' | 'not ours' | 'again' | 'halt'

/**
 * Moves the attempt and its payout to what the bank shows, with the postings that belong to it. `again`: ask
 * later.
 */
export async function applyPayout(tx: Tx, world: World, news: PayoutNews, cause: Cause): Promise<Applied> {
  const attempt = await tx.one<AttemptRow>(
    sql`select * from attempts where external_id = ${news.externalId} ${forUpdate}`,
  )
  if (!attempt) return 'not ours'
  const payout = (await tx.one<PayoutRow>(
    sql`select * from payouts where id = ${attempt.payout_id} ${forUpdate}`,
  ))!
  const account = (await tx.one<BankAccountRow>(
    sql`select * from accounts where id = ${attempt.account_id ?? payout.account_id}`,
  ))!
  const verdicts = await verdictsOn(
    tx,
    news.found.map(({ providerId }) => providerId),
  )
  const decision = decide(news, { units: attempt.units, account }, verdicts)
  // Whoever ordered it may be asking a second time, and a key whose transfer failed or came back is free for
  // a new one: the answer, or the grace for one, comes first.
  if (attempt.state === 'sending' && decision.is !== 'wrong')
    return decision.is === 'live' ? 'nothing new' : 'again'
  switch (decision.is) {
    case 'unknown':
    case 'hidden':
      return 'again'
    case 'wrong':
      return halt(tx, world, payout, decision.why, cause)
    case 'live':
      // The call that orders it may still be trying: until that has ended, its transfer can die and be
      // replaced by the next try's.
      if (attempt.state === 'sending' && !news.answered) return 'nothing new'
      return live(tx, world, attempt, payout, decision.transfer, cause, news.readNow === true)
    case 'success':
      return succeed(tx, world, attempt, payout, decision.transfer, cause)
    case 'dead':
      // The transfer that we know it by is not among them: others under its key died, which says nothing of
      // it.
      if (
        attempt.provider_id !== null &&
        !news.found.some(({ providerId }) => providerId === attempt.provider_id)
      )
        return 'again'
      return attempt.state === 'success'
        ? refunded(tx, world, attempt, payout, cause)
        : dead(tx, world, attempt, payout, decision.reason, news.errors, cause)
  }
}

/** Money went, or is going, somewhere it was not sent: nothing more is paid until a person has looked. */
async function halt(tx: Tx, world: World, payout: PayoutRow, why: Reason, cause: Cause): Promise<Applied> {
  world.log.error({ payout: payout.id, why, ref: cause.ref }, 'payouts are stopped')
  await stopPayouts(tx, because('payout-wrong', { payout: payout.id, because: told(why) }))
  return 'halt'
}

async function live(
  tx: Tx,
  world: World,
  attempt: AttemptRow,
  payout: PayoutRow,
  transfer: ProviderPayout,
  cause: Cause,
  readNow: boolean,
): Promise<Applied> {
  const next = later(await tx.now(), silenceMs)
  if (wasGivenUp(attempt) && readNow) {
    if (!(await revive(tx, world, attempt, payout, cause)))
      return halt(
        tx,
        world,
        payout,
        because('given-up-as', { order: attempt.external_id, state: attempt.state }),
        cause,
      )
    const also = [sql`provider_id = ${transfer.providerId}`, setWhy(null)]
    await attempts.move(tx, attempt, 'sent', cause, also)
    await movePayout(tx, payout, 'sent', cause, [sql`next_at = ${next}`, setWhy(null)])
    return 'moved'
  }
  if (attempt.state !== 'sending' && attempt.state !== 'unsure') {
    // Still under way: it is read again after the next silence.
    await tx.run(sql`update payouts set next_at = ${next} where id = ${payout.id} and state = 'sent'`)
    await adopt(tx, attempt, transfer)
    return 'nothing new'
  }
  await attempts.move(tx, attempt, 'sent', cause, [sql`provider_id = ${transfer.providerId}`])
  await movePayout(tx, payout, 'sent', cause, [sql`next_at = ${next}`, setWhy(null)])
  return 'moved'
}

/** A second POST of one key may have left us the id of the double; the live one is the order. */
async function adopt(tx: Tx, attempt: AttemptRow, { providerId }: ProviderPayout): Promise<void> {
  if (attempt.provider_id !== providerId && attempt.state === 'sent')
    await tx.run(sql`update attempts set provider_id = ${providerId} where id = ${attempt.id}`)
}

async function succeed(
  tx: Tx,
  world: World,
  attempt: AttemptRow,
  payout: PayoutRow,
  transfer: ProviderPayout,
  cause: Cause,
): Promise<Applied> {
  if (attempt.state === 'success') return 'nothing new'
  // Its money is back, as the bank's log said: that it had succeeded is news from before, or a status that
  // stays.
  if (attempt.state === 'refunded' && attempt.provider_id === transfer.providerId) return 'nothing new'
  if (
    attempt.state === 'refunded' ||
    (wasGivenUp(attempt) && !(await revive(tx, world, attempt, payout, cause)))
  )
    return halt(
      tx,
      world,
      payout,
      because('paid-after-given-up', { order: attempt.external_id, state: attempt.state }),
      cause,
    )

  const { feeUnits: fee, units } = transfer
  await attempts.move(tx, attempt, 'success', cause, [
    sql`provider_id = ${transfer.providerId}`,
    sql`fee_units = ${fee}`,
    setWhy(null),
  ])
  const memo = attempt.external_id
  await post(tx, world, {
    movement: 'payout settled',
    source: attempt.id,
    amount: brl(attempt.units),
    invoiceId: payout.invoice_id,
    memo,
  })
  await post(tx, world, { movement: 'transfer fee', source: attempt.id, amount: brl(fee), memo })
  await bookDifference(tx, world, attempt, units - attempt.units, memo)
  // It may have been given up, and its lines be in suspense since then, or closed there.
  await clearBooked(tx, world, transfer.providerId, [-units, -fee], 'the bank paid it')
  await movePayout(tx, payout, 'paid', cause, [setWhy(null), sql`waits = 0`])
  await rightSize(tx, world, payout.invoice_id, cause)
  return 'moved'
}

/** Only two people let a transfer of another amount be an order of ours. */
async function bookDifference(
  tx: Tx,
  world: World,
  { id: source }: AttemptRow,
  beyond: bigint,
  memo: string,
): Promise<void> {
  const movement = beyond > 0n ? 'payout overpaid' : 'payout underpaid'
  await post(tx, world, { movement, source, amount: brl(beyond < 0n ? -beyond : beyond), memo })
}

const wasGivenUp = ({ state }: AttemptRow): boolean =>
  state === 'failed' || state === 'canceled' || state === 'refused'

/**
 * An order that was given up is alive after all, or was paid: it is booked as under way again, unless another
 * order for its payout is alive, or was paid too. Then the payee has it twice, and answers false.
 */
async function revive(
  tx: Tx,
  world: World,
  attempt: AttemptRow,
  payout: PayoutRow,
  cause: Cause,
): Promise<boolean> {
  const other = await tx.one(sql`
    select 1 as yes from attempts where payout_id = ${payout.id}
      and state in ('sending', 'unsure', 'sent', 'success') limit 1`)
  if (other || payout.state === 'paid') return false
  world.log.warn(
    { payout: payout.id, order: attempt.external_id, was: attempt.state, ref: cause.ref },
    'an order that was given up is alive',
  )
  await post(tx, world, {
    movement: 'payout revived',
    source: await sourceOf(tx, 'payout revived', attempt.id),
    amount: brl(attempt.units),
    invoiceId: payout.invoice_id,
    memo: `${attempt.external_id} was given up as ${attempt.state}`,
  })
  return true
}

/**
 * The attempt's id for its first movement of a name; with a number for the later ones, for what was taken up
 * again may end again.
 */
async function sourceOf(tx: Tx, movement: 'payout revived' | 'payout returned', id: string): Promise<string> {
  for (let time = 1; ; time++) {
    const source = time === 1 ? id : `${id}/${time}`
    if (
      !(await tx.one(
        sql`select 1 as yes from ledger_transactions where movement = ${movement} and source = ${source}`,
      ))
    )
      return source
  }
}

async function dead(
  tx: Tx,
  world: World,
  attempt: AttemptRow,
  payout: PayoutRow,
  reason: 'insufficient balance' | 'failed' | 'canceled',
  errors: string[],
  cause: Cause,
): Promise<Applied> {
  if (attempt.state !== 'sending' && attempt.state !== 'unsure' && attempt.state !== 'sent')
    return 'nothing new'
  const why = because('order-failed', { end: reason, said: errors })
  await attempts.move(tx, attempt, reason === 'canceled' ? 'canceled' : 'failed', { ...cause, why }, [
    setWhy(why),
  ])
  await post(tx, world, {
    movement: 'payout returned',
    source: await sourceOf(tx, 'payout returned', attempt.id),
    amount: brl(attempt.units),
    invoiceId: payout.invoice_id,
    memo: sentence(why),
  })

  const now = await tx.now()
  if (reason === 'insufficient balance')
    await movePayout(tx, payout, 'waiting', { ...cause, why, again: true }, [
      sql`next_at = ${later(now, balancePauseMs(payout.waits))}`,
      setWhy(why),
      sql`waits = waits + 1`,
    ])
  else if (reason === 'failed' && payout.tries < maxTries)
    await movePayout(tx, payout, 'owed', { ...cause, why }, [
      sql`next_at = ${later(now, minuteMs * 2 ** Number(payout.tries))}`,
      setWhy(why),
    ])
  else await movePayout(tx, payout, 'held', { ...cause, why }, [setWhy(why)])
  await afterItsEnd(tx, world, payout, cause)
  return 'moved'
}

/**
 * An order that is nothing at the bank, as two people said or as it was looked for: its amount is owed again,
 * and its payout waits for a person.
 */
export async function giveUp(
  tx: Tx,
  world: World,
  attempt: AttemptRow,
  payout: PayoutRow,
  why: Why,
  cause: Cause,
): Promise<void> {
  await attempts.move(tx, attempt, 'failed', { ...cause, why }, [setWhy(why)])
  await post(tx, world, {
    movement: 'payout returned',
    source: await sourceOf(tx, 'payout returned', attempt.id),
    amount: brl(attempt.units),
    invoiceId: payout.invoice_id,
    memo: sentence(why),
  })
  await movePayout(tx, payout, 'held', { ...cause, why }, [setWhy(why)])
  await afterItsEnd(tx, world, payout, cause)
}

/**
 * Two people take back that a transfer is an order of this payout: it was made for another one, whose key it
 * bears. Where it had paid this one, that is booked as undone, with what the bank charged for it; and its key
 * is the other one's again.
 */
export async function takeBack(
  tx: Tx,
  world: World,
  attempt: AttemptRow,
  payout: PayoutRow,
  why: Why,
  cause: Cause,
): Promise<void> {
  const { id, provider_id: ref, fee_units: fee } = attempt
  if (attempt.state === 'success') {
    await post(tx, world, {
      movement: 'transfer fee refunded',
      source: id,
      amount: brl(fee ?? 0n),
      memo: sentence(why),
    })
    await refunded(tx, world, attempt, payout, cause, why)
  } else if (attempt.state === 'sending' || attempt.state === 'unsure' || attempt.state === 'sent')
    await giveUp(tx, world, attempt, payout, why, cause)
  await tx.run(
    sql`update attempts set provider_id = null, external_id = ${`transfer-${ref}`} where id = ${id}`,
  )
}

/** It was paid and came back: owed again, but a person decides where to. */
async function refunded(
  tx: Tx,
  world: World,
  attempt: AttemptRow,
  payout: PayoutRow,
  cause: Cause,
  why: Why = because('sent-back'),
): Promise<Applied> {
  await attempts.move(tx, { id: attempt.id, state: 'success' }, 'refunded', { ...cause, why }, [setWhy(why)])
  await post(tx, world, {
    movement: 'payout refunded',
    source: attempt.id,
    amount: brl(attempt.units),
    invoiceId: payout.invoice_id,
    memo: sentence(why),
  })
  const beyond = await tx.all<{ movement: string; units: bigint }>(sql`
    select t.movement, e.units from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
      and e.line = 1
    where t.source = ${attempt.id} and t.movement in ('payout overpaid', 'payout underpaid')`)
  // All that was paid came back, so what was beyond the order did too.
  for (const { movement, units } of beyond)
    await bookDifference(
      tx,
      world,
      attempt,
      movement === 'payout overpaid' ? -units : units,
      attempt.external_id,
    )
  const moved = beyond.reduce(
    (sum, { movement, units }) => sum + (movement === 'payout overpaid' ? units : -units),
    attempt.units,
  )
  await clearReturned(tx, world, attempt, moved, sentence(why))
  await movePayout(tx, payout, 'returned', { ...cause, why }, [setWhy(why)])
  await afterItsEnd(tx, world, payout, cause)
  return 'moved'
}

/**
 * The line by which it came back may be in suspense, or closed there; with its charge in the same line, that
 * came back too.
 */
async function clearReturned(
  tx: Tx,
  world: World,
  attempt: AttemptRow,
  moved: bigint,
  why: string,
): Promise<void> {
  const { id: source, provider_id: providerId, fee_units: fee } = attempt
  const clears = async (part: bigint) => (await clearBooked(tx, world, providerId, [part], why)).length > 0
  if ((await clears(moved)) || fee === null || fee === 0n || !(await clears(moved + fee))) return
  await post(tx, world, { movement: 'transfer fee refunded', source, amount: brl(fee), memo: `${why}` })
}

async function movePayout(
  tx: Tx,
  payout: PayoutRow,
  to: 'sent' | 'paid' | 'owed' | 'waiting' | 'held' | 'returned' | 'canceled',
  cause: Cause,
  also: Sql[],
): Promise<void> {
  if (payout.state !== to) await payouts.move(tx, payout, to, cause, also)
}
