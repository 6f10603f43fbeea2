/** What needs a person: each with the thing it is about, for a page to link, and the sentence a command prints. */
import { told } from '../base/money.ts'
import { listAlarms } from '../ledger/ledger.ts'
import { later, type Instant } from '../base/world.ts'
import { beforeThat, receivables } from '../payout/payout.ts'
import { sql, type Reader } from '../store/store.ts'

export type AskKind =
  | 'proposal open'
  | 'account awaits'
  | 'payout held'
  | 'payout returned'
  | 'event quarantined'
  | 'event conflict'
  | 'invoice refused'
  | 'request too small'
  | 'payee owes'
  | 'payee is owed'
  | 'reversal slow'
  | 'duplicate paid'
  | 'duplicate paid alone'
  | 'duplicate paid reversed'
  | 'duplicate not credited'
  | 'duplicate open'
  | 'duplicate refund late'
  | 'duplicate returned'
  | 'order'
  | 'letter failed'
  | 'foreign events'
  | 'chain trouble'
  | 'bank denies'
  | 'clock off'
  | 'request late'
  | 'request underpaid'
  | 'bundle waits'
  | 'bundle unsigned'
  | 'coin not counted'
  | 'coin gone'
  | 'coin of no request'

/**
 * `id`: what it is about, an account by its name and an event by its own id; `number`: of an event in the inbox, or of an address. A
 * duplicate is about its invoice, `of` who paid it, and `why` names it at the bank.
 */
export type Ask = {
  kind: AskKind
  id: string
  number: bigint | null
  /** What belongs to it: an order of the shop, the request of a coin, the kind of a letter, the act of a proposal. */
  of: string | null
  why: string | null
  /** Satoshis of a coin, or cents of a duplicate: still owed to its payer, or given back. */
  units: bigint | null
}

/** On every rail but the chain's own. Without `now`, nothing is said to take too long. */
export const asksOf = async (reader: Reader, now: Instant | undefined): Promise<Ask[]> => [
  ...(await alarmAsks(reader)),
  ...(await duplicateAsks(reader)),
  ...(now === undefined ? [] : await lateDuplicates(reader, now)),
  ...(await debtAsks(reader)),
  ...(now === undefined ? [] : await slowReversals(reader, now)),
  ...(await otherAsks(reader)),
]

/** What keeps work from being done until it heals, which comes before everything that merely waits. */
const alarmAsks = async (reader: Reader): Promise<Ask[]> =>
  (await listAlarms(reader)).map(({ name, why }) => ({
    kind: name === 'bank credentials' ? 'bank denies' : 'clock off',
    ...{ id: '', number: null, of: name.replace(/^clock of /, ''), why, units: null },
  }))

/**
 * Duplicates that somebody paid, until a person has decided what becomes of the money. `alone`: the invoice itself is not paid;
 * `reversed`: its own money went back.
 */
const duplicateAsks = (reader: Reader): Promise<Ask[]> =>
  reader.all<Ask>(sql`
    select case when t.state = 'paid' then 'duplicate not credited' when i.state = 'reversed' then 'duplicate paid reversed'
      when i.state in ('paid', 'credited') then 'duplicate paid' else 'duplicate paid alone' end as kind, i.id,
      cast(null as bigint) as number, i.payer_name as of, t.provider_id as why, coalesce(t.paid_units - t.returned_units, t.units) as units
    from invoice_twins t join invoices i on i.id = t.invoice_id where t.state in ('paid', 'credited') order by t.added_at, t.id limit 200`)

const mostOpenMs = 10 * 60_000
const mostRefundingMs = 30 * 60_000
/** There is nothing to decide about what the bank gave back by itself, so it is said for this long. */
const returnedForMs = 30 * 24 * 3_600_000

