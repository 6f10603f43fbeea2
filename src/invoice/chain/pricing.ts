/** Pricing: what a request on a chain asks for, at the rate that holds when it is asked. */
import type { ConfirmationRule } from '../../base/bitcoinSettings.ts'
import { inBitcoin, inReais, moneyIn, type Asset } from '../../base/money.ts'
import { clockTrouble, type World } from '../../base/world.ts'
import { goodRate, type Agreement, type NoRate, type Rate } from '../../rates/rates.ts'
import type { Reader, Tx } from '../../db/db.ts'
import type { Pricing } from '../draft.ts'
import type { PricedOnChain } from './priced.ts'
import { confirmationsFor } from './status.ts'

/**
 * How requests are priced: how many sources must agree on a rate, and how deep a payment must lie by what it
 * is worth.
 */
export interface PricingRule {
  agreement: Agreement & { sources: readonly string[] }
  confirmations: readonly ConfirmationRule[]
}

/** The rate that holds now, or why there is none. */
export async function rateNow(
  reader: Reader,
  { agreement }: Pick<PricingRule, 'agreement'>,
  { clock }: Pick<World, 'clock'>,
): Promise<Rate | NoRate> {
  const trouble = clockTrouble({ clock })
  return trouble === undefined
    ? goodRate(reader, clock.now(), agreement)
    : { is: 'none', why: `no age of a rate can be told: ${trouble}` }
}

/** What is asked for on the chain: its currency, and how long its payer is watched for. */
export type ChainTermsOf = { currency: Asset; watch_ms: bigint }

/**
 * Prices amounts of a schedule at `rate`. Undefined where reais are asked for and there is none: then the
 * rail waits. Pure.
 */
export function pricingAt(
  rate: Rate | NoRate,
  { confirmations }: Pick<PricingRule, 'confirmations'>,
  { currency, watch_ms: watchMs }: ChainTermsOf,
): Pricing<PricedOnChain> | undefined {
  const watch = Number(watchMs)
  if (currency === 'BTC')
    return said => {
      const amount = moneyIn(said, 'BTC')
      const worth = rate.is === 'rate' ? inReais(amount, rate.price).units : undefined
      return {
        rail: 'bitcoin',
        amount,
        quote: undefined,
        confirmations: confirmationsFor(confirmations, worth),
        watchMs: watch,
      }
    }
  if (rate.is !== 'rate') return undefined
  const { price: rateUnits, at, sources } = rate
  return said => {
    const reais = moneyIn(said, 'BRL')
    return {
      rail: 'bitcoin',
      amount: inBitcoin(reais, rateUnits),
      quote: { units: reais.units, rateUnits, at, sources: sources.join(', ') },
      confirmations: confirmationsFor(confirmations, reais.units),
      watchMs: watch,
    }
  }
}

/** The same at the rate that holds now. */
export const priceNow = async (
  tx: Tx,
  rule: PricingRule,
  world: Pick<World, 'clock'>,
  terms: ChainTermsOf,
): Promise<Pricing<PricedOnChain> | undefined> => pricingAt(await rateNow(tx, rule, world), rule, terms)
