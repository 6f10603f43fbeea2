/**
 * Nothing stands still unseen: whatever is not over in the books would be named among what needs a person, if
 * it stayed as it is.
 */
import { later, type Instant } from '../../src/base/world.ts'
import { sql, type Db } from '../../src/db/db.ts'
import { payoutsStopped } from '../../src/payout/payout.ts'
import { attentionOf, grouped, type AttentionGroup, type AttentionKind } from '../../src/queries/attention.ts'
import { chainStatus } from '../../src/queries/chainStatus.ts'

/** Longer than anything may take. */
const longMs = 60 * 24 * 3_600_000

type Open = { what: string; id: string; state: string; also: string | null }

/**
 * Kinds in which a row of this table may be; where more of a kind are counted than listed, it may be one of
 * those.
 */
const kinds: Record<string, readonly AttentionKind[]> = {
  payout: [
    ...([
      'payout held',
      'payout returned',
      'payout unsure',
      'payout sent',
      'payout waiting',
      'payout owed',
    ] as const),
    ...([
      'bundle waits',
      'bundle slow',
      'bundle unsigned',
      'reversal slow',
      'refund late',
      'payout over limit',
    ] as const),
    ...(['handover waits', 'handover unconfirmed'] as const),
  ],
  invoice: ['invoice unsure', 'invoice not issued', 'invoice refused', 'request too small', 'order'],
  event: ['event quarantined', 'event waits'],
  slot: ['slot late', 'slot failed', 'catch-up waits', 'schedule held'],
  duplicate: [
    ...(['duplicate open', 'duplicate paid', 'duplicate paid alone', 'duplicate paid reversed'] as const),
    ...(['duplicate not credited', 'duplicate refund late'] as const),
  ],
  cancelation: ['cancel late'],
  proposal: ['proposal open'],
}

/** Answers what is open and named nowhere, as sentences. `now`: of the database's clock. */
export async function unlisted(db: Db, now: Instant): Promise<string[]> {
  const then = later(now, longMs)
  const stopped = await payoutsStopped(db)
  const chain = await chainStatus(db, { now: then, payoutDepth: 6 })
  const groups = grouped([...(await attentionOf(db, then)), ...(chain?.asks ?? [])])
  const rows = await db.all<Open>(sql`
    select 'payout' as what, p.id, p.state, coalesce(
        (select coalesce(c.name, p.asset) from limit_waits w left join accounts c on c.id = w.scope
          where w.payout_id = p.id and w.needs = 'room'),
        (select max(a.bundle_id) from attempts a where a.payout_id = p.id)) as also
      from payouts p join accounts c on c.id = p.account_id
      where p.units > 0 and p.state not in ('paid', 'canceled') and c.state = 'approved'
    union all select 'invoice', id, state, order_id from invoices
      where state in ('draft', 'issuing', 'unsure')
      or (state = 'refused' and id not in (select reissue_of from invoice_reissues))
    union all select 'event', event_id, state, null from inbox
      where state in ('new', 'waiting', 'quarantined')
    union all select 'slot', s.id, s.state, case when s.held is null then null else r.name end from slots s
      join schedules r on r.id = s.schedule_id
      where s.state in ('due', 'running')
    union all select 'duplicate', invoice_id, state, provider_id from invoice_twins
      where state not in ('canceled', 'refunded', 'kept')
    union all select 'cancelation', i.id, i.state, null from invoice_cancels c
      join invoices i on i.id = c.invoice_id
      where c.next_at is not null and i.state in ('issued', 'overdue')
    union all select 'proposal', id, state, null from proposals where state = 'open'
    order by 1, 2`)
  return rows
    .filter(row => !(row.what === 'payout' && stopped !== undefined) && !isListed(groups, row))
    .map(({ what, id, state }) => `${what} ${id} is ${state}, and would be named nowhere if it stayed so`)
}

const isListed = (groups: readonly AttentionGroup[], { what, id, also }: Open): boolean =>
  groups.some(
    ({ kind, total, asks }) =>
      asks.some(ask => ask.id === id || (also !== null && (ask.id === also || ask.why === also))) ||
      (total > asks.length && kinds[what]!.includes(kind)),
  )
