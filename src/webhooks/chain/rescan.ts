/**
 * Scanning: the chain is read again from a block on, where one was read before an address was known, or
 * reading began too late.
 */
import {
  enterBelow,
  firstRead,
  lookAhead,
  nextOf,
  prepareScripts,
  refresh,
  rereadBlock,
  tipOf,
  type News,
} from '../../chain/chain.ts'
import type { Branch } from '../../rails/chain.ts'
import { sql } from '../../db/db.ts'
import { followChain, keepNews, type FollowParts } from './follow.ts'

export interface Scanned {
  /** Blocks that were read, both ends included. */
  from: number
  to: number
  /** Above what was asked for: what lies below is gone from a pruned node. */
  prunedBelow: number | undefined
  /** Blocks that were not among those read before. */
  entered: number
  /** What was missing: outputs to us, and spendings. */
  coins: number
  spendings: number
  /** Numbers of each branch whose scripts were looked for, from 0 on and without the last. */
  numbers: Record<Branch, number>
}

/** How far it is: `height` of `to`, and what was found so far. */
export type Progress = (height: number, to: number, found: number) => void

const tellEach = 1_000

/**
 * Reads every block from `from` up to our tip once more, and adds coins and spendings that are missing, with
 * the events they would have had. Said twice it changes nothing. `deepest` and `rate` are for what is
 * followed at the tip meanwhile. A string says why it could not go on; what was found until then is kept.
 * Whoever calls holds the lease of those who follow.
 */
export async function scanChain(parts: FollowParts, from: number, tell: Progress): Promise<Scanned | string> {
  const { db, rail, world } = parts
  const info = await rail.info()
  if (info.is !== 'done') return info.why
  const { height: best, headers, syncing, prunedBelow } = info.value
  if (syncing) return `the node is still reading blocks (${best} of ${headers}): scan when it has them`
  if (from > best) return `block ${from} is above the node’s tip, ${best}`
  const start = Math.max(from, prunedBelow)
  await prepareScripts(db, rail)

  // A new database begins at the node's tip, and one whose first block was left behind goes on from below it.
  const begun = (await firstRead(db)) ? undefined : await followChain(parts)
  if (begun?.trouble !== undefined) return `the chain cannot be followed: ${begun.trouble}`
  const entered = await enter(parts, start)
  if (typeof entered === 'string') return entered
  const { trouble } = await followChain(parts)
  if (trouble !== undefined) return `the chain cannot be followed: ${trouble}`

  const to = Number((await tipOf(db))!.height)
  const found: News[] = []
  await refresh(db, parts.watching)
  for (let height = start; height <= to; height++) {
    const news = await reread(parts, height)
    if (typeof news === 'string') return news
    found.push(...news)
    await world.at('block read again')
    if ((height - start) % tellEach === tellEach - 1) tell(height, to, found.length)
  }
  const numbers = {
    receive: lookAhead + (await nextOf(db, 'receive')),
    change: lookAhead + (await nextOf(db, 'change')),
  }
  return {
    ...{ from: start, to, prunedBelow: start > from ? start : undefined, entered, numbers },
    coins: found.filter(({ kind }) => kind.startsWith('coin.')).length,
    spendings: found.filter(({ kind }) => kind.startsWith('spend.')).length,
  }
}

/** Enters headers downwards, so that whoever is interrupted leaves no gap. Answers how many. */
async function enter({ db, rail, world }: FollowParts, from: number): Promise<number | string> {
  let entered = 0
  for (let first = (await firstRead(db))!; Number(first.height) > from; first = (await firstRead(db))!) {
    const header = await rail.header(first.previous)
    if (header.is !== 'done') return header.why
    if (!header.value)
      return `the node does not know block ${first.height - 1n} (${first.previous}): is it another chain?`
    const { value } = header
    if (await db.tx(tx => enterBelow(tx, value))) entered += 1
    await world.at('block entered')
  }
  return entered
}

async function reread(parts: FollowParts, height: number): Promise<News[] | string> {
  const { db, rail, watching } = parts
  const left = `the chain left block ${height} behind while it was read again: scan once more`
  const ours = await db.one<{ hash: string }>(
    sql`select hash from chain_blocks where height = ${height} and active = 1`,
  )
  if (!ours) return left
  const block = await rail.block(ours.hash, watching.watch)
  if (block.is !== 'done') return `block ${height} cannot be read: ${block.why}`
  let found: News[] | undefined
  await keepNews(parts, async tx => {
    found = await rereadBlock(tx, block.value)
    return found ?? []
  })
  return found ?? left
}
