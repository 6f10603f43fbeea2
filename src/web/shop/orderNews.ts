/** What tells a page that its order moved: a digest of all it shows, and a stream that says when that is another. */
import { createHash } from 'node:crypto'
import { millis } from '../../base/world.ts'
import { seeOrder, type Counter, type SeenOrder } from '../../jobs/jobs.ts'
import { sql, type Reader } from '../../store/store.ts'
import { eventStream, type PageContext } from '../page/page.ts'

const lookMs = 1_000

/** Of what the page tells; the same standing has the same version. */
export const versionOf = ({ order, standing }: SeenOrder): string =>
  createHash('sha256')
    .update(JSON.stringify([order.id, order.rail, standing], (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)))
    .digest('base64url')
    .slice(0, 12)

/** Sends `changed` with the new version whenever it is not `shown` any more. Ends when the reader leaves. */
export function tellNews(ctx: PageContext, counter: Counter, over: AbortSignal, token: string, shown: string): void {
  const { clock } = counter.world
  eventStream(ctx, { clock, over }, async (send, left) => {
    let told = shown
    let mark: string | undefined
    let until = 0
    while (!left.aborted) {
      // To see an order takes a transaction; whether anything moved at all is one small read.
      const now = clock.now()
      const newest = await markOf(counter.store, token)
      if (newest !== mark || now >= until) {
        mark = newest
        const seen = await seeOrder(counter, token)
        if (!seen) return
        const version = versionOf(seen)
        if (version !== told) send({ name: 'changed', id: version, data: version })
        told = version
        until = lookAgainAt(seen, now)
      }
      await clock.sleep(lookMs, left)
    }
  })
}

/** When the standing may be another though nothing was written: its time runs out, or the chain grew. */
function lookAgainAt({ order, standing }: SeenOrder, now: number): number {
  if (order.rail === 'bitcoin') return now + lookMs
  return standing.is === 'waiting' ? Math.min(millis(standing.until) + 1, now + 30_000) : now + 30_000
}

/** Changes with every step of an order and of its invoices. */
async function markOf(reader: Reader, token: string): Promise<string | undefined> {
  const rows = await reader.all<{ state: string; at: string; invoice: string | null; invoice_at: string | null }>(sql`
    select o.state, o.changed_at as at, i.state as invoice, i.changed_at as invoice_at
    from orders o left join invoices i on i.order_id = o.id where o.token = ${token} order by i.ordinal`)
  return rows.length === 0 ? undefined : rows.map(row => Object.values(row).join(' ')).join(', ')
}
