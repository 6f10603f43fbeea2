/** What became of an order: decided from everything the bank has under its key, so that order, delay and repetition of events do not matter. */
import { brl } from '../base/money.ts'
import { later, type World } from '../base/world.ts'
import { post } from '../ledger/ledger.ts'
import type { ProviderPayout } from '../rails/rail.ts'
import { forUpdate, move, sql, type Cause, type Sql, type Tx } from '../store/store.ts'
import type { BankAccountRow } from './account.ts'
import { afterItsEnd, rightSize } from './rightSize.ts'
import { attemptMachine, payoutMachine, stopPayouts, type AttemptRow, type PayoutRow } from './row.ts'
import { silenceMs } from './send.ts'

const minuteMs = 60_000
const balanceWaitMs = 5 * minuteMs
const mostTries = 5n

/** What the bank shows under one externalId, read anew, and the errors its event named. */
export interface PayoutNews {
  externalId: string
  found: ProviderPayout[]
  errors: string[]
  /** It is the answer to the order itself, whose call has ended. */
  answered?: true
}

type Decision =
  | { is: 'unknown' }
  | { is: 'live'; transfer: ProviderPayout }
  | { is: 'success'; transfer: ProviderPayout }
  | { is: 'dead'; transfer: ProviderPayout; reason: 'insufficient balance' | 'failed' | 'canceled' }
  /** Refused as a double, and the one it doubles is not in sight yet. */
  | { is: 'hidden' }
  | { is: 'wrong'; why: string }

const isLive = ({ status }: ProviderPayout) => status === 'created' || status === 'processing'
const duplicate = /duplicat/i
const lacking = /invalid ?balance|insufficient/i

/** Pure: which of the transfers under one key is the order, and what became of it. */
export function decide(
  { found, errors }: PayoutNews,
  ordered: { units: bigint; account: Pick<BankAccountRow, 'bank' | 'branch' | 'number'> },
): Decision {
  const successes = found.filter(({ status }) => status === 'success')
  if (successes.length > 1) return { is: 'wrong', why: `the bank paid ${successes.length} transfers under one key` }
  const chosen = successes[0] ?? found.find(isLive) ?? found.at(-1)
  if (!chosen) return { is: 'unknown' }

  const { account } = ordered
  if (
    chosen.units !== ordered.units ||
    chosen.to.bank !== account.bank ||
    chosen.to.branch !== account.branch ||
    chosen.to.number !== account.number
  )
    return { is: 'wrong', why: `transfer ${chosen.providerId} differs from what was ordered in amount or receiver` }

  if (chosen.status === 'success') return { is: 'success', transfer: chosen }
  if (isLive(chosen)) return { is: 'live', transfer: chosen }
  if (chosen.status === 'unknown') return { is: 'unknown' }
  if (errors.some(error => duplicate.test(error)) && found.length < 2) return { is: 'hidden' }
  const reason = chosen.status === 'canceled' ? 'canceled' : errors.some(error => lacking.test(error)) ? 'insufficient balance' : 'failed'
  return { is: 'dead', transfer: chosen, reason }
}

export type Applied = 'moved' | 'nothing new' | 'not ours' | 'again' | 'halt'

/** Moves the attempt and its payout to what the bank shows, with the postings that belong to it. `again`: ask later. */
export async function applyPayout(tx: Tx, world: World, news: PayoutNews, cause: Cause): Promise<Applied> {
  const attempt = await tx.one<AttemptRow>(sql`select * from attempts where external_id = ${news.externalId} ${forUpdate}`)
  if (!attempt) return 'not ours'
  const payout = (await tx.one<PayoutRow>(sql`select * from payouts where id = ${attempt.payout_id} ${forUpdate}`))!
  const account = (await tx.one<BankAccountRow>(sql`select * from accounts where id = ${payout.account_id}`))!

  const decision = decide(news, { units: attempt.units, account })
  // Whoever ordered it may be asking a second time, and a key whose transfer failed or came back is free for a new one: the answer,
  // or the grace for one, comes first.
  if (attempt.state === 'sending' && decision.is !== 'wrong') return decision.is === 'live' ? 'nothing new' : 'again'
  switch (decision.is) {
    case 'unknown':
    case 'hidden':
      return 'again'
    case 'wrong':
      return halt(tx, world, payout, decision.why, cause)
    case 'live':
      // The call that orders it may still be trying: until that has ended, its transfer can die and be replaced by the next try's.
      if (attempt.state === 'sending' && !news.answered) return 'nothing new'
      return live(tx, attempt, payout, decision.transfer, cause)
    case 'success':
      return succeed(tx, world, attempt, payout, decision.transfer, cause)
    case 'dead':
      return attempt.state === 'success'
        ? refunded(tx, world, attempt, payout, cause)
        : dead(tx, world, attempt, payout, decision.reason, news.errors, cause)
  }
}

