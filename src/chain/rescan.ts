/**
 * Reading again: blocks that lie below the first one read are entered, and any block may be read once more.
 * The tip stays where it is.
 */
import type { BlockHeader, ReadBlock } from '../rails/chain.ts'
import { sql, type Reader, type Tx } from '../db/db.ts'
import { takeTransactions, type News } from './blocks.ts'
import type { BlockRow } from './row.ts'

/** The lowest block we have read. */
export const firstRead = (reader: Reader) =>
  reader.one<BlockRow>(
    sql`select hash, height, previous, at from chain_blocks where active = 1 order by height limit 1`,
  )

/**
 * Enters the block just below the first one read, so that the chain of blocks has no gap at any moment. False
 * where another was entered meanwhile.
 */
export async function enterBelow(
  tx: Tx,
  { hash, height, previous, at }: Omit<BlockHeader, 'active'>,
): Promise<boolean> {
  if ((await firstRead(tx))?.previous !== hash) return false
  await tx.run(sql`
    insert into chain_blocks (hash, height, previous, at, active)
      values (${hash}, ${height}, ${previous}, ${at}, 1)
    on conflict (hash) do update set active = 1`)
  return true
}

/**
 * Takes a block of ours once more, and tells what was missing. Undefined where the chain has left it
 * meanwhile. What a BTC cost then is not known now.
 */
export async function rereadBlock(tx: Tx, block: ReadBlock): Promise<News[] | undefined> {
  const ours = await tx.one(sql`select 1 as yes from chain_blocks where hash = ${block.hash} and active = 1`)
  return ours ? takeTransactions(tx, block, undefined) : undefined
}
