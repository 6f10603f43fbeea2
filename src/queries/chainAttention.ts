/** What needs a person on the chain: late money, bundles that wait, coins that nothing explains. */
import type { Instant } from '../base/world.ts'
import { coinbaseDepth } from '../rails/chain.ts'
import { chainRails } from '../base/rails.ts'
import { isOlderThan, join, sql, type Reader } from '../db/db.ts'
import { askOf, expectedMs, firstOfEach, type AttentionItem } from './attention.ts'

/** How deep a coin lies before it is passed on, where no setting says (`BITCOIN_PAYOUT_DEPTH`). */
export const usualDepth = 6

/** What is judged by the settings and the hour. */
export interface ChainNow {
  now: Instant
  /** How deep a coin lies before it is passed on. */
  payoutDepth: number
}

export async function chainAsks(
  reader: Reader,
  trouble: string | undefined,
  tip: bigint | undefined,
  { now, payoutDepth }: ChainNow,
): Promise<AttentionItem[]> {
  const deep = (tip ?? 0n) - BigInt(payoutDepth) + 1n
  const none = sql`cast(null as bigint) as number, cast(null as text) as of_it`
  const ofRequests = await reader.all<AttentionItem>(
    firstOfEach(sql`
      select 'request late' as kind, i.id, ${none}, coalesce((select why from transitions where subject = i.id
        order by seq desc limit 1), '') as why,
          cast(null as bigint) as units
        from invoices i where i.rail in (${join(chainRails)}) and i.store_id = ${reader.store}
        and i.state = 'late'
      union all select 'request underpaid', id, ${none}, watch_until, cast(null as bigint)
        from invoices where store_id = ${reader.store} and rail in (${join(chainRails)})
          and state = 'underpaid'
          and due_at < ${now}
      union all select 'bundle waits', b.id, ${none}, b.why, cast(null as bigint) from bundles b
        where b.state not in ('paid', 'void') and b.why is not null
      union all select 'bundle unsigned', b.id, ${none}, null, cast(null as bigint)
        from bundles b join bundle_candidates c on c.bundle_id = b.id
        where b.state in ('planned', 'signed', 'sent') and b.why is null and c.state = 'planned'
          and c.number = (select max(number) from bundle_candidates where bundle_id = b.id)
      union all select 'bundle slow', b.id, cast(null as bigint), b.state, b.changed_at, cast(null as bigint)
        from bundles b join bundle_candidates c on c.bundle_id = b.id
        where b.state in ('planned', 'signed', 'sent', 'mined') and b.why is null and c.state <> 'planned'
          and ${now === '' ? sql`1 = 0` : isOlderThan(sql`b.changed_at`, now, expectedMs.minedAndSettled)}
          and c.number = (select max(number) from bundle_candidates where bundle_id = b.id)`),
  )
  const coins = await reader.all<AttentionItem>(
    firstOfEach(sql`
      select 'coin not counted' as kind, c.id, c.number, c.invoice_id as of_it, cast(null as text) as why,
        c.units from coins c
        where c.state = 'mined' and c.credits % 2 = 0 and c.invoice_id is not null
          and c.units > c.refunded_units and c.height <= ${deep}
          and (c.coinbase = 0 or c.height <= ${(tip ?? 0n) - BigInt(coinbaseDepth) + 1n})
          and (c.spent_by is null or c.spent_by in (select id from bundle_candidates))
          and exists (select 1 from invoices i where i.id = c.invoice_id and i.state = 'credited'
            and i.store_id = ${reader.store})
      union all select 'coin gone', id, number, invoice_id, null, units from coins where credits % 2 = 1
        and state <> 'mined'
        and exists (select 1 from invoices i where i.id = invoice_id and i.store_id = ${reader.store})
      union all select 'coin of no request', c.id, c.number, c.invoice_id, null, c.units from coins c
        where c.invoice_id is null and c.state = 'mined' and c.spent_height is null and c.bookings % 2 = 1`),
  )
  return [...(trouble === undefined ? [] : [askOf('chain trouble', trouble)]), ...ofRequests, ...coins]
}