/** Duplicates that the bank does not cancel or refund in good time, and what was given back though it had been settled otherwise. */
const lateDuplicates = (reader: Reader, now: Instant): Promise<Ask[]> =>
  reader.all<Ask>(sql`
    select late.kind, i.id, cast(null as bigint) as number, i.payer_name as of, late.provider_id as why, late.owed as units from (
      select 'duplicate open' as kind, id, invoice_id, provider_id, added_at, units as owed from invoice_twins
        where state = 'open' and added_at < ${later(now, -mostOpenMs)}
      union all select 'duplicate refund late', id, invoice_id, provider_id, added_at, paid_units - returned_units from invoice_twins
        where state in ('approved', 'refunding', 'unsure', 'sent') and decided_at < ${later(now, -mostRefundingMs)}
      union all select 'duplicate returned', id, invoice_id, provider_id, added_at, returned_units from invoice_twins t
        where state in ('kept', 'refunded') and exists (select 1 from ledger_transactions
          where movement = 'duplicate reopened' and source like t.id || '/%' and at > ${later(now, -returnedForMs)})) as late
    join invoices i on i.id = late.invoice_id order by late.added_at, late.id limit 200`)

/** What payees owe because a payer got money back that had been passed on, by account; and what was kept back from them too much. */
const debtAsks = async (reader: Reader): Promise<Ask[]> =>
  (await receivables(reader)).map(({ name, recover, units }) => ({
    ...{ kind: units > 0n ? 'payee owes' : 'payee is owed', id: name, number: null, of: null },
    ...{ why: recover, units: units > 0n ? units : -units },
  }))

const mostReversingMs = 30 * 60_000

/** Money that has been going back for long without the bank saying what became of it: its payout waits all the while. */
const slowReversals = (reader: Reader, now: Instant): Promise<Ask[]> =>
  reader.all<Ask>(sql`
    select 'reversal slow' as kind, i.id, cast(null as bigint) as number, i.payer_name as of, r.under_way_since as why, cast(null as bigint) as units
    from invoice_reversals r join invoices i on i.id = r.invoice_id where r.under_way_since < ${later(now, -mostReversingMs)}
    order by r.under_way_since, i.id limit 200`)

const otherAsks = (reader: Reader): Promise<Ask[]> =>
  reader.all<Ask>(sql`
    select kind, id, cast(number as bigint) as number, cast(of_it as text) as of, why, cast(null as bigint) as units from (
    select 'account awaits' as kind, name as id, cast(null as bigint) as number, cast(null as text) as of_it, cast(null as text) as why from accounts where state = 'awaiting'
    union all select 'proposal open', id, null, act, subject from proposals where state = 'open'
    union all select 'payout ' || state, id, null, null, coalesce(why, '') from payouts where state in ('held', 'returned')
    union all select 'event quarantined', event_id, id, null, coalesce(why, '') from inbox where state = 'quarantined'
    union all select 'event conflict', c.event_id, (select id from inbox i where i.rail = c.rail and i.event_id = c.event_id), null, null from inbox_conflicts c
    union all select case when rail = 'bitcoin' then 'request too small' else 'invoice refused' end, id, null, order_id, null
      from invoices where state = 'refused'
    union all select 'order', id, null, null, attention from orders where attention is not null
    union all select 'letter failed', order_id, null, kind, coalesce(why, '') from mails where state = 'failed'
    union all select 'foreign events', '', null, null, null
      where (select count(*) from (select via, why from inbox order by id desc limit 50) as latest
        where via = 'push' and why like 'of another workspace%') >= 3
      and not exists (select 1 from (select via, why from inbox order by id desc limit 50) as latest
        where via = 'push' and coalesce(why, '') not like 'of another workspace%')
    limit 200) as asks`)

/** Each reason stands by itself: whoever lets go of one must have seen the others. */
export const stopSentences = (stopped: string | undefined): string[] =>
  (stopped?.split(beforeThat) ?? []).map((why, place) =>
    place === 0 ? `payouts are stopped: ${why}` : `they were stopped before that: ${why}`,
  )

