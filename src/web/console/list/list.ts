/**
 * A list of the console: its filters stand in the address, its rows come fifty at a time from where the last
 * page ended, and all of it as CSV.
 */
import { Readable } from 'node:stream'
import type { ComponentChildren } from 'preact'
import { BadInput } from '../../../base/answer.ts'
import { csvLine, type CsvStyle } from '../../../base/csv.ts'
import { formatUnits, type Asset } from '../../../base/money.ts'
import { millis, type Clock, type Instant } from '../../../base/world.ts'
import { brazilZone, wallAt } from '../../../base/zone.ts'
import type { Reader } from '../../../db/db.ts'
import type { ListFilters } from '../../../queries/filters.ts'
import { judgeFilters } from '../../../queries/asked.ts'
import { dayOf, pageOf, readAfter, type After, type Asked, type Read } from '../../../queries/page.ts'
import type { Language } from '../../page/page.ts'
import type { ConsoleContext } from '../guard.ts'
import { listWords } from './words.ts'

const csvRows = 500

/** What stands in the address, and what of it cannot be read. */
export interface AskedFilters extends Omit<Asked, 'query'> {
  /** Kept in the links to the next rows. */
  query: Record<string, string>
  faults: Record<string, string>
}

export async function filtersOf<Name extends string>(
  reader: Reader,
  { query: given, state: { lang } }: ConsoleContext,
  list: ListFilters<Name>,
): Promise<AskedFilters> {
  const say = listWords[lang]
  const { names, choices } = list
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
    const found = query[name] === undefined ? undefined : dayOf(query[name], brazilZone)
    if (query[name] !== undefined && !found) faults[name] = say.badDate
    return found
  }
  const from = day('from')?.from
  const until = day('to')?.until
  const after = query['after'] === undefined ? undefined : readAfter(query['after'])
  if (query['after'] !== undefined && !after) throw new BadInput(say.badKey)
  const { unnamed, isCut } = await judgeFilters(reader, list, query as Asked<Name>['query'])
  for (const { filter, kind, written, near } of unnamed)
    faults[filter] = say.unnamed(say.named[kind], written, near)
  return { query, from, until, after, isCut, faults }
}

/** One column, for people and for spreadsheets. */
export interface Column<R> {
  head: string
  /**
   * One element or plain text, for on a phone a cell is laid out beside its head; left out where the column
   * is for the file alone.
   */
  cell?: (row: R) => ComponentChildren
  /** For the CSV; left out where the column is for the page alone. */
  plain?: (row: R, style: CsvStyle) => string
  number?: true
}

/** One page of what was asked for; nothing where a filter cannot be read. */
export const pageAsked = async <R>(
  read: Read<R, AskedFilters>,
  filters: AskedFilters,
  keyOf: (row: R) => After,
): ReturnType<typeof pageOf<R, AskedFilters>> =>
  Object.keys(filters.faults).length > 0 ? { rows: [], next: undefined } : pageOf(read, filters, keyOf)

export const styleOf = (lang: Language): CsvStyle =>
  lang === 'pt-BR' ? { separator: ';', decimal: ',' } : { separator: ',', decimal: '.' }

/**
 * `1234,56`: without thousands and without a sign for the currency, so that a spreadsheet takes it for a
 * number.
 */
export const csvAmount = (units: bigint | null, asset: Asset, { decimal }: CsvStyle): string =>
  units === null ? '' : formatUnits(units, asset).replace('.', decimal)

/** `2026-11-21 00:00:00`, in Brazil's zone. */
export const csvTime = (at: Instant | null): string =>
  at === null ? '' : new Date(wallAt(brazilZone, millis(at))).toISOString().slice(0, 19).replace('T', ' ')

/** Every row of the filters as a file, read and sent some hundred at a time. */
export function sendCsv<R>(
  ctx: ConsoleContext,
  name: string,
  columns: readonly Column<R>[],
  parts: { read: Read<R, AskedFilters>; filters: AskedFilters; keyOf: (row: R) => After; clock: Clock },
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
