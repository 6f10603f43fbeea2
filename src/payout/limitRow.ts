/** A limit as it is kept. */
import type { Asset } from '../base/money.ts'
import type { Instant } from '../base/world.ts'

/** `payout`: of each one alone; the others of everything within a sliding window. */
export const limitPers = ['payout', 'hour', 'day'] as const
export type LimitPer = (typeof limitPers)[number]

export type LimitRow = {
  scope: string
  asset: Asset
  per: LimitPer
  units: bigint
  set_by: string
  approved_by: string | null
  set_at: Instant
  /** What it is from `next_from` on, once two people raised it; null where it ends then. */
  next_units: bigint | null
  next_from: Instant | null
}
