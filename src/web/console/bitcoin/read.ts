/** Reads the Bitcoin rail for the console: how the chain is followed, what waits for a signature, bundles and one bundle. */
import type { Instant } from '../../../base/world.ts'
import { chainTrouble, tipOf, type BlockRow } from '../../../chain/chain.ts'
import { rateNow } from '../../../invoice/invoice.ts'
import type { Desk } from '../../../jobs/jobs.ts'
import {
  candidatesOf,
  changesOf,
  findBundle,
  outputsOf,
  payeesOf,
  readPlan,
  waitingTransactions,
  type BundleRow,
  type CandidateRow,
  type Change,
  type OutputRow,
  type Paid,
  type WaitingTransaction,
} from '../../../payout/payout.ts'
import type { Plan } from '../../../rails/chain.ts'
import { empty, history, sql, type Reader } from '../../../db/db.ts'
import { stepsOf } from '../../../queries/history.ts'
import type { Step } from '../../../queries/step.ts'
import { within, type Filters } from '../../../queries/page.ts'

export interface ChainSeen {
  tip: BlockRow | undefined
  trouble: string | undefined
  rate: { price: bigint; at: Instant; sources: string[] } | { none: string } | undefined
  waiting: WaitingTransaction[]
}

export async function seeChain({ db, world, bitcoin }: Desk): Promise<ChainSeen> {
  const rate = bitcoin && (await rateNow(db, bitcoin, world))
  return {
    tip: await tipOf(db),
    trouble: await chainTrouble(db),
    rate: rate && (rate.is === 'rate' ? { price: rate.price, at: rate.at, sources: rate.sources } : { none: rate.why }),
    waiting: await waitingTransactions(db),
  }
}

export type ListedBundle = BundleRow & { payouts: bigint; units: bigint }

export const listBundles = (reader: Reader, filters: Filters, limit: number): Promise<ListedBundle[]> =>
  reader.all<ListedBundle>(sql`
    select b.*, (select count(*) from attempts a where a.bundle_id = b.id) as payouts,
      (select cast(coalesce(sum(units), 0) as bigint) from attempts a where a.bundle_id = b.id) as units
    from bundles b where 1 = 1 ${filters.query['state'] === undefined ? empty : sql`and b.state = ${filters.query['state']}`}
      ${within(sql`b.added_at`, sql`b.id`, filters)} order by b.added_at desc, b.id desc limit ${limit}`)

export interface SeenCandidate {
  row: CandidateRow
  plan: Plan
  outputs: (OutputRow & { payout: string })[]
  /** Each output as it derives now from what was approved; there with the rail. */
  derived: { paid: Paid[]; changes: Change[] } | undefined
}

export interface SeenBundle {
  bundle: BundleRow
  candidates: SeenCandidate[]
  steps: Step[]
  /** The one that waits for a signature. */
  waiting: WaitingTransaction | undefined
}

export async function seeBundle({ db, rails }: Desk, id: string): Promise<SeenBundle | undefined> {
  const bundle = await findBundle(db, id)
  if (!bundle) return undefined
  const payouts = new Map(
    (await db.all<{ id: string; payout_id: string }>(sql`select id, payout_id from attempts where bundle_id = ${id}`)).map(row => [
      row.id,
      row.payout_id,
    ]),
  )
  const candidates: SeenCandidate[] = []
  for (const row of await candidatesOf(db, id)) {
    const plan = readPlan(row.plan)
    const rail = rails.bitcoin
    candidates.push({
      ...{ row, plan },
      outputs: (await outputsOf(db, row.id)).map(output => ({ ...output, payout: payouts.get(output.attempt_id) ?? output.attempt_id })),
      derived: rail && { paid: await payeesOf(db, rail, row.id, plan), changes: await changesOf(db, rail, plan) },
    })
  }
  return {
    ...{ bundle, candidates },
    steps: await stepsOf(db, await history(db, id)),
    waiting: (await waitingTransactions(db)).find(each => each.bundle_id === id),
  }
}
