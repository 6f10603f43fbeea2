/**
 * What needs a person: each with the thing it is about. Commands say it in the words of `attentionWords.ts`,
 * pages in theirs.
 */
import { listAlarms, payoutOfKey } from '../ledger/ledger.ts'
import { later, type Instant } from '../base/world.ts'
import { chainRails, handRails, isOnChain, railNames } from '../base/rails.ts'
import { silentRails } from '../jobs/jobs.ts'
import {
  bankUnread,
  isAnyDueAtBank,
  coolingAccounts,
  everyLimitObjection,
  objectedAccounts,
  receivables,
  refundRule,
  waitingForRoom,
  type ApprovalsNeeded,
  type Unread,
} from '../payout/payout.ts'
import { countSigners } from '../people/people.ts'
import type { KeptReason } from '../base/reasons.ts'
import { withReasons } from './attentionReasons.ts'
import { retentionFailing } from '../privacy/privacy.ts'
import { isOlderThan, join, sql, type Reader, type Sql } from '../db/db.ts'
import { longReversalMs } from '../webhooks/webhooks.ts'

/**
 * Every kind there is, worst first: money that left or went wrong, then what nothing gets past, then what
 * merely waits for a decision.
 */
const worstFirst = [
  'rail silent',
  'bank denies',
  'nobody signs',
  'own key retired',
  'clock off',
  'chain trouble',
  'chain unread',
  'bank unread',
  'invoices unread',
  'foreign events',
  'line out',
  'suspense',
  'coin gone',
  'payee owes',
  'payout returned',
  'payout held',
  'payout unsure',
  'payout sent',
  'payout waiting',
  'payout owed',
  'handover unconfirmed',
  'handover waits',
  'limit used up',
  'bundle waits',
  'bundle slow',
  'reversal slow',
  'duplicate returned',
  'duplicate refund late',
  'refund failed',
  'refund late',
  'duplicate open',
  'duplicate paid reversed',
  'duplicate paid',
  'duplicate paid alone',
  'duplicate not credited',
  'reissue paid twice',
  'cancel refused',
  'cancel late',
  'event quarantined',
  'event conflict',
  'event waits',
  'schedule held',
  'catch-up waits',
  'invoices forgotten',
  'slot failed',
  'slot late',
  'invoice unsure',
  'invoice not issued',
  'request late',
  'coin not counted',
  'request underpaid',
  'order',
  'account objected',
  'limits objected',
  'person objected',
  'invitation opened twice',
  'person new',
  'bundle unsigned',
  'account waits',
  'payout over limit',
  'proposal open',
  'account unsigned',
  'schedule unsigned',
  'account awaits',
  'payee is owed',
  'coin of no request',
  'line in',
  'invoice refused',
  'request too small',
  'retention failed',
  'letter failed',
  'notice failed',
  'account notice failed',
  'limits notice failed',
  'anchor mail failed',
] as const
export type AttentionKind = (typeof worstFirst)[number]

/**
 * `id`: what it is about, an account by its name and an event by its own id; `number`: of an event in the
 * inbox, or of an address. A duplicate is about its invoice, `of` who paid it, and `why` names it at the
 * bank.
 */
export type AttentionItem = {
  kind: AttentionKind
  id: string
  number: bigint | null
  /**
   * What belongs to it: an order of the shop, the request of a coin, the kind of a letter, the act of a
   * proposal.
   */
  of: string | null
  why: string | null
  /** The code of `why` and its values, where it is a reason of ours. */
  because?: KeptReason
  /**
   * Satoshis of a coin, or cents of a duplicate: still owed to its payer, or given back. Of a limit `of` says
   * which, and `why` of what.
   */
  units: bigint | null
  /** How many there are of its kind, where not all of them are listed. */
  total?: bigint
  /** Of a rail that does not answer. */
  since?: Instant
  /** Of a rail that is not read to its end. */
  unread?: Unread
}

/** All of one kind: how many there are, and the first of them. */
export interface AttentionGroup {
  kind: AttentionKind
  total: number
  asks: AttentionItem[]
}

