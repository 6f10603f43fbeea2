/**
 * Blocks and the mempool as facts: which coins are there, and which are not any more. Each change is told,
 * and what becomes of it is decided elsewhere.
 */
import { because } from '../base/reasons.ts'
import { millis, type Instant } from '../base/world.ts'
import {
  coinbaseDepth,
  nothingSpent,
  type BlockHeader,
  type Outpoint,
  type ReadBlock,
  type Tx as ChainTx,
} from '../rails/chain.ts'
import { remember, sql, type Cause, type Tx } from '../db/db.ts'
import type { ScriptRow } from './addresses.ts'
import { tipOf, type CoinRow, type CoinState, coins } from './row.ts'

/** Something the chain did to a coin, or with one. */
export interface News {
  kind:
    | 'coin.seen'
    | 'coin.mined'
    | 'coin.confirmed'
    | 'coin.orphaned'
    | 'coin.dropped'
    | 'coin.replaced'
    | 'coin.conflicted'
    | 'spend.seen'
    | 'spend.mined'
    | 'spend.confirmed'
    | 'spend.orphaned'
  coin: Outpoint
  /** What spends it, replaced it or was mined in its place. */
  txid?: string
  block?: { hash: string; height: number }
  /** The serialised transaction, where it is new to us. */
  raw?: Uint8Array
}

/** What one BTC cost at that time, in BRL cents, where it is known. */
export type RateAt = (tx: Tx, at: Instant) => Promise<bigint | undefined>

/** Takes the block after our tip. Coins of up to `deepest` blocks tell that they lie one deeper. */
export async function connectBlock(
  tx: Tx,
  block: ReadBlock,
  deepest: number,
  rateAt: RateAt,
): Promise<News[]> {
  const { hash, height, previous, at } = block
  // Of two processes that follow at once the second finds it done.
  if ((await tipOf(tx))?.hash !== previous) return []
  await tx.run(sql`
    insert into chain_blocks (hash, height, previous, at, active)
      values (${hash}, ${height}, ${previous}, ${at}, 1)
    on conflict (hash) do update set active = 1`)
  const rate = block.touching.length === 0 ? undefined : await rateAt(tx, block.at)
  return [...(await takeTransactions(tx, block, rate)), ...(await deeper(tx, { hash, height }, deepest))]
}

/**
 * Takes what a block's transactions bring us and spend of ours. What is known already changes nothing, and is
 * not told.
 */
export async function takeTransactions(
  tx: Tx,
  { hash, height, at, touching }: ReadBlock,
  rate: bigint | undefined,
): Promise<News[]> {
  const news: News[] = []
  const place = { hash, height }
  for (const each of touching) {
    news.push(...(await spendings(tx, each, place)))
    news.push(...(await receipts(tx, each, { block: place, at, rate })))
  }
  return news
}

/** Gives back our tip, which the chain left behind. */
export async function disconnectBlock(
  tx: Tx,
  { hash, height }: Pick<BlockHeader, 'hash' | 'height'>,
): Promise<News[]> {
  const place = { hash, height }
  if ((await tipOf(tx))?.hash !== hash) return []
  await tx.run(sql`update chain_blocks set active = 0 where hash = ${hash}`)
  const news: News[] = []
  const spent = await tx.all<{ id: Outpoint; spent_by: string }>(
    sql`select id, spent_by from coins where spent_height = ${height} order by id`,
  )
  for (const { id, spent_by: txid } of spent) {
    await tx.run(sql`update coins set spent_height = null, spent_by = null where id = ${id}`)
    news.push({ kind: 'spend.orphaned', coin: id, txid, block: place })
  }
  const mined = await tx.all<CoinRow>(
    sql`select * from coins where block_hash = ${hash} and state = 'mined' order by id`,
  )
  for (const coin of mined) {
    await step(
      tx,
      coin,
      'orphaned',
      { why: because('block-left', { height: `${height}` }), ref: hash },
      undefined,
    )
    news.push({ kind: 'coin.orphaned', coin: coin.id, block: place })
  }
  const freed = await tx.all<CoinRow>(
    sql`select * from coins where block_hash = ${hash} and state = 'conflicted' order by id`,
  )
  for (const coin of freed) {
    await step(
      tx,
      coin,
      'dropped',
      { why: because('shutting-block-left', { height: `${height}` }), ref: hash },
      undefined,
    )
    news.push({ kind: 'coin.dropped', coin: coin.id, block: place })
  }
  return news
}

