/** Amounts too small for a chain: no node passes on an output of so little, so they are refused before anything is asked for. */
import { BadInput } from '../base/answer.ts'
import { centavosOf, leastRequest, reais, satsFor, told, type Asset } from '../base/money.ts'
import { isOnChain } from '../base/rails.ts'
import type { Base } from '../app.ts'
import type { NoRate, Rate } from '../rates/rates.ts'

export const leastUnits = leastRequest

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

/** Reais that would be dust at the last good rate, or at one that is asked for now. Throws `BadInput`. */
export async function refuseDust(base: Base, { rail, currency, unitsLow }: Asking, flag: string): Promise<void> {
  if (!isOnChain(rail) || currency !== 'BRL') return
  const rate = await rateFor(base, unitsLow)
  if (rate.is !== 'rate' || satsFor(unitsLow, rate.price) >= leastUnits) return
  throw new BadInput(
    `${flag}: ${reais(unitsLow)} is ${satsFor(unitsLow, rate.price)} satoshis at ${reais(rate.price)} a BTC, and no node passes on less than ` +
      `${leastUnits}: ask for at least ${reais(leastReais(rate.price))}`,
  )
}

/** Centavos that are dust at no price a bitcoin has come near: above R$ 1.8 million it would be. Nobody need be asked for those. */
const never = 1_000n

/** Before the first "serve" there is no rate yet, and then a schedule would be added whose requests nobody can pay. */
async function rateFor({ config, db, world }: Base, unitsLow: bigint): Promise<Rate | NoRate> {
  const { agreementOf, decideRate, goodRate, makeSources } = await import('../rates/rates.ts')
  const [now, agreement] = [world.clock.now(), agreementOf(config)]
  const known = await goodRate(db, now, agreement)
  if (known.is === 'rate' || unitsLow >= never) return known
  const answers = await Promise.all(makeSources(config, { fetch, clock: world.clock }).map(source => source.quote()))
  return decideRate(
    answers.flatMap(answer => (answer.is === 'done' ? [answer.value] : [])),
    { ...agreement, now },
  )
}

function leastReais(price: bigint): bigint {
  const near = centavosOf(leastUnits, price)
  return satsFor(near, price) < leastUnits ? near + 1n : near
}
