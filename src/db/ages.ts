/** How long ago something was, asked in SQL. */
import { later, type Instant, type Millis } from '../base/world.ts'
import { sql, type Sql } from './sql.ts'

/** What a clock that is believed may be ahead of another by. */
const slackMs: Millis = 60_000

/**
 * Whether a time is none of the last `ms`. A time that has not come yet was written by a clock that was
 * ahead: how long ago it was nobody knows, and until that clock's time has come it would count as new, so it
 * counts as old.
 */
export const isOlderThan = (column: Sql, now: Instant, ms: Millis): Sql =>
  sql`${column} not between ${later(now, -ms)} and ${later(now, slackMs)}`