/** By kind, worst first. */
export const grouped = (asks: readonly AttentionItem[]): AttentionGroup[] =>
  worstFirst.flatMap(kind => {
    const same = asks.filter(ask => ask.kind === kind)
    return same.length === 0 ? [] : [{ kind, total: Number(same[0]!.total ?? same.length), asks: same }]
  })

/** One that is about no row. */
export const askOf = (kind: AttentionKind, why: string): AttentionItem => ({
  kind,
  id: '',
  number: null,
  of: null,
  why,
  units: null,
})

/** What payouts of a rail wait for until it is read to its end. */
export const askToRead = (unread: Unread): AttentionItem => ({
  ...{
    kind: isOnChain(unread.rail) ? 'chain unread' : 'bank unread',
    id: '',
    number: null,
    of: null,
    why: null,
    units: null,
  },
  unread,
})

/** The most that are listed of one kind; the rest of it is counted. */
export const maxOfKind = 20

/**
 * The first of each kind among `rows` of kind, id, number, of_it and why, and perhaps units; the oldest
 * first, for ids begin with the time.
 */
export const firstOfEach = (rows: Sql): Sql => sql`
  select kind, id, cast(number as bigint) as number, cast(of_it as text) as of, why,
    cast(units as bigint) as units, total from (
    select kind, id, number, of_it, why, units, count(*) over (partition by kind) as total,
      row_number() over (partition by kind order by id) as place from (${rows}) as listed) as placed
  where place <= ${maxOfKind} order by kind, place`

/** On every rail but the chain's own. Without `now`, nothing is said to take too long. */
export const attentionOf = async (
  reader: Reader,
  now: Instant | undefined,
  silentMs?: number,
  approvals?: ApprovalsNeeded,
): Promise<AttentionItem[]> => withReasons(reader, await itemsOf(reader, now, silentMs, approvals))

const itemsOf = async (
  reader: Reader,
  now: Instant | undefined,
  silentMs?: number,
  approvals?: ApprovalsNeeded,
): Promise<AttentionItem[]> => [
  ...(approvals === 'proven' ? await signerAsks(reader) : []),
  ...(now === undefined ? [] : await silentAsks(reader, now, silentMs)),
  ...(await alarmAsks(reader)),
  ...(now === undefined ? [] : await unreadAsks(reader, now)),
  ...(await duplicateAsks(reader)),
  ...(now === undefined
    ? []
    : [
        ...(await lateDuplicates(reader, now)),
        ...(await slowReversals(reader, now)),
        ...(await failedRefunds(reader, now)),
        ...(await openCancels(reader, now)),
        ...(await paidTwice(reader, now)),
        ...(await slowAsks(reader, now)),
        ...(await newPeople(reader, now)),
      ]),
  ...(await debtAsks(reader)),
  ...(now === undefined ? [] : await fullLimits(reader, now)),
  ...(now === undefined ? [] : await waitingAccounts(reader, now)),
  ...(await accountsObjectedTo(reader)),
  ...(await failedRetention(reader)),
  ...(await limitsObjectedTo(reader)),
  ...(await otherAsks(reader)),
]

/**
 * Approvals have to be proven, and nobody can: said as soon as there is something to approve, and not when
 * the first payout waits.
 */
const signerAsks = async (reader: Reader): Promise<AttentionItem[]> =>
  (await reader.one(
    sql`select 1 as yes from accounts where store_id = ${reader.store} and state <> 'closed' limit 1`,
  )) && (await countSigners(reader, 'checker')) === 0
    ? [askOf('nobody signs', '')]
    : []

/** What keeps work from being done until it heals, which comes before everything that merely waits. */
const alarmAsks = async (reader: Reader): Promise<AttentionItem[]> =>
  (await listAlarms(reader)).map(({ name, why }) => ({
    kind:
      name === 'bank credentials'
        ? 'bank denies'
        : name.startsWith('bank key of ')
          ? 'own key retired'
          : 'clock off',
    ...{ id: '', number: null, of: name.replace(/^(clock|bank key) of /, ''), why, units: null },
  }))

