/** A list of the console: its filters stand in the address, its rows come fifty at a time from where the last page ended, and all of it as CSV. */
import { Readable } from 'node:stream'
import type { ComponentChildren } from 'preact'
import { BadInput } from '../../../base/answer.ts'
import { csvLine, type CsvStyle } from '../../../base/csv.ts'
import { formatUnits, type Asset } from '../../../base/money.ts'
import { instant, millis, type Clock, type Instant } from '../../../base/world.ts'
import { dayMs, localToInstant, wallAt } from '../../../base/zone.ts'
import type { ListFilters } from '../../../queries/filters.ts'
import { empty, sql, type Sql } from '../../../db/db.ts'
import { houseZone, type Language } from '../../page/page.ts'
import type { ConsoleContext } from '../guard.ts'
import { listWords } from './words.ts'

/** So that a page of any list weighs less than 50 kB. */
export const pageRows = 40
const csvRows = 500

/** What stands in the address, and what of it cannot be read. */
export interface Filters {
  /** Every filter that is set, as it was typed: kept in the links to the next rows. */
  query: Record<string, string>
  from: Instant | undefined
  /** The first instant that is too late. */
  until: Instant | undefined
  after: After | undefined
  faults: Record<string, string>
}

/** The last row that was shown: rows come by time and id, newest first. */
export interface After {
  at: Instant
  id: string
}

export function filtersOf<Name extends string>(
  { query: given, state: { lang } }: ConsoleContext,
  { names, choices }: ListFilters<Name>,
): Filters {
  const say = listWords[lang]
  const query: Record<string, string> = {}
  const faults: Record<string, string> = {}
  for (const name of [...names, 'from', 'to', 'after']) {
    const value = given[name]
    const text = (typeof value === 'string' ? value : '').trim().slice(0, 200)
    if (text === '') continue
    query[name] = text
    if (choices[name as Name]?.includes(text) === false) faults[name] = say.badChoice
  }
  const day = (name: 'from' | 'to') => {
    if (query[name] === undefined) return undefined
    const start = startOf(query[name])
    if (start === undefined) faults[name] = say.badDate
    return start
  }
  const [from, to] = [day('from'), day('to')]
  const after = query['after'] === undefined ? undefined : afterOf(query['after'])
  if (query['after'] !== undefined && !after) throw new BadInput(say.badKey)
  return {
    ...{ query, faults, after },
    from: from === undefined ? undefined : instant(from),
    until: to === undefined ? undefined : instant(nextDay(to)),
  }
}

/** `2026-11-21`, as it begins in the house's zone. */
function startOf(date: string): number | undefined {
  try {
    return /^\d{4}-\d{2}-\d{2}$/.test(date) ? localToInstant(`${date}T00:00`, houseZone) : undefined
  } catch (error) {
    if (error instanceof BadInput) return undefined
    throw error
  }
}

/** A day is not always as long as another. */
const nextDay = (start: number) =>
  localToInstant(`${new Date(wallAt(houseZone, start) + 1.5 * dayMs).toISOString().slice(0, 10)}T00:00`, houseZone)

function afterOf(text: string): After | undefined {
  const [at, id, ...more] = text.split('~')
  return at !== undefined && id !== undefined && more.length === 0 && /^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/.test(at) && /^\w{1,40}$/.test(id)
    ? { at, id }
    : undefined
}
export const afterText = ({ at, id }: After): string => `${at}~${id}`

/** `and …` for the window of time and for what was shown already. `at` and `id` are the two columns that order the list. */
export function within(at: Sql, id: Sql, { from, until, after }: Pick<Filters, 'from' | 'until' | 'after'>, numeric = false): Sql {
  const key = after && (numeric ? BigInt(/^\d{1,18}$/.test(after.id) ? after.id : '0') : after.id)
  return sql`${from === undefined ? empty : sql`and ${at} >= ${from}`} ${until === undefined ? empty : sql`and ${at} < ${until}`}
    ${after && key !== undefined ? sql`and (${at}, ${id}) < (${after.at}, ${key})` : empty}`
}

/** One column, for people and for spreadsheets. */
export interface Column<R> {
  head: string
  /** One element or plain text, for on a phone a cell is laid out beside its head; left out where the column is for the file alone. */
  cell?: (row: R) => ComponentChildren
  /** For the CSV; left out where the column is for the page alone. */
  plain?: (row: R, style: CsvStyle) => string
  number?: true
}

/** Rows of one list, the newest after `after` first. */
export type Read<R> = (filters: Filters, limit: number) => Promise<R[]>

/** One page of rows, and the key after which the next begins. */
export async function pageOf<R>(
  read: Read<R>,
  filters: Filters,
  keyOf: (row: R) => After,
): Promise<{ rows: R[]; next: string | undefined }> {
  if (Object.keys(filters.faults).length > 0) return { rows: [], next: undefined }
  const rows = await read(filters, pageRows + 1)
  const shown = rows.slice(0, pageRows)
  return { rows: shown, next: rows.length > pageRows ? afterText(keyOf(shown.at(-1)!)) : undefined }
}

export const styleOf = (lang: Language): CsvStyle =>
  lang === 'pt-BR' ? { separator: ';', decimal: ',' } : { separator: ',', decimal: '.' }

/** `1234,56`: without thousands and without a sign for the currency, so that a spreadsheet takes it for a number. */
export const csvAmount = (units: bigint | null, asset: Asset, { decimal }: CsvStyle): string =>
  units === null ? '' : formatUnits(units, asset).replace('.', decimal)

/** `2026-11-21 00:00:00`, in the house's zone. */
export const csvTime = (at: Instant | null): string =>
  at === null ? '' : new Date(wallAt(houseZone, millis(at))).toISOString().slice(0, 19).replace('T', ' ')

/** Every row of the filters as a file, read and sent some hundred at a time. */
export function sendCsv<R>(
  ctx: ConsoleContext,
  name: string,
  columns: readonly Column<R>[],
  parts: { read: Read<R>; filters: Filters; keyOf: (row: R) => After; clock: Clock },
): void {
  const [fault] = Object.values(parts.filters.faults)
  if (fault !== undefined) throw new BadInput(fault)
  ctx.type = 'text/csv; charset=utf-8'
  ctx.set('cache-control', 'no-store')
  ctx.attachment(`${name}.csv`)
  ctx.body = Readable.from(csvText(columns, styleOf(ctx.state.lang), parts))
}

async function* csvText<R>(
  columns: readonly Column<R>[],
  style: CsvStyle,
  { read, filters, keyOf, clock }: Parameters<typeof sendCsv<R>>[3],
): AsyncGenerator<string> {
  const kept = columns.filter(({ plain }) => plain !== undefined)
  // Spreadsheets take a file without the mark for one of their country's old code page.
  yield `\ufeff${csvLine(
    kept.map(({ head }) => head),
    style,
  )}`
  for (let after: After | undefined; ;) {
    const rows = await read({ ...filters, after }, csvRows)
    if (rows.length > 0)
      yield rows
        .map(row =>
          csvLine(
            kept.map(({ plain }) => plain!(row, style)),
            style,
          ),
        )
        .join('')
    if (rows.length < csvRows) return
    after = keyOf(rows.at(-1)!)
    // An embedded database answers at once, so others are let in between.
    await clock.sleep(1)
  }
}
