/**
 * What became of a bundle: read from which of its transactions the chain has, so that replacement, delay and
 * reorganisation do not matter.
 */
import { because, sentence } from '../../base/reasons.ts'
import { btc } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import { post } from '../../ledger/ledger.ts'
import { setWhy, forUpdate, sql, type Cause, type Tx } from '../../db/db.ts'
import { candidatesOf, outputsOf, readPlan, type BundleRow, type CandidateRow } from './bundle.ts'
import { endCanceled, isCancellation } from './cancel.ts'
import type { AttemptRow, PayoutRow } from '../row.ts'
import { stopPayouts } from '../stops.ts'
import { candidates, bundles, attempts, payouts } from '../tables.ts'

/** Books, unbooks and settles. Answers what changed, as a phrase. */
export async function applyBundle(
  tx: Tx,
  world: World,
  id: string,
  payoutDepth: number,
  cause: Cause,
): Promise<string> {
  const bundle = (await tx.one<BundleRow>(sql`select * from bundles where id = ${id} ${forUpdate}`))!
  const candidates = await candidatesOf(tx, id)
  const mined = await minedOf(tx, candidates)
  const before = candidates.find(candidate => candidate.id === bundle.booked)
  if (bundle.state === 'void') return bookGivenUp(tx, world, bundle, before, mined?.candidate, cause)

  let state = bundle.state
  let bookings = bundle.bookings
  if (before?.id !== mined?.candidate.id) {
    if (before) {
      await unbook(tx, world, before, ++bookings, cause)
      await backToSent(tx, bundle, candidates, cause)
      state = 'sent'
    }
    if (mined) {
      await book(tx, world, candidates[0]!, mined.candidate, ++bookings, cause)
      await toMined(tx, { ...bundle, state }, candidates, mined, cause)
      state = 'mined'
    }
    await tx.run(
      sql`update bundles
        set booked = ${mined?.candidate.id ?? null}, bookings = ${bookings}, next_at = ${await tx.now()}
          where id = ${id}`,
    )
  }
  // The same transaction may lie in another block than before.
  if (mined)
    await tx.run(sql`update bundle_candidates set height = ${mined.height} where id = ${mined.candidate.id}`)
  const tip = await tx.one<{ height: bigint }>(
    sql`select max(height) as height from chain_blocks where active = 1`,
  )
  if (state === 'mined' && mined && tip!.height - mined.height + 1n >= BigInt(payoutDepth)) {
    if (isCancellation(mined.candidate)) {
      await endCanceled(tx, world, { id, state }, { ...cause, why: because('canceled-on-chain') })
      return `bundle ${id} is canceled`
    }
    await toPaid(tx, bundle, cause)
    return `bundle ${id} is paid`
  }
  if (
    !mined &&
    (await isShutOut(tx, candidates[0]!, tip!.height, payoutDepth)) &&
    (await giveUp(tx, world, bundle, cause))
  )
    return `bundle ${id} can never be mined`
  return mined
    ? `bundle ${id} lies ${tip!.height - mined.height + 1n} blocks deep`
    : `bundle ${id} is in no block`
}

/** Its transactions share coins, so at most one of them spends them in blocks. */
async function minedOf(
  tx: Tx,
  candidates: CandidateRow[],
): Promise<{ candidate: CandidateRow; height: bigint } | undefined> {
  for (const candidate of candidates) {
    const row = await tx.one<{ height: bigint }>(
      sql`select spent_height as height from coins where spent_by = ${candidate.id}
        and spent_height is not null limit 1`,
    )
    if (row) return { candidate, height: row.height }
  }
  return undefined
}

/**
 * What the block moved: to each payee less its share, and to the miners; beyond the first offer as a movement
 * of its own.
 */
async function book(
  tx: Tx,
  world: World,
  first: CandidateRow,
  mined: CandidateRow,
  times: bigint,
  cause: Cause,
): Promise<void> {
  const offered = new Map(
    (await outputsOf(tx, first.id)).map(output => [output.attempt_id, output.fee_units]),
  )
  for (const { attempt_id: attemptId, units, fee_units: fee } of await outputsOf(tx, mined.id)) {
    const { invoice_id: invoiceId } = await payoutOf(tx, attemptId)
    const offer = offered.get(attemptId) ?? fee
    const network = fee < offer ? fee : offer
    const each = { source: `${attemptId}/${times}`, invoiceId, memo: mined.id }
    await post(tx, world, { movement: 'payout mined', amount: btc(units), ...each })
    await post(tx, world, { movement: 'network fee', amount: btc(network), ...each })
    await post(tx, world, { movement: 'fee bump', amount: btc(fee - network), ...each })
    await tx.run(sql`update attempts set fee_units = ${fee} where id = ${attemptId}`)
  }
  await post(tx, world, {
    movement: isCancellation(mined) ? 'cancellation fee' : 'dust given up',
    source: `${mined.bundle_id}/${times}`,
    amount: btc(mined.house_units),
    memo: sentence(cause.why),
  })
}

