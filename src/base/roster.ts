/**
 * A roster of payers: one invoice each per slot. CSV as spreadsheets save it, in Brazil (`;`, decimal comma,
 * `dd/mm/yyyy`, Portuguese headers) or elsewhere. Every fault is told at once, and one fault refuses the
 * whole roster.
 */
import { parse, type Options } from 'csv-parse/sync'
import { BadInput } from './answer.ts'
import { checkTaxId, withLostZeros } from './brazil.ts'
import { csvLine, type CsvStyle } from './csv.ts'
import { formatUnits, type Asset } from './money.ts'
import { readTyped } from './typedAmount.ts'

export interface RosterRow {
  name: string
  /** With punctuation, `012.345.678-90`. */
  taxId: string
  /** Centavos or satoshis, > 0. */
  units: bigint
  /** May be empty. */
  description: string
  /** The day it is due, `2026-12-31`, where the roster says one. */
  dueOn?: string
}

/** A roster that is kept cannot be decrypted, so whom it names is not known. `name`: of its schedule. */
export type RosterRefusal = { is: 'roster-unreadable'; name: string }

const needed = ['name', 'tax_id', 'amount', 'description'] as const
const columns = [...needed, 'due'] as const
type Column = (typeof columns)[number]

/** What a column may be called, in lower case, without accents, blanks and signs. */
const called: Record<Column, readonly string[]> = {
  name: ['name', 'nome', 'nomecompleto', 'nomedopagador', 'pagador', 'cliente', 'razaosocial'],
  tax_id: ['taxid', 'cpf', 'cnpj', 'cpfcnpj', 'cpfoucnpj', 'cpfecnpj', 'documento'],
  amount: ['amount', 'valor', 'valorr', 'valorrs', 'valoremreais', 'valorbrl', 'valorbtc'],
  description: ['description', 'descricao', 'descricaodacobranca', 'historico', 'referencia'],
  due: ['due', 'duedate', 'vencimento', 'datadevencimento', 'datavencimento', 'dtvencimento'],
}
const columnOf = (title: string): Column | undefined => {
  const plain = title
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
  return columns.find(column => called[column].includes(plain))
}

interface Line {
  cells: string[]
  line: number
}

/** What is wrong with a roster, for whoever says it in words of their own. `line` is the file's. */
export type RosterFault =
  | { is: 'empty' | 'no rows' }
  | {
      is:
        | 'quotation'
        | 'letters'
        | 'no name'
        | 'tax id'
        | 'two tax ids'
        | 'amount'
        | 'ambiguous amount'
        | 'due'
        | 'due on chain'
      line: number
      value: string
    }
  | { is: 'header'; line: number; missing: string[]; extra: string[] }
  | { is: 'width'; line: number; fields: number; expected: number }

/** Rows that say the same in every field. */
export interface Repeat {
  /** The file's, of all of them. */
  lines: number[]
  row: RosterRow
}

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

export interface RosterRules {
  /** What amounts are in: reais, or BTC and satoshis marked as such ("20000sats"). */
  currency?: Asset
  /** On a chain nothing is due on a day: a request lives as long as its price. */
  mayBeDue?: boolean
}

/**
 * Reads CSV whose first line names its columns, in any order: name, tax_id, amount, description, and perhaps
 * due. Throws one `BadInput` that lists each bad row with its line, the field, the value and what would be
 * right.
 */
export function readRoster(csvText: string, currency: Asset = 'BRL', rules: RosterRules = {}): RosterRow[] {
  const { rows, told } = readAll(csvText, { currency, ...rules })
  if (told.whole) throw new BadInput(told.whole.says)
  if (told.rows.length > 0)
    throw new BadInput(
      [
        `roster has ${told.rows.length} ${told.rows.length === 1 ? 'fault' : 'faults'}:`,
        ...told.rows.map(({ says }) => says),
      ].join('\n'),
    )
  return rows.map(({ row }) => row)
}

/**
 * The same, its faults as values: one of the whole, or those of its rows. `repeats` are no faults, but need a
 * yes.
 */
export function judgeRoster(
  csvText: string,
  currency: Asset,
  rules: RosterRules = {},
): { rows: RosterRow[]; faults: RosterFault[]; repeats: Repeat[] } {
  const { rows, told } = readAll(csvText, { currency, ...rules })
  const faults = told.whole ? [told.whole.fault] : told.rows.map(({ fault }) => fault)
  return { rows: rows.map(({ row }) => row), faults, repeats: repeatsIn(rows) }
}

function repeatsIn(rows: readonly Placed[]): Repeat[] {
  const alike = Map.groupBy(rows, ({ row }) =>
    JSON.stringify([row.name.toLowerCase(), row.taxId, `${row.units}`, row.description, row.dueOn]),
  )
  return [...alike.values()]
    .filter(same => same.length > 1)
    .map(same => ({ lines: same.map(({ line }) => line), row: same[0]!.row }))
}

