/**
 * Following: a node cannot call us, so the chain is read from the last block we know, and what concerns us
 * enters the same inbox.
 */
import { instant, type World } from '../../base/world.ts'
import {
  connectBlock,
  disconnectBlock,
  holdTurn,
  keepLookedAt,
  keepNodeHeight,
  missWaiting,
  prepareScripts,
  refresh,
  noteWaiting,
  setTrouble,
  takeTurn,
  tipOf,
  turnOf,
  type BlockRow,
  type News,
  type RateAt,
  type Watching,
} from '../../chain/chain.ts'
import type { Answer } from '../../base/answer.ts'
import { chainWasRead, isChainAwaited } from '../../payout/payout.ts'
import type { ChainInfo, ChainRail, Outpoint, ReadBlock } from '../../rails/chain.ts'
import { sql, type Db, type Tx } from '../../db/db.ts'
import { chainArrival } from './event.ts'
import { keepAll } from '../inbox.ts'

/**
 * What a following needs: `deepest` is how many blocks anyone waits for, `rate` what one BTC cost at a time,
 * in BRL cents.
 */
export interface FollowParts {
  db: Db
  rail: ChainRail
  world: World
  watching: Watching
  deepest: number
  rate: RateAt
}

export interface Followed {
  blocks: number
  left: number
  news: number
  /** Why it could not go on; nothing is credited until it can. */
  trouble: string | undefined
}

/** Further back than this no chain has ever gone: a person looks before we unsay what was credited. */
const furthestBack = 100
const mempoolPage = 500

/**
 * Reads what is new on the chain and in the mempool. Ends at the node's tip, or with what keeps it from
 * there.
 */
export async function followChain(parts: FollowParts): Promise<Followed> {
  const followed: Followed = { blocks: 0, left: 0, news: 0, trouble: undefined }
  const trouble = await follow(parts, followed)
  followed.trouble = trouble
  if (await setTrouble(parts.db, trouble)) {
    if (trouble === undefined) parts.world.log.info({}, 'the chain is followed again')
    else parts.world.log.error({ why: trouble }, 'the chain cannot be followed: nothing is credited')
  }
  return followed
}

async function follow(parts: FollowParts, followed: Followed): Promise<string | undefined> {
  const { db, rail } = parts
  const info = await rail.info()
  if (info.is !== 'done') return info.why
  await keepNodeHeight(db, Math.max(info.value.height, info.value.headers))
  if (info.value.syncing)
    return `the node is still reading blocks (${info.value.height} of ${info.value.headers}), so what it shows is old`

  const started = (await tipOf(db)) ?? (await begin(parts, info.value))
  if (typeof started === 'string') return started
  // After a restore numbers were passed over, and what those between may be paid is seen from the first look
  // on.
  if (parts.watching.turn < 0n) await prepareScripts(db, rail)
  const fork = await findFork(parts, started, info.value)
  if (typeof fork === 'string') return fork
  await stepBack(parts, followed, fork)
  return climb(parts, followed, fork.base)
}

/** A new database begins at the node's tip: no address of ours was shown to anyone before. */
async function begin({ db, rail, world }: FollowParts, { hash }: ChainInfo): Promise<BlockRow | string> {
  const header = await rail.header(hash)
  if (header.is !== 'done') return header.why
  if (!header.value) return 'the node does not know its own best block'
  const { height, previous, at } = header.value
  await prepareScripts(db, rail)
  const row = { hash, height: BigInt(height), previous, at }
  // Of two processes that begin at once the second goes on from where the first began.
  const begun = await db.tx(async tx => {
    await holdTurn(tx)
    const there = await tipOf(tx)
    if (!there) await keepBase(tx, row)
    return there ?? row
  }, 'locks')
  world.log.info({ height: Number(begun.height), hash: begun.hash }, 'the chain is followed from here')
  return begun
}

const keepBase = (tx: Tx, { hash, height, previous, at }: BlockRow) =>
  tx.run(sql`
    insert into chain_blocks (hash, height, previous, at, active)
      values (${hash}, ${height}, ${previous}, ${at}, 1)
    on conflict (hash) do update set active = 1`)

interface Fork {
  /** The newest block that both have. */
  base: BlockRow
  /** Blocks of ours that the chain left behind, newest first. */
  left: BlockRow[]
}

/**
 * Where our blocks and the node's part. It only asks: nothing is unsaid before it is known that another chain
 * says otherwise.
 */
async function findFork({ db, rail }: FollowParts, from: BlockRow, info: ChainInfo): Promise<Fork | string> {
  const left: BlockRow[] = []
  for (let tip = from, steps = 0, read = true; ; steps++) {
    const header = await rail.header(tip.hash)
    if (header.is !== 'done') return header.why
    if (header.value?.active) {
      // A chain is only left for one with more work, so a node that shows less of ours has forgotten, or is
      // reading it again.
      if (steps > 0 && tip.hash === info.hash)
        return `the node is at block ${tip.height}, and ${from.height} was read already: it is behind, and what it shows is old`
      return { base: tip, left }
    }
    const ours = await db.one<BlockRow>(
      sql`select hash, height, previous, at from chain_blocks where hash = ${tip.previous}`,
    )
    const before = ours ?? (header.value && (await beforeFirst(rail, tip)))
    if (typeof before === 'string') return before
    if (!before)
      return `the node does not know block ${from.height} (${from.hash}): is it another chain, or was it emptied?`
    if (steps >= furthestBack)
      return `the chain left more than ${furthestBack} blocks behind: a person must look before they are unsaid`
    if (read) left.push(tip)
    read &&= ours !== undefined
    tip = before
  }
}

