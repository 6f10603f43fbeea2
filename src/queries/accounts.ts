/** Payout accounts as they are shown: with their approval, what objects to them, and what they are paid. */
import type { Asset } from '../base/money.ts'
import type { Instant } from '../base/world.ts'
import type { Judged } from '../approvals/approvals.ts'
import { history, sql, type Reader, type Transition } from '../db/db.ts'
import {
  accountObjections,
  approvalOf,
  objectionTo,
  type AccountRow,
  type OpenObjection,
  type PayoutRow,
} from '../payout/payout.ts'

/** Payouts to it that have not ended, of one state. */
export type WaitingPayouts = {
  state: PayoutRow['state']
  count: bigint
  /** Smallest units. */
  units: bigint
}

export type LatestPayout = {
  id: string
  state: PayoutRow['state']
  asset: Asset
  units: bigint
  added_at: Instant
}

export interface ShownAccount {
  row: AccountRow
  /** Whether what was approved is what the row says; undefined where it is not approved. */
  approval: Judged | undefined
  objections: Awaited<ReturnType<typeof accountObjections>>
  /** To it, or to another account at the same place. */
  placeObjection: OpenObjection | undefined
  waiting: WaitingPayouts[]
  /** The newest first. */
  latest: LatestPayout[]
  /** Those that pay to it, by name. */
  schedules: { id: string; name: string }[]
  steps: Transition[]
}

export const showAccount = async (reader: Reader, row: AccountRow): Promise<ShownAccount> => ({
  row,
  approval: row.state === 'approved' ? await approvalOf(reader, row) : undefined,
  objections: await accountObjections(reader, row.id),
  placeObjection: await objectionTo(reader, row),
  waiting: await reader.all<WaitingPayouts>(sql`
    select state, count(*) as count, cast(sum(units) as bigint) as units from payouts
    where account_id = ${row.id}
      and state in ('owed', 'sending', 'unsure', 'sent', 'waiting', 'held', 'returned')
    group by state order by state`),
  latest: await reader.all<LatestPayout>(sql`
    select id, state, asset, units, added_at from payouts where account_id = ${row.id}
      order by added_at desc, id desc limit 10`),
  schedules: await reader.all<{ id: string; name: string }>(
    sql`select id, name from schedules where account_id = ${row.id} order by name`,
  ),
  steps: await history(reader, row.id),
})
