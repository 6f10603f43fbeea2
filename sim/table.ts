/** Rows kept newest first, found by id or by index, and read a page at a time behind an opaque cursor. */
import { refuse } from './refusal.ts'

export interface Row {
  id: string
  created: string
}

/**
 * One query parameter that narrows a list: which values a row has of it. Values in a query are a comma list,
 * any of them fits.
 */
export interface Filter<T> {
  of: (row: T) => readonly string[]
  /** Kept as an index; values that come later are told by `mark`. */
  indexed?: true
  /** Any other value is refused. */
  allowed?: readonly string[]
}

export interface Table<T extends Row> {
  add(row: T): T
  get(id: string): T | undefined
  /** The row gained a value of an indexed filter after it was added. */
  mark(row: T, filter: string, value: string): void
  remove(id: string): T | undefined
  /** Oldest first. */
  all(): T[]
  /** Rows that have `value` of an indexed filter, oldest first. */
  having(filter: string, value: string): T[]
  page(query: URLSearchParams): { rows: T[]; cursor: string | null }
}

export function makeTable<T extends Row>(filters: Record<string, Filter<T>>): Table<T> {
  const rows: (T | undefined)[] = []
  const places = new Map<string, number>()
  const indexes = new Map<string, Map<string, number[]>>()
  for (const name in filters) if (filters[name]!.indexed) indexes.set(name, new Map())

  const mark = (place: number, index: Map<string, number[]>, value: string) => {
    const marked = index.get(value)
    if (marked) marked.push(place)
    else index.set(value, [place])
  }

  /**
   * Places that can hold a match, newest first, below `start`; an index narrows them where the query allows.
   */
  function* candidates(wanted: [string, string[]][], start: number): Generator<T> {
    const ids = wanted.find(([name]) => name === 'ids')?.[1].map(id => places.get(id) ?? -1)
    const [name, values] = wanted.find(([name]) => indexes.has(name)) ?? []
    const found = ids ?? values?.flatMap(value => indexes.get(name!)!.get(value) ?? [])
    if (found) {
      for (const place of [...new Set(found)].sort((a, b) => b - a))
        if (place < start && rows[place]) yield rows[place]
    } else for (let place = start - 1; place >= 0; place--) if (rows[place]) yield rows[place]!
  }

  return {
    add(row) {
      const place = rows.push(row) - 1
      places.set(row.id, place)
      for (const [name, index] of indexes)
        for (const value of filters[name]!.of(row)) mark(place, index, value)
      return row
    },
    get: id => rows[places.get(id) ?? -1],
    mark: (row, name, value) => mark(places.get(row.id)!, indexes.get(name)!, value),
    remove(id) {
      const place = places.get(id) ?? -1
      const row = rows[place]
      if (row) rows[place] = undefined
      places.delete(id)
      return row
    },
    all: () => rows.filter(row => row !== undefined),
    having: (name, value) => (indexes.get(name)!.get(value) ?? []).flatMap(place => rows[place] ?? []),
    page(query) {
      const limit = readLimit(query.get('limit'))
      const start = readCursor(query.get('cursor')) ?? rows.length
      const wanted = Object.keys(filters)
        .filter(name => query.get(name))
        .map((name): [string, string[]] => [name, query.get(name)!.split(',')])
      if (query.get('ids')) wanted.unshift(['ids', query.get('ids')!.split(',')])
      for (const [name, values] of wanted) {
        const unknown =
          filters[name]?.allowed && values.find(value => !filters[name]!.allowed!.includes(value))
        if (unknown)
          refuse(
            `invalid${name[0]!.toUpperCase()}${name.slice(1)}`,
            `${unknown} is not one of ${filters[name]!.allowed!.join(', ')}`,
          )
      }
      const [after, before] = [readDate(query.get('after'), 'after'), readDate(query.get('before'), 'before')]
      const fits = (row: T) =>
        (!after || row.created.slice(0, 10) >= after) &&
        (!before || row.created.slice(0, 10) <= before) &&
        wanted.every(
          ([name, values]) => name === 'ids' || filters[name]!.of(row).some(value => values.includes(value)),
        )

      const page: T[] = []
      for (const row of candidates(wanted, start)) {
        if (!fits(row)) continue
        if (page.length === limit) return { rows: page, cursor: writeCursor(places.get(page.at(-1)!.id)!) }
        page.push(row)
      }
      return { rows: page, cursor: null }
    },
  }
}

function readLimit(text: string | null): number {
  if (text === null || text === '') return 100
  const limit = /^\d{1,3}$/.test(text) ? Number(text) : 0
  return limit >= 1 && limit <= 100 ? limit : refuse('invalidLimit', `limit must be 1 to 100, not ${text}`)
}

/** Dates, both ends included; of a whole instant only its day counts. */
function readDate(text: string | null, name: string): string | undefined {
  if (!text) return undefined
  return /^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(Date.parse(text))
    ? text.slice(0, 10)
    : refuse('invalidDate', `${name} is not a date: ${text}`)
}

const writeCursor = (place: number) => Buffer.from(`created-desc/${place}`).toString('base64')

function readCursor(text: string | null): number | undefined {
  if (!text) return undefined
  const match = /^created-desc\/(\d+)$/.exec(Buffer.from(text, 'base64').toString())
  return match ? Number(match[1]) : refuse('invalidCursor', 'the cursor is not one that was given out')
}