/** As commands say it. */
export function sentence({ kind, id, number, of, why, units }: Ask): string {
  const ofOrder = of === null ? '' : ` of order ${of}`
  const came = told(units ?? 0n, 'BTC')
  switch (kind) {
    case 'account awaits':
      return `account ${id} awaits approval`
    case 'proposal open':
      return `proposal ${id} (${of} of ${why}) awaits a second person: repasse proposal show ${id}`
    case 'payout held':
      return `payout ${id} is held: ${why}`
    case 'payout returned':
      return `payout ${id} is returned: ${why}`
    case 'event quarantined':
      return `event ${id} is quarantined: ${why}`
    case 'event conflict':
      return `event ${id} came with two bodies`
    case 'invoice refused':
      return `invoice ${id}${ofOrder} was refused by the bank`
    case 'request too small':
      return `invoice ${id}${ofOrder} is too small for the chain, and nobody was asked`
    case 'payee owes':
      return why === 'next-payouts'
        ? `account ${id} owes ${told(units ?? 0n, 'BRL')} for money that went back to payers: it is kept back from its next payouts`
        : `account ${id} owes ${told(units ?? 0n, 'BRL')} for money that went back to payers (repasse account show ${id})`
    case 'payee is owed':
      return `${told(units ?? 0n, 'BRL')} too much was kept back from account ${id}: it goes out with its next payout`
    case 'reversal slow':
      return `money of invoice ${id} has been going back to ${of} since ${why}, and the bank has not said what became of it: its payout waits`
    case 'duplicate paid':
      return `${of} paid invoice ${id} twice: ${told(units ?? 0n, 'BRL')} of its duplicate ${why} is owed back (${decide(id, why)})`
    case 'duplicate paid alone':
      return `${of} is owed ${told(units ?? 0n, 'BRL')} paid to duplicate ${why} of invoice ${id}, which itself is not paid (${decide(id, why)})`
    case 'duplicate paid reversed':
      return `${of} is owed ${told(units ?? 0n, 'BRL')} paid to duplicate ${why} of invoice ${id}, which itself was reversed (${decide(id, why)})`
    case 'duplicate not credited':
      return `${of} paid ${told(units ?? 0n, 'BRL')} to duplicate ${why} of invoice ${id}, and the bank has not credited it yet`
    case 'duplicate open':
      return `duplicate ${why} of invoice ${id} can still be paid by ${of}, and the bank has not canceled it for more than 10 minutes`
    case 'duplicate refund late':
      return `the refund of ${told(units ?? 0n, 'BRL')} to ${of} for duplicate ${why} of invoice ${id} has not arrived for more than 30 minutes`
    case 'duplicate returned':
      return `${told(units ?? 0n, 'BRL')} of duplicate ${why} of invoice ${id} went back to ${of} though it was settled otherwise: perhaps ${of} has it twice`
    case 'order':
      return `order ${id}: ${why}`
    case 'letter failed':
      return `the letter "${of}" of order ${id} could not be sent: ${why}`
    case 'foreign events':
      return 'events of another workspace come, and none of ours: is STARKBANK_WORKSPACE_ID right? "repasse doctor" asks the bank'
    case 'chain trouble':
      return `the chain cannot be followed, so nothing is credited: ${why}`
    case 'bank denies':
      return `the bank does not know us, so nothing is issued or paid there until it does: ${why} ("repasse doctor" asks it)`
    case 'clock off':
      return `the clocks disagree on ${of}, so nothing is issued, paid, expired or priced there until they agree: ${why}`
    case 'request late':
      return `request ${id} is late: ${why} (repasse invoice accept ${id} takes it on)`
    case 'request underpaid':
      return `request ${id} was paid in part, and its time is over: it is watched until ${why}`
    case 'bundle waits':
      return `bundle ${id} waits: ${why}`
    case 'bundle unsigned':
      return `bundle ${id} waits for a signature: repasse bitcoin psbt export ${id}`
    case 'coin not counted':
      return `${came} more came to request ${of} after it was credited, and are not counted: coin ${id}`
    case 'coin gone':
      return `the credited payment of ${came} to request ${of} left the chain: coin ${id}`
    case 'coin of no request':
      return `${came} came to address ${number} of ours, which no request has: coin ${id} is booked as external`
  }
}

const decide = (id: string, duplicate: string | null) =>
  `repasse invoice refund ${id} --twin ${duplicate} gives it back; with --keep --why … it was settled otherwise`
