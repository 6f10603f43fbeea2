/** A roster of payers as CSV: one invoice each per slot. Every fault is told at once, and one fault refuses the whole roster. */
import { parse, type Options } from 'csv-parse/sync'
import { BadInput } from './answer.ts'
import { checkTaxId } from './brazil.ts'
import type { Asset } from './money.ts'
import { typedAmount } from './typedAmount.ts'

export interface RosterRow {
  name: string
  /** With punctuation, `012.345.678-90`. */
  taxId: string
  /** Centavos or satoshis, > 0. */
  units: bigint
  /** May be empty. */
  description: string
}

const columns = ['name', 'tax_id', 'amount', 'description'] as const
type Column = (typeof columns)[number]

interface Line {
  cells: string[]
  line: number
}

/** What is wrong with a roster, for whoever says it in words of their own. `line` is the file's. */
export type RosterFault =
  | { is: 'empty' | 'no rows' }
  | { is: 'quotation' | 'letters' | 'no name' | 'tax id' | 'amount'; line: number; value: string }
  | { is: 'separator'; line: number; value: string }
  | { is: 'header'; line: number; missing: string[]; extra: string[] }
  | { is: 'width'; line: number; fields: number; expected: number }

interface Told {
  fault: RosterFault
  /** As the command line says it. */
  says: string
}

class Unreadable extends Error {
  readonly told: Told
  constructor(fault: RosterFault, says: string) {
    super(says)
    this.told = { fault, says }
  }
}

/**
 * Reads CSV with the header `name,tax_id,amount,description`, columns in any order, a byte order mark tolerated.
 * Amounts are in `currency`: reais, or BTC and satoshis marked as such ("20000sats").
 * Throws one `BadInput` that lists each bad row with its line, the field, the value and what would be right.
 */
export function readRoster(csvText: string, currency: Asset = 'BRL'): RosterRow[] {
  const { rows, told } = readAll(csvText, currency)
  if (told.whole) throw new BadInput(told.whole.says)
  if (told.rows.length > 0)
    throw new BadInput(
      [`roster has ${told.rows.length} ${told.rows.length === 1 ? 'fault' : 'faults'}:`, ...told.rows.map(({ says }) => says)].join('\n'),
    )
  return rows
}

/** The same, its faults as values: one of the whole, or those of its rows. */
export function judgeRoster(csvText: string, currency: Asset): { rows: RosterRow[]; faults: RosterFault[] } {
  const { rows, told } = readAll(csvText, currency)
  return { rows, faults: told.whole ? [told.whole.fault] : told.rows.map(({ fault }) => fault) }
}

function readAll(csvText: string, currency: Asset): { rows: RosterRow[]; told: { whole?: Told; rows: Told[] } } {
  try {
    const [header, ...lines] = readLines(csvText)
    if (!header) throw new Unreadable({ is: 'empty' }, `roster is empty; its first line must be ${columns.join(',')}`)
    const places = readHeader(header)
    if (lines.length === 0)
      throw new Unreadable({ is: 'no rows' }, `roster has no rows after its header; write one payer a line under ${columns.join(',')}`)
    const told: Told[] = []
    const rows = lines.flatMap(line => readRow(line, { places, width: header.cells.length, currency }, told) ?? [])
    return { rows, told: { rows: told } }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { rows: [], told: { whole: error.told, rows: [] } }
  }
}

function readLines(csvText: string): Line[] {
  // The line ends are named because the parser would otherwise expect the first line's kind everywhere.
  const options = {
    bom: true,
    info: true,
    trim: true,
    relax_column_count: true,
    skip_empty_lines: true,
    record_delimiter: ['\r\n', '\n', '\r'],
  } satisfies Options
  try {
    const read = parse(csvText, options) as unknown as { record: string[]; info: { lines: number } }[]
    return read.map(({ record, info }) => ({ cells: record, line: info.lines }))
  } catch (error) {
    // The parser's own message repeats the value, and its line is where it gave up.
    const { lines, code } = error as { lines?: number; code?: string }
    if (!code) throw error
    const right = 'quote a whole field and write "" for one within'
    throw new Unreadable(
      { is: 'quotation', line: lines ?? 1, value: '' },
      `roster line ${lines}: a quotation mark is not closed or stands within a field; ${right}`,
    )
  }
}

function readHeader({ cells, line }: Line): Record<Column, number> {
  const names = cells.map(cell => cell.toLowerCase())
  const right = `the header must be ${columns.join(',')}, in any order`
  const other = names.length === 1 && /[;\t|]/.exec(names[0]!)?.[0]
  if (other)
    throw new Unreadable(
      { is: 'separator', line, value: other },
      `roster line ${line}: columns are parted by "${other}", not by commas; ${right}`,
    )
  const missing = columns.filter(name => !names.includes(name))
  const extra = names.filter((name, place) => !columns.some(known => known === name) || names.indexOf(name) !== place)
  if (missing.length > 0 || extra.length > 0) {
    const what = [missing.length > 0 && `lacks ${missing.join(', ')}`, extra.length > 0 && `has "${extra.join('", "')}" too many`]
    throw new Unreadable(
      { is: 'header', line, missing, extra },
      `roster line ${line}: the header ${what.filter(Boolean).join(' and ')}; ${right}`,
    )
  }
  return Object.fromEntries(columns.map(name => [name, names.indexOf(name)])) as Record<Column, number>
}

interface Shape {
  places: Record<Column, number>
  width: number
  currency: Asset
}

const amounts = {
  BRL: 'more than zero with at most two decimals, e.g. 1234.56 or 1.234,56',
  BTC: 'more than zero in BTC with at most eight decimals, e.g. 0.0002, or in satoshis, e.g. 20000sats',
}

function readRow({ cells, line }: Line, { places, width, currency }: Shape, told: Told[]): RosterRow | undefined {
  const before = told.length
  const wrong = (fault: RosterFault, says: string) => void told.push({ fault, says: `line ${line}: ${says}` })
  if (cells.length !== width) {
    wrong(
      { is: 'width', line, fields: cells.length, expected: width },
      `${cells.length} fields instead of ${width}; a comma within a field needs quotation marks around it, an empty field its comma`,
    )
    return undefined
  }
  const cell = (name: Column) => cells[places[name]]!

  const name = cell('name')
  if (name === '') wrong({ is: 'no name', line, value: '' }, 'name "" is empty; write the payer\'s full name')
  for (const column of ['name', 'description'] as const) {
    const value = cell(column)
    if (value.includes('\ufffd'))
      wrong({ is: 'letters', line, value }, `${column} "${value}" has letters that cannot be read; save the file as UTF-8`)
  }

  let taxId = ''
  try {
    taxId = checkTaxId(cell('tax_id'), 'tax_id').formatted
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    wrong({ is: 'tax id', line, value: cell('tax_id') }, error.message)
  }

  const amount = cell('amount')
  const units = typedAmount(amount, currency) ?? 0n
  if (units <= 0n) wrong({ is: 'amount', line, value: amount }, `amount "${amount}" is not ${amounts[currency]}`)

  return told.length === before ? { name, taxId, units, description: cell('description') } : undefined
}
