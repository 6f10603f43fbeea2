/** Sending: bytes that are kept are sent, the same bytes, as often as it takes until a block has them. */
import { because, type Reason } from '../../base/reasons.ts'
import { deadlineIn, type Deadline } from '../../base/deadline.ts'
import { later, type World } from '../../base/world.ts'
import type { ChainRail } from '../../rails/chain.ts'
import { callMs } from '../../rails/rail.ts'
import { setWhy, eachApart, forUpdate, sql, throwFirst, type Db, type Tx, type Cause } from '../../db/db.ts'
import { latestOf, readPlan, signedOf, type BundleRow, type CandidateRow } from './bundle.ts'
import { isCancellation, isCanceling, type OwedAgain } from './cancel.ts'
import { strangeIn } from './check.ts'
import { putOff, signAgainMs, signByWallet } from './sign.ts'
import { payoutsStopped, stopPayouts } from '../stops.ts'
import { chainUnread } from './unread.ts'
import { candidates, bundles, attempts, payouts } from '../tables.ts'

const sendAgainMs = 10 * 60_000

export type BundlesSent = Record<'signed' | 'sent' | 'later', number>

/** Signs where the wallet may, and sends what is signed and in no block yet. Answers how many of each. */
export async function sendBundles(
  db: Db,
  rail: ChainRail,
  world: World,
  owedAgain: OwedAgain,
): Promise<BundlesSent> {
  const outcome: BundlesSent = { signed: 0, sent: 0, later: 0 }
  if ((await chainUnread(db)) !== undefined) return outcome
  // What waits for a person's signature alone is not looked at.
  const states = rail.signer === 'wallet' ? sql`('planned', 'signed', 'sent')` : sql`('signed', 'sent')`
  const due = await db.tx(async tx =>
    tx.all<BundleRow>(sql`
      select * from bundles where state in ('planned', 'signed', 'sent') and next_at <= ${await tx.now()}
        and id in (select bundle_id from bundle_candidates where state in ${states}) order by next_at, id
          limit 100`),
  )
  const faults = await eachApart(due, async ({ id }) => {
    const latest = await latestOf(db, id)
    if (rail.signer === 'wallet' && latest.state === 'planned')
      outcome[(await signByWallet(db, rail, world, latest, owedAgain)) ? 'signed' : 'later'] += 1
    const became = await sendBest(db, rail, world, id)
    if (became) outcome[became] += 1
  })
  for (const { of: bundle, why } of faults) {
    world.log.error({ bundle: bundle.id, why }, 'a bundle could be neither signed nor sent')
    await putOff(db, world, bundle.id, because('cannot-go-out', { fault: why.slice(0, 500) }))
  }
  throwFirst(faults)
  return outcome
}

/**
 * While a better offer waits for its signature, or for a person to let go, the one before it is kept in the
 * mempool.
 */
async function sendBest(
  db: Db,
  rail: ChainRail,
  world: World,
  bundleId: string,
): Promise<'sent' | 'later' | undefined> {
  const deadline = deadlineIn(callMs, world.clock)
  const signed = await signedOf(db, bundleId)
  // Once it is being canceled, only what cancels it is sent.
  const [best, ...others] = (await isCanceling(db, bundleId)) ? signed.filter(isCancellation) : signed
  const stopped = best?.state === 'signed' && !isCancellation(best) ? await db.tx(payoutsStopped) : undefined
  const may = stopped === undefined ? best : others.find(({ state }) => state === 'sent')
  await world.at('bundle chosen')
  const became = may && (await send(db, rail, world, may, deadline))
  if (stopped !== undefined) await putOff(db, world, bundleId, because('payouts-stopped', { fault: stopped }))
  return stopped === undefined ? became : 'later'
}

/**
 * Sends the kept bytes. The node having them already is what we want, and so is a second sending, which is no
 * news.
 */
