/** The reasons of what needs a person: the code and values that a row keeps beside its words. */
import type { KeptReason } from '../base/reasons.ts'
import { join, sql, type Reader } from '../db/db.ts'

interface Item {
  kind: string
  id: string
  /** Of an event, in the inbox. */
  number: bigint | null
  why: string | null
}

/** Each with the reason that its row keeps beside the words. */
export async function withReasons<I extends Item>(
  reader: Reader,
  items: I[],
): Promise<(I & { because?: KeptReason })[]> {
  const idsOf = (table: Kept) =>
    items.filter(({ kind, why }) => keptIn(kind) === table && why !== null && why !== '')
  const kept = new Map<string, KeptReason>()
  const keep = (table: Kept, rows: (KeptReason & { key: string; why: string })[]) => {
    for (const { key, why, reason, detail } of rows) kept.set(`${table} ${key} ${why}`, { reason, detail })
  }
  const payouts = idsOf('payouts').map(({ id }) => id)
  if (payouts.length > 0)
    keep(
      'payouts',
      await reader.all(
        sql`select id as key, why, reason, detail from payouts where id in (${join(payouts)})`,
      ),
    )
  const events = idsOf('inbox').flatMap(({ number }) => number ?? [])
  if (events.length > 0)
    keep(
      'inbox',
      await reader.all(sql`
        select cast(id as text) as key, why, reason, detail from inbox where id in (${join(events)})`),
    )
  const schedules = idsOf('slots').map(({ id }) => id)
  if (schedules.length > 0)
    keep(
      'slots',
      await reader.all(sql`
        select distinct r.name as key, s.held as why, s.held_reason as reason, s.held_detail as detail
        from slots s join schedules r on r.id = s.schedule_id and r.store_id = ${reader.store}
        where s.state = 'due' and s.held is not null and r.name in (${join(schedules)})`),
    )
  const orders = idsOf('orders').map(({ id }) => id)
  if (orders.length > 0)
    keep(
      'orders',
      await reader.all(sql`
        select id as key, attention as why, attention_reason as reason, attention_detail as detail
        from orders where id in (${join(orders)})`),
    )
  return items.map(item => {
    const table = keptIn(item.kind)
    const key = table === 'inbox' ? `${item.number}` : item.id
    const found = table && kept.get(`${table} ${key} ${item.why}`)
    return found ? { ...item, because: found } : item
  })
}

type Kept = 'payouts' | 'inbox' | 'slots' | 'orders'
/** Where the row is whose `why` an item has. */
function keptIn(kind: string): Kept | undefined {
  switch (kind) {
    case 'payout held':
    case 'payout returned':
    case 'payout unsure':
    case 'payout waiting':
    case 'payout owed':
    case 'handover waits':
      return 'payouts'
    case 'event waits':
    case 'event quarantined':
      return 'inbox'
    case 'catch-up waits':
      return 'slots'
    case 'order':
      return 'orders'
    default:
      return undefined
  }
}
