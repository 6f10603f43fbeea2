/** Runs as they are read: what a job did, and the lines it logged, as far as it has come. */
import type { Instant } from '../base/world.ts'
import { sql, type Reader, type Sql } from '../db/db.ts'
import type { RunOutcome } from './runner.ts'

export type RunRow = {
  id: string
  job: string
  slot_id: string | null
  worker: string
  started_at: Instant
  ended_at: Instant | null
  /** Null while it lasts. */
  outcome: RunOutcome | null
  summary: string | null
  /** What it left undone, where it did less than it should. */
  lacks: string | null
}

/** A run of a slot is of the store of its schedule; every other is the installation's. The run is `r`. */
export const runOfStore = ({ store }: Pick<Reader, 'store'>): Sql =>
  sql`not exists (select 1 from slots o join schedules h on h.id = o.schedule_id
    where o.id = r.slot_id and h.store_id <> ${store})`

export const findRun = (reader: Reader, id: string) =>
  reader.one<RunRow>(sql`select * from runs r where id = ${id} and ${runOfStore(reader)}`)

/** `line` is one JSON object with `level`, `time`, `msg` and whatever else was said. */
export type RunLine = { seq: bigint; line: string }

/** The lines after `after`, which is -1 for all of them, in their order. */
export const linesAfter = (reader: Reader, runId: string, after: bigint, limit = 10_000) =>
  reader.all<RunLine>(
    sql`select seq, line from run_lines where run_id = ${runId} and seq > ${after} order by seq
      limit ${limit}`,
  )
