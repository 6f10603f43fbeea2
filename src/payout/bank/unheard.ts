/**
 * After a restore, or while nobody read the bank's logs for a while: what happened meanwhile (a payment that
 * went back, an order that this database has forgotten) is not known here. So nothing is ordered at the bank
 * until its logs were read up to then, and what they tell was settled.
 */
import { clockTrouble, later, type Instant, type Millis, type World } from '../../base/world.ts'
import { sql, type Reader, type Tx } from '../../db/db.ts'
import type { PayoutRow } from '../row.ts'
import { payoutsStopped } from '../stops.ts'
import { chainUnread, unreadSentence, type Unread } from '../bundle/unread.ts'

/**
 * Under `settings`: from when on a reading must have begun; and once one has, up to which event of the inbox
 * it told.
 */
const unread = 'bank unread'
const read = 'bank read'
/** And up to when invoices were made of which the last reading could not list whether money went back. */
const unlisted = 'bank unlisted'
/** Under `cursors`: how long the last reading counts. */
const heardUntil = 'starkbank heard until'
/** The bank's logs, as polling walks them. */
export const bankLogs = 'starkbank logs'

/**
 * How long the bank's logs may go unread before it is an absence: three polls, and a quarter of an hour at
 * least.
 */
const absenceOf = (pollMs: Millis): Millis => Math.max(15 * 60_000, 3 * pollMs)
/**
 * No reading counts for longer (STARKBANK_POLL_SECONDS is a day at most): what says otherwise was written by
 * a clock that was ahead.
 */
const longestMs = 4 * 24 * 3_600_000

/** `since`: empty from a restore on, when any reading will do. */
const mustBeRead = (tx: Tx, since: Instant) =>
  tx.run(
    sql`insert into settings (name, value) values (${unread}, ${since}) on conflict (name) do update
      set value = excluded.value`,
  )

/**
 * Whether the database belongs to an account at the bank: its logs were read, something was asked for there,
 * or is to be.
 */
export const usesBank = async (reader: Reader): Promise<boolean> =>
  (await reader.one(sql`
    select 1 as yes where exists (select 1 from cursors where name = ${bankLogs})
      or exists (select 1 from invoices where rail = 'starkbank') or exists (select 1 from schedules
        where rail = 'starkbank')`)) !== undefined

/**
 * From a restore on, where the database belongs to an account at the bank. A reading that was under way in
 * the backup begins again.
 */
export async function waitForBank(tx: Tx): Promise<void> {
  if (!(await usesBank(tx))) return
  await tx.run(sql`delete from walks where name = ${bankLogs}`)
  await mustBeRead(tx, '')
}

/**
 * Before the bank's logs are read: whether nobody has for too long, so that they must be read up to now
 * first.
 */
export async function noteAbsence(tx: Tx, world: Pick<World, 'clock'>): Promise<void> {
  if (clockTrouble(world) !== undefined) return
  const now = await tx.now()
  if (!counts((await hearing(tx)).until, now)) await mustBeRead(tx, now)
}

/** Some of the bank's logs were read. */
export async function noteHeard(tx: Tx, world: Pick<World, 'clock'>, pollMs: Millis): Promise<void> {
  if (clockTrouble(world) !== undefined) return
  const until = later(await tx.now(), absenceOf(pollMs))
  await tx.run(sql`
    insert into cursors (name, value) values (${heardUntil}, ${until}) on conflict (name) do update
      set value = excluded.value`)
}

/** They were read to their end by a reading that began at `startedAt`, and what they tell is in the inbox. */
export async function bankWasRead(tx: Tx, startedAt: Instant): Promise<void> {
  const { since } = await hearing(tx)
  if (since === undefined || (since > startedAt && since <= (await tx.now()))) return
  const { last } = (await tx.one<{ last: bigint }>(sql`select coalesce(max(id), 0) as last from inbox`))!
  await tx.run(sql`delete from settings where name = ${unread}`)
  await tx.run(
    sql`insert into settings (name, value) values (${read}, ${`${last}`}) on conflict (name) do update
      set value = excluded.value`,
  )
}

/**
 * The bank refuses to list of which invoices money went back, so what happened while nobody listened stays
 * unknown: of each invoice there was by then its own log is read before its payout is ordered. Where nothing
 * was missed, events tell.
 */
export async function noteUnlisted(tx: Tx): Promise<void> {
  if ((await hearing(tx)).since === undefined) return
  const [now, newest] = [
    await tx.now(),
    await tx.one<{ at: Instant }>(sql`select added_at as at from invoices order by id desc limit 1`),
  ]
  // The clock of the machine that restores may be behind.
  const upTo = newest && newest.at > now ? newest.at : now
  await tx.run(sql`
    insert into settings (name, value) values (${unlisted}, ${upTo}) on conflict (name) do update
      set value = excluded.value`)
}

/** Of a payout: its invoice's own log must be read before it is ordered. */
export const awaitsItsLog = sql`exists (
  select 1 from settings s join invoices i on i.id = payouts.invoice_id
  where s.name = ${unlisted} and i.added_at <= s.value and not exists (
    select 1 from invoice_log_reads l where l.invoice_id = i.id and l.read_for = s.value))`