/** The first block we read was left behind too: what came before it the node knows. */
async function beforeFirst(
  rail: ChainRail,
  { previous: hash }: BlockRow,
): Promise<BlockRow | string | undefined> {
  const header = await rail.header(hash)
  if (header.is !== 'done') return header.why
  return (
    header.value && {
      hash,
      height: BigInt(header.value.height),
      previous: header.value.previous,
      at: header.value.at,
    }
  )
}

/** Gives back the blocks that the chain left behind, newest first. */
async function stepBack(parts: FollowParts, followed: Followed, { base, left }: Fork): Promise<void> {
  if (left.length === 0) return
  const { db, watching, world } = parts
  // First, so that there is a block to go on from at every moment.
  await db.tx(tx => keepBase(tx, base))
  // What was in those blocks may wait again, and is looked at again.
  watching.waiting = new Set()
  for (const { hash, height } of left) {
    world.log.warn({ height: Number(height), hash }, 'a block was left behind by the chain')
    followed.news += await keepNews(parts, tx => disconnectBlock(tx, { hash, height: Number(height) }))
    followed.left += 1
    await world.at('block left behind')
  }
}

/** Reads block after block up to the tip, and then the mempool. */
async function climb(parts: FollowParts, followed: Followed, from: BlockRow): Promise<string | undefined> {
  const { db, rail, world } = parts
  for (let tip = { hash: from.hash, height: Number(from.height) }; ;) {
    const next = await rail.hashAt(tip.height + 1)
    if (next.is !== 'done') return next.why
    if (next.value === undefined) return lookAtMempool(parts, followed, tip.hash)
    // After the block is there, so that every address shown before it was mined is among them.
    const block = await readBlock(parts, next.value)
    if (block.is !== 'done') return block.why
    // The chain turned between two questions: the next look begins with a step back.
    if (block.value.previous !== tip.hash) return undefined
    await world.at('block read')
    followed.news += await keepNews(parts, async tx =>
      connectBlock(tx, block.value, parts.deepest, parts.rate),
    )
    followed.blocks += 1
    await world.at('block kept')
    tip = block.value
    if (followed.blocks % 100 === 0) world.log.info({ height: tip.height }, 'blocks are being caught up')
    await refresh(db, parts.watching)
  }
}

async function readBlock({ db, rail, watching }: FollowParts, hash: string): Promise<Answer<ReadBlock>> {
  await refresh(db, watching)
  return rail.block(hash, watching.watch)
}

async function lookAtMempool(
  parts: FollowParts,
  followed: Followed,
  tipHash: string,
): Promise<string | undefined> {
  const { rail, watching } = parts
  await refresh(parts.db, watching)
  const lookedAt = instant(parts.world.clock.now())
  const present = await rail.mempool()
  if (present.is !== 'done') return present.why
  const fresh = present.value.filter(txid => !watching.waiting.has(txid))
  for (let from = 0; from < fresh.length; from += mempoolPage) {
    const page = fresh.slice(from, from + mempoolPage)
    const waiting = await rail.waiting(page, watching.watch)
    if (waiting.is !== 'done') return waiting.why
    if (waiting.value.length > 0)
      followed.news += await keepNews(parts, async tx => noteWaiting(tx, waiting.value, parts.rate))
    for (const txid of page) watching.waiting.add(txid)
  }
  watching.waiting = new Set(present.value)

  // What left the mempool may be in a block that came meanwhile: only where none came is it gone.
  const after = await rail.info()
  if (after.is !== 'done') return after.why
  if (after.value.hash === tipHash) {
    followed.news += await keepNews(parts, async tx =>
      // Another process may have seen since what came after our list was made.
      (await turnOf(tx)) === watching.turn ? missWaiting(tx, watching.waiting) : [],
    )
    await keepLookedAt(parts.db, lookedAt)
    // A node that knows of blocks it does not have yet is about to say more.
    if (after.value.headers <= after.value.height && (await isChainAwaited(parts.db)))
      await parts.db.tx(chainWasRead, 'locks')
  }
  return undefined
}

/**
 * Facts, their events and the turn are one transaction: a process that dies in between begins again where it
 * was.
 */
export async function keepNews(
  { db, watching, world }: Pick<FollowParts, 'db' | 'watching' | 'world'>,
  look: (tx: Tx) => Promise<News[]>,
): Promise<number> {
  const { news, turn } = await db.tx(async tx => {
    await holdTurn(tx)
    const found = await look(tx)
    if (found.length === 0) return { news: found, turn: watching.turn }
    const mine = await takeTurn(tx)
    const now = await tx.now()
    await keepAll(
      tx,
      found.map(each => chainArrival(each, mine, now)),
    )
    return { news: found, turn: mine }
  }, 'locks')
  // Ours alone: had another process followed meanwhile, the turn would be more than one further.
  if (turn === watching.turn + 1n) watching.turn = turn
  const fresh = news.filter(({ kind, raw }) => kind.startsWith('coin.') && raw).map(({ coin }) => coin)
  for (const coin of fresh) watching.watch.addOutpoint(coin)
  await inputsOf(db, watching, fresh)
  for (const { kind, coin, txid } of news)
    if (kind !== 'coin.confirmed' && kind !== 'spend.confirmed')
      world.log.info({ kind, coin, ...(txid !== undefined && { txid }) }, 'the chain moved')
  return news.length
}

/** What the payers of new coins spend is watched too: another spending of it is how one is replaced. */
async function inputsOf(db: Db, { watch }: Watching, coins: Outpoint[]): Promise<void> {
  for (const coin of coins) {
    const rows = await db.all<{ outpoint: Outpoint }>(
      sql`select i.outpoint from coin_inputs i join coins c on c.txid = i.txid where c.id = ${coin}`,
    )
    for (const { outpoint } of rows) watch.addOutpoint(outpoint)
  }
}