const silentAsks = async (
  reader: Reader,
  now: Instant,
  silentMs: number | undefined,
): Promise<AttentionItem[]> =>
  (await silentRails(reader, now, silentMs)).map(({ rail, since, why }) => ({
    ...{ kind: 'rail silent', id: '', number: null, of: rail, why, units: null, since },
  }))

/** While a payout is due that waits for it, so that an installation at rest says nothing. */
const unreadAsks = async (reader: Reader, now: Instant): Promise<AttentionItem[]> => {
  const unread = (await isAnyDueAtBank(reader, now)) ? await bankUnread(reader, now) : undefined
  return unread === undefined ? [] : [askToRead(unread)]
}

/**
 * Duplicates that somebody paid, until a person has decided what becomes of the money. `alone`: the invoice
 * itself is not paid; `reversed`: its own money went back.
 */
const duplicateAsks = (reader: Reader): Promise<AttentionItem[]> =>
  reader.all<AttentionItem>(
    firstOfEach(sql`
      select case when t.state = 'paid' then 'duplicate not credited' when i.state = 'reversed'
        then 'duplicate paid reversed'
        when i.state in ('paid', 'credited') then 'duplicate paid'
          else 'duplicate paid alone' end as kind, i.id,
        null as number, i.payer_name as of_it, t.provider_id as why, coalesce(t.paid_units - t.returned_units,
          t.units) as units
      from invoice_twins t join invoices i on i.id = t.invoice_id and i.store_id = ${reader.store}
        where t.state in ('paid', 'credited')`),
  )

const maxOpenMs = 10 * 60_000
const maxRefundingMs = 30 * 60_000
/** There is nothing to decide about what the bank gave back by itself, so it is said for this long. */
const returnedForMs = 30 * 24 * 3_600_000

/**
 * Duplicates that the bank does not cancel or refund in good time, and what was given back though it had been
 * settled otherwise.
 */
const lateDuplicates = (reader: Reader, now: Instant): Promise<AttentionItem[]> =>
  reader.all<AttentionItem>(
    firstOfEach(sql`
      select late.kind, i.id, null as number, i.payer_name as of_it, late.provider_id as why,
        late.owed as units from (
        select 'duplicate open' as kind, invoice_id, provider_id, units as owed from invoice_twins
          where state = 'open' and ${isOlderThan(sql`added_at`, now, maxOpenMs)}
        union all select 'duplicate refund late', invoice_id, provider_id, paid_units - returned_units
          from invoice_twins
          where state in ('approved', 'refunding', 'unsure', 'sent')
            and ${isOlderThan(sql`decided_at`, now, maxRefundingMs)}
        union all select 'duplicate returned', invoice_id, provider_id, returned_units from invoice_twins t
          where state in ('kept', 'refunded') and exists (select 1 from ledger_transactions
            where movement = 'duplicate reopened' and source like t.id || '/%'
              and at > ${later(now, -returnedForMs)})) as late
      join invoices i on i.id = late.invoice_id and i.store_id = ${reader.store}`),
  )

const minute = 60_000
const hour = 60 * minute

/**
 * How long each may take before it is said. A retry moves a row and does not make it younger, so its age
 * counts and not its last move.
 */
export const expectedMs = {
  issued: 15 * minute,
  settled: 30 * minute,
  /** A transfer that the bank took on: a Pix takes seconds, a TED the bank's day. */
  sent: 6 * hour,
  minedAndSettled: 24 * hour,
  /** What is handed over by people: confirmed, and fetched. */
  handed: 24 * hour,
  /** For balance, for its turn. */
  paid: hour,
  heard: 15 * minute,
  run: 15 * minute,
  /** How long a slot that was given up is said. */
  failedSlotSaid: 7 * 24 * hour,
} as const

/**
 * What does not move in its time, whatever the cause. Every event has a `next_at`: naming it leads the
 * planner to the index of open ones.
 */