async function unbook(
  tx: Tx,
  world: World,
  before: CandidateRow,
  times: bigint,
  cause: Cause,
): Promise<void> {
  const first = (await candidatesOf(tx, before.bundle_id))[0]!
  const offered = new Map(
    (await outputsOf(tx, first.id)).map(output => [output.attempt_id, output.fee_units]),
  )
  for (const { attempt_id: attemptId, units, fee_units: fee } of await outputsOf(tx, before.id)) {
    const { invoice_id: invoiceId } = await payoutOf(tx, attemptId)
    const offer = offered.get(attemptId) ?? fee
    const network = fee < offer ? fee : offer
    const each = { source: `${attemptId}/${times}`, invoiceId, memo: before.id }
    await post(tx, world, { movement: 'payout unmined', amount: btc(units), ...each })
    await post(tx, world, { movement: 'network fee returned', amount: btc(network), ...each })
    await post(tx, world, { movement: 'fee bump returned', amount: btc(fee - network), ...each })
  }
  await post(tx, world, {
    movement: isCancellation(before) ? 'cancellation fee returned' : 'dust returned',
    source: `${before.bundle_id}/${times}`,
    amount: btc(before.house_units),
    memo: sentence(cause.why),
  })
}

async function toMined(
  tx: Tx,
  bundle: BundleRow,
  group: CandidateRow[],
  mined: { candidate: CandidateRow; height: bigint },
  cause: Cause,
): Promise<void> {
  const why = { ...cause, ref: mined.candidate.id }
  for (const candidate of group) {
    const to = candidate.id === mined.candidate.id ? 'mined' : 'replaced'
    const current = (await tx.one<{ state: CandidateRow['state'] }>(
      sql`select state from bundle_candidates where id = ${candidate.id}`,
    ))!.state
    const also = [sql`height = ${to === 'mined' ? mined.height : null}`]
    if (current !== to) await candidates.move(tx, { id: candidate.id, state: current }, to, why, also)
  }
  if (bundle.state !== 'mined' && bundle.state !== 'paid')
    await bundles.move(tx, bundle, 'mined', why, [setWhy(null)])
  if (isCancellation(mined.candidate)) return
  // It may be mined before the answer to its sending was written down.
  for (const attempt of await attemptsIn(tx, bundle.id, 'sending')) {
    await attempts.move(tx, { id: attempt.id, state: 'sending' }, 'sent', why)
    await payouts.move(tx, { id: attempt.payout_id, state: 'sending' }, 'sent', why)
  }
}

/** Its block was left behind: any of the group may be mined now, and what has bytes is sent again. */
async function backToSent(tx: Tx, bundle: BundleRow, group: CandidateRow[], cause: Cause): Promise<void> {
  for (const { id, state, raw } of group)
    // Once it was paid, coins that only the others spend were set free, and they are not sent again.
    if (state === 'mined' || (state === 'replaced' && bundle.state !== 'paid'))
      await candidates.move(tx, { id, state }, raw === null ? 'planned' : 'sent', cause, [sql`height = null`])
  await bundles.move(tx, bundle, 'sent', cause)
  for (const attempt of await attemptsIn(tx, bundle.id, 'success')) {
    await attempts.move(tx, { id: attempt.id, state: 'success' }, 'sent', cause)
    await payouts.move(tx, { id: attempt.payout_id, state: 'paid' }, 'sent', cause)
  }
}

async function toPaid(tx: Tx, bundle: BundleRow, cause: Cause): Promise<void> {
  await bundles.move(tx, { id: bundle.id, state: 'mined' }, 'paid', cause)
  for (const attempt of await attemptsIn(tx, bundle.id, 'sent')) {
    await attempts.move(tx, { id: attempt.id, state: 'sent' }, 'success', cause)
    await payouts.move(tx, { id: attempt.payout_id, state: 'sent' }, 'paid', cause, [setWhy(null)])
  }
  // Coins that only a replaced transaction would have spent are free again.
  await tx.run(sql`
    delete from bundle_coins where bundle_id = ${bundle.id} and outpoint in (select id from coins
      where spent_by is null)`)
}

