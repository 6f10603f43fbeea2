/**
 * Whether the bank and the books lie apart for long enough to stop payouts, and agree for long enough to let
 * them go: a decision over looks, and nothing else.
 */
import { later, millis, type Instant, type Millis } from '../base/world.ts'
import { orderMarginUnits } from '../ledger/ledger.ts'

/**
 * So long outside of all that may be under way is no race with money that moves: the job looks every five
 * minutes, so this is two looks.
 */
export const apartForMs: Millis = 4 * 60_000
/**
 * So long without being explained to the cent is no coincidence either, though each look might be covered by
 * what is under way.
 */
export const hiddenForMs: Millis = 30 * 60_000
/**
 * So long explained to the cent before payouts go on: one payment on its way, which happens to cover what is
 * missing, ends no stop.
 */
export const explainedForMs: Millis = 4 * 60_000

/**
 * From the least to the most of what the bank may hold above the books, in cents; below them where negative.
 */
export interface Band {
  low: bigint
  high: bigint
}

export interface DriftLook {
  /** What the bank holds above the books. */
  units: bigint
  /**
   * With everything that may be under way: orders that no line of the statement shows yet, and charges that
   * may follow.
   */
  likely: Band
  /**
   * With what the statement shows and the books have not booked yet, to the cent; what happened in the last
   * seconds may count or not.
   */
  exact: Band
  at: Instant
}

export interface DriftState {
  /** Since when, look after look: outside of `likely`, outside of `exact`, within `exact`. */
  outsideSince: Instant | undefined
  unexplainedSince: Instant | undefined
  explainedSince: Instant | undefined
  /** Payouts are stopped since then. */
  stoppedSince: Instant | undefined
}

export const within = (units: bigint, { low, high }: Band): boolean => units >= low && units <= high

/**
 * How it stands after one more look. A look from before the last one, by a clock that was set back, begins
 * its count again.
 */
export function judgeDrift(
  before: DriftState | undefined,
  { units, likely, exact, at }: DriftLook,
): DriftState {
  const since = (holds: boolean, was: Instant | undefined) =>
    holds ? (was !== undefined && was <= at ? was : at) : undefined
  const outsideSince = since(!within(units, likely), before?.outsideSince)
  const unexplainedSince = since(!within(units, exact), before?.unexplainedSince)
  const explainedSince = since(within(units, exact), before?.explainedSince)
  const lasts = (from: Instant | undefined, ms: Millis) =>
    from !== undefined && millis(at) >= millis(later(from, ms))
  const stops = lasts(outsideSince, apartForMs) || lasts(unexplainedSince, hiddenForMs)
  const goesOn = lasts(explainedSince, explainedForMs)
  const stoppedSince = stops ? (before?.stoppedSince ?? at) : goesOn ? undefined : before?.stoppedSince
  return { outsideSince, unexplainedSince, explainedSince, stoppedSince }
}

/**
 * A line of the statement that is ours: whether the books have booked it, and whether it is so new that the
 * balance may lack it.
 */
export interface OurLine {
  units: bigint
  booked: 'yes' | 'no' | 'perhaps'
  recent: boolean
}

/**
 * An order under way. `shown`: the statement has it leave. `old`: it was ordered before what the statement
 * was asked for.
 */
export interface OrderUnderWay {
  units: bigint
  shown: boolean
  old: boolean
}

/** Both bands, from what is under way. */
export function bandsOf(
  orders: readonly OrderUnderWay[],
  lines: readonly OurLine[],
): Pick<DriftLook, 'likely' | 'exact'> {
  const exact = { low: 0n, high: 0n }
  const allow = (units: bigint) => {
    if (units < 0n) exact.low += units
    else exact.high += units
  }
  for (const { units, booked, recent } of lines) {
    if (recent || booked === 'perhaps') {
      if (booked !== 'no') allow(recent ? -units : 0n)
      if (booked !== 'yes') allow(units)
    } else if (booked === 'no') {
      exact.low += units
      exact.high += units
    }
  }
  for (const { units, old, shown } of orders) if (old && !shown) exact.low -= units + orderMarginUnits
  const likely = { ...exact }
  for (const { units, shown, old } of orders)
    if (!old || shown) likely.low -= shown ? orderMarginUnits : units + orderMarginUnits
  return { likely, exact }
}