/** Up to a hundred invoices whose logs payouts wait for; first those that were not tried, or not for long. */
export const unlistedInvoices = (
  reader: Reader,
): Promise<{ id: string; provider_id: string; read_for: string }[]> =>
  reader.all(sql`
    select i.id, i.provider_id, s.value as read_for
    from payouts join invoices i on i.id = payouts.invoice_id join settings s on s.name = ${unlisted}
      left join invoice_log_reads l on l.invoice_id = i.id
    where payouts.rail = 'starkbank' and payouts.state in ('owed', 'waiting', 'unsure')
      and i.provider_id is not null and ${awaitsItsLog}
    order by coalesce(l.tried_at, ''), i.id limit 100`)

/** `readFor`: undefined where the bank did not show it. */
export const noteLogRead = async (tx: Tx, invoiceId: string, readFor: string | undefined): Promise<void> =>
  void (await tx.run(sql`
    insert into invoice_log_reads (invoice_id, read_for, tried_at)
      values (${invoiceId}, ${readFor ?? null}, ${await tx.now()})
    on conflict (invoice_id) do update
      set read_for = coalesce(excluded.read_for, invoice_log_reads.read_for), tried_at = excluded.tried_at`))

interface Hearing {
  since: Instant | undefined
  upTo: string | undefined
  /** Undefined where the bank's logs were never read: a new database, which has missed nothing. */
  until: Instant | undefined
  readAt: Instant | undefined
}

async function hearing(reader: Reader): Promise<Hearing> {
  const rows = await reader.all<{ name: string; value: string }>(sql`
    select name, value from settings where name in (${unread}, ${read})
    union all select name, value from cursors where name in (${heardUntil}, ${bankLogs})`)
  const of = (name: string) => rows.find(row => row.name === name)?.value
  const readAt = of(bankLogs)
  // A database from before this was kept knows when they were read last.
  return {
    since: of(unread),
    upTo: of(read),
    until: of(heardUntil) ?? (readAt && later(readAt, absenceOf(0))),
    readAt,
  }
}

const counts = (until: Instant | undefined, now: Instant): boolean =>
  until === undefined || (until > now && until <= later(now, longestMs))

/** What payouts at the bank wait for after a restore or an absence; undefined where nothing. */
export const bankUnread = async (reader: Reader, now: Instant): Promise<Unread | undefined> =>
  (await allUnread(reader, now)) ?? (await someUnlisted(reader))

/** Those that wait each for a log of their own; the others go on. */
async function someUnlisted(reader: Reader): Promise<Unread | undefined> {
  if (!(await reader.one(sql`select 1 as yes from settings where name = ${unlisted}`))) return undefined
  const { count } = (await reader.one<{ count: bigint }>(sql`
    select count(*) as count from payouts where rail = 'starkbank' and state in ('owed', 'waiting')
      and ${awaitsItsLog}`))!
  return count === 0n ? undefined : { rail: 'starkbank', code: 'unlisted', payouts: count }
}

/** What one payout that may go out waits for; undefined where nothing. */
export async function unreadFor(
  reader: Reader,
  { id, rail }: Pick<PayoutRow, 'id' | 'rail'>,
  now: Instant,
): Promise<Unread | undefined> {
  if (rail === 'bitcoin') return chainUnread(reader)
  if (rail !== 'starkbank') return undefined
  const all = await allUnread(reader, now)
  if (all || !(await reader.one(sql`select 1 as yes from payouts where id = ${id} and ${awaitsItsLog}`)))
    return all
  return { rail: 'starkbank', code: 'unlisted', payouts: 1n }
}

/** What payouts of any rail wait for. */
export const unreads = async (reader: Reader, now: Instant): Promise<Unread[]> =>
  [await bankUnread(reader, now), await chainUnread(reader)].filter(unread => unread !== undefined)

/** Whether any waits for the bank alone, so that an installation at rest is not asked to read its logs. */
export const isAnyDueAtBank = async (reader: Reader, now: Instant): Promise<boolean> =>
  (await reader.one(sql`
    select 1 as yes from payouts where rail = 'starkbank' and state in ('owed', 'waiting')
      and next_at <= ${now} limit 1`)) !== undefined

/** What every payout at the bank waits for. */
async function allUnread(reader: Reader, now: Instant): Promise<Unread | undefined> {
  const { since, upTo, until, readAt } = await hearing(reader)
  if (since !== undefined || !counts(until, now)) return { rail: 'starkbank', code: 'not-read', readAt }
  if (upTo === undefined) return undefined
  const { count } = (await reader.one<{ count: bigint }>(sql`
    select count(*) as count from inbox where rail = 'starkbank' and state = 'new' and next_at > ''
      and id <= ${BigInt(upTo)}`))!
  return count === 0n ? undefined : { rail: 'starkbank', code: 'unsettled', events: count }
}

/**
 * What keeps an order at the bank from being made now: what stops every payout, or logs that are not read.
 */
export const bankPayoutsStopped = async (reader: Reader, now: Instant): Promise<string | undefined> =>
  (await payoutsStopped(reader)) ?? (await bankUnreadWhy(reader, now))

async function bankUnreadWhy(reader: Reader, now: Instant): Promise<string | undefined> {
  const unread = await allUnread(reader, now)
  return unread && unreadSentence(unread)
}

/** The same for whoever orders: once all was read and settled, its mark goes. */
export async function mayOrderAtBank(tx: Tx): Promise<boolean> {
  if ((await bankPayoutsStopped(tx, await tx.now())) !== undefined) return false
  if ((await hearing(tx)).upTo !== undefined) await tx.run(sql`delete from settings where name = ${read}`)
  return true
}
