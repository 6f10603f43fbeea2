/**
 * The overview: what is next, what needs attention, whether the books agree, what failed. Each is a step
 * along an index.
 */
import type { Instant } from '../base/world.ts'
import { chainTrouble, tipOf } from '../chain/chain.ts'
import { sql, type Reader } from '../db/db.ts'
import { runOfStore, type App, type RunRow } from '../jobs/jobs.ts'
import { readBalanced, type Balanced, type HeldAgainst } from '../ledger/ledger.ts'
import { chainUnread, stopsOf, type Stop } from '../payout/payout.ts'
import { askToRead, attentionOf, grouped, type AttentionGroup } from './attention.ts'
import { chainAsks, usualDepth } from './chainAttention.ts'

export type NextSlot = { name: string; next_at: Instant; time_zone: string }

export interface Overview {
  stopped: Stop | undefined
  /** Each reason why payouts are stopped; of a hold's, the newest first. */
  stops: Stop[]
  next: NextSlot[]
  /** What needs attention, by kind, worst first. */
  asks: AttentionGroup[]
  books: { against: HeldAgainst; found: Balanced; why: string | undefined }[]
  failed: RunRow[]
}

export async function showOverview({ db, bitcoin, rails, silentMs, terms }: App): Promise<Overview> {
  const now = await db.tx(tx => tx.now(), 'locks')
  const [tip, trouble, stops, next, balanced, failed, others] = await Promise.all([
    tipOf(db),
    chainTrouble(db),
    stopsOf(db),
    nextSlots(db),
    books(db),
    lastFailed(db),
    attentionOf(db, now, silentMs, terms.approvals),
  ])
  const onChain = rails.bitcoin !== undefined || tip !== undefined || trouble !== undefined
  const unread = onChain ? await chainUnread(db) : undefined
  const asks = [
    ...(unread === undefined ? [] : [askToRead(unread)]),
    ...(onChain
      ? await chainAsks(db, trouble, tip?.height, {
          now,
          payoutDepth: bitcoin?.terms.payoutDepth ?? usualDepth,
        })
      : []),
    ...others,
  ]
  return {
    ...{ stopped: stops[0], stops },
    next,
    asks: grouped(asks),
    books: balanced,
    failed,
  }
}

/** When schedules fall due next, the soonest first. */
export const nextSlots = (reader: Reader): Promise<NextSlot[]> =>
  reader.all<NextSlot>(sql`
    select name, next_at, time_zone from schedules
      where store_id = ${reader.store} and state = 'active' and next_at is not null
      order by next_at, name limit 5`)

/** By outcome, because each has its own stretch of the index. */
const lastFailed = (reader: Reader): Promise<RunRow[]> =>
  reader.all<RunRow>(sql`
    select * from (select * from runs r where outcome = 'failed' and ${runOfStore(reader)}
      order by started_at desc, id desc limit 5) as f
    union all select * from (select * from runs r where outcome = 'lost' and ${runOfStore(reader)}
      order by started_at desc, id desc limit 5) as l
    order by started_at desc, id desc limit 5`)

async function books(reader: Reader): Promise<Overview['books']> {
  const whys = await reader.all<{ name: string; value: string }>(
    sql`select name, value from settings where name in ('books', 'bank', 'chain')`,
  )
  const found: Overview['books'] = []
  for (const against of ['books', 'bank', 'chain'] as const) {
    const balanced = await readBalanced(reader, against)
    if (balanced)
      found.push({ against, found: balanced, why: whys.find(({ name }) => name === against)?.value })
  }
  return found
}
