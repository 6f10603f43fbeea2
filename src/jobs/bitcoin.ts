/**
 * The Bitcoin rail's part of the day: rates, following the chain, what time alone decides, and bundles of
 * payouts.
 */
import { because } from '../base/reasons.ts'
import type { ConfirmationRule } from '../base/bitcoinSettings.ts'
import { clockTrouble, millis, type Instant, type World } from '../base/world.ts'
import {
  chainLookedAt,
  chainTrouble,
  holdNext,
  isJustLookedAt,
  takeAddress,
  tipOf,
  type Watching,
} from '../chain/chain.ts'
import { requestDrafts, type InvoiceRow } from '../invoice/invoice.ts'
import {
  bumpBundles,
  cancelBundle,
  type PayoutRefusal,
  isChainUnread,
  planBundle,
  sendBundles,
  type BundlesSent,
  type BundleTerms,
  type Canceled,
} from '../payout/payout.ts'
import type { ChainRail } from '../rails/chain.ts'
import { goodRateAt, refreshRates, type Agreement, type RateSource } from '../rates/rates.ts'
import { forUpdate, sql, type Cause, type Db, type Tx } from '../db/db.ts'
import {
  followChain,
  restand,
  restandOwedAgain,
  scanChain,
  type ChainTerms,
  type Followed,
  type Progress,
  type Scanned,
} from '../webhooks/webhooks.ts'

/** What the Bitcoin rail needs beside itself. */
export interface BitcoinSetup {
  terms: ChainTerms
  bundles: Omit<BundleTerms, 'change' | 'payoutDepth'>
  /** How deep a payment must lie, by what it is worth. */
  confirmations: readonly ConfirmationRule[]
  sources: readonly RateSource[]
  agreement: Agreement & { sources: readonly string[] }
  /** This process's memory of what it watches. */
  watching: Watching
  /** Seconds between two looks at the node. */
  pollSeconds: number
}

interface Parts {
  db: Db
  rail: ChainRail
  bitcoin: BitcoinSetup
  world: World
}

/** Gives drafts their addresses. */
export const issueRequests = ({ db, rail, world }: Parts, batchTag?: string): Promise<number> =>
  requestDrafts(
    db,
    { takeAddress: (tx, id) => takeAddress(tx, rail, 'receive', id), uri: rail.uri },
    world,
    batchTag,
  )

/** Reads the chain up to its tip. */
export const follow = (parts: Parts): Promise<Followed> => followChain(following(parts))

/** Reads it again from a block on, or says why it could not. */
export const scan = (parts: Parts, from: number, tell: Progress): Promise<Scanned | string> =>
  scanChain(following(parts), from, tell)

const following = ({ db, rail, bitcoin, world }: Parts) => ({
  ...{ db, rail, world, watching: bitcoin.watching },
  deepest: deepestOf(bitcoin),
  rate: async (tx: Tx, at: Instant) => {
    const rate = await goodRateAt(tx, millis(at), world.clock.now(), bitcoin.agreement)
    return rate.is === 'rate' ? rate.price : undefined
  },
})

const deepestOf = ({ confirmations, terms }: BitcoinSetup) =>
  Math.max(terms.payoutDepth, ...confirmations.map(rule => rule.confirmations))

export const askRates = ({ db, bitcoin, world }: Parts) => refreshRates(db, bitcoin.sources, world)

const atOnce = 500

/**
 * What time alone decides: requests nobody paid are over, and what was paid in part goes to a person. It is
 * decided as of the last look at the chain: what came while nobody looked may have come in time. Answers how
 * many moved.
 */
export async function passTime({ db, bitcoin, world }: Parts): Promise<number> {
  // A payment may lie in a block that could not be read yet, and what is over is over by a clock that is
  // right.
  if (
    clockTrouble(world) !== undefined ||
    (await chainTrouble(db)) !== undefined ||
    (await isChainUnread(db))
  )
    return 0
  const lookedAt = await chainLookedAt(db)
  if (lookedAt === undefined) return 0
  const due = await db.tx(async tx => {
    const now = lookedAt
    return tx.all<{ id: string }>(sql`
      select id from invoices where rail = 'bitcoin' and ((state = 'issued' and due_at < ${now})
        or (state = 'underpaid' and watch_until < ${now}))
      order by id limit ${atOnce}`)
  })
  let moved = 0
  for (const { id } of due)
    moved += await db.tx(async tx => {
      const row = await tx.one<InvoiceRow>(sql`select * from invoices where id = ${id} ${forUpdate}`)
      const { state } = await restand(tx, { world, chain: bitcoin.terms }, row!, {
        why: because('time-has-passed'),
      })
      return state === row!.state ? 0 : 1
    }, 'locks')
  return moved
}

