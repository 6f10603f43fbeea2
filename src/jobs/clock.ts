/**
 * Whether a process may do what a wrong time would do wrongly: asked before every such job, said in an alarm,
 * and mended once the clocks agree again.
 */
import { because } from '../base/reasons.ts'
import { BadInput } from '../base/answer.ts'
import { clockTrouble, instant, later, type Instant, type World } from '../base/world.ts'
import { alarmOf, lowerAlarm, raiseAlarm, type AlarmName } from '../ledger/ledger.ts'
import { join, remember, sql, type Sql, type Db, type Tx } from '../db/db.ts'
import type { Rails } from '../rails/rail.ts'
import type { Runner } from './runner.ts'
import { firstFrom, forgetAhead, nextAt, type ScheduleRow } from '../schedule/schedule.ts'

/** What each process knows of itself: what it said last, and when it last looked for times that lie ahead. */
const known = new WeakMap<Db, { said: string | undefined; lookedAt: number }>()
const lookEveryMs = 60_000
/** A clock that is believed may be ahead of the database's by this much. */
const slackMs = 60_000

/** The alarm of this process's machine. */
const alarmNameOf = ({ worker }: Pick<Runner, 'worker'>): AlarmName =>
  `clock of ${worker.replace(/\/[^/]*$/, '')}`

/**
 * Answers whether the time is to be believed. Where it is not, an alarm says why for as long as it lasts;
 * where it is, what was written down under a clock that was ahead is brought back to now, at the first look
 * and then every minute.
 */
export async function believesTime(runner: Runner & { rails?: Rails }): Promise<boolean> {
  const { db, world, rails } = runner
  const before = known.get(db)
  const why = clockTrouble(world)
  if (why !== undefined) {
    const news = await raiseAlarm(db, alarmNameOf(runner), why)
    if (news)
      world.log.error(
        { why },
        'the clocks disagree: nothing is issued, paid, expired or priced until they agree',
      )
    known.set(db, { said: why, lookedAt: 0 })
    return false
  }
  const now = world.clock.now()
  if (before && before.said === undefined && Math.abs(now - before.lookedAt) < lookEveryMs) return true
  known.set(db, { said: undefined, lookedAt: now })
  // Whoever has heard no other clock yet may be wrong without knowing it: nothing is mended by such a one.
  if (world.clock.isAlone?.() && rails?.starkbank) {
    await rails.starkbank.workspace()
    if (world.clock.isAlone()) return true
    if (clockTrouble(world) !== undefined) return believesTime(runner)
  }
  if ((await alarmOf(db, alarmNameOf(runner))) && (await lowerAlarm(db, alarmNameOf(runner))))
    world.log.info({}, 'the clocks agree again')
  await bringBack(db, world)
  await mendNextTimes(db, world)
  return true
}

const minute = 60_000
const day = 24 * 60 * minute

/**
 * Tables whose rows wait for a time, with the states in which they do, and the longest that any of them
 * waits. One that waits for longer, or that was moved at a time that has not come yet, waits for a time that
 * was told wrong.
 */
export const waiting: readonly { table: string; which: Sql; longestMs: number; unmoved?: true }[] = [
  { table: 'payouts', which: sql`state in ('owed', 'sending', 'unsure', 'sent', 'waiting')`, longestMs: day },
  { table: 'invoices', which: sql`state in ('draft', 'issuing', 'unsure')`, longestMs: 2 * 60 * minute },
  { table: 'inbox', which: sql`state in ('new', 'waiting')`, longestMs: 10 * minute },
  {
    table: 'slots',
    which: sql`state = 'due' and (cause = 'manual' or due_at < next_at)`,
    longestMs: 10 * minute,
  },
  { table: 'invoice_twins', which: sql`next_at is not null`, longestMs: day },
  // These do not say when they were moved last, so only what waits for longer than it may is seen.
  { table: 'twin_watches', which: sql`looks >= 0`, longestMs: day, unmoved: true },
  { table: 'invoice_reversals', which: sql`next_at is not null`, longestMs: 2 * 60 * minute, unmoved: true },
  { table: 'invoice_refunds', which: sql`next_at is not null`, longestMs: 2 * 60 * minute },
  { table: 'invoice_cancels', which: sql`next_at is not null`, longestMs: 2 * 60 * minute },
  { table: 'mails', which: sql`state = 'queued'`, longestMs: 2 * 60 * minute },
  { table: 'person_mails', which: sql`state = 'queued'`, longestMs: 2 * 60 * minute },
  { table: 'anchor_mails', which: sql`state = 'queued'`, longestMs: 2 * 60 * minute },
  // What is looked at or sent again does not move, and waits ten minutes at most.
  { table: 'bundles', which: sql`state not in ('paid', 'void')`, longestMs: 10 * minute },
]

/** Since when something lasts, which is judged by how long it does. */
const lasting: readonly { table: string; since: string }[] = [
  { table: 'invoice_reversals', since: 'under_way_since' },
  { table: 'rails_heard', since: 'failing_since' },
]

