/** One page of invoices or of runs: by time, or where one schedule is asked for, along its slots. */
import { sql, where, type Reader, type Sql } from '../db/db.ts'
import { idOfSchedule } from './names.ts'
import { inWindow, type Filters } from './page.ts'

/** The row is named by its letter, in conditions too. */
const tables = {
  invoices: { from: sql`invoices i`, row: sql`i`, at: sql`i.added_at` },
  runs: { from: sql`runs r`, row: sql`r`, at: sql`r.started_at` },
} as const

/**
 * The newest first, with what they are ordered by as `key_at`. A schedule may have few among many: along its
 * own slots they are found as fast.
 */
export function pageOfRows(
  reader: Reader,
  of: keyof typeof tables,
  schedule: string | undefined,
  conditions: readonly (Sql | undefined)[],
  filters: Filters,
  limit: number,
): Sql {
  const { from, row, at } = tables[of]
  const id = sql`${row}.id`
  if (schedule === undefined)
    return sql`
      select ${row}.*, ${at} as key_at from ${from} ${where([...conditions, ...inWindow(at, id, filters)])}
      order by ${at} desc, ${id} desc limit ${limit}`
  return sql`
    select ${row}.*, s.due_at as key_at from slots s join ${from} on ${row}.slot_id = s.id
    ${where([
      sql`s.schedule_id = ${idOfSchedule(reader, schedule)}`,
      filters.after && sql`s.due_at <= ${filters.after.at}`,
      ...conditions,
      ...inWindow(sql`s.due_at`, id, filters),
    ])}
    order by s.due_at desc, ${id} desc limit ${limit}`
}
