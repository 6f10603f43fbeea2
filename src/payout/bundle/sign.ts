/**
 * Signing: the policy is asked again, the node's wallet is asked to sign, and the bytes are kept before
 * anyone sees them.
 */
import { because, type Reason, type Told } from '../../base/reasons.ts'
import { later, type World } from '../../base/world.ts'
import type { ChainRail, Plan, Signed } from '../../rails/chain.ts'
import { signedFaultText } from '../../rails/signedFault.ts'
import { setWhy, forUpdate, sql, type Db, type Tx, says } from '../../db/db.ts'
import { markHanded, readPlan, type BundleRow, type CandidateRow } from './bundle.ts'
import { endUnsigned, isCancellation, type OwedAgain } from './cancel.ts'
import { againstText, objectedText } from './against.ts'
import { strangeIn, strangeOf } from './check.ts'
import { aboveObjected } from '../limitObjection.ts'
import { objectionsTo, objectionWhy } from '../objected.ts'
import type { PayoutRow } from '../row.ts'
import type { AgainstSigning } from './refusals.ts'
import { chainPayoutsStopped, chainUnreadWhy } from './unread.ts'
import { candidates, bundles } from '../tables.ts'

const dayMs = 86_400_000
export const signAgainMs = 60_000

/** Has the node's wallet sign a planned transaction; false when it waits. */
export async function signByWallet(
  db: Db,
  rail: ChainRail,
  world: World,
  candidate: CandidateRow,
  owedAgain: OwedAgain,
): Promise<boolean> {
  const { bundle_id: id } = candidate
  const plan = readPlan(candidate.plan)
  // What is spent to ourselves leaves us with all we had: a stop is no reason not to.
  const stopped = isCancellation(candidate) ? chainUnreadWhy : chainPayoutsStopped
  const against = await db.tx(async tx => {
    const strange = await strangeIn(tx, rail, candidate)
    if (strange !== undefined) await endUnsigned(tx, world, candidate, strange, owedAgain)
    const refusal =
      strange ??
      (await stopped(tx)) ??
      (await objectedTextOf(tx, candidate)) ??
      (await againstPolicy(tx, rail, plan, id))
    return refusal ?? ((await markHanded(tx, candidate)) ? undefined : 'it has ended')
  }, 'locks')
  if (against !== undefined) return putOff(db, world, id, because('policy', { fault: against }))
  const answer = await rail.sign(plan)
  await world.at('bundle signed')
  if (answer.is !== 'done') return putOff(db, world, id, because('wallet-did-not-sign', { said: answer.why }))
  const signed = answer.value
  switch (signed.is) {
    case 'signed': {
      const refusal = await db.tx(
        tx => keepSigned(tx, rail, candidate, signed, because('wallet-signed')),
        'locks',
      )
      await world.at('bundle bytes kept')
      return refusal === undefined
        ? true
        : putOff(db, world, id, because('policy', { fault: againstText(refusal) }))
    }
    case 'incomplete':
      return putOff(db, world, id, because('wallet-lacks-keys'))
    case 'wrong':
      return putOff(db, world, id, because('wallet-signed-else', { fault: signedFaultText(signed.fault) }))
  }
}

async function objectedTextOf(tx: Tx, candidate: CandidateRow): Promise<string | undefined> {
  const why = await objectedIn(tx, candidate)
  return why === undefined ? undefined : objectedText(why)
}

/**
 * The signing policy, asked again when it is planned and when it is signed: a reason not to, or undefined. A
 * plan counts what is planned and waits for its signature besides, so that no two are made of which one could
 * not be signed.
 */
