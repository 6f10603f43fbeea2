/**
 * When a storm is over: what is still open in the books, what has not been heard, and the person who lets go
 * what waits for one.
 */
import type { Bank } from '../../sim/bank.ts'
import { approveRefund, keepTwin } from '../../src/invoice/invoice.ts'
import type { World } from '../../src/base/world.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { releasePayout, retryPayout } from '../testbed/acts.ts'

/**
 * A person at the console: payouts that came back or were held for a failure are let go once the storm is
 * over.
 */
export async function attend(db: Db): Promise<void> {
  const act = { by: 'operator', why: 'the storm is over' }
  const rows = await db.all<{ id: string; state: string }>(sql`
    select p.id, p.state from payouts p join invoices i on i.id = p.invoice_id
    where p.state in ('held', 'returned') and p.units > 0 and p.asset = 'BRL' and i.state = 'credited'
      and p.invoice_id not in (select invoice_id from invoice_reversals where under_way_since is not null
        or holds_payout = 1) order by p.id`)
  for (const { id, state } of rows) await (state === 'held' ? releasePayout : retryPayout)(db, id, act)
}

/** A person decides about duplicates that were paid: most are refunded, and some were settled otherwise. */
export async function decideTwins(db: Db, world: World): Promise<void> {
  const rows = await db.all<{ invoice_id: string; provider_id: string }>(
    sql`select invoice_id, provider_id from invoice_twins where state = 'credited' order by id`,
  )
  for (const { invoice_id: invoiceId, provider_id: providerId } of rows) {
    const decision = { invoiceId, providerId, by: 'operator', why: 'the storm is over' }
    await (Number(providerId) % 4 === 0
      ? keepTwin(db, world, decision)
      : approveRefund(db, 'starkbank', decision))
  }
}

/** Whether every event the bank made has come in, pushed or asked for. */
export async function allHeard(db: Db, bank: Bank): Promise<boolean> {
  const kept = new Set(
    (await db.all<{ event_id: string }>(sql`select event_id from inbox`)).map(row => row.event_id),
  )
  return bank.eventsCreated().every(({ id }) => kept.has(id))
}

/**
 * Bundles that spend what the chain took away: no node will ever have them, and they wait for a person for
 * ever.
 */
const dead = sql`
  select b.bundle_id from bundle_coins b join coins c on c.id = b.outpoint
  where c.state in ('dropped', 'replaced', 'conflicted')
    or (c.spent_height is not null and c.spent_by not in (select id from bundle_candidates
      where bundle_id = b.bundle_id))`
const ofDead = sql`select payout_id from attempts where state in ('sending', 'sent')
  and bundle_id in (${dead})`

/**
 * Whether everything that lies on the chain lies deep enough, up to `tip`, and what is owed of it has been
 * paid.
 */
export async function isBuried(db: Db, tip: number): Promise<boolean> {
  const { height } = (await db.one<{ height: bigint | null }>(
    sql`select max(height) as height from chain_blocks where active = 1`,
  ))!
  const open = await db.one(sql`
    select 1 as yes from invoices where rail = 'bitcoin' and state in ('draft', 'seen', 'confirming', 'paid')
    union all select 1 as yes from bundles where state not in ('paid', 'void') and id not in (${dead})
    union all select 1 as yes from payouts where asset = 'BTC'
      and state in ('owed', 'sending', 'sent', 'waiting') and id not in (${ofDead})
    union all select 1 as yes from coins where state in ('seen', 'orphaned') or (state = 'mined'
      and height > ${BigInt(tip - 6)}) limit 1`)
  return height === BigInt(tip) && open === undefined
}

/** How often anything has moved from one state to another. */
export const moves = async (db: Db): Promise<bigint> =>
  (await db.one<{ count: bigint }>(sql`
    select (select coalesce(max(seq), 0) from transitions) + (select count(*) from inbox
      where state not in ('new', 'waiting')) as count`))!.count

/** When the installation next has something to do by its own books; undefined when nothing is open. */
export async function nextDue(db: Db): Promise<string | undefined> {
  const row = await db.one<{ at: string | null }>(sql`
    select min(at) as at from (
      select next_at as at from schedules where state = 'active' and next_at is not null
      union all select coalesce(lease_until, next_at) from slots where state in ('due', 'running')
        and held is null
      union all select next_at from invoices where state in ('draft', 'issuing', 'unsure')
      union all select changed_at from invoices where state in ('seen', 'confirming') or (state = 'paid'
        and rail = 'bitcoin')
      union all select changed_at from invoices where order_id is not null and told_state <> state
      union all select next_at from inbox where state in ('new', 'waiting')
      union all select next_at from invoice_twins where next_at is not null
      union all select next_at from invoice_refunds where next_at is not null
      union all select next_at from invoice_reversals where next_at is not null
      union all select next_at from invoice_cancels where next_at is not null
      union all select next_at from bundles where state not in ('paid', 'void') and id not in (${dead})
      union all select next_at from payouts where state in ('owed', 'sending', 'unsure', 'sent', 'waiting')
        and id not in (${ofDead})) as open_work`)
  return row?.at ?? undefined
}
