/**
 * Columns that are encrypted at rest. A statement says which of its values belong to one (`encrypted`,
 * `sameAs`), and the engine encrypts them under the newest key it was opened with; rows that are read come
 * decrypted. Without a key values stay as they are, and both kinds may be in one column.
 */
import {
  decrypt,
  encrypt,
  isMarked,
  isOf,
  rowTag,
  type DataKey,
  type DataKeys,
  type Where,
} from '../base/cipher.ts'
import { storable } from '../base/text.ts'
import type { World } from '../base/world.ts'
import type { Row } from './contract.ts'
import { Encrypted, SameAs, type PlainValue, type Sql, type Value } from './sql.ts'

interface Kept {
  /** Of its table. */
  readonly key: readonly string[]
  /**
   * The columns that say which row a value is of, so that it is of no use in another; left out: it is looked
   * up by value among all rows.
   */
  readonly row?: readonly string[]
  /** The same value is written alike: see `sameAs`. */
  readonly findable?: true
}

const byId = { key: ['id'], row: ['id'] } as const

/**
 * Every column that holds what is a person's own, or lets somebody in. `docs/security.md` has the list, and
 * what is left out of it.
 */
export const encryptedColumns = {
  'users.totp_secret': { ...byId, findable: true },
  'users.email': byId,
  'invitations.totp_secret': { key: ['token_hash'], row: ['token_hash'] },
  'sessions.address': byId,
  'person_mails.address': byId,
  'person_mails.detail': byId,
  'schedules.roster': byId,
  'invoices.payer_name': byId,
  'invoices.payer_tax_id': { key: ['id'], findable: true },
  'invoices.description': byId,
  'invoices.brcode': byId,
  'invoices.link': byId,
  'orders.name': byId,
  'orders.email': { key: ['id'], findable: true },
  'orders.tax_id': byId,
  // Its number is the database's, and not known yet when it is written.
  'inbox.raw': { key: ['id'], row: ['rail', 'event_id'] },
  'inbox_conflicts.raw': { key: ['rail', 'event_id', 'digest'], row: ['rail', 'event_id', 'digest'] },
  'strangers.description': byId,
} as const satisfies Record<string, Kept>
export type EncryptedColumn = keyof typeof encryptedColumns
type Findable = {
  [C in EncryptedColumn]: (typeof encryptedColumns)[C] extends { findable: true } ? C : never
}[EncryptedColumn]

const isColumn = (name: string): name is EncryptedColumn => Object.hasOwn(encryptedColumns, name)
const isFindable = (column: EncryptedColumn): boolean => 'findable' in encryptedColumns[column]
const kept = (column: EncryptedColumn): Kept => encryptedColumns[column]
/** The columns that say which row a value of `column` is of; undefined where it is bound to none. */
export const rowOf = (column: EncryptedColumn): readonly string[] | undefined => kept(column).row

/**
 * `value`, to be written into `column` of that row: its id, or what the column's list names. Nothing and the
 * empty text say nothing about anybody, and stay as they are.
 */
export const encrypted = (
  column: EncryptedColumn,
  row: string | readonly string[],
  value: string | Uint8Array | null,
): Value =>
  value === null || value.length === 0
    ? value
    : new Encrypted(column, typeof row === 'string' ? [row] : row, value)

/**
 * `value` as it may be stored in `column`, under each key and under none: `where email in
 * (${sameAs('orders.email', email)})`. `row`: in which, where the column is bound to it.
 */
export const sameAs = (column: Findable, value: string, row?: string): Value =>
  new SameAs(column, [value], row === undefined ? undefined : [row])
export const sameAsAny = (column: Findable, values: readonly string[]): Value => new SameAs(column, values)

/** What a text is read as that cannot be decrypted: nothing is asked, sent or paid with it. */
export const unreadableText = '[unreadable / ilegível]'
const unreadableBytes = Buffer.from(unreadableText)

export const isUnreadable = (value: string | Uint8Array | null): boolean =>
  typeof value === 'string'
    ? value === unreadableText
    : value instanceof Uint8Array && Buffer.compare(value, unreadableBytes) === 0

type Randomness = Pick<World['random'], 'bytes'>

/** The statement with values that an engine can bind; of `sameAs` there are as many as there are keys. */
export function bindable(
  statement: Sql,
  keys: DataKeys,
  random: Randomness,
): { texts: readonly string[]; values: readonly PlainValue[] } {
  if (statement.values.every(isPlain))
    return statement as { texts: readonly string[]; values: readonly PlainValue[] }
  const texts = [statement.texts[0]!]
  const values: PlainValue[] = []
  for (const [place, value] of statement.values.entries()) {
    const stored = storedAs(value, keys, random)
    for (const [index, each] of stored.entries()) {
      if (index > 0) texts.push(', ')
      values.push(each)
    }
    texts.push(statement.texts[place + 1]!)
  }
  return { texts, values }
}

const isPlain = (value: Value): value is PlainValue =>
  typeof value !== 'object' || !(value instanceof Encrypted || value instanceof SameAs)

function storedAs(value: Value, keys: DataKeys, random: Randomness): readonly PlainValue[] {
  if (value instanceof Encrypted) return [written(value, keys.newest, random)]
  if (!(value instanceof SameAs)) return [value]
  const column = value.column as EncryptedColumn
  const plain = value.values.map(storable)
  const isSealed = keys.sealed?.has(column) === true
  // Of a column that is bound to its rows, older values are not.
  const rows = value.row && rowOf(column) ? [...(isSealed ? [] : [undefined]), value.row] : [undefined]
  return [
    ...(isSealed ? [] : plain),
    ...keys.all.flatMap(key =>
      rows.flatMap(row => plain.map(each => encryptUnder(key, column, row, each, random))),
    ),
  ]
}

