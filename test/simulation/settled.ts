/** When a storm is over: what is still open in the books, what has not been heard, and the person who lets go what waits for one. */
import type { Bank } from '../../sim/bank.ts'
import { releasePayout, retryPayout } from '../../src/payout/payout.ts'
import { sql, type Store } from '../../src/store/store.ts'

/** A person at the console: payouts that came back or were held for a failure are let go once the storm is over. */
export async function attend(store: Store): Promise<void> {
  const act = { by: 'operator', why: 'the storm is over' }
  const rows = await store.all<{ id: string; state: string }>(sql`
    select p.id, p.state from payouts p join invoices i on i.id = p.invoice_id
    where p.state in ('held', 'returned') and p.units > 0 and i.state = 'credited' order by p.id`)
  for (const { id, state } of rows) await (state === 'held' ? releasePayout : retryPayout)(store, id, act)
}

/** Whether every event the bank made has come in, pushed or asked for. */
export async function allHeard(store: Store, bank: Bank): Promise<boolean> {
  const kept = new Set((await store.all<{ event_id: string }>(sql`select event_id from inbox`)).map(row => row.event_id))
  return bank.eventsCreated().every(({ id }) => kept.has(id))
}

/** When the house next has something to do by its own books; undefined when nothing is open. */
export async function nextDue(store: Store): Promise<string | undefined> {
  const row = await store.one<{ at: string | null }>(sql`
    select min(at) as at from (
      select next_at as at from schedules where state = 'active' and next_at is not null
      union all select coalesce(lease_until, next_at) from slots where state in ('due', 'running')
      union all select next_at from invoices where state in ('draft', 'issuing', 'unsure')
      union all select next_at from inbox where state in ('new', 'waiting')
      union all select next_at from payouts where state in ('owed', 'sending', 'unsure', 'sent', 'waiting')) as open_work`)
  return row?.at ?? undefined
}
