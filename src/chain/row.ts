/** Coins: outputs to scripts of ours, as the chain shows them now; each late truth is an arrow. */
import type { Machine, StateOf } from '../base/machine.ts'
import type { Instant } from '../base/world.ts'
import { coinbaseDepth, type Branch, type Outpoint } from '../rails/chain.ts'
import { stateTable, sql, type Reader } from '../db/db.ts'

/**
 * `conflicted`: another transaction that spends the same is in a block. `replaced`: one is in the mempool.
 * `dropped`: the node forgot it.
 */
export const coinMachine = {
  seen: ['mined', 'dropped', 'replaced', 'conflicted'],
  mined: ['orphaned'],
  orphaned: ['seen', 'mined', 'dropped', 'replaced', 'conflicted'],
  dropped: ['seen', 'mined', 'replaced', 'conflicted'],
  replaced: ['seen', 'mined', 'dropped', 'conflicted'],
  conflicted: ['seen', 'mined', 'dropped', 'replaced'],
} as const satisfies Machine
export type CoinState = StateOf<typeof coinMachine>
export const coins = stateTable('coins', coinMachine)

export type CoinRow = {
  id: Outpoint
  txid: string
  units: bigint
  branch: Branch
  number: bigint
  invoice_id: string | null
  state: CoinState
  /** When it was first heard of; of one that came in a block unseen, the block's own time. */
  first_seen_at: Instant
  /** 1 of what a miner got for a block: it may be spent `coinbaseDepth` deep. */
  coinbase: bigint
  /** What one BTC cost then, in BRL cents, where a rate was to be had. */
  rate_units: bigint | null
  /** The block it lies in; of one that is `conflicted` the block that shut it out. */
  block_hash: string | null
  height: bigint | null
  /**
   * The transaction that spends it, and the block that has it; without the height it waits in the mempool.
   */
  spent_by: string | null
  spent_height: bigint | null
  /** How often each was done and undone: odd means that it stands so now. */
  bookings: bigint
  credits: bigint
  spendings: bigint
  payout_id: string | null
  /** What of it refunds of ours give back. */
  refunded_units: bigint
  /** How often a refund made by hand was booked and taken back. */
  refund_bookings: bigint
  changed_at: Instant
}

export type BlockRow = { hash: string; height: bigint; previous: string; at: Instant }

/** The last block that was read, or undefined before the first. */
export const tipOf = (reader: Reader) =>
  reader.one<BlockRow>(
    sql`select hash, height, previous, at from chain_blocks where active = 1 order by height desc limit 1`,
  )

export const coinsOf = (reader: Reader, invoiceId: string) =>
  reader.all<CoinRow>(sql`select * from coins where invoice_id = ${invoiceId} order by first_seen_at, id`)

/** How many blocks deep a coin lies: 0 where it is in none, 1 in the newest. */
export const depthOf = (coin: Pick<CoinRow, 'state' | 'height'>, tip: bigint | undefined): bigint =>
  coin.state === 'mined' && coin.height !== null && tip !== undefined ? tip - coin.height + 1n : 0n

/** How deep it must lie to be spent, beside what we ask for ourselves. */
export const ripeDepthOf = ({ coinbase }: Pick<CoinRow, 'coinbase'>): number =>
  coinbase === 1n ? coinbaseDepth : 1

/** What of it is there to be counted: less what is given back. */
export const leftOf = ({
  units,
  refunded_units: refunded,
}: Pick<CoinRow, 'units' | 'refunded_units'>): bigint => units - refunded
