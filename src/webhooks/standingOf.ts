/** Where a payment request stands by what the database knows of the chain; asked and not changed. */
import type { Millis } from '../base/world.ts'
import { coinsOf, depthOf, ripeDepthOf, tipOf, type CoinRow } from '../chain/chain.ts'
import { standing, type InvoiceRow, type Standing } from '../invoice/invoice.ts'
import type { Reader } from '../store/store.ts'
import type { ChainTerms } from './apply.ts'

export interface Looked {
  standing: Standing
  /** What was ever seen at its address, with how deep it lies: 0 in the mempool, -1 where it is not there (any more). */
  payments: { coin: CoinRow; depth: number; counts: boolean }[]
}

/** Undefined where it is not watched: a draft, a canceled one, or an invoice of the bank. */
export async function standingOf(reader: Reader, invoice: InvoiceRow, chain: ChainTerms, now: Millis): Promise<Looked | undefined> {
  if (invoice.rail !== 'bitcoin' || invoice.state === 'draft' || invoice.state === 'canceled') return undefined
  const [coins, tip] = [await coinsOf(reader, invoice.id), await tipOf(reader)]
  const depths = coins.map(coin => (coin.state === 'seen' ? 0 : coin.state === 'mined' ? Number(depthOf(coin, tip?.height)) : -1))
  const found = standing(
    {
      units: invoice.units,
      quoteUnits: invoice.quote_units ?? undefined,
      rateUnits: invoice.rate_units ?? undefined,
      dueAt: invoice.due_at,
      watchUntil: invoice.watch_until!,
      confirmations: Number(invoice.confirmations ?? 1n),
      takenOn: invoice.late_by !== null,
    },
    coins.map((coin, index) => ({
      ...{ units: coin.units, depth: depths[index]!, firstSeenAt: coin.first_seen_at, ripeDepth: ripeDepthOf(coin) },
      rateUnits: coin.rate_units ?? undefined,
    })),
    { now, ...chain },
  )
  const payments = coins.map((coin, index) => ({ coin, depth: depths[index]!, counts: found.counts[index]! }))
  return { standing: found, payments }
}