function written(
  { column, row, value }: Encrypted,
  key: DataKey | undefined,
  random: Randomness,
): string | Uint8Array {
  const storedValue = typeof value === 'string' ? storable(value) : value
  if (key) return encryptUnder(key, column as EncryptedColumn, row, storedValue, random)
  // It would be read as something encrypted, and never be readable. Whoever writes “enc1:” on a Pix or as a
  // name must not stop what keeps it either.
  return typeof storedValue === 'string' && isMarked(storedValue) ? ` ${storedValue}` : storedValue
}

/** `value` as `column` holds it under `key`, in the row that `row` identifies; undefined `row`: in any. */
export function encryptUnder<T extends string | Uint8Array>(
  key: DataKey,
  column: EncryptedColumn,
  row: readonly string[] | undefined,
  value: T,
  random: Randomness,
): T {
  const bound = row && rowOf(column) ? rowTag(row) : undefined
  const how = {
    key,
    column,
    row: bound,
    findable: isFindable(column),
    random: (bytes: number) => random.bytes(bytes),
  }
  return encrypt(value as string, how) as T
}

/**
 * A column of an answer, and where an engine says that it comes from; null where it is computed, and may be
 * of any.
 */
export interface Field {
  name: string
  table: string | null
  column: string | null
}

/**
 * A column of an answer whose values may be encrypted. `column`: which one it is, where the engine can say
 * that.
 */
export interface Place {
  name: string
  column: EncryptedColumn | undefined
  /**
   * Where the answer says which row a value is of; several where it has several rows of one table beside each
   * other.
   */
  rows: readonly (readonly string[])[] | undefined
}

/**
 * Throws where a statement reads a value that is bound to its row and does not say which row that is: a fault
 * of the statement.
 */
export const placesOf = (fields: readonly Field[]): Place[] =>
  fields.flatMap(({ name, table, column }): Place[] => {
    if (table === null || column === null) return [{ name, column: undefined, rows: undefined }]
    const full = `${table}.${column}`
    if (!isColumn(full)) return []
    return [{ name, column: full, rows: rowsIn(fields, table, full) }]
  })

function rowsIn(fields: readonly Field[], table: string, column: EncryptedColumn): string[][] | undefined {
  const parts = rowOf(column)?.map(part =>
    fields.filter(field => field.table === table && field.column === part).map(({ name }) => name),
  )
  if (!parts) return undefined
  const lacks = rowOf(column)![parts.findIndex(names => names.length === 0)]
  if (lacks !== undefined)
    throw new Error(`a statement reads ${column} without ${table}.${lacks}, which says whose it is`)
  return parts[0]!.map((_, place) => parts.map(names => names[place] ?? names[0]!))
}

/**
 * As many short texts are kept in the clear, for whoever reads the same row again: settling an event reads
 * its invoice four times.
 */
const maxKept = 2_000
const longestKept = 1_000

/** Puts what is encrypted in rows in the clear, in place. */
export function revealing(keys: DataKeys): (rows: readonly Row[], places: readonly Place[]) => void {
  const inTheClear = new Map<string, string>()
  const text = (stored: string, where: Where | undefined): string => {
    const known = inTheClear.get(stored)
    if (known !== undefined && (!where || isOf(stored, where))) return known
    const read = decrypt(stored, keys.find, where)
    if (read.is === 'unreadable') return unreadableText
    if (stored.length <= longestKept) {
      if (inTheClear.size >= maxKept) inTheClear.delete(inTheClear.keys().next().value!)
      inTheClear.set(stored, read.value)
    }
    return read.value
  }
  const bytes = (stored: Uint8Array, where: Where | undefined): Uint8Array => {
    const read = decrypt(stored, keys.find, where)
    return read.is === 'read' ? read.value : unreadableBytes
  }
  // Several values of one row are read one after the other.
  let last: { key: string; tag: string } | undefined
  const tagOf = (row: Row, names: readonly string[]): string => {
    const values = names.map(name => String(row[name]))
    const key = JSON.stringify(values)
    if (last?.key !== key) last = { key, tag: rowTag(values) }
    return last.tag
  }
  const whereOf = (row: Row, { column, rows }: Place): Where | undefined =>
    column && { column, rows: rows?.map(names => tagOf(row, names)), isSealed: keys.sealed?.has(column) }
  // Of what is computed no column is known, so it is read as it is.
  const isRefused = ({ column }: Place, value: string | Uint8Array) =>
    column !== undefined && value.length > 0 && keys.sealed?.has(column) === true
  return (rows, places) => {
    if (places.length === 0) return
    for (const row of rows)
      for (const place of places) {
        const value = row[place.name]
        if (typeof value === 'string') {
          if (isMarked(value)) row[place.name] = text(value, whereOf(row, place))
          else if (isRefused(place, value)) row[place.name] = unreadableText
        } else if (value instanceof Uint8Array) {
          if (isMarked(value)) row[place.name] = bytes(value, whereOf(row, place))
          else if (isRefused(place, value)) row[place.name] = unreadableBytes
        }
      }
  }
}