async function send(
  db: Db,
  rail: ChainRail,
  world: World,
  candidate: CandidateRow & { raw: Uint8Array },
  deadline: Deadline,
): Promise<'sent' | 'later' | undefined> {
  const { bundle_id: bundle, id: txid } = candidate
  const fresh = candidate.state === 'signed'
  const wait = async (why: Reason) => (await putOff(db, world, bundle, why), 'later' as const)
  const strange = await db.tx(tx => strangeIn(tx, rail, candidate))
  if (strange !== undefined) return wait(because('policy', { fault: strange }))
  // A person may have stopped payouts since, or another worker canceled it.
  if (deadline.leftMs() <= 0) return wait(because('stalled-before-sent'))
  const answer = await rail.broadcast(candidate.raw)
  await world.at('bundle sent')
  if (answer.is === 'done') {
    await db.tx(tx => taken(tx, candidate), 'locks')
    if (fresh) world.log.info({ bundle, txid }, 'payouts sent')
    return fresh ? 'sent' : undefined
  }
  // A lost answer is asked for again by sending the same bytes: they cannot pay twice.
  if (answer.is === 'unsure' || answer.again) return wait(because('said', { said: answer.why }))
  const excuse = await excuseOf(db, rail, candidate)
  if (excuse !== undefined) return wait(because('node-refuses', { said: answer.why, excuse }))
  const news = await db.tx(async tx => {
    await tx.one(sql`select id from bundles where id = ${bundle} ${forUpdate}`)
    const before = await tx.one<{ refusal: string | null }>(
      sql`select refusal from bundle_candidates where id = ${txid}`,
    )
    await tx.run(
      sql`update bundles
        set ${setWhy(because('said', { said: answer.why }))}, next_at = ${later(await tx.now(), sendAgainMs)}
        where id = ${bundle}`,
    )
    await tx.run(sql`update bundle_candidates set refusal = ${answer.why} where id = ${txid}`)
    // A person who has looked and let go is not stopped by the same again, whatever the bundle waited for
    // meanwhile.
    const isNews = before?.refusal !== answer.why
    if (isNews) await stopPayouts(tx, because('node-refuses-ours', { bundle, txid, said: answer.why }))
    return isNews
  }, 'locks')
  if (news)
    world.log.error(
      { bundle, txid, why: answer.why },
      'the node refuses a transaction of ours: payouts are stopped',
    )
  return 'later'
}

/**
 * Why the node may refuse what is right all the same: a block that we have not read may have it, or a coin of
 * it is gone and we know that. The chain then tells what becomes of it, and a coin that somebody else spent
 * has stopped payouts for itself. Undefined where nothing excuses it.
 */
async function excuseOf(
  db: Db,
  rail: ChainRail,
  { bundle_id: id, plan }: CandidateRow,
): Promise<string | undefined> {
  const outpoints = readPlan(plan).inputs.map(({ outpoint }) => outpoint)
  const unread = 'blocks that may have it are not read yet'
  const answer = await rail.unspent(outpoints)
  if (answer.is !== 'done') return unread
  const tip = await db.one<{ hash: string }>(
    sql`select hash from chain_blocks where active = 1 order by height desc limit 1`,
  )
  const waits = await db.one(
    sql`select 1 as yes from inbox where rail = 'bitcoin' and state in ('new', 'waiting') limit 1`,
  )
  const { state } = (await db.one<BundleRow>(sql`select * from bundles where id = ${id}`))!
  if (tip?.hash !== answer.value.hash || waits !== undefined || state === 'mined' || state === 'paid')
    return unread
  for (const outpoint of outpoints) {
    const coin = await db.one<{ state: string; spent_by: string | null; spent_height: bigint | null }>(
      sql`select state, spent_by, spent_height from coins where id = ${outpoint}`,
    )
    if (coin && coin.state !== 'mined')
      return `the payment ${outpoint} that it spends is ${coin.state}: it goes on when that is back in a block`
    if (coin?.spent_height != null)
      return `${coin.spent_by} has spent ${outpoint}: once that lies deep enough, its payouts are held`
  }
  return undefined
}

async function taken(tx: Tx, candidate: CandidateRow): Promise<void> {
  const { id: txid, bundle_id: id } = candidate
  const cause = { why: because('node-has-it'), ref: txid }
  const bundle = (await tx.one<BundleRow>(sql`select * from bundles where id = ${id} ${forUpdate}`))!
  const waits = (await latestOf(tx, id)).state === 'planned'
  // What a better offer waits for stays said.
  const why = waits ? sql`` : sql`${setWhy(null)}, `
  await candidates.move(tx, { id: txid, state: 'signed' }, 'sent', cause)
  if (bundle.state === 'signed') await bundles.move(tx, { id, state: 'signed' }, 'sent', cause)
  await tx.run(
    sql`update bundles set ${why}next_at = ${later(await tx.now(), waits ? signAgainMs : sendAgainMs)}
      where id = ${id}`,
  )
  await tx.run(sql`update bundle_candidates set refusal = null where id = ${txid} and refusal is not null`)
  if (!isCancellation(candidate)) await tellAttempts(tx, id, cause)
}

/** Its orders are on their way. */
async function tellAttempts(tx: Tx, bundleId: string, cause: Cause): Promise<void> {
  const rows = await tx.all<{ id: string; payout_id: string }>(
    sql`select id, payout_id from attempts where bundle_id = ${bundleId} and state = 'sending' order by id`,
  )
  for (const { id, payout_id: payoutId } of rows) {
    await attempts.move(tx, { id, state: 'sending' }, 'sent', cause)
    await payouts.move(tx, { id: payoutId, state: 'sending' }, 'sent', cause, [setWhy(null)])
  }
}