export async function againstPolicy(
  tx: Tx,
  rail: ChainRail,
  plan: Plan,
  bundleId: string,
  when: 'planned' | 'signed' = 'signed',
): Promise<string | undefined> {
  const since = later(await tx.now(), -dayMs)
  const waiting =
    when === 'signed'
      ? sql``
      : sql`or (c.state = 'planned' and c.bundle_id in (select id from bundles where state = 'planned'))`
  // Of each other bundle the latest that was signed: one of its transactions at most is ever mined.
  const row = await tx.one<{ units: bigint }>(sql`
    select cast(coalesce(sum(c.house_units + (select sum(o.units + o.fee_units) from bundle_outputs o
      where o.candidate_id = c.id)), 0) as bigint)
      as units from bundle_candidates c
    where c.bundle_id <> ${bundleId} and ((c.signed_at > ${since}
        and c.number = (select max(number) from bundle_candidates where bundle_id = c.bundle_id
          and raw is not null)) ${waiting})`)
  return rail.againstPolicy(plan, row!.units)
}

/**
 * Why a bundle is not signed now: since it was planned somebody objected to an account in it, or to limits
 * that let it go. One that was signed before may be out, and goes on.
 */
export async function objectedIn(
  tx: Tx,
  candidate: Pick<CandidateRow, 'bundle_id' | 'plan'>,
): Promise<Told | undefined> {
  if (isCancellation(candidate)) return undefined
  const paid = await tx.all<Pick<PayoutRow, 'id' | 'account_id' | 'units'>>(sql`
    select p.id, p.account_id, p.units from attempts t join payouts p on p.id = t.payout_id
      join bundles b on b.id = t.bundle_id
    where b.id = ${candidate.bundle_id} and b.state = 'planned' order by p.id`)
  if (paid.length === 0) return undefined
  const [objection] = (await objectionsTo(tx, paid)).values()
  return objection ? objectionWhy(objection) : aboveObjected(tx, 'BTC', paid)
}

/**
 * Keeps the bytes where the policy still allows it; answers why it does not. Keeping them twice is keeping
 * them once.
 */
export async function keepSigned(
  tx: Tx,
  rail: ChainRail,
  candidate: CandidateRow,
  { raw }: Signed & { is: 'signed' },
  why: Reason,
): Promise<AgainstSigning | undefined> {
  await takeTurnToSign(tx)
  const what = await strangeOf(tx, rail, { ...candidate, raw })
  if (what.length > 0) return { is: 'not-as-owed', what }
  const objected = await objectedIn(tx, candidate)
  if (objected !== undefined) return { is: 'objected', why: objected }
  const said = await againstPolicy(tx, rail, readPlan(candidate.plan), candidate.bundle_id)
  if (said !== undefined) return { is: 'policy', said }
  const now = await tx.now()
  const bundle = (await tx.one<BundleRow>(
    sql`select * from bundles where id = ${candidate.bundle_id} ${forUpdate}`,
  ))!
  const height = sql`(select max(height) from chain_blocks where active = 1)`
  const bytes = [sql`raw = ${raw}`, sql`signed_at = ${now}`, sql`signed_height = ${height}`]
  if (bundle.state === 'void') return { is: 'ended' }
  if (!(await candidates.move(tx, { id: candidate.id, state: 'planned' }, 'signed', { why }, bytes)))
    return undefined
  await tx.run(sql`update bundles set ${setWhy(null)}, next_at = ${now} where id = ${bundle.id}`)
  if (bundle.state === 'planned')
    await bundles.move(tx, { id: bundle.id, state: 'planned' }, 'signed', { why, ref: candidate.id })
  return undefined
}

/** One after the other, so that two together do not pass a cap that each keeps. */
export const takeTurnToSign = (tx: Tx) =>
  tx.all(sql`select branch from chain_branches where branch = 'change' ${forUpdate}`)

/** What cannot go on now is said on the bundle, and tried again. */
export async function putOff(db: Db, world: World, bundleId: string, why: Reason): Promise<false> {
  const news = await db.tx(async tx => {
    const before = await tx.one<{ reason: string | null; detail: string | null }>(
      sql`select reason, detail from bundles where id = ${bundleId} ${forUpdate}`,
    )
    await tx.run(
      sql`update bundles set ${setWhy(why)}, next_at = ${later(await tx.now(), signAgainMs)}
        where id = ${bundleId}`,
    )
    return !says(before, why)
  }, 'locks')
  if (news) world.log.warn({ bundle: bundleId, why }, 'a bundle waits')
  return false
}
