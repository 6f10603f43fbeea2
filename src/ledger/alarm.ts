/**
 * Alarms: what keeps work from being done until it heals by itself. One row each, which every process,
 * `status` and the console read.
 */
import { isSaidAgain } from '../base/reasons.ts'
import { millis } from '../base/world.ts'
import { sql, type Reader, type Db } from '../db/db.ts'

/**
 * `bank credentials`, or of a machine: `clock of HOST` that is wrong, `bank key of HOST` that was replaced.
 */
export type AlarmName = 'bank credentials' | `clock of ${string}` | `bank key of ${string}`
export type Alarm = { name: AlarmName; why: string; since: string; seen_at: string }

export const alarmOf = (reader: Reader, name: AlarmName) =>
  reader.one<Alarm>(sql`select * from alarms where name = ${name}`)
export const listAlarms = (reader: Reader) =>
  reader.all<Alarm>(sql`select * from alarms order by since, name`)

/** How often one that stands is written down again. */
const againMs = 60_000

/** Answers whether it is news: it was not there, or for another reason. */
export async function raiseAlarm(db: Db, name: AlarmName, why: string): Promise<boolean> {
  return db.tx(async tx => {
    const before = await alarmOf(tx, name)
    const now = await tx.now()
    if (before && isSaidAgain(why, before.why) && Math.abs(millis(now) - millis(before.seen_at)) < againMs)
      return false
    await tx.run(sql`
      insert into alarms (name, why, since, seen_at) values (${name}, ${why}, ${now}, ${now})
      on conflict (name) do update set why = excluded.why, seen_at = excluded.seen_at`)
    return !isSaidAgain(why, before?.why)
  }, 'locks')
}

/** Answers whether it was there. */
export async function lowerAlarm(db: Db, name: AlarmName): Promise<boolean> {
  if (!(await alarmOf(db, name))) return false
  return (await db.tx(tx => tx.run(sql`delete from alarms where name = ${name}`), 'locks')) > 0
}
