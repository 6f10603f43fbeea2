/** Signing and sending: a planned transaction is signed by the node's wallet or by a person, its bytes are kept, and only then sent; the same bytes, as often as it takes. */
import { BadInput } from '../base/answer.ts'
import { later, type World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import type { ChainRail, Plan, Signed } from '../rails/chain.ts'
import { forUpdate, move, sql, type Store, type Tx } from '../store/store.ts'
import {
  bundleMachine,
  candidateMachine,
  keepCandidate,
  latestOf,
  outputsOf,
  readPlan,
  spendable,
  type BundleRow,
  type CandidateRow,
} from './bundle.ts'
import type { BundleTerms } from './bundlePlan.ts'
import { attemptMachine, payoutMachine, payoutsStopped, stopPayouts } from './row.ts'

const dayMs = 86_400_000
const signAgainMs = 60_000
const sendAgainMs = 10 * 60_000

export type BundlesSent = Record<'signed' | 'sent' | 'bumped' | 'later', number>

/** Signs where the wallet may, and sends what is signed and in no block yet. Answers how many of each. */
export async function sendBundles(store: Store, rail: ChainRail, world: World): Promise<BundlesSent> {
  const outcome: BundlesSent = { signed: 0, sent: 0, bumped: 0, later: 0 }
  const due = (states: readonly string[]) => async (tx: Tx) =>
    tx.all<BundleRow>(sql`
      select b.* from bundles b join bundle_candidates c on c.bundle_id = b.id
      where b.state <> 'mined' and b.state <> 'paid' and b.next_at <= ${await tx.now()} and c.state = ${states[0]!}
        and c.number = (select max(number) from bundle_candidates where bundle_id = b.id) order by b.id limit 100`)
  if (rail.signer === 'wallet')
    for (const bundle of await store.tx(due(['planned']))) outcome[(await signOne(store, rail, world, bundle)) ? 'signed' : 'later'] += 1
  for (const state of ['signed', 'sent'] as const)
    for (const bundle of await store.tx(due([state]))) outcome[(await sendOne(store, rail, world, bundle)) ? 'sent' : 'later'] += 1
  return outcome
}

async function signOne(store: Store, rail: ChainRail, world: World, bundle: BundleRow): Promise<boolean> {
  const candidate = await latestOf(store, bundle.id)
  const plan = readPlan(candidate.plan)
  const against = await store.tx(async tx => (await payoutsStopped(tx)) ?? (await againstPolicy(tx, rail, plan, bundle.id)))
  if (against !== undefined) return putOff(store, world, bundle, against)
  const answer = await rail.sign(plan)
  await world.at('bundle signed')
  if (answer.is !== 'done') return putOff(store, world, bundle, `the wallet did not sign: ${answer.why}`)
  switch (answer.value.is) {
    case 'signed':
      await store.tx(tx => keepSigned(tx, candidate, answer.value as Signed & { is: 'signed' }, 'the node’s wallet signed it'), 'locks')
      await world.at('bundle bytes kept')
      return true
    case 'incomplete':
      return putOff(store, world, bundle, 'the wallet holds not all the keys: is BITCOIN_WALLET the one of BITCOIN_DESCRIPTOR?')
    case 'wrong':
      return putOff(store, world, bundle, `the wallet signed something else: ${answer.value.why}`)
  }
}

/** The signing policy, asked anew at signing time: a reason not to sign, or undefined. */
async function againstPolicy(tx: Tx, rail: ChainRail, plan: Plan, bundleId: string): Promise<string | undefined> {
  const since = later(await tx.now(), -dayMs)
  // Of each other bundle the latest that was signed: one of its transactions at most is ever mined.
  const row = await tx.one<{ units: bigint }>(sql`
    select cast(coalesce(sum(o.units + o.fee_units), 0) as bigint) as units from bundle_outputs o join bundle_candidates c on c.id = o.candidate_id
    where c.signed_at > ${since} and c.bundle_id <> ${bundleId}
      and c.number = (select max(number) from bundle_candidates where bundle_id = c.bundle_id and raw is not null)`)
  return rail.againstPolicy(plan, row!.units)
}

/** What cannot go on now is said on the bundle, and tried again. */
async function putOff(store: Store, world: World, bundle: BundleRow, why: string): Promise<false> {
  world.log.warn({ bundle: bundle.id, why }, 'a bundle waits')
  await store.tx(async tx =>
    tx.run(sql`update bundles set why = ${why}, next_at = ${later(await tx.now(), signAgainMs)} where id = ${bundle.id}`),
  )
  return false
}

/** The bytes are kept before anyone sees them. */
async function keepSigned(tx: Tx, candidate: CandidateRow, { raw }: Signed & { is: 'signed' }, why: string): Promise<void> {
  const now = await tx.now()
  const bundle = (await tx.one<BundleRow>(sql`select * from bundles where id = ${candidate.bundle_id} ${forUpdate}`))!
  await move(tx, 'bundle_candidates', candidateMachine, candidate.id, 'planned', 'signed', { why }, [
    sql`raw = ${raw}`,
    sql`signed_at = ${now}`,
  ])
  const cause = { why, ref: candidate.id }
  if (bundle.state === 'planned')
    await move(tx, 'bundles', bundleMachine, bundle.id, 'planned', 'signed', cause, [sql`why = null`, sql`next_at = ${now}`])
  else await tx.run(sql`update bundles set why = null, next_at = ${now} where id = ${bundle.id}`)
}

/** Sends the kept bytes. The node having them already is what we want, and so is a second sending. */
async function sendOne(store: Store, rail: ChainRail, world: World, bundle: BundleRow): Promise<boolean> {
  const candidate = await latestOf(store, bundle.id)
  const fresh = candidate.state === 'signed'
  if (fresh) {
    const stopped = await store.tx(payoutsStopped)
    if (stopped !== undefined) return putOff(store, world, bundle, stopped)
  }
  const answer = await rail.broadcast(candidate.raw!)
  await world.at('bundle sent')
  if (answer.is === 'done') {
    await store.tx(tx => taken(tx, bundle, candidate), 'locks')
    if (fresh) world.log.info({ bundle: bundle.id, txid: candidate.id }, 'payouts sent')
    return fresh
  }
  // A lost answer is asked for again by sending the same bytes: they cannot pay twice.
  if (answer.is === 'unsure' || answer.again) return putOff(store, world, bundle, answer.why)
  await store.tx(async tx => {
    await tx.run(sql`update bundles set why = ${answer.why}, next_at = ${later(await tx.now(), sendAgainMs)} where id = ${bundle.id}`)
    await stopPayouts(tx, `${bundle.id}: the node refuses ${candidate.id}: ${answer.why}`)
  })
  world.log.error({ bundle: bundle.id, txid: candidate.id, why: answer.why }, 'the node refuses a transaction of ours: payouts are stopped')
  return false
}

async function taken(tx: Tx, { id }: BundleRow, candidate: CandidateRow): Promise<void> {
  const cause = { why: 'a node has it', ref: candidate.id }
  const next = later(await tx.now(), sendAgainMs)
  const bundle = (await tx.one<BundleRow>(sql`select * from bundles where id = ${id} ${forUpdate}`))!
  await move(tx, 'bundle_candidates', candidateMachine, candidate.id, 'signed', 'sent', cause)
  if (bundle.state === 'signed') await move(tx, 'bundles', bundleMachine, id, 'signed', 'sent', cause, [sql`why = null`])
  await tx.run(sql`update bundles set why = null, next_at = ${next} where id = ${id}`)
  await tellAttempts(tx, id, cause)
}

/** Its orders are on their way. */
async function tellAttempts(tx: Tx, bundleId: string, cause: { why: string; ref: string }): Promise<void> {
  const rows = await tx.all<{ id: string; payout_id: string }>(
    sql`select id, payout_id from attempts where bundle_id = ${bundleId} and state = 'sending' order by id`,
  )
  for (const { id, payout_id: payoutId } of rows) {
    await move(tx, 'attempts', attemptMachine, id, 'sending', 'sent', cause)
    await move(tx, 'payouts', payoutMachine, payoutId, 'sending', 'sent', cause, [sql`why = null`])
  }
}

/**
 * Takes what a person hands back for a bundle: a PSBT or a transaction. Held against the plan, output by output, and against the
 * signing policy, before its bytes are kept. Sending is the worker's.
 */
export async function importSigned(store: Store, rail: ChainRail, text: string, by: string): Promise<{ bundleId: string; txid: string }> {
  const open = await store.all<CandidateRow>(sql`
    select c.* from bundle_candidates c join bundles b on b.id = c.bundle_id where c.state = 'planned' and b.state in ('planned', 'signed', 'sent') order by c.added_at`)
  if (open.length === 0) throw new BadInput('no bundle waits for a signature: "repasse bitcoin psbt list" shows them')
  const read = open.map(candidate => ({ candidate, signed: rail.readSigned(text, readPlan(candidate.plan)) }))
  const match = read.find(({ signed }) => signed.is === 'signed')
  if (!match || match.signed.is !== 'signed') {
    const partly = read.find(({ signed }) => signed.is === 'incomplete')
    if (partly)
      throw new BadInput(
        `it is the transaction of bundle ${partly.candidate.bundle_id}, but not every input is signed: have it signed by all its keys`,
      )
    const whys = read.map(({ candidate, signed }) => `  ${candidate.bundle_id}: ${signed.is === 'wrong' ? signed.why : ''}`)
    throw new BadInput(`it is not what was asked for:\n${whys.join('\n')}`)
  }
  const { candidate, signed } = match
  await store.tx(async tx => {
    const against = await againstPolicy(tx, rail, readPlan(candidate.plan), candidate.bundle_id)
    if (against !== undefined) throw new BadInput(against)
    await keepSigned(tx, candidate, signed, `${by} handed it back signed`)
    await audit(tx, { actor: by, act: 'bundle signed', subject: candidate.bundle_id, detail: { txid: candidate.id } })
  }, 'locks')
  return { bundleId: candidate.bundle_id, txid: candidate.id }
}

/**
 * Offers more where a transaction waits too long: it spends the same coins, so one of the two at most is mined. `height`: our tip;
 * `feeRate`: what is usual now.
 */
export async function bumpBundles(
  store: Store,
  rail: ChainRail,
  world: World,
  { mostFeeRate, bumpAfterBlocks, payoutDepth, takeChange }: BundleTerms,
  { height, feeRate }: { height: bigint; feeRate: bigint },
): Promise<number> {
  const stuck = await store.all<BundleRow>(sql`select * from bundles where state = 'sent' order by id limit 100`)
  let bumped = 0
  for (const { id } of stuck) {
    const why = await store.tx(async tx => {
      const candidate = await latestOf(tx, id)
      const plan = readPlan(candidate.plan)
      const rate = (candidate.fee_units * 1000n) / candidate.size
      if (candidate.state !== 'sent' || height < BigInt(plan.lockTime + bumpAfterBlocks) || feeRate <= rate) return undefined
      if (await payoutsStopped(tx)) return undefined
      const outputs = await outputsOf(tx, candidate.id)
      const payees = plan.outputs.flatMap(({ key, units, feeShare, script }) =>
        key === undefined ? [] : [{ key, units: units + feeShare, script }],
      )
      const coins = (await spendable(tx, height, payoutDepth)).map(({ id: outpoint, units, branch, number }) => ({
        outpoint,
        units,
        branch,
        index: Number(number),
      }))
      const change = await takeChange(tx)
      const planned = rail.plan({
        ...{ coins, payees, feeRate, mostFeeRate, change: { index: change.number }, lockTime: Number(height) },
        replaces: { inputs: plan.inputs, feeUnits: candidate.fee_units, size: Number(candidate.size) },
      })
      if (planned.is !== 'planned')
        return planned.is === 'dust' ? 'its payees would get dust' : planned.is === 'short' ? 'its coins do not cover it' : planned.why
      await keepCandidate(
        tx,
        id,
        candidate.number + 1n,
        planned.plan,
        new Map(outputs.map(({ attempt_id: key, address }) => [key, address])),
      )
      await tx.run(sql`update bundles set next_at = ${await tx.now()} where id = ${id}`)
      return true
    }, 'locks')
    if (why === true) {
      bumped += 1
      world.log.warn({ bundle: id, feeRate: feeRate.toString() }, 'a bundle waits too long in the mempool: a better fee is offered')
    } else if (why !== undefined) world.log.warn({ bundle: id, why }, 'a bundle waits too long, and no better fee can be offered')
  }
  return bumped
}