const slowAsks = (reader: Reader, now: Instant): Promise<AttentionItem[]> => {
  const onChain = sql`rail in (${join(chainRails)})`
  const byHand = sql`rail in (${join(handRails)})`
  const before = (ms: number) => later(now, -ms)
  const added = (ms: number) => isOlderThan(sql`added_at`, now, ms)
  const moved = (ms: number) => isOlderThan(sql`changed_at`, now, ms)
  const ours = sql`store_id = ${reader.store}`
  return reader.all<AttentionItem>(
    firstOfEach(sql`
      select 'payout unsure' as kind, id, cast(null as bigint) as number, cast(null as text) as of_it,
        coalesce(why, '') as why, cast(null as bigint) as units from payouts
        where ${ours} and state in ('sending', 'unsure') and not ${onChain} and ${moved(expectedMs.settled)}
      union all select 'payout sent', id, null, changed_at, '', null from payouts
        where ${ours} and state = 'sent' and not ${byHand}
          and case when ${onChain} then ${moved(expectedMs.minedAndSettled)}
          else ${moved(expectedMs.sent)} end
      union all select 'payout waiting', id, null, added_at, coalesce(why, ''), null from payouts
        where ${ours} and state = 'waiting' and ${added(expectedMs.paid)} and id not in (select payout_id
          from limit_waits)
          and account_id not in (select id from accounts where payable_from > ${before(expectedMs.paid)})
          and (${refundRule} or account_id not in (select account_id from account_objections
            where cleared_at is null))
      union all select 'payout owed', id, null, added_at, coalesce(why, ''), null from payouts
        where ${ours} and state = 'owed' and not ${byHand}
          and account_id not in (select id from accounts where state = 'awaiting')
          and units > 0
          and case when ${onChain} then ${added(expectedMs.minedAndSettled)}
            else ${added(expectedMs.paid)} end
          and id not in (select payout_id from limit_waits)
          and (${refundRule} or account_id not in (select account_id from account_objections
            where cleared_at is null))
          and account_id not in (select id from accounts
            where payable_from > case when ${onChain} then ${before(expectedMs.minedAndSettled)}
              else ${before(expectedMs.paid)} end)
          and not exists (select 1 from holds)
          and not exists (select 1 from settings where name in ('books', 'bank', 'chain', 'strangers'))
      union all select 'handover unconfirmed', id, null, changed_at, '', null from payouts
        where ${ours} and state = 'sent' and ${byHand} and (${moved(expectedMs.handed)}
          or exists (select 1 from invoices i where i.id = payouts.invoice_id and i.state = 'reversed'))
      union all select 'handover waits', id, null, added_at, coalesce(why, ''), units from payouts
        where ${ours} and state = 'owed' and ${byHand} and units > 0 and ${added(expectedMs.handed)}
          and account_id not in (select id from accounts where state = 'awaiting')
          and id not in (select payout_id from limit_waits)
          and account_id not in (select account_id from account_objections where cleared_at is null)
      union all select 'invoice unsure', id, null, order_id, '', null from invoices
        where ${ours} and state = 'unsure' and ${added(expectedMs.settled)}
      union all select 'invoice not issued', id, null, order_id, '', null from invoices
        where ${ours} and state in ('draft', 'issuing') and ${added(expectedMs.issued)}
      union all select 'event waits', event_id, id, null, coalesce(why, ''), null from inbox
        where state in ('new', 'waiting') and next_at > ''
          and ${isOlderThan(sql`received_at`, now, expectedMs.heard)}
      union all select 'slot late', s.id, null, r.name, s.due_at, null from slots s
        join schedules r on r.id = s.schedule_id and r.${ours}
        where s.state in ('due', 'running')
          and case when s.state = 'due' then s.held is null and s.due_at < ${before(expectedMs.run)}
            else s.lease_until < ${before(expectedMs.run)} end
      union all select 'slot failed', s.id, null, r.name, s.due_at, null from slots s
        join schedules r on r.id = s.schedule_id and r.${ours}
        where s.state = 'failed' and s.changed_at > ${before(expectedMs.failedSlotSaid)}`),
  )
}