const nodeSecondMs = 1_000

/** Takes transactions that wait in the node's mempool. Those we have seen there before change nothing. */
export async function noteWaiting(tx: Tx, waiting: ChainTx[], rateAt: RateAt): Promise<News[]> {
  const news: News[] = []
  const now = await tx.now()
  for (const each of waiting) {
    // Whoever paid in time is not late because we were away: the node's word counts, and what it was worth
    // then. It counts in whole seconds, so what it saw just now we know better.
    const at =
      each.seenAt !== undefined && millis(each.seenAt) < millis(now) - nodeSecondMs ? each.seenAt : now
    const rate = await rateAt(tx, at)
    news.push(...(await spendings(tx, each, undefined)))
    news.push(...(await receipts(tx, each, { block: undefined, at, rate })))
  }
  return news
}

/**
 * What was seen waiting, is in no block and waits no more was dropped. A spending that is gone is forgotten;
 * what a bundle of ours spends stays its own.
 */
export async function missWaiting(tx: Tx, present: ReadonlySet<string>): Promise<News[]> {
  const news: News[] = []
  const gone = (
    await tx.all<CoinRow>(sql`select * from coins where state in ('seen', 'orphaned') order by id`)
  ).filter(({ txid }) => !present.has(txid))
  for (const coin of gone) {
    await step(tx, coin, 'dropped', { why: because('node-forgot') }, undefined)
    news.push({ kind: 'coin.dropped', coin: coin.id })
  }
  const unspent = await tx.all<{ id: Outpoint; spent_by: string; uncounted: bigint }>(sql`
    select id, spent_by, cast(case when invoice_id is not null and credits % 2 = 0
      and spent_by not in (select id from bundle_candidates)
      then 1 else 0 end as bigint) as uncounted
    from coins where spent_by is not null and spent_height is null order by id`)
  for (const { id, spent_by: txid, uncounted } of unspent.filter(({ spent_by: by }) => !present.has(by))) {
    await tx.run(sql`update coins set spent_by = null where id = ${id} and spent_by = ${txid}`)
    // Somebody was about to take a payment that waits for a person: it is there again to be decided about.
    if (uncounted === 1n) news.push({ kind: 'spend.orphaned', coin: id, txid })
  }
  return news
}

interface Sighting {
  /** Undefined while it waits. */
  block: { hash: string; height: number } | undefined
  at: Instant
  rate: bigint | undefined
}

async function receipts(
  tx: Tx,
  { txid, outputs, inputs, raw }: ChainTx,
  { block, at, rate }: Sighting,
): Promise<News[]> {
  const news: News[] = []
  const now = await tx.now()
  const isReward = inputs.some(({ outpoint }) => outpoint === nothingSpent)
  for (const [vout, { units, script }] of outputs.entries()) {
    // It pays nothing, and would make a request look paid in part.
    if (units === 0n) continue
    const ours = await tx.one<ScriptRow>(sql`select * from chain_scripts where script = ${script}`)
    if (!ours) continue
    const id: Outpoint = `${txid}:${vout}`
    const state = block ? 'mined' : 'seen'
    const cause: Cause = block
      ? { why: because('in-block', { height: `${block.height}` }), ref: block.hash }
      : { why: because('in-mempool'), ref: txid }
    const known = await tx.one<CoinRow>(sql`select * from coins where id = ${id}`)
    const kind = `coin.${state}` as const
    if (known) {
      if (known.state === state || (state === 'seen' && known.state === 'mined')) continue
      await step(tx, known, state, cause, block)
    } else {
      const firstSeenAt = at < now ? at : now
      await tx.run(sql`
        insert into coins (id, txid, units, branch, number, invoice_id, state, first_seen_at, coinbase,
          rate_units, block_hash, height, changed_at)
        values (${id}, ${txid}, ${units}, ${ours.branch}, ${ours.number}, ${ours.invoice_id}, ${state},
          ${firstSeenAt}, ${isReward ? 1 : 0},
          ${rate ?? null},
          ${block?.hash ?? null}, ${block?.height ?? null}, ${now})`)
      await remember(tx, 'coins', id, '', state, cause, now)
      for (const { outpoint } of isReward ? [] : inputs)
        await tx.run(
          sql`insert into coin_inputs (outpoint, txid) values (${outpoint}, ${txid}) on conflict do nothing`,
        )
    }
    news.push({ kind, coin: id, ...(block && { block }), ...(known ? {} : { raw }) })
  }
  return news
}