/** Money went, or is going, somewhere it was not sent: nothing more is paid until a person has looked. */
async function halt(tx: Tx, world: World, payout: PayoutRow, why: string, cause: Cause): Promise<Applied> {
  world.log.error({ payout: payout.id, why, ref: cause.ref }, 'payouts are stopped')
  await stopPayouts(tx, `${payout.id}: ${why}`)
  return 'halt'
}

async function live(tx: Tx, attempt: AttemptRow, payout: PayoutRow, transfer: ProviderPayout, cause: Cause): Promise<Applied> {
  const next = later(await tx.now(), silenceMs)
  if (attempt.state !== 'sending' && attempt.state !== 'unsure') {
    // Still under way: it is read again after the next silence.
    await tx.run(sql`update payouts set next_at = ${next} where id = ${payout.id} and state = 'sent'`)
    await adopt(tx, attempt, transfer)
    return 'nothing new'
  }
  await move(tx, 'attempts', attemptMachine, attempt.id, attempt.state, 'sent', cause, [sql`provider_id = ${transfer.providerId}`])
  await movePayout(tx, payout, 'sent', cause, [sql`next_at = ${next}`, sql`why = null`])
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
  if (attempt.state !== 'sending' && attempt.state !== 'unsure' && attempt.state !== 'sent')
    return halt(tx, world, payout, `order ${attempt.external_id} was given up as ${attempt.state}, and the bank paid it`, cause)

  const { units: fee } = { units: transfer.feeUnits }
  await move(tx, 'attempts', attemptMachine, attempt.id, attempt.state, 'success', cause, [
    sql`provider_id = ${transfer.providerId}`,
    sql`fee_units = ${fee}`,
  ])
  const memo = attempt.external_id
  await post(tx, world, { movement: 'payout settled', source: attempt.id, amount: brl(attempt.units), invoiceId: payout.invoice_id, memo })
  await post(tx, world, { movement: 'transfer fee', source: attempt.id, amount: brl(fee), memo })
  await movePayout(tx, payout, 'paid', cause, [sql`why = null`])
  await rightSize(tx, world, payout.invoice_id, cause)
  return 'moved'
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
  if (attempt.state !== 'sending' && attempt.state !== 'unsure' && attempt.state !== 'sent') return 'nothing new'
  const why = errors.length > 0 ? `${reason}: ${errors.join('; ')}` : reason
  await move(tx, 'attempts', attemptMachine, attempt.id, attempt.state, reason === 'canceled' ? 'canceled' : 'failed', { ...cause, why }, [
    sql`why = ${why}`,
  ])
  await post(tx, world, {
    movement: 'payout returned',
    source: attempt.id,
    amount: brl(attempt.units),
    invoiceId: payout.invoice_id,
    memo: why,
  })

  const now = await tx.now()
  if (reason === 'insufficient balance')
    await movePayout(tx, payout, 'waiting', { ...cause, why }, [sql`next_at = ${later(now, balanceWaitMs)}`, sql`why = ${why}`])
  else if (reason === 'failed' && payout.tries < mostTries)
    await movePayout(tx, payout, 'owed', { ...cause, why }, [
      sql`next_at = ${later(now, minuteMs * 2 ** Number(payout.tries))}`,
      sql`why = ${why}`,
    ])
  else await movePayout(tx, payout, 'held', { ...cause, why }, [sql`why = ${why}`])
  await afterItsEnd(tx, world, payout, cause)
  return 'moved'
}

/** It was paid and came back: owed again, but a person decides where to. */
async function refunded(tx: Tx, world: World, attempt: AttemptRow, payout: PayoutRow, cause: Cause): Promise<Applied> {
  const why = 'the receiver’s bank sent it back'
  await move(tx, 'attempts', attemptMachine, attempt.id, 'success', 'refunded', { ...cause, why }, [sql`why = ${why}`])
  await post(tx, world, {
    movement: 'payout refunded',
    source: attempt.id,
    amount: brl(attempt.units),
    invoiceId: payout.invoice_id,
    memo: why,
  })
  await movePayout(tx, payout, 'returned', { ...cause, why }, [sql`why = ${why}`])
  await afterItsEnd(tx, world, payout, cause)
  return 'moved'
}

async function movePayout(
  tx: Tx,
  payout: PayoutRow,
  to: 'sent' | 'paid' | 'owed' | 'waiting' | 'held' | 'returned' | 'canceled',
  cause: Cause,
  also: Sql[],
): Promise<void> {
  if (payout.state !== to) await move(tx, 'payouts', payoutMachine, payout.id, payout.state, to, cause, also)
}