/**
 * What payees owe because a payer got money back that had been passed on, by account; and what was kept back
 * from them too much.
 */
const debtAsks = async (reader: Reader): Promise<AttentionItem[]> =>
  (await receivables(reader)).map(({ name, recover, units }) => ({
    ...{ kind: units > 0n ? 'payee owes' : 'payee is owed', id: name, number: null, of: null },
    ...{ why: recover, units: units > 0n ? units : -units },
  }))

/**
 * Money that has been going back for long, or is to, without the bank saying what became of it: its payout
 * waits all the while.
 */
const slowReversals = (reader: Reader, now: Instant): Promise<AttentionItem[]> =>
  reader.all<AttentionItem>(
    firstOfEach(sql`
      select case when f.id is null then 'reversal slow'
        else 'refund late' end as kind, i.id, null as number, i.payer_name as of_it,
        r.under_way_since as why, f.units
      from invoice_reversals r join invoices i on i.id = r.invoice_id and i.store_id = ${reader.store}
        left join invoice_refunds f on f.invoice_id = i.id and f.state in ('approved', 'refunding', 'unsure')
      where r.under_way_since < ${later(now, -longReversalMs)}`),
  )

/** Refunds that the bank did not make: said until another one is asked for, and for a month at most. */
const failedRefunds = (reader: Reader, now: Instant): Promise<AttentionItem[]> =>
  reader.all<AttentionItem>(
    firstOfEach(sql`
      select 'refund failed' as kind, i.id, null as number, i.payer_name as of_it, null as why, f.units
      from invoice_refunds f join invoices i on i.id = f.invoice_id and i.store_id = ${reader.store}
      where f.state = 'failed' and f.changed_at > ${later(now, -returnedForMs)}
        and not exists (select 1 from invoice_refunds x where x.invoice_id = f.invoice_id and x.id > f.id)`),
  )

const maxCancelingMs = 30 * 60_000

/**
 * Unpaid invoices that a person wants canceled, and that can still be paid: the bank has not said, or it said
 * no.
 */
const openCancels = (reader: Reader, now: Instant): Promise<AttentionItem[]> =>
  reader.all<AttentionItem>(
    firstOfEach(sql`
      select case when c.next_at is null then 'cancel refused'
        else 'cancel late' end as kind, i.id, null as number, i.payer_name as of_it,
        coalesce(c.why, c.changed_at) as why, i.units
      from invoice_cancels c join invoices i on i.id = c.invoice_id and i.store_id = ${reader.store}
      where i.state in ('issued', 'overdue') and case when c.next_at is null
        then c.why is not null and c.changed_at > ${later(now, -returnedForMs)}
          else ${isOlderThan(sql`c.changed_at`, now, maxCancelingMs)} end`),
  )

/**
 * Invoices that were asked for again, of which the old one was paid as well: said until one is given back,
 * and for a month at most.
 */
const paidTwice = (reader: Reader, now: Instant): Promise<AttentionItem[]> =>
  reader.all<AttentionItem>(
    firstOfEach(sql`
      with recursive again (first_id, id) as (
        select reissue_of, reissue_of from invoice_reissues where reissue_of not in (select invoice_id
          from invoice_reissues)
        union all select again.first_id, r.invoice_id from again
          join invoice_reissues r on r.reissue_of = again.id)
      select 'reissue paid twice' as kind, max(i.id) as id, null as number, max(i.payer_name) as of_it,
        min(i.id) as why, max(i.units) as units
      from again join invoices i on i.id = again.id and i.store_id = ${reader.store}
        where i.state in ('paid', 'credited')
      group by again.first_id having count(*) > 1 and max(i.changed_at) > ${later(now, -returnedForMs)}`),
  )

/**
 * Limits that have kept payouts waiting for an hour: `of` is the asset, `why` what the limit is for, `number`
 * how many wait.
 */
