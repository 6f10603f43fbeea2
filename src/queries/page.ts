/** Pages of a list: what it is narrowed by, its rows newest first, and where the next page begins. */
import { BadInput } from '../base/answer.ts'
import { instant, type Instant } from '../base/world.ts'
import { dayMs, localToInstant, wallAt } from '../base/zone.ts'
import { empty, join, sql, type Sql } from '../db/db.ts'

/** So that a page of any list weighs less than 50 kB. */
export const pageRows = 40

/** The last row that was shown: rows come by time and id, newest first. */
export type After = {
  at: Instant
  id: string
}

export interface Filters<Name extends string = string> {
  /** Every filter that is set, as it was typed; those with choices have been checked. */
  query: { readonly [name in Name]?: string | undefined }
  from: Instant | undefined
  /** The first instant that is too late. */
  until: Instant | undefined
  after: After | undefined
}

/** As somebody asked for them. */
export interface Asked<Name extends string = string> extends Filters<Name> {
  /** Its search does not read all there is, so something may be missing. */
  isCut: boolean
}

/** Rows of one list, the newest after `after` first. */
export type Read<R, F> = (filters: F, limit: number) => Promise<R[]>

/** One page of rows, and the key after which the next begins. */
export async function pageOf<R, F>(
  read: Read<R, F>,
  filters: F,
  keyOf: (row: R) => After,
): Promise<{ rows: R[]; next: string | undefined }> {
  const rows = await read(filters, pageRows + 1)
  const shown = rows.slice(0, pageRows)
  return { rows: shown, next: rows.length > pageRows ? afterText(keyOf(shown.at(-1)!)) : undefined }
}

export const afterText = ({ at, id }: After): string => `${at}~${id}`

/** Undefined where the text is no key of a page. */
export function readAfter(text: string): After | undefined {
  const [at, id, ...more] = text.split('~')
  return at !== undefined &&
    id !== undefined &&
    more.length === 0 &&
    /^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/.test(at) &&
    /^\w{1,40}$/.test(id)
    ? { at, id }
    : undefined
}

/**
 * The conditions for the window of time and for what was shown already. `at` and `id` are the two columns
 * that order the list.
 */
export function inWindow(
  at: Sql,
  id: Sql,
  { from, until, after }: Omit<Filters, 'query'>,
  numeric = false,
): (Sql | undefined)[] {
  const key = after && (numeric ? BigInt(/^\d{1,18}$/.test(after.id) ? after.id : '0') : after.id)
  return [
    from === undefined ? undefined : sql`${at} >= ${from}`,
    until === undefined ? undefined : sql`${at} < ${until}`,
    after && key !== undefined ? sql`(${at}, ${id}) < (${after.at}, ${key})` : undefined,
  ]
}

/** The same behind a condition. */
export const within = (...window: Parameters<typeof inWindow>): Sql =>
  join(
    inWindow(...window).map(condition => (condition ? sql`and ${condition}` : empty)),
    ' ',
  )

/**
 * When the day `2026-11-21` begins in a zone, and when the next one does; undefined where there is no such
 * day.
 */
export function dayOf(date: string, zone: string): { from: Instant; until: Instant } | undefined {
  try {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined
    const start = localToInstant(`${date}T00:00`, zone)
    // A day is not always as long as another.
    const next = new Date(wallAt(zone, start) + 1.5 * dayMs).toISOString().slice(0, 10)
    return { from: instant(start), until: instant(localToInstant(`${next}T00:00`, zone)) }
  } catch (error) {
    if (error instanceof BadInput) return undefined
    throw error
  }
}
