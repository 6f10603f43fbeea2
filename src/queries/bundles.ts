/**
 * Bundles as they are listed and shown: the payouts that go out together, and the transactions of which one
 * at most is ever mined.
 */
import { history, sql, where, type Reader } from '../db/db.ts'
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
} from '../payout/payout.ts'
import type { ChainRail, Plan } from '../rails/chain.ts'
import type { bundleFilters, FilterOf } from './filters.ts'
import { stepsOf } from './history.ts'
import { inWindow, type After, type Filters } from './page.ts'
import type { Step } from './step.ts'

export type ListedBundle = BundleRow & { payouts: bigint; units: bigint }

/** The newest first. */
export const listBundles = (
  reader: Reader,
  filters: Filters<FilterOf<typeof bundleFilters>>,
  limit: number,
): Promise<ListedBundle[]> =>
  reader.all<ListedBundle>(sql`
    select b.*, (select count(*) from attempts a where a.bundle_id = b.id) as payouts,
      (select cast(coalesce(sum(units), 0) as bigint) from attempts a where a.bundle_id = b.id) as units
    from bundles b ${where([
      filters.query.state === undefined ? undefined : sql`b.state = ${filters.query.state}`,
      ...inWindow(sql`b.added_at`, sql`b.id`, filters),
    ])} order by b.added_at desc, b.id desc limit ${limit}`)

export const keyOfBundle = ({ added_at: at, id }: Pick<BundleRow, 'added_at' | 'id'>): After => ({ at, id })

export interface ShownCandidate {
  row: CandidateRow
  plan: Plan
  outputs: (OutputRow & { payout: string })[]
  /** Each output as it derives now from what was approved; there with the rail. */
  derived: { paid: Paid[]; changes: Change[] } | undefined
}

export interface ShownBundle {
  bundle: BundleRow
  candidates: ShownCandidate[]
  steps: Step[]
  /** The one that waits for a signature. */
  waiting: WaitingTransaction | undefined
}

/**
 * One bundle with its transactions; undefined where none has this id. `rail`: its outputs are derived again.
 */
export async function showBundle(
  reader: Reader,
  id: string,
  rail?: ChainRail,
): Promise<ShownBundle | undefined> {
  const bundle = await findBundle(reader, id)
  if (!bundle) return undefined
  const attempts = await reader.all<{ id: string; payout_id: string }>(
    sql`select id, payout_id from attempts where bundle_id = ${id}`,
  )
  const payouts = new Map(attempts.map(attempt => [attempt.id, attempt.payout_id]))
  const candidates: ShownCandidate[] = []
  for (const row of await candidatesOf(reader, id)) {
    const plan = readPlan(row.plan)
    const outputs = await outputsOf(reader, row.id)
    candidates.push({
      ...{ row, plan },
      outputs: outputs.map(output => ({
        ...output,
        payout: payouts.get(output.attempt_id) ?? output.attempt_id,
      })),
      derived: rail && {
        paid: await payeesOf(reader, rail, row.id, plan),
        changes: await changesOf(reader, rail, plan),
      },
    })
  }
  return {
    ...{ bundle, candidates },
    steps: await stepsOf(reader, await history(reader, id)),
    waiting: (await waitingTransactions(reader)).find(each => each.bundle_id === id),
  }
}