const bundleTerms = ({ rail, bitcoin }: Pick<Parts, 'rail' | 'bitcoin'>): BundleTerms => ({
  ...bitcoin.bundles,
  payoutDepth: bitcoin.terms.payoutDepth,
  change: { hold: tx => holdNext(tx, 'change'), take: tx => takeAddress(tx, rail, 'change') },
})

/**
 * A person cancels a bundle; what may be signed already is spent to ourselves first.
 */
export async function cancel(
  parts: Parts,
  id: string,
  act: { by: string; why: string },
): Promise<Canceled | PayoutRefusal> {
  const { db, rail, world, bitcoin } = parts
  const [tip, rate] = [await tipOf(db), await rail.feeRate()]
  if (!tip || rate.is !== 'done')
    return { is: 'node-silent', said: rate.is === 'done' ? undefined : rate.why }
  const owedAgain = (tx: Tx, cause: Cause) => restandOwedAgain(tx, { world, chain: bitcoin.terms }, id, cause)
  return cancelBundle(
    db,
    rail,
    world,
    bundleTerms(parts),
    { height: tip.height, feeRate: rate.value },
    id,
    act,
    owedAgain,
  )
}

/**
 * Bundles what is due, has it signed where the wallet may, sends it, and offers more where a transaction
 * waits too long.
 */
export async function sendCoins({ db, rail, bitcoin, world }: Parts): Promise<Record<string, number>> {
  const terms = bundleTerms({ rail, bitcoin })
  const [trouble, tip] = [await chainTrouble(db), await tipOf(db)]
  const unread = await isChainUnread(db)
  if (clockTrouble(world) !== undefined) return {}
  // A chain that cannot be followed may hold what we would spend again.
  const isFollowed = trouble === undefined && tip && !unread
  let planned = { bundled: 0, bumped: 0 }
  let sent: BundlesSent
  try {
    if (isFollowed && (await worthAsking(db))) planned = await planAndBump({ db, rail, world }, terms, tip)
  } finally {
    // Whatever a plan or a better offer fails for, what is signed is sent, and sent again.
    sent = await sendBundles(db, rail, world, (tx, id, cause) =>
      restandOwedAgain(tx, { world, chain: bitcoin.terms }, id, cause),
    )
  }
  return { bundled: planned.bundled, ...sent, bumped: planned.bumped }
}

async function planAndBump(
  { db, rail, world }: Omit<Parts, 'bitcoin'>,
  terms: BundleTerms,
  { hash, height }: { hash: string; height: bigint },
) {
  const rate = await rail.feeRate()
  await world.at('fee rate asked')
  if (rate.is !== 'done') {
    world.log.warn({ why: rate.why }, 'the node gives no fee rate: payouts wait')
    return { bundled: 0, bumped: 0 }
  }
  // After a while in which nobody looked, a block may have paid what is owed here, or spent what would pay
  // it.
  const best = await rail.info()
  if (best.is !== 'done' || (await hasNews(db))) return { bundled: 0, bumped: 0 }
  if (best.value.hash !== hash && !(await isJustLookedAt(db, await db.tx(tx => tx.now()))))
    return { bundled: 0, bumped: 0 }
  const now = { height, feeRate: rate.value, feeNote: rail.feeNote?.() }
  const planning = await planBundle(db, rail, world, terms, now)
  return {
    bundled: planning.is === 'planned' ? planning.payouts : 0,
    bumped: await bumpBundles(db, rail, world, terms, now),
  }
}

/** Whether the chain has told what is not settled yet. */
const hasNews = async (db: Db): Promise<boolean> =>
  (await db.one(sql`select 1 as yes from inbox where state = 'new' and rail = 'bitcoin' limit 1`)) !==
  undefined

/** Whether anything is due or under way, so that an idle installation asks the node for nothing. */
async function worthAsking(db: Db): Promise<boolean> {
  const now = await db.tx(tx => tx.now())
  const found = await db.one(sql`
    select 1 as yes from payouts where rail = 'bitcoin' and state in ('owed', 'waiting') and next_at <= ${now}
    union all select 1 as yes from bundles where state in ('signed', 'sent') limit 1`)
  return found !== undefined
}
