/** Runs as they are listed and shown: with their schedule, and with the lines of the log one kept. */
import type { Instant } from '../base/world.ts'
import { findRun, linesAfter, runOfStore, type RunLine, type RunRow } from '../jobs/jobs.ts'
import { sql, type Reader } from '../db/db.ts'
import type { FilterOf, runFilters } from './filters.ts'
import type { After, Filters } from './page.ts'
import { pageOfRows } from './pageOfRows.ts'

/** What did less than it should is not shown as done. */
export const shownOutcome = ({ outcome, lacks }: Pick<RunRow, 'outcome' | 'lacks'>): string =>
  lacks === null ? (outcome ?? 'running') : 'short'

export type ListedRun = RunRow & {
  schedule: string | null
  /**
   * What the list is ordered by: when it began, or where only one schedule is shown, when its slot fell due.
   */
  key_at: Instant
}

type RunFilters = Filters<FilterOf<typeof runFilters>>

/** The newest first; the state is an outcome, or `running` for none yet, and the schedule is named. */
export async function listRuns(reader: Reader, filters: RunFilters, limit: number): Promise<ListedRun[]> {
  const { q, state, job, slot, schedule } = filters.query
  const id = q?.toLowerCase()
  const conditions = [
    runOfStore(reader),
    id === undefined
      ? undefined
      : sql`r.id in (select id from runs where id = ${id} union select id from runs where slot_id = ${id}
          union select id from runs where slot_id = (select slot_id from invoices where id = ${id}))`,
    state === undefined
      ? undefined
      : state === 'running'
        ? sql`r.outcome is null`
        : sql`r.outcome = ${state}`,
    job === undefined ? undefined : sql`r.job = ${job}`,
    slot === undefined ? undefined : sql`r.slot_id = ${slot}`,
  ]
  const page = pageOfRows(reader, 'runs', schedule, conditions, filters, limit)
  return reader.all<ListedRun>(sql`
    select r.*, h.name as schedule from (${page}) r
      left join slots s on s.id = r.slot_id left join schedules h on h.id = s.schedule_id
    order by r.key_at desc, r.id desc`)
}

export const keyOfRun = ({ key_at: at, id }: Pick<ListedRun, 'key_at' | 'id'>): After => ({ at, id })

/** Where a list goes on behind this one: in a list of one schedule, by when its slot fell due. */
export const placeOfRun = (
  reader: Reader,
  id: string,
  schedule: string | undefined,
): Promise<After | undefined> =>
  reader.one<After>(
    schedule === undefined
      ? sql`select id, started_at as at from runs r where id = ${id} and ${runOfStore(reader)}`
      : sql`select r.id, s.due_at as at from runs r join slots s on s.id = r.slot_id where r.id = ${id}
          and ${runOfStore(reader)}`,
  )

/** Every job that ever kept a run. Jobs are few, so each is one step along the index. */
export async function jobsRun(reader: Reader): Promise<string[]> {
  const jobs: string[] = []
  for (let after = ''; jobs.length < 100;) {
    const next = await reader.one<{ job: string | null }>(
      sql`select min(job) as job from runs where job > ${after}`,
    )
    if (!next?.job) return jobs
    jobs.push((after = next.job))
  }
  return jobs
}

export interface ShownRun {
  row: RunRow
  slot:
    | {
        id: string
        due_at: Instant
        state: 'due' | 'running' | 'done' | 'failed' | 'missed'
        schedule: string
      }
    | undefined
  lines: Line[]
  /** The number of its last line, of whatever level; -1 where there is none. */
  last: bigint
  /** There were more lines than a page holds. */
  cut: boolean
}

export interface Line {
  seq: bigint
  level: string
  time: Instant
  msg: string
  /** Whatever else was said, as `name=value`. */
  fields: string
}

export const levels = ['all', 'warn', 'error'] as const
export type Level = (typeof levels)[number]
const rank: Record<string, number> = { info: 0, warn: 1, error: 2 }
const least: Record<Level, number> = { all: 0, warn: 1, error: 2 }

export const isAt = (level: Level, line: Line): boolean => (rank[line.level] ?? 0) >= least[level]

/** A kept line as it is shown; a line that is no JSON object is shown as it is. */
export function lineOf({ seq, line }: RunLine): Line {
  try {
    const { time, level, msg, job: _, run: __, ...fields } = JSON.parse(line) as Record<string, unknown>
    const said = Object.entries(fields).map(
      ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    return { seq, level: textOf(level), time: textOf(time), msg: textOf(msg), fields: said.join(' ') }
  } catch {
    return { seq, level: 'info', time: '', msg: line, fields: '' }
  }
}
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

const maxShown = 300

export async function showRun(reader: Reader, id: string, level: Level): Promise<ShownRun | undefined> {
  const row = await findRun(reader, id)
  if (!row) return undefined
  const lines = await linesAfter(reader, id, -1n)
  const wanted = lines.map(lineOf).filter(line => isAt(level, line))
  return {
    row,
    slot: await reader.one(sql`
      select s.id, s.due_at, s.state, h.name as schedule from slots s join schedules h on h.id = s.schedule_id
        where s.id = ${row.slot_id ?? ''}`),
    lines: wanted.slice(-maxShown),
    last: lines.at(-1)?.seq ?? -1n,
    cut: wanted.length > maxShown,
  }
}
