/**
 * A better offer: what waits too long in the mempool is offered again with a higher fee. It spends the same
 * coins, so one of the two at most is mined.
 */
import { because, type Reason } from '../../base/reasons.ts'
import type { World } from '../../base/world.ts'
import type { ChainRail } from '../../rails/chain.ts'
import { setWhy, eachApart, forUpdate, sql, throwFirst, type Db, type Tx, says } from '../../db/db.ts'
import {
  keepCandidate,
  latestOf,
  outputsOf,
  readPlan,
  spendable,
  type BundleRow,
  type CandidateRow,
  type OutputRow,
  type Share,
} from './bundle.ts'
import { isCancellation, offerCancelAgain } from './cancel.ts'
import { strangeIn } from './check.ts'
import type { BundleTerms, Present } from './terms.ts'
import { againstPolicy } from './sign.ts'
import { chainPayoutsStopped } from './unread.ts'

type Bumped = { is: 'bumped' } | { is: 'not needed' } | { is: 'impossible'; why: Reason }

/**
 * Plans a replacement where a transaction is stuck and more is usual now. Its signing and sending are those
 * of every other.
 */
export async function bumpBundles(
  db: Db,
  rail: ChainRail,
  world: World,
  terms: BundleTerms,
  present: Present,
): Promise<number> {
  const open = await db.all<BundleRow>(
    sql`select * from bundles where state in ('signed', 'sent') order by id limit 100`,
  )
  let count = 0
  const faults = await eachApart(open, async ({ id, ...before }) => {
    // Most are not: then nothing is locked.
    if (!isStuck(await latestOf(db, id), present.height, terms.bumpAfterBlocks)) return
    const bumped = await db.tx(tx => bump(tx, rail, id, terms, present), 'locks')
    await world.at('bundle bumped')
    if (bumped.is === 'bumped') {
      count += 1
      world.log.warn(
        { bundle: id, feeRate: present.feeRate.toString() },
        'a bundle waits too long in the mempool: a better fee is offered',
      )
    }
    if (bumped.is === 'impossible' && !says(before, bumped.why))
      world.log.warn({ bundle: id, why: bumped.why }, 'a bundle waits too long in the mempool')
  })
  for (const { of: bundle, why } of faults) {
    world.log.error({ bundle: bundle.id, why }, 'no better fee could be planned for a bundle')
    await db.tx(tx =>
      tx.run(
        sql`update bundles set ${setWhy(because('no-better-fee-planned', { fault: why.slice(0, 500) }))}
          where id = ${bundle.id}`,
      ),
    )
  }
  throwFirst(faults)
  return count
}

async function bump(
  tx: Tx,
  rail: ChainRail,
  id: string,
  terms: BundleTerms,
  { height, feeRate }: Present,
): Promise<Bumped> {
  const index = await terms.change.hold(tx)
  const { state } = (await tx.one<BundleRow>(sql`select * from bundles where id = ${id} ${forUpdate}`))!
  const candidate = await latestOf(tx, id)
  if ((state !== 'signed' && state !== 'sent') || !isStuck(candidate, height, terms.bumpAfterBlocks))
    return { is: 'not needed' }
  const rate = (candidate.fee_units * 1000n) / candidate.size
  if (feeRate <= rate || (await chainPayoutsStopped(tx))) return { is: 'not needed' }

  if (isCancellation(candidate)) {
    if (!(await offerCancelAgain(tx, rail, terms, { height, feeRate }, id, index)))
      return { is: 'not needed' }
    await tx.run(sql`update bundles set ${setWhy(null)}, next_at = ${await tx.now()} where id = ${id}`)
    return { is: 'bumped' }
  }
  const strange = await strangeIn(tx, rail, candidate)
  if (strange !== undefined) return impossible(tx, id, because('policy', { fault: strange }))
  const plan = readPlan(candidate.plan)
  const payees = plan.outputs.flatMap(({ key, units, feeShare, script }) =>
    key === undefined ? [] : [{ key, units: units + feeShare, script }],
  )
  const planned = rail.plan({
    ...{
      coins: await spendable(tx, height, terms.payoutDepth),
      payees,
      feeRate,
      mostFeeRate: terms.mostFeeRate,
    },
    ...{ change: { index }, lockTime: Number(height) },
    replaces: { inputs: plan.inputs, feeUnits: candidate.fee_units, size: Number(candidate.size) },
  })
  if (planned.is !== 'planned') {
    const why =
      planned.is === 'dust'
        ? because('better-fee-leaves-dust')
        : planned.is === 'short'
          ? because('better-fee-not-covered')
          : because('better-fee-too-dear', { fault: planned.why })
    return impossible(tx, id, why)
  }
  const against = await againstPolicy(tx, rail, planned.plan, id)
  if (against !== undefined) return impossible(tx, id, because('policy', { fault: against }))
  if (planned.plan.outputs.some(({ key }) => key === undefined)) await terms.change.take(tx)
  await keepCandidate(tx, id, planned.plan, sharesOf(await outputsOf(tx, candidate.id)))
  await tx.run(sql`update bundles set ${setWhy(null)}, next_at = ${await tx.now()} where id = ${id}`)
  return { is: 'bumped' }
}

async function impossible(tx: Tx, id: string, why: Reason): Promise<Bumped> {
  await tx.run(sql`update bundles set ${setWhy(why)} where id = ${id}`)
  return { is: 'impossible', why }
}

/** The orders of each output, by every one of them: whichever was its key stays it. */
function sharesOf(outputs: OutputRow[]): Map<string, Share[]> {
  const byAddress = Map.groupBy(
    outputs.map(({ attempt_id: attemptId, address, units, fee_units: fee }): Share => ({
      attemptId,
      address,
      units: units + fee,
    })),
    ({ address }) => address,
  )
  return new Map(
    [...byAddress.values()].flatMap(shares => shares.map(({ attemptId }) => [attemptId, shares] as const)),
  )
}

/** Signed, and so many blocks have come since without it: a person may sign long after it was planned. */
const isStuck = ({ state, signed_height: since }: CandidateRow, height: bigint, blocks: number): boolean =>
  (state === 'signed' || state === 'sent') && since !== null && height >= since + BigInt(blocks)
