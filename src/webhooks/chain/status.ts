/** Where a payment request stands by what the database knows of the chain; asked and not changed. */
import type { Millis } from '../../base/world.ts'
import { coinsOf, depthOf, leftOf, ripeDepthOf, tipOf, type CoinRow } from '../../chain/chain.ts'
import { requestStatus, type InvoiceRow, type RequestStatus } from '../../invoice/invoice.ts'
import { sql, type Reader } from '../../db/db.ts'
import type { ChainTerms } from '../apply.ts'

export interface Looked {
  standing: RequestStatus
  /**
   * What was ever seen at its address, with how deep it lies: 0 in the mempool, -1 where it is not there (any
   * more).
   */
  payments: {
    coin: CoinRow
    depth: number
    counts: boolean
    /** Given back, or spent by somebody else before it was credited: there is nothing to decide about. */
    spent: boolean
  }[]
}

/** Undefined where it is not watched: a draft, a canceled one, or an invoice of the bank. */
export async function requestStatusOf(
  reader: Reader,
  invoice: InvoiceRow,
  chain: ChainTerms,
  now: Millis,
): Promise<Looked | undefined> {
  if (invoice.rail !== 'bitcoin' || invoice.state === 'draft' || invoice.state === 'canceled')
    return undefined
  const [coins, tip] = [await coinsOf(reader, invoice.id), await tipOf(reader)]
  const depths = coins.map(coin =>
    coin.state === 'seen' ? 0 : coin.state === 'mined' ? Number(depthOf(coin, tip?.height)) : -1,
  )
  const spent = await spentOf(reader, coins)
  const found = requestStatus(
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
      ...{
        units: leftOf(coin),
        depth: depths[index]!,
        firstSeenAt: coin.first_seen_at,
        ripeDepth: ripeDepthOf(coin),
      },
      spent: spent.has(coin.id),
      givenBack: spent.get(coin.id) === 'given back',
      rateUnits: coin.rate_units ?? undefined,
    })),
    { now, ...chain },
  )
  const payments = coins.map((coin, index) => ({
    coin,
    depth: depths[index]!,
    counts: found.counts[index]!,
    spent: spent.has(coin.id),
  }))
  return { standing: found, payments }
}

/** Coins that were never credited and are given back, or spent by a transaction that is not ours. */
async function spentOf(
  reader: Reader,
  coins: readonly CoinRow[],
): Promise<ReadonlyMap<string, 'given back' | 'by somebody else'>> {
  const spent = new Map<string, 'given back' | 'by somebody else'>()
  for (const coin of coins) {
    if (coin.credits % 2n === 1n) continue
    if (coin.refunded_units > 0n && leftOf(coin) === 0n) spent.set(coin.id, 'given back')
    else if (
      coin.spent_by !== null &&
      !(await reader.one(sql`select 1 as yes from bundle_candidates where id = ${coin.spent_by}`))
    ) {
      const said = await reader.one(
        sql`select 1 as yes from refunds_elsewhere where txid = ${coin.spent_by}
          and invoice_id = ${coin.invoice_id}`,
      )
      spent.set(coin.id, said ? 'given back' : 'by somebody else')
    }
  }
  return spent
}
