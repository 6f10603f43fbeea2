/** A roster of payers as CSV: one invoice each per slot. Every fault is told at once, and one fault refuses the whole roster. */
import { parse, type Options } from 'csv-parse/sync'
import { BadInput } from './answer.ts'
import { checkTaxId } from './brazil.ts'
import { parseAmount, type Asset } from './money.ts'

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

/**
 * Reads CSV with the header `name,tax_id,amount,description`, columns in any order, a byte order mark tolerated.
 * Amounts are in `currency`: reais, or BTC and satoshis marked as such ("20000sats").
 * Throws one `BadInput` that lists each bad row with its line, the field, the value and what would be right.
 */
export function readRoster(csvText: string, currency: Asset = 'BRL'): RosterRow[] {
  const [header, ...lines] = readLines(csvText)
  if (!header) throw new BadInput(`roster is empty; its first line must be ${columns.join(',')}`)
  const places = readHeader(header)
  if (lines.length === 0) throw new BadInput(`roster has no rows after its header; write one payer a line under ${columns.join(',')}`)

  const faults: string[] = []
  const rows = lines.flatMap(line => readRow(line, { places, width: header.cells.length, currency }, faults) ?? [])
  if (faults.length > 0)
    throw new BadInput([`roster has ${faults.length} ${faults.length === 1 ? 'fault' : 'faults'}:`, ...faults].join('\n'))
  return rows
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
    throw new BadInput(`roster line ${lines}: a quotation mark is not closed or stands within a field; ${right}`)
  }
}

function readHeader({ cells, line }: Line): Record<Column, number> {
  const names = cells.map(cell => cell.toLowerCase())
  const right = `the header must be ${columns.join(',')}, in any order`
  if (names.length === 1 && /[;\t|]/.test(names[0]!)) {
    throw new BadInput(`roster line ${line}: columns are parted by "${/[;\t|]/.exec(names[0]!)![0]}", not by commas; ${right}`)
  }
  const missing = columns.filter(name => !names.includes(name))
  const extra = names.filter((name, place) => !columns.some(known => known === name) || names.indexOf(name) !== place)
  if (missing.length > 0 || extra.length > 0) {
    const what = [missing.length > 0 && `lacks ${missing.join(', ')}`, extra.length > 0 && `has "${extra.join('", "')}" too many`]
    throw new BadInput(`roster line ${line}: the header ${what.filter(Boolean).join(' and ')}; ${right}`)
  }
  return Object.fromEntries(columns.map(name => [name, names.indexOf(name)])) as Record<Column, number>
}

interface Shape {
  places: Record<Column, number>
  width: number
  currency: Asset
}

const amounts = {
  BRL: 'more than zero with a point and at most two decimals, e.g. 1234.56',
  BTC: 'more than zero in BTC with at most eight decimals, e.g. 0.0002, or in satoshis, e.g. 20000sats',
}

function readRow({ cells, line }: Line, { places, width, currency }: Shape, faults: string[]): RosterRow | undefined {
  const before = faults.length
  const fault = (what: string) => void faults.push(`line ${line}: ${what}`)
  if (cells.length !== width) {
    fault(`${cells.length} fields instead of ${width}; a comma within a field needs quotation marks around it, an empty field its comma`)
    return undefined
  }
  const cell = (name: Column) => cells[places[name]]!

  const name = cell('name')
  if (name === '') fault('name "" is empty; write the payer\'s full name')
  for (const column of ['name', 'description'] as const) {
    if (cell(column).includes('\ufffd')) fault(`${column} "${cell(column)}" has letters that cannot be read; save the file as UTF-8`)
  }

  let taxId = ''
  try {
    taxId = checkTaxId(cell('tax_id'), 'tax_id').formatted
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    fault(error.message)
  }

  const units = parseAmount(cell('amount'), currency) ?? 0n
  if (units <= 0n) fault(`amount "${cell('amount')}" is not ${amounts[currency]}`)

  return faults.length === before ? { name, taxId, units, description: cell('description') } : undefined
}
