/** Amounts too small for a chain: no node passes on an output of so little, so they are refused before anything is asked for. */
import { BadInput } from '../base/answer.ts'
import { centavosOf, reais, satsFor, told, type Asset } from '../base/money.ts'
import type { Base } from '../house.ts'

/** Satoshis: what Bitcoin Core calls dust for the largest of the usual outputs (GetDustThreshold, P2PKH). */
export const leastUnits = 546n

/** The fault of satoshis that are too few; undefined where they are enough. */
export const dustFault = (what: string, units: bigint): string | undefined =>
  units < leastUnits
    ? `${what} is below ${leastUnits} satoshis (${told(leastUnits, 'BTC')}), which no node passes on: ask for more`
    : undefined

interface Asking {
  rail: string
  currency: Asset
  unitsLow: bigint
}

/** Reais that would be dust at the last good rate; without one it shows when they are priced. Throws `BadInput`. */
export async function refuseDust({ config, store, world }: Base, { rail, currency, unitsLow }: Asking, flag: string): Promise<void> {
  if (rail !== 'bitcoin' || currency !== 'BRL') return
  const { agreementOf, goodRate } = await import('../rates/rates.ts')
  const rate = await goodRate(store, world.clock.now(), agreementOf(config))
  if (rate.is !== 'rate' || satsFor(unitsLow, rate.price) >= leastUnits) return
  throw new BadInput(
    `${flag}: ${reais(unitsLow)} is ${satsFor(unitsLow, rate.price)} satoshis at ${reais(rate.price)} a BTC, and no node passes on less than ` +
      `${leastUnits}: ask for at least ${reais(leastReais(rate.price))}`,
  )
}

function leastReais(price: bigint): bigint {
  const near = centavosOf(leastUnits, price)
  return satsFor(near, price) < leastUnits ? near + 1n : near
}