/**
 * A coin that every transaction of the bundle spends, those of its first one, was spent by somebody else or
 * is none any more, deep enough.
 */
async function isShutOut(tx: Tx, first: CandidateRow, tip: bigint, payoutDepth: number): Promise<boolean> {
  for (const { outpoint } of readPlan(first.plan).inputs) {
    const coin = await tx.one<{ height: bigint | null }>(sql`
      select case when state = 'conflicted' then height else spent_height end as height from coins
        where id = ${outpoint}`)
    if (coin?.height != null && tip - coin.height + 1n >= BigInt(payoutDepth)) return true
  }
  return false
}

const coinLost = because('coin-lost')

/**
 * The chain thought once more, and has what was given up: its payouts are owed again and may have been paid
 * by another since, so what left us is nobody's order, and a person says what becomes of it. The books follow
 * the chain all the same.
 */
async function bookGivenUp(
  tx: Tx,
  world: World,
  { id, bookings }: BundleRow,
  before: CandidateRow | undefined,
  mined: CandidateRow | undefined,
  cause: Cause,
): Promise<string> {
  if (before?.id === mined?.id) return `bundle ${id} was given up`
  const left = async (candidate: CandidateRow) =>
    (await outputsOf(tx, candidate.id)).reduce(
      (sum, { units, fee_units: fee }) => sum + units + fee,
      candidate.house_units,
    )
  let times = bookings
  const book = async (movement: 'external in' | 'external out', candidate: CandidateRow) =>
    post(tx, world, {
      movement,
      source: `${id}/${++times}`,
      amount: btc(await left(candidate)),
      memo: candidate.id,
    })
  if (before) await book('external in', before)
  if (mined) {
    await book('external out', mined)
    await stopPayouts(tx, because('given-up-but-mined', { bundle: id, txid: mined.id }))
    world.log.error(
      { bundle: id, txid: mined.id },
      'a bundle was mined after it was given up: payouts are stopped',
    )
  }
  await tx.run(sql`update bundles set booked = ${mined?.id ?? null}, bookings = ${times} where id = ${id}`)
  return mined
    ? `bundle ${id} was mined after it was given up: ${sentence(cause.why)}`
    : `bundle ${id} was given up`
}

/**
 * What it was to pay is owed again, and held: whoever spent the coin may have paid it too. Its other coins
 * are free.
 */
async function giveUp(tx: Tx, world: World, { id, state }: BundleRow, cause: Cause): Promise<boolean> {
  if (state !== 'planned' && state !== 'signed' && state !== 'sent') return false
  const why = { ...cause, why: coinLost }
  await bundles.move(tx, { id, state }, 'void', why, [setWhy(coinLost)])
  await tx.run(
    sql`delete from bundle_coins where bundle_id = ${id} and outpoint in (select id from coins
      where spent_by is null)`,
  )
  for (const from of ['sending', 'sent'] as const)
    for (const attempt of await attemptsIn(tx, id, from)) {
      const payout = await payoutOf(tx, attempt.id)
      await attempts.move(tx, { id: attempt.id, state: from }, 'failed', why, [setWhy(coinLost)])
      await payouts.move(tx, { id: payout.id, state: from }, 'held', why, [setWhy(coinLost)])
      const owed = { amount: btc(attempt.units), invoiceId: payout.invoice_id, memo: sentence(coinLost) }
      await post(tx, world, { movement: 'payout returned', source: attempt.id, ...owed })
    }
  world.log.error(
    { bundle: id },
    'a bundle can never be mined, for a coin of it was spent by somebody else or never came: its payouts are held',
  )
  return true
}

const payoutOf = async (tx: Tx, attemptId: string): Promise<PayoutRow> =>
  (await tx.one<PayoutRow>(
    sql`select p.* from payouts p join attempts a on a.payout_id = p.id where a.id = ${attemptId}`,
  ))!

const attemptsIn = (tx: Tx, bundleId: string, state: AttemptRow['state']): Promise<AttemptRow[]> =>
  tx.all<AttemptRow>(
    sql`select * from attempts where bundle_id = ${bundleId} and state = ${state} order by id`,
  )
