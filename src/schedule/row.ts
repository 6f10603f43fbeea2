/** A schedule as it is kept: the rule of its newest version. */
import type { Asset } from '../base/money.ts'
import type { RailName } from '../base/rails.ts'
import type { Instant } from '../base/world.ts'

export type ScheduleRow = {
  id: string
  store_id: string
  name: string
  version: bigint
  rail: RailName
  currency: Asset
  watch_ms: bigint
  cron: string
  time_zone: string
  starts_at: Instant | null
  ends_at: Instant | null
  count_low: bigint
  count_high: bigint
  units_low: bigint
  units_high: bigint
  roster: string | null
  due_in_ms: bigint
  account_id: string
  commission_bp: bigint
  min_payout_units: bigint
  fine_bp: bigint
  interest_bp: bigint
  expires_in_ms: bigint
  /** As `formatDiscounts` writes them. */
  discounts: string
  catch_up: 'all' | 'latest' | 'none'
  state: 'active' | 'paused'
  materialised_until: Instant
  next_at: Instant | null
  added_by: string
  added_at: Instant
}
