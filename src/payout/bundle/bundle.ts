/**
 * A bundle: payouts that go out together, as a group of transactions that spend the same coins, so that one
 * of them at most is ever mined.
 */
import { shareFee } from '../../base/money.ts'
import type { Instant } from '../../base/world.ts'
import {
  coinbaseDepth,
  type Branch,
  type Coin,
  type KeptPlan,
  type Outpoint,
  type Plan,
} from '../../rails/chain.ts'
import { forUpdate, sql, type Reader, type Tx } from '../../db/db.ts'
import type { BundleState, CandidateState } from '../states.ts'

export type BundleRow = {
  id: string
  state: BundleState
  booked: string | null
  bookings: bigint
  why: string | null
  reason: string | null
  detail: string | null
  next_at: Instant
  added_at: Instant
  changed_at: Instant
}

export type CandidateRow = {
  /** The txid. */
  id: string
  bundle_id: string
  number: bigint
  plan: string
  fee_units: bigint
  house_units: bigint
  size: bigint
  state: CandidateState
  raw: Uint8Array | null
  signed_at: Instant | null
  signed_height: bigint | null
  /** Since when a signature of it may exist; null where nobody was ever given it to sign. */
  handed_at: Instant | null
  added_at: Instant
  height: bigint | null
}

export type OutputRow = {
  candidate_id: string
  attempt_id: string
  units: bigint
  fee_units: bigint
  address: string
}

export const findBundle = (reader: Reader, id: string) =>
  reader.one<BundleRow>(sql`select * from bundles where id = ${id}`)
export const candidatesOf = (reader: Reader, bundleId: string) =>
  reader.all<CandidateRow>(sql`select * from bundle_candidates where bundle_id = ${bundleId} order by number`)
export const outputsOf = (reader: Reader, candidateId: string) =>
  reader.all<OutputRow>(
    sql`select * from bundle_outputs where candidate_id = ${candidateId} order by attempt_id`,
  )

/** The transaction that is wanted now: the last one planned that no other of its bundle has shut out. */
export const latestOf = async (reader: Reader, bundleId: string): Promise<CandidateRow> =>
  (await reader.one<CandidateRow>(sql`
    select * from bundle_candidates where bundle_id = ${bundleId} and state <> 'replaced' order by number desc
      limit 1`))!

/** What is in a mempool or should be, the best offer first: those whose bytes are kept. */
export const signedOf = (reader: Reader, bundleId: string) =>
  reader.all<CandidateRow & { raw: Uint8Array }>(sql`
    select * from bundle_candidates where bundle_id = ${bundleId} and state in ('signed', 'sent')
      order by number desc`)

/** A plan as it is kept: JSON, with money as text and scripts in hex. */
export const planText = (plan: Plan): string =>
  JSON.stringify(plan, function (this: Record<string, unknown>, key) {
    // Not what the replacer is handed: a Buffer has been made into something else by then.
    const value = this[key]
    if (typeof value === 'bigint') return { units: value.toString() }
    return value instanceof Uint8Array ? { hex: Buffer.from(value).toString('hex') } : value
  })

export function readPlan(text: string): Plan {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    if ('units' in value && typeof value.units === 'string' && Object.keys(value).length === 1)
      return BigInt(value.units)
    if ('hex' in value && typeof value.hex === 'string' && Object.keys(value).length === 1)
      return Uint8Array.from(Buffer.from(value.hex, 'hex'))
    return value
  }) as Plan
}

export const keptPlan = ({ plan, raw }: Pick<CandidateRow, 'plan' | 'raw'>): KeptPlan => ({
  plan: readPlan(plan),
  raw,
})

/** One order of an output: what is owed by it. */
export interface Share {
  attemptId: string
  address: string
  units: bigint
}

/**
 * Writes one more transaction of a bundle, with what it pays to whom: `shares` by the key of their output,
 * whose fee they share.
 */
export async function keepCandidate(
  tx: Tx,
  bundleId: string,
  plan: Plan,
  shares: ReadonlyMap<string, readonly Share[]>,
): Promise<void> {
  const now = await tx.now()
  const number = ((await candidatesOf(tx, bundleId)).at(-1)?.number ?? 0n) + 1n
  await tx.run(sql`
    insert into bundle_candidates (id, bundle_id, number, plan, fee_units, house_units, size, state, added_at,
      changed_at)
    values (${plan.txid}, ${bundleId}, ${number}, ${planText(plan)}, ${plan.feeUnits}, ${plan.houseUnits},
      ${plan.size}, 'planned', ${now}, ${now})`)
  const own = await tx.all<{ outpoint: Outpoint }>(
    sql`select outpoint from bundle_coins where bundle_id = ${bundleId}`,
  )
  // A coin of another bundle breaks the key, and then nothing of this is kept.
  for (const { outpoint } of plan.inputs)
    if (!own.some(coin => coin.outpoint === outpoint))
      await tx.run(sql`insert into bundle_coins (outpoint, bundle_id) values (${outpoint}, ${bundleId})`)
  for (const { key, feeShare } of plan.outputs) {
    if (key === undefined) continue
    const orders = shares.get(key)!.map(({ attemptId, ...share }) => ({ key: attemptId, ...share }))
    const fees = shareFee(feeShare, orders)
    for (const [place, { key: attemptId, units, address }] of orders.entries())
      await tx.run(sql`
        insert into bundle_outputs (candidate_id, attempt_id, units, fee_units, address)
        values (${plan.txid}, ${attemptId}, ${units - fees[place]!}, ${fees[place]!}, ${address})`)
  }
}

/** In which block each transaction was mined whose coins a bundle spends, by txid. */
export async function minedIn(reader: Reader, bundleId: string): Promise<Map<string, string>> {
  const rows = await reader.all<{ txid: string; block_hash: string }>(sql`
    select c.txid, c.block_hash from bundle_coins b join coins c on c.id = b.outpoint
    where b.bundle_id = ${bundleId} and c.block_hash is not null order by c.id`)
  return new Map(rows.map(({ txid, block_hash: block }) => [txid, block]))
}

/** Coins that may be spent now: ours, deep enough, spent by nobody and reserved by no bundle. */
export async function spendable(reader: Reader, tip: bigint, depth: number): Promise<Coin[]> {
  const rows = await reader.all<{ id: Outpoint; units: bigint; branch: Branch; number: bigint }>(sql`
    select id, units, branch, number from coins
    where state = 'mined' and spent_by is null and height <= ${tip - BigInt(depth) + 1n} and units > 0
      and (coinbase = 0 or height <= ${tip - BigInt(coinbaseDepth) + 1n})
      and id not in (select outpoint from bundle_coins) order by height, id limit 2000`)
  return rows.map(({ id, units, branch, number }) => ({ outpoint: id, units, branch, index: Number(number) }))
}

/**
 * From here on a signature of it may exist, whatever comes back. False where its bundle has ended, and then
 * it is given to nobody.
 */
export async function markHanded(
  tx: Tx,
  { id, bundle_id: bundleId }: Pick<CandidateRow, 'id' | 'bundle_id'>,
): Promise<boolean> {
  const bundle = await tx.one<BundleRow>(sql`select * from bundles where id = ${bundleId} ${forUpdate}`)
  if (bundle?.state !== 'planned' && bundle?.state !== 'signed' && bundle?.state !== 'sent') return false
  await tx.run(
    sql`update bundle_candidates set handed_at = ${await tx.now()} where id = ${id} and handed_at is null`,
  )
  return true
}