const fullLimits = async (reader: Reader, now: Instant): Promise<AttentionItem[]> =>
  (await waitingForRoom(reader, now, hour)).map(({ account, asset, per, cap_units: units, count }) => ({
    ...{ kind: 'limit used up', id: account ?? asset, number: count, of: asset, why: per, units },
  }))

/**
 * People who may not approve yet: until then whoever does not know of them objects. `of` is their role, `why`
 * who gave it, `since` from when.
 */
const newPeople = async (reader: Reader, now: Instant): Promise<AttentionItem[]> =>
  (
    await reader.all<AttentionItem & { from_at: Instant }>(sql`
      select 'person new' as kind, name as id, null as number, role as of, coalesce(given_by,
        added_by) as why, null as units, approves_from as from_at
      from users where store_id = ${reader.store} and state = 'active' and role <> 'viewer'
        and approves_from > ${now}
        order by approves_from, id limit ${maxOfKind}`)
  ).map(({ from_at: since, ...ask }) => ({ ...ask, since }))

/** Accounts that were approved lately and keep payouts waiting: `number` how many, `since` until when. */
const waitingAccounts = async (reader: Reader, now: Instant): Promise<AttentionItem[]> =>
  (await coolingAccounts(reader, now)).map(({ name, payable_from: since, count }) => ({
    ...{ kind: 'account waits', id: name, number: count, of: null, why: null, units: null, since },
  }))

/** Accounts that somebody objects to: `of` is who, `number` how many payouts wait for it. */
const accountsObjectedTo = async (reader: Reader): Promise<AttentionItem[]> =>
  (await objectedAccounts(reader)).map(({ name, made_by: of, why, count }) => ({
    ...{ kind: 'account objected', id: name, number: count, of, why, units: null },
  }))

/**
 * The nightly job that drops old personal data failed: `id` is its last run, `since` when the first of them
 * was.
 */
const failedRetention = async (reader: Reader): Promise<AttentionItem[]> => {
  const failing = await retentionFailing(reader)
  if (!failing) return []
  return [
    {
      kind: 'retention failed',
      id: failing.run,
      number: null,
      of: null,
      why: failing.why,
      units: null,
      since: failing.since,
    },
  ]
}

/** As the command takes it. */

/** Limits that somebody objects to: `id` is whose they are, `of` who. */
const limitsObjectedTo = async (reader: Reader): Promise<AttentionItem[]> =>
  (await everyLimitObjection(reader)).map(({ account, asset, made_by: of, why }) => ({
    ...{ kind: 'limits objected', id: account ?? asset, number: null, of, why, units: null },
  }))

