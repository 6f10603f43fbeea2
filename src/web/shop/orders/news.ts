/**
 * What tells a page that its order moved: a digest of all it shows, and a stream that says when that is
 * another.
 */
import { createHash } from 'node:crypto'
import { millis } from '../../../base/world.ts'
import { readOrder, type Counter, type ShownOrder } from '../../../jobs/jobs.ts'
import { markOfOrder } from '../../../queries/orders.ts'
import { eventStream, type PageContext } from '../../page/page.ts'

const lookMs = 1_000

/** Of what the page tells; the same standing has the same version. */
export const versionOf = ({ order, standing }: ShownOrder): string =>
  createHash('sha256')
    .update(
      JSON.stringify([order.id, order.rail, standing], (_, value: unknown) =>
        typeof value === 'bigint' ? `${value}` : value,
      ),
    )
    .digest('base64url')
    .slice(0, 12)

/** Sends `changed` with the new version whenever it is not `shown` any more. Ends when the reader leaves. */
export function tellNews(
  ctx: PageContext,
  counter: Counter,
  over: AbortSignal,
  token: string,
  shown: string,
): void {
  const { clock } = counter.world
  eventStream(ctx, { clock, over, part: 'shop', one: token }, async (send, left) => {
    let told = shown
    let mark: string | undefined
    let until = 0
    while (!left.aborted) {
      // To see an order takes a transaction; whether anything moved at all is one small read.
      const now = clock.now()
      const newest = await markOfOrder(counter.db, token)
      if (newest !== mark || now >= until) {
        mark = newest
        const seen = await readOrder(counter, token)
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

/** The longest without a look, whatever the mark says. */
const maxQuietMs = 30_000

/** When the standing may be another though nothing was written: its time runs out. */
function lookAgainAt({ standing }: ShownOrder, now: number): number {
  const over =
    standing.is === 'waiting' || standing.is === 'underpaid' ? millis(standing.until) + 1 : undefined
  return over !== undefined && over > now ? Math.min(over, now + maxQuietMs) : now + maxQuietMs
}