/** What a transaction spends of ours, and which others that pay us it shuts out. */
async function spendings(tx: Tx, { txid, inputs, raw }: ChainTx, block: Sighting['block']): Promise<News[]> {
  const news: News[] = []
  for (const { outpoint } of inputs) {
    if (outpoint === nothingSpent) continue
    const coin = await tx.one<CoinRow>(sql`select * from coins where id = ${outpoint}`)
    const settled = coin?.spent_height !== null && !block
    if (coin && !settled && (coin.spent_by !== txid || (block && coin.spent_height === null))) {
      await tx.run(
        sql`update coins set spent_by = ${txid}, spent_height = ${block?.height ?? null}
          where id = ${outpoint}`,
      )
      news.push({
        kind: block ? 'spend.mined' : 'spend.seen',
        coin: outpoint,
        txid,
        raw,
        ...(block && { block }),
      })
    }
    const others = await tx.all<CoinRow>(sql`
      select c.* from coins c join coin_inputs i on i.txid = c.txid where i.outpoint = ${outpoint}
        and i.txid <> ${txid} and c.state <> 'mined' order by c.id`)
    for (const other of others) {
      const to = block ? 'conflicted' : 'replaced'
      if (other.state === to || other.state === 'conflicted') continue
      await step(
        tx,
        other,
        to,
        {
          why: block ? because('spent-the-same', { height: `${block.height}` }) : because('payer-replaced'),
          ref: txid,
        },
        block,
      )
      news.push({ kind: `coin.${to}`, coin: other.id, txid, ...(block && { block }) })
    }
  }
  return news
}

/**
 * Coins and spendings that a new block buries one deeper, as far as anyone waits for it; and rewards that may
 * be spent from now on.
 */
async function deeper(tx: Tx, block: { hash: string; height: number }, deepest: number): Promise<News[]> {
  const from = block.height - deepest + 1
  const coins = await tx.all<{ id: Outpoint }>(sql`
    select id from coins where state in ('mined', 'conflicted') and invoice_id is not null
      and ((height >= ${from} and height < ${block.height}) or (coinbase = 1
        and height = ${block.height - coinbaseDepth + 1})) order by id`)
  const spent = await tx.all<{ id: Outpoint; spent_by: string }>(sql`
    select id, spent_by from coins where spent_height >= ${from} and spent_height < ${block.height}
      order by id`)
  return [
    ...coins.map(({ id }) => ({ kind: 'coin.confirmed', coin: id, block }) as const),
    ...spent.map(({ id, spent_by: txid }) => ({ kind: 'spend.confirmed', coin: id, txid, block }) as const),
  ]
}

async function step(
  tx: Tx,
  coin: CoinRow,
  to: CoinState,
  cause: Cause,
  block: Sighting['block'],
): Promise<void> {
  const also = [sql`block_hash = ${block?.hash ?? null}`, sql`height = ${block?.height ?? null}`]
  await coins.move(tx, coin, to, cause, also)
}