/** What is exported can be imported: a roster as a spreadsheet of `style`'s country reads it. */
export function writeRoster(rows: readonly RosterRow[], currency: Asset, style: CsvStyle): string {
  const hasDue = rows.some(({ dueOn }) => dueOn !== undefined)
  const isBrazilian = style.decimal === ','
  const titles = isBrazilian ? ['nome', 'cpf/cnpj', 'valor', 'descrição', 'vencimento'] : [...columns]
  const amount = (units: bigint) => formatUnits(units, currency).replace('.', style.decimal)
  const day = (dueOn = '') => (isBrazilian ? dueOn.split('-').toReversed().join('/') : dueOn)
  const lines = rows.map(({ name, taxId, units, description, dueOn }) => [
    name,
    taxId,
    amount(units),
    description,
    day(dueOn),
  ])
  return [titles, ...lines].map(fields => csvLine(hasDue ? fields : fields.slice(0, -1), style)).join('')
}

interface Placed {
  row: RosterRow
  line: number
}

function readAll(
  csvText: string,
  { currency = 'BRL', mayBeDue = true }: RosterRules,
): { rows: Placed[]; told: { whole?: Told; rows: Told[] } } {
  try {
    const [header, ...lines] = readLines(csvText)
    if (!header)
      throw new Unreadable({ is: 'empty' }, `roster is empty; its first line must be ${needed.join(',')}`)
    const { places, width } = readHeader(header)
    if (lines.length === 0)
      throw new Unreadable(
        { is: 'no rows' },
        `roster has no rows after its header; write one payer a line under ${needed.join(',')}`,
      )
    const told: Told[] = []
    const shape = { places, width, currency, mayBeDue }
    const rows = lines.flatMap(line => {
      const row = readRow(line, shape, told)
      return row ? [{ row, line: line.line }] : []
    })
    return { rows, told: { rows: told } }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { rows: [], told: { whole: error.told, rows: [] } }
  }
}

/** Excel writes a first line that names its separator, and takes it away when it reads. */
const namedSeparator = /^\ufeff?"?sep=([;,\t|])"?[ \t]*(?:\r\n|\n|\r|$)/i

