/** What a bitcoin and a virtual byte cost now, as commands tell it. */
import type { Config } from '../base/config.ts'
import { formatReais } from '../base/money.ts'
import type { World } from '../base/world.ts'
import type { NoRate, Rate } from '../rates/rates.ts'
import type { Reader } from '../db/db.ts'
import { moneyOf } from './print.ts'

export type RateNow = Rate | NoRate

/** From what was quoted before; undefined where no node is configured. */
export async function rateOf(
  reader: Reader,
  config: Config,
  { clock }: Pick<World, 'clock'>,
): Promise<RateNow | undefined> {
  if (config.BITCOIN_RPC_URL === undefined) return undefined
  const { agreementOf, goodRate } = await import('../rates/rates.ts')
  return goodRate(reader, clock.now(), agreementOf(config))
}

export const rateView = (rate: RateNow) =>
  rate.is === 'rate' ? { ...moneyOf(rate.price), at: rate.at, sources: rate.sources } : { none: rate.why }

export const rateLine = (rate: RateNow): string =>
  rate.is === 'rate'
    ? `${formatReais(rate.price)} for 1 BTC, of ${rate.at}, by ${rate.sources.join(', ')}`
    : `none: ${rate.why}`

/** Satoshis for a virtual byte, of those for a thousand: `12.5`. */
export const perByte = (rate: bigint): string =>
  `${rate / 1000n}.${(rate % 1000n).toString().padStart(3, '0')}`.replace(/(?<!0)0+$/, '').replace(/\.$/, '')