const otherAsks = (reader: Reader): Promise<AttentionItem[]> => {
  const ours = sql`store_id = ${reader.store}`
  return reader.all<AttentionItem>(
    firstOfEach(sql`
      select kind, id, number, of_it, why, units from (
      select 'account awaits' as kind, name as id, cast(null as bigint) as number,
        cast(null as text) as of_it,
        cast(null as text) as why, cast(null as bigint) as units from accounts
          where ${ours} and state = 'awaiting'
      union all select 'account unsigned', a.name, count(*), null, null, null from payouts p
        join accounts a on a.id = p.account_id and a.${ours}
        where p.state in ('owed', 'waiting') and p.reason = 'account-only-said' group by a.name
      union all select 'schedule unsigned', r.name, count(*), null, null, null from payouts p
        join invoices i on i.id = p.invoice_id
        join slots s on s.id = i.slot_id join schedules r on r.id = s.schedule_id and r.${ours}
        where p.state in ('owed', 'waiting') and p.reason = 'terms-only-said' group by r.name
      union all select 'schedule held', r.name, null, h.added_at, h.why, null from schedule_holds h
        join schedules r on r.id = h.schedule_id and r.${ours}
      union all select 'person objected', (select name from users
        where id = o.user_id), null, made_by, why, null
        from objections o where cleared_at is null and user_id in (select id from users where ${ours})
      union all select 'invitation opened twice', u.name, null, u.given_by, null, null from users u
        where u.${ours} and u.state = 'invited'
        and (select max(i.twice_at) from invitations i where i.user_id = u.id) >= (select max(i.added_at)
          from invitations i where i.user_id = u.id)
      union all select 'notice failed', (select name from users
        where id = m.about), null, address, coalesce(why, ''), null
        from person_mails m where ${ours} and state = 'failed' and about in (select id from users)
      union all select 'account notice failed', (select name from accounts
        where id = m.about), null, address, coalesce(why, ''), null
        from person_mails m where ${ours} and state = 'failed' and about in (select id from accounts)
          and kind not like 'limits %'
      union all select 'limits notice failed', coalesce((select name from accounts
        where id = m.about), replace(m.about, 'installation ', '')), null, address,
        coalesce(why, ''), null from person_mails m where ${ours} and state = 'failed'
          and kind like 'limits %'
      union all select 'anchor mail failed', address, null, max(added_at), max(coalesce(why, '')), null
        from anchor_mails f
        where state = 'failed' and not exists (select 1 from anchor_mails s where s.address = f.address
          and s.state = 'sent' and s.added_at > f.added_at)
        group by address
      union all select 'catch-up waits', r.name, count(*), min(s.due_at), min(s.held), null from slots s
        join schedules r on r.id = s.schedule_id and r.${ours}
        where s.state = 'due' and s.held is not null group by r.name
      union all select 'invoices unread', '', null, null, (select value from settings
        where name = 'bank invoices unlisted'), null
        from settings where name = 'bank invoices unread'
      union all select 'invoices forgotten', '', count(*), null, null, cast(sum(units) as bigint)
        from forgotten_invoices
        where decided_at is null and not exists (select 1 from invoices i where i.id = invoice_tag)
          having count(*) > 0
      union all select 'payout over limit', p.id, w.cap_units, p.asset, w.per, p.units from limit_waits w
        join payouts p on p.id = w.payout_id and p.${ours}
        where w.needs = 'person' and p.state in ('owed', 'waiting')
      union all select 'proposal open', id, null, act, coalesce((select name from accounts
        where id = subject), (select name from users where id = subject), subject), null
        from proposals where ${ours} and state = 'open'
      union all select 'payout ' || state, id, null, null, coalesce(why, ''), null from payouts
        where ${ours} and state in ('held', 'returned')
      union all select 'event quarantined', event_id, id, null, coalesce(why, ''), null from inbox
        where state = 'quarantined'
      union all select 'event conflict', c.event_id, (select id from inbox i where i.rail = c.rail
        and i.event_id = c.event_id), null, null, null
        from inbox_conflicts c
      union all select case when rail in (${join(railNames.filter(isOnChain))}) then 'request too small'
        else 'invoice refused' end, id, null, order_id, null, null
        from invoices where ${ours} and state = 'refused'
          and id not in (select reissue_of from invoice_reissues)
      union all select 'order', id, null, null, attention, null from orders
        where ${ours} and attention is not null
      union all select 'letter failed', order_id, null, kind, coalesce(why, ''), null from mails
        where state = 'failed' and order_id in (select id from orders where ${ours})
      union all select case when units < 0 then 'line out'
        else 'line in' end, id, null, description, why, units from strangers
        where state = 'open'
      union all select 'suspense', provider_id, null, case when max(about) <> 'payout'
        or provider_id in (select provider_id from attempts) then null
          else (select min(id) from payouts where invoice_id = max(invoice_tag)
            or id = max(${payoutOfKey})) end,
        max(coalesce(order_key, invoice_tag)), cast(sum(units) as bigint) from suspense_lines
          where cleared_at is null group by provider_id
      union all select 'foreign events', '', null, null, null, null
        where (select count(*) from (select via, reason from inbox order by id desc limit 50) as latest
          where via = 'push' and reason = 'of-other-workspace') >= 3
        and not exists (select 1 from (select via, reason from inbox order by id desc limit 50) as latest
          where via = 'push' and coalesce(reason, '') <> 'of-other-workspace')) as asks`),
  )
}