function readLines(text: string): Line[] {
  const [named, sign] = namedSeparator.exec(text) ?? []
  const csvText = named === undefined ? text : text.slice(named.length)
  // The line ends are named because the parser would otherwise expect the first line's kind everywhere.
  const options = {
    bom: true,
    info: true,
    trim: true,
    relax_column_count: true,
    skip_empty_lines: true,
    delimiter: sign ?? separatorOf(csvText),
    record_delimiter: ['\r\n', '\n', '\r'],
  } satisfies Options
  try {
    const read = parse(csvText, options) as unknown as { record: string[]; info: { lines: number } }[]
    const before = named === undefined ? 0 : 1
    // Rows that were once filled in are saved as signs alone.
    return read
      .map(({ record, info }) => ({ cells: record.map(undefused), line: info.lines + before }))
      .filter(({ cells }) => cells.some(cell => cell !== ''))
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

/** What an export made text, so that no spreadsheet takes it for a formula. */
const undefused = (cell: string): string => (/^'+[=+\-@]/.test(cell) ? cell.slice(1) : cell)

/** The sign that parts the first line into the most columns whose names are known. */
function separatorOf(text: string): string {
  const first =
    text
      .replace(/^\ufeff/, '')
      .split(/\r\n|\n|\r/)
      .find(line => /[^\s;,|]/.test(line)) ?? ''
  const known = (sign: string) => first.split(sign).filter(cell => columnOf(cell) !== undefined).length
  return [',', ';', '\t', '|'].reduce((best, sign) => (known(sign) > known(best) ? sign : best))
}

function readHeader({ cells, line }: Line): { places: Partial<Record<Column, number>>; width: number } {
  const width = cells.findLastIndex(cell => cell !== '') + 1
  const titles = cells.slice(0, width)
  const found = titles.map(columnOf)
  const missing = needed.filter(name => !found.includes(name))
  const extra = titles
    .filter((_, place) => found[place] === undefined || found.indexOf(found[place]) !== place)
    .map(title => title.toLowerCase())
  if (missing.length > 0 || extra.length > 0) {
    const what = [
      missing.length > 0 && `lacks ${missing.join(', ')}`,
      extra.length > 0 && `has "${extra.join('", "')}" too many`,
    ]
    throw new Unreadable(
      { is: 'header', line, missing, extra },
      `roster line ${line}: the header ${what.filter(Boolean).join(' and ')}; the header must be ${needed.join(',')}, in any order, or nome;cpf/cnpj;valor;descrição, and may have due or vencimento`,
    )
  }
  return { places: Object.fromEntries(found.map((name, place) => [name, place])), width }
}

interface Shape {
  places: Partial<Record<Column, number>>
  width: number
  currency: Asset
  mayBeDue: boolean
}

const amounts = {
  BRL: 'more than zero with at most two decimals, e.g. 1234.56 or 1.234,56',
  BTC: 'more than zero in BTC with at most eight decimals, e.g. 0.0002, or in satoshis, e.g. 20000sats',
}

/** What no text has that somebody typed, and PostgreSQL keeps none of: a NUL first of all. */
// eslint-disable-next-line no-control-regex
const unreadable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffd]|\p{Cs}/u

function readRow(
  { cells, line }: Line,
  { places, width, currency, mayBeDue }: Shape,
  told: Told[],
): RosterRow | undefined {
  const before = told.length
  const wrong = (fault: RosterFault, says: string) => void told.push({ fault, says: `line ${line}: ${says}` })
  // Columns that were once filled in are saved as signs alone.
  const fields = Math.max(width, cells.findLastIndex(cell => cell !== '') + 1)
  if (fields > width || cells.length < width) {
    wrong(
      { is: 'width', line, fields: fields > width ? fields : cells.length, expected: width },
      `${fields > width ? fields : cells.length} fields instead of ${width}; a comma within a field needs quotation marks around it, an empty field its comma`,
    )
    return undefined
  }
  const cell = (name: Column) => (places[name] === undefined ? '' : cells[places[name]]!)

  const name = cell('name')
  if (name === '') wrong({ is: 'no name', line, value: '' }, 'name "" is empty; write the payer\'s full name')
  for (const column of ['name', 'description'] as const) {
    const value = cell(column)
    if (unreadable.test(value))
      wrong(
        { is: 'letters', line, value },
        `${column} "${value}" has letters that cannot be read; save the file as UTF-8`,
      )
  }

  const taxId = readTaxId(cell('tax_id'), line, wrong)
  const amount = cell('amount')
  const typed = readTyped(amount, currency)
  const units = typed.is === 'amount' ? typed.units : 0n
  if (typed.is === 'misread' && typed.why === 'ambiguous')
    wrong(
      { is: 'ambiguous amount', line, value: amount },
      `amount "${amount}" could be thousands or decimals; write 1234.00 or 1.234,00 for the one, 1.23 or 1,23 for the other`,
    )
  else if (units <= 0n)
    wrong({ is: 'amount', line, value: amount }, `amount "${amount}" is not ${amounts[currency]}`)

  const due = cell('due')
  const dueOn = due === '' ? undefined : readDay(due)
  if (due !== '' && dueOn === undefined)
    wrong({ is: 'due', line, value: due }, `due "${due}" is no day; write e.g. 31/12/2026 or 2026-12-31`)
  else if (due !== '' && !mayBeDue)
    wrong(
      { is: 'due on chain', line, value: due },
      `due "${due}" is for the bank: on a chain a request lives as long as its price, so leave it empty`,
    )

  const row = { name, taxId, units, description: cell('description') }
  return told.length > before ? undefined : dueOn === undefined ? row : { ...row, dueOn }
}

function readTaxId(text: string, line: number, wrong: (fault: RosterFault, says: string) => void): string {
  const whole = withLostZeros(text)
  if (whole === 'either') {
    wrong(
      { is: 'two tax ids', line, value: text },
      `tax_id "${text}" has lost its leading zeros, and could be a CPF or a CNPJ; write it in full`,
    )
    return ''
  }
  try {
    return checkTaxId(whole, 'tax_id').formatted
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    const shortened = /\de\+?\d/i.test(text)
      ? 'was shortened by the spreadsheet; make its column text, and write it again'
      : undefined
    wrong(
      { is: 'tax id', line, value: text },
      shortened === undefined ? error.message : `tax_id "${text}" ${shortened}`,
    )
    return ''
  }
}

/**
 * `31/12/2026` as Brazil writes it, `2026-12-31` as ISO 8601 does; a time behind it is passed over. Undefined
 * for a day that is none.
 */
function readDay(text: string): string | undefined {
  const [, day, month, year] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: \d\d:\d\d(?::\d\d)?)?$/.exec(text) ?? []
  const iso =
    day === undefined
      ? /^\d{4}-\d\d-\d\d$/.exec(text)?.[0]
      : `${year}-${month!.padStart(2, '0')}-${day.padStart(2, '0')}`
  if (iso === undefined) return undefined
  const at = new Date(`${iso}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(iso) ? iso : undefined
}
