/**
 * Amounts too small for a chain: no node passes on an output of so little, so they are refused before
 * anything is asked for.
 */
import { BadInput } from '../base/answer.ts'
import { centavosOf, minRequest, formatReais, satsFor, formatMoney, type Asset } from '../base/money.ts'
import { isOnChain } from '../base/rails.ts'
import type { Base } from '../app.ts'
import type { NoRate, Rate } from '../rates/rates.ts'

export const minUnits = minRequest

/** The fault of satoshis that are too few; undefined where they are enough. */
export const dustFault = (what: string, units: bigint): string | undefined =>
  units < minUnits
    ? `${what} is below ${minUnits} satoshis (${formatMoney(minUnits, 'BTC')}), which no node passes on: ask for more`
    : undefined

interface Asking {
  rail: string
  currency: Asset
  unitsLow: bigint
}

/** Reais that would be dust at the last good rate, or at one that is asked for now. Throws `BadInput`. */
export async function refuseDust(
  base: Base,
  { rail, currency, unitsLow }: Asking,
  flag: string,
): Promise<void> {
  if (!isOnChain(rail) || currency !== 'BRL') return
  const rate = await rateFor(base, unitsLow)
  if (rate.is !== 'rate' || satsFor(unitsLow, rate.price) >= minUnits) return
  throw new BadInput(
    `${flag}: ${formatReais(unitsLow)} is ${satsFor(unitsLow, rate.price)} satoshis at ${formatReais(rate.price)} a BTC, and no node passes on less than ` +
      `${minUnits}: ask for at least ${formatReais(minReais(rate.price))}`,
  )
}

/**
 * Centavos that are dust at no price a bitcoin has come near: above R$ 1.8 million it would be. Nobody need
 * be asked for those.
 */
const never = 1_000n

/**
 * Before the first "serve" there is no rate yet, and then a schedule would be added whose requests nobody can
 * pay.
 */
async function rateFor({ config, db, world }: Base, unitsLow: bigint): Promise<Rate | NoRate> {
  const { agreementOf, decideRate, goodRate, makeSources } = await import('../rates/rates.ts')
  const [now, agreement] = [world.clock.now(), agreementOf(config)]
  const known = await goodRate(db, now, agreement)
  if (known.is === 'rate' || unitsLow >= never) return known
  const answers = await Promise.all(
    makeSources(config, { fetch, clock: world.clock }).map(source => source.quote()),
  )
  return decideRate(
    answers.flatMap(answer => (answer.is === 'done' ? [answer.value] : [])),
    { ...agreement, now },
  )
}

function minReais(price: bigint): bigint {
  const near = centavosOf(minUnits, price)
  return satsFor(near, price) < minUnits ? near + 1n : near
}
