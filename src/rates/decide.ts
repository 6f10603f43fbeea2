/** Which rate holds, decided from quotes alone: fresh ones, near their median, and enough of them. */
import { formatDuration } from '../base/duration.ts'
import { formatReais, type BasisPoints } from '../base/money.ts'
import { millis, type Instant, type Millis } from '../base/world.ts'
import type { Quote } from './source.ts'

/** When quotes make a rate. */
export interface Agreement {
  maxAgeMs: Millis
  /** How far a quote may lie from the median of the fresh ones. */
  maxDeviation: BasisPoints
  /** How many sources must agree: 2, or 1 where the operator names the price. */
  least: number
}

export interface Rate {
  is: 'rate'
  /** Centavos for one BTC. */
  price: bigint
  /** Of the oldest quote used. */
  at: Instant
  /** Those whose quotes were used, in order of name. */
  sources: string[]
}
export interface NoRate {
  is: 'none'
  why: string
}

/**
 * The median of the quotes that agree, or why there is none. Of several quotes of one source only the last
 * given counts, so that no source agrees with itself.
 */
export function decideRate(
  quotes: readonly Quote[],
  { now, maxAgeMs, maxDeviation, least }: Agreement & { now: Millis },
): Rate | NoRate {
  const last = [...new Map(quotes.map(quote => [quote.source, quote])).values()].sort((a, b) =>
    a.source < b.source ? -1 : 1,
  )
  const age = ({ at }: Quote) => now - millis(at)
  // What comes from further in the future than a quote may be old was told by a clock that is not to be
  // trusted.
  const fresh = last.filter(quote => Math.abs(age(quote)) <= maxAgeMs)
  const middle = fresh.length > 0 ? median(fresh) : 0n
  const agreeing = fresh.filter(({ price }) => distance(price, middle) * 10_000n <= middle * maxDeviation)

  if (agreeing.length >= least && agreeing.length > 0)
    return {
      is: 'rate',
      price: median(agreeing),
      at: oldest(agreeing),
      sources: agreeing.map(({ source }) => source),
    }

  const ageSaid = (ageMs: number) =>
    ageMs < 0 ? `${formatDuration(-ageMs)} ahead` : `${formatDuration(ageMs)} old`
  const faults = last.flatMap(quote => {
    if (!fresh.includes(quote)) return `${quote.source} is ${ageSaid(age(quote))}`
    return agreeing.includes(quote)
      ? []
      : `${quote.source} says ${formatReais(quote.price)}, far from the middle, ${formatReais(middle)}`
  })
  const needed = `${agreeing.length} of the ${least} sources needed ${least === 1 ? 'has' : 'agree on'} a price of bitcoin`
  return { is: 'none', why: [needed, ...faults].join('; ') }
}

/**
 * Of two in the middle the mean, half a centavo going down: the payer's satoshis are rounded for the
 * installation already.
 */
function median(quotes: readonly Quote[]): bigint {
  const prices = quotes.map(({ price }) => price).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  const half = prices.length >> 1
  return prices.length % 2 === 1 ? prices[half]! : (prices[half - 1]! + prices[half]!) / 2n
}

const distance = (a: bigint, b: bigint): bigint => (a > b ? a - b : b - a)
const oldest = (quotes: readonly Quote[]): Instant =>
  quotes.map(({ at }) => at).reduce((a, b) => (millis(a) <= millis(b) ? a : b))
