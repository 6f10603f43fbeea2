/**
 * What every source of a rate answers, and how the number it wrote becomes centavos without ever being a
 * float.
 */
import type { Answer } from '../base/answer.ts'
import type { Instant } from '../base/world.ts'

/** The one pair the installation needs. */
export const pair = 'BTC-BRL'

export interface Quote {
  source: string
  /** Centavos for one BTC, above zero. */
  price: bigint
  /** When the source says it was so; when it was asked, where it does not say. */
  at: Instant
}

export interface RateSource {
  readonly name: string
  /** Never throws for what the source does; `refused` says why there is no quote. */
  quote(): Promise<Answer<Quote>>
}

/** JSON with every number left as the text it was written in: a price must not pass through a float. */
export const parseJson = (text: string): unknown =>
  JSON.parse(text, ((_key: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' ? (context.source ?? value) : value) as (
    key: string,
    value: unknown,
  ) => unknown)

/**
 * Reads `612345.67`, `612345.67000000` or `6.1234567e5` as centavos, half a centavo going up. Answers
 * undefined for anything else, for zero, for what is negative, and for R$ 1 000 000 000 000 and above.
 */
export function readPrice(text: string): bigint | undefined {
  const match = /^(\d{1,30})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text)
  if (!match) return undefined
  const [, whole, fraction = '', exponent = '0'] = match
  // The digits are a whole number of 10^-places; centavos are what is left of it after two more.
  const digits = BigInt(whole! + fraction)
  const shift = 2 + Number(exponent) - fraction.length
  const price =
    shift >= 0 ? digits * 10n ** BigInt(shift) : (digits + 10n ** BigInt(-shift) / 2n) / 10n ** BigInt(-shift)
  return price > 0n && price < 10n ** 14n ? price : undefined
}
