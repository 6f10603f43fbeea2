/** SQL as a tagged template: text and values kept apart, so a value can never become text. */

/** What both engines can bind. */
export type PlainValue = string | bigint | number | null | Uint8Array

/** A value of a column that is encrypted at rest: see `encrypted.ts`. */
export class Encrypted {
  readonly column: string
  /** What identifies its row, as `encryptedColumns` lists it. */
  readonly row: readonly string[]
  readonly value: string | Uint8Array
  constructor(column: string, row: readonly string[], value: string | Uint8Array) {
    this.column = column
    this.row = row
    this.value = value
  }
}

/** All that values of such a column may be stored as; stands in `in (…)`. */
export class SameAs {
  readonly column: string
  readonly values: readonly string[]
  /** Which row alone may hold it, where that is known. */
  readonly row: readonly string[] | undefined
  constructor(column: string, values: readonly string[], row?: readonly string[]) {
    this.column = column
    this.values = values
    this.row = row
  }
}

export type Value = PlainValue | Encrypted | SameAs

export interface Sql {
  readonly texts: readonly string[]
  readonly values: readonly Value[]
  /** Rows come as they are stored, encrypted. */
  readonly asStored?: true
}

const isSql = (part: unknown): part is Sql => typeof part === 'object' && part !== null && 'texts' in part

/**
 * Builds a statement. A part may be a value, or another `sql` to splice in. Where none is, `texts` are the
 * template's own, the same at each call, by which an engine knows the statement again.
 */
export function sql(strings: TemplateStringsArray, ...parts: (Value | Sql)[]): Sql {
  if (!parts.some(isSql)) return { texts: strings, values: parts as Value[] }
  const texts = [strings[0]!]
  const values: Value[] = []
  parts.forEach((part, index) => {
    const following = strings[index + 1]!
    if (isSql(part)) {
      texts[texts.length - 1] += part.texts[0]!
      texts.push(...part.texts.slice(1))
      values.push(...part.values)
      texts[texts.length - 1] += following
    } else {
      values.push(part)
      texts.push(following)
    }
  })
  return { texts, values }
}

/** `a, b, c`: values or pieces joined by `between`. */
export function join(parts: readonly (Value | Sql)[], between = ', '): Sql {
  const texts = ['']
  const values: Value[] = []
  parts.forEach((part, index) => {
    if (index > 0) texts[texts.length - 1] += between
    if (isSql(part)) {
      texts[texts.length - 1] += part.texts[0]!
      texts.push(...part.texts.slice(1))
      values.push(...part.values)
    } else {
      texts.push('')
      values.push(part)
    }
  })
  return { texts, values }
}

/** `where a and b`, of the conditions that are there; nothing where none is. */
export function where(conditions: readonly (Sql | undefined)[]): Sql {
  const there = conditions.filter(condition => condition !== undefined)
  return there.length === 0 ? empty : sql`where ${join(there, ' and ')}`
}

/** The same statement; its rows come as they are stored. */
export const asStored = ({ texts, values }: Sql): Sql => ({ texts, values, asStored: true })

export const empty: Sql = { texts: [''], values: [] }

/** Claims only rows no other process holds. SQLite has one writer, so there it says nothing. */
export const skipLocked: Sql = { texts: ['/*skip locked*/'], values: [] }

/** Holds the rows read until the transaction ends, so that who decides on them decides alone. */
export const forUpdate: Sql = { texts: ['/*for update*/'], values: [] }

/** `text` with each engine's words for the locks above. */
export const withLocks = (text: string, skip: string, hold: string): string =>
  text.replace('/*skip locked*/', skip).replace('/*for update*/', hold)

export const textOf = (statement: Pick<Sql, 'texts'>, placeholder: (place: number) => string): string =>
  statement.texts.reduce((text, part, place) => (place === 0 ? part : text + placeholder(place) + part), '')
