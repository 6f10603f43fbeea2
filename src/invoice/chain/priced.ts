/** What is asked for on a chain. */
import type { Money } from '../../base/money.ts'
import type { Instant } from '../../base/world.ts'

/** Satoshis at a locked rate, and how their payment will be judged. */
export interface PricedOnChain {
  rail: 'bitcoin'
  amount: Money<'BTC'>
  /** BRL cents and cents for one BTC; undefined where it was asked for in satoshis. */
  quote: { units: bigint; rateUnits: bigint; at: Instant; sources: string } | undefined
  confirmations: number
  watchMs: number
}