const aheadOf = (
  now: Instant,
  { which, longestMs, unmoved }: Omit<(typeof waiting)[number], 'table'>,
): Sql => {
  const limit = later(now, slackMs)
  const tooLong = sql`next_at > ${later(now, longestMs + slackMs)}`
  return sql`${which} and next_at > ${limit} and ${
    unmoved
      ? tooLong
      : sql`(changed_at > ${limit}
    or ${tooLong})`
  }`
}

const named = (name: string): Sql => ({ texts: [name], values: [] })

/**
 * Answers how much lay ahead of now. Reads first: most of the time there is nothing, and then nothing is
 * written.
 */
export async function bringBack(db: Db, world: World): Promise<number> {
  const guess = instant(world.clock.now())
  const asked = waiting.map(
    each =>
      sql`select cast(${each.table} as text) as name where exists (select 1 from ${named(each.table)}
        where ${aheadOf(guess, each)})`,
  )
  const sinces = lasting.map(
    ({ table, since }) =>
      sql`select cast(${since} as text) as name where exists (select 1 from ${named(table)}
        where ${named(since)} > ${later(guess, slackMs)})`,
  )
  const found = new Set(
    (await db.all<{ name: string }>(join([...asked, ...sinces], ' union all '))).map(({ name }) => name),
  )
  const ahead = waiting.filter(({ table }) => found.has(table))
  const begun = lasting.filter(({ since }) => found.has(since))
  const schedules = await poisoned(db, guess)
  if (ahead.length === 0 && begun.length === 0 && schedules.length === 0) return 0
  const count = await db.tx(async tx => {
    const now = await tx.now()
    let rows = 0
    for (const each of ahead)
      rows += await tx.run(sql`update ${named(each.table)} set next_at = ${now} where ${aheadOf(now, each)}`)
    for (const { table, since } of begun)
      rows += await tx.run(
        sql`update ${named(table)} set ${named(since)} = ${now}
          where ${named(since)} > ${later(now, slackMs)}`,
      )
    for (const schedule of await poisoned(tx, now)) {
      await bringScheduleBack(tx, schedule, now)
      rows += 1
    }
    return rows
  })
  if (count > 0)
    world.log.warn({ count }, 'times that lay ahead of a clock that is right were brought back to now')
  return count
}

/**
 * Schedules that were looked at up to a time that has not come. One whose window has not begun is looked at
 * from there.
 */
const poisoned = async (reader: Pick<Tx, 'all'>, now: Instant): Promise<ScheduleRow[]> =>
  (
    await reader.all<ScheduleRow>(
      sql`select * from schedules where materialised_until > ${later(now, slackMs)} order by id`,
    )
  ).filter(
    ({ materialised_until: until, starts_at: startsAt }) => until > firstFrom(startsAt ?? undefined, now),
  )

async function bringScheduleBack(tx: Tx, schedule: ScheduleRow, now: Instant): Promise<void> {
  const from = firstFrom(schedule.starts_at ?? undefined, now)
  await forgetAhead(tx, schedule.id, now)
  await tx.run(
    sql`update schedules set materialised_until = ${from}, next_at = ${nextAt(schedule, from)}
      where id = ${schedule.id}`,
  )
  const why = because('brought-back', { until: schedule.materialised_until })
  await remember(tx, 'schedules', schedule.id, schedule.state, schedule.state, { why }, now)
}

type Times = Pick<
  ScheduleRow,
  'id' | 'name' | 'cron' | 'time_zone' | 'ends_at' | 'materialised_until' | 'next_at'
>

/**
 * Of a rule that was changed past the program to one that is none, nothing follows: it is held once it is
 * due.
 */
function nextOf(schedule: Times): Instant | null {
  try {
    return nextAt(schedule, schedule.materialised_until)
  } catch (error) {
    if (error instanceof BadInput) return null
    throw error
  }
}

/** So many at a look: each takes a quarter of a millisecond. */
const maxSchedules = 100
const seenUpTo = new WeakMap<Db, string>()

/**
 * When an active schedule falls due next follows from its rule and from when it was looked at. One whose row
 * says a later time, or none, would be silent while it is shown as active; a zone's new rules do that too.
 * Answers how many were put right.
 */
export async function mendNextTimes(db: Db, world: Pick<World, 'log'>): Promise<number> {
  const schedules = await db.all<Times>(sql`
    select id, name, cron, time_zone, ends_at, materialised_until, next_at from schedules
    where state = 'active' and id > ${seenUpTo.get(db) ?? ''} order by id limit ${maxSchedules}`)
  seenUpTo.set(db, schedules.length === maxSchedules ? schedules.at(-1)!.id : '')
  let mended = 0
  for (const schedule of schedules) {
    const { id, name, materialised_until: until, next_at: before } = schedule
    const next = nextOf(schedule)
    // Looked at too early it only says when it falls due.
    if (next === null || (before !== null && before <= next)) continue
    const isOurs = await db.tx(tx =>
      tx.run(sql`
        update schedules set next_at = ${next} where id = ${id} and state = 'active'
          and cron = ${schedule.cron}
          and materialised_until = ${until}`),
    )
    if (isOurs === 0) continue
    mended += 1
    world.log.error({ schedule: name, before, next }, 'when a schedule falls due next was put right')
  }
  return mended
}
