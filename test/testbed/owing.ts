/**
 * An installation that owes: payments that came and lie deep, and blocks that hold what a story wants and
 * nothing else.
 */
import { readPlan, type CandidateRow, type OutputRow } from '../../src/payout/bundle/bundle.ts'
import { type BundleRow, type PayoutRow } from '../../src/payout/payout.ts'
import type { Plan } from '../../src/rails/chain.ts'
import { sql } from '../../src/db/db.ts'
import type { ChainInstallation } from './chainInstallation.ts'
import { addAccount, approveAccount } from './acts.ts'

/** An approved account of that name. */
export async function openAccount(
  { db, world }: ChainInstallation,
  name: string,
  destination: string,
): Promise<void> {
  await addAccount(db, world, name, { kind: 'bitcoin', holder: name, destination }, 'maker')
  await approveAccount(db, name, 'checker')
}

/**
 * Requests of those satoshis, paid in as many parts as are named, and credited; answers the payouts, in the
 * order of the requests.
 */
export async function owing(
  installation: ChainInstallation,
  asked: { units: bigint; payTo?: string; parts?: bigint[] }[],
): Promise<PayoutRow[]> {
  const ids: string[] = []
  for (const { units, payTo = 'main', parts = [units] } of asked) {
    const [request] = await installation.issue({ units, payTo })
    for (const part of parts) await installation.pay(request!.provider_id!, part)
    ids.push(request!.id)
  }
  await installation.look()
  await installation.bury(6)
  const found = async () => {
    const payouts = await installation.payouts()
    return ids.flatMap(id => payouts.find(({ invoice_id: invoice }) => invoice === id) ?? [])
  }
  // What one look leaves to the next, as when a node is slow to show a block, is not what these stories are
  // about.
  for (let looks = 0; looks < 5 && (await found()).length < ids.length; looks++) await installation.look()
  return found()
}

export interface Offer extends CandidateRow {
  read: Plan
  outputs: OutputRow[]
}

/** Every bundle with its transactions, oldest first. */
export async function bundlesOf({ db }: ChainInstallation): Promise<(BundleRow & { offers: Offer[] })[]> {
  const bundles = await db.all<BundleRow>(sql`select * from bundles order by added_at, id`)
  return Promise.all(
    bundles.map(async bundle => {
      const rows = await db.all<CandidateRow>(
        sql`select * from bundle_candidates where bundle_id = ${bundle.id} order by number`,
      )
      const offers = rows.map(async row => ({
        ...row,
        read: readPlan(row.plan),
        outputs: await db.all<OutputRow>(
          sql`select * from bundle_outputs where candidate_id = ${row.id} order by attempt_id`,
        ),
      }))
      return { ...bundle, offers: await Promise.all(offers) }
    }),
  )
}

/** What a transaction pays, as the node tells it: satoshis by output, and which address. */
export async function paysOnNode(
  { node }: Pick<ChainInstallation, 'node'>,
  txid: string,
): Promise<{ address: string; units: bigint }[]> {
  interface Told {
    vout: { value: number; scriptPubKey: { address: string } }[]
  }
  const { vout } = await node.rpc<Told>('getrawtransaction', [txid, true])
  return vout.map(({ value, scriptPubKey: { address } }) => ({
    address,
    units: BigInt(Math.round(value * 1e8)),
  }))
}

/** What was paid to an address over all blocks, by outputs that are unspent, in satoshis. */
export async function heldAt({ node }: Pick<ChainInstallation, 'node'>, address: string): Promise<bigint> {
  const { total_amount: total } = await node.rpc<{ total_amount: number }>('scantxoutset', [
    'start',
    [`addr(${address})`],
  ])
  return BigInt(Math.round(total * 1e8))
}

let salt = 0
/**
 * Blocks with these transactions, by txid or in hex, and no other; each is looked at. Answers their hashes.
 */
export async function mineOnly(
  installation: ChainInstallation,
  blocks: number,
  transactions: string[] = [],
  look = true,
): Promise<string[]> {
  const hashes: string[] = []
  for (let count = 0; count < blocks; count++) {
    await installation.pass(60_000)
    const tag = (++salt).toString(16).padStart(8, '0')
    const { hash } = await installation.node.rpc<{ hash: string }>('generateblock', [
      `raw(6a04${tag})`,
      count === 0 ? transactions : [],
    ])
    hashes.push(hash)
    if (look) await installation.look()
  }
  return hashes
}

/**
 * The chain thinks again: the last `depth` blocks are left behind, for one more of them that hold these
 * transactions alone.
 */
export async function reorganise(
  installation: ChainInstallation,
  depth: number,
  transactions: string[] = [],
): Promise<void> {
  const height = await installation.node.rpc<number>('getblockcount')
  await installation.node.rpc('invalidateblock', [
    await installation.node.rpc<string>('getblockhash', [height - depth + 1]),
  ])
  await mineOnly(installation, depth + 1, transactions, false)
  await installation.look()
}
