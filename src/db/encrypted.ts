/**
 * Columns that are encrypted at rest. A statement says which of its values belong to one (`encrypted`, `sameAs`), and the engine encrypts them under
 * the newest key it was opened with; rows that are read come decrypted. Without a key values stay as they are, and both kinds may be in one column.
 */
import { decrypt, encrypt, isMarked, isOf, type DataKey, type DataKeys } from '../base/cipher.ts'
import { storable } from '../base/text.ts'
import type { World } from '../base/world.ts'
import type { Row } from './contract.ts'
import { Encrypted, SameAs, type PlainValue, type Sql, type Value } from './sql.ts'

interface Kept {
  /** Of its table. */
  readonly key: readonly string[]
  /** Rows are found by its value: see `sameAs`. */
  readonly findable?: true
}

/** Every column that holds what is a person's own, or lets somebody in. `docs/security.md` has the list, and what is left out of it. */
export const encryptedColumns = {
  'users.totp_secret': { key: ['id'], findable: true },
  'users.email': { key: ['id'] },
  'invitations.totp_secret': { key: ['token_hash'] },
  'sessions.address': { key: ['id'] },
  'person_mails.address': { key: ['id'] },
  'person_mails.detail': { key: ['id'] },
  'schedules.roster': { key: ['id'] },
  'invoices.payer_name': { key: ['id'] },
  'invoices.payer_tax_id': { key: ['id'], findable: true },
  'invoices.description': { key: ['id'] },
  'invoices.brcode': { key: ['id'] },
  'invoices.link': { key: ['id'] },
  'orders.name': { key: ['id'] },
  'orders.email': { key: ['id'], findable: true },
  'orders.tax_id': { key: ['id'] },
  'inbox.raw': { key: ['id'] },
  'inbox_conflicts.raw': { key: ['rail', 'event_id', 'digest'] },
  'strangers.description': { key: ['id'] },
} as const satisfies Record<string, Kept>
export type EncryptedColumn = keyof typeof encryptedColumns
type Findable = { [C in EncryptedColumn]: (typeof encryptedColumns)[C] extends { findable: true } ? C : never }[EncryptedColumn]

const isColumn = (name: string): name is EncryptedColumn => Object.hasOwn(encryptedColumns, name)
const isFindable = (column: EncryptedColumn): boolean => 'findable' in encryptedColumns[column]

/** `value`, to be written into `column`. Nothing and the empty text say nothing about anybody, and stay as they are. */
export const encrypted = (column: EncryptedColumn, value: string | Uint8Array | null): Value =>
  value === null || value.length === 0 ? value : new Encrypted(column, value)

/** `value` as it may be stored in `column`, under each key and under none: `where email in (${sameAs('orders.email', email)})`. */
export const sameAs = (column: Findable, value: string): Value => new SameAs(column, [value])
export const sameAsAny = (column: Findable, values: readonly string[]): Value => new SameAs(column, values)

/** What a text is read as that cannot be decrypted: nothing is asked, sent or paid with it. */
export const unreadableText = '[unreadable / ilegível]'
const unreadableBytes = Buffer.from(unreadableText)

export const isUnreadable = (value: string | Uint8Array | null): boolean =>
  typeof value === 'string' ? value === unreadableText : value instanceof Uint8Array && Buffer.compare(value, unreadableBytes) === 0

type Randomness = Pick<World['random'], 'bytes'>

/** The statement with values that an engine can bind; of `sameAs` there are as many as there are keys. */
export function bindable(statement: Sql, keys: DataKeys, random: Randomness): { texts: readonly string[]; values: readonly PlainValue[] } {
  if (statement.values.every(isPlain)) return statement as { texts: readonly string[]; values: readonly PlainValue[] }
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

const isPlain = (value: Value): value is PlainValue => typeof value !== 'object' || !(value instanceof Encrypted || value instanceof SameAs)

function storedAs(value: Value, keys: DataKeys, random: Randomness): readonly PlainValue[] {
  if (value instanceof Encrypted) return [written(value.column as EncryptedColumn, value.value, keys.newest, random)]
  if (!(value instanceof SameAs)) return [value]
  const column = value.column as EncryptedColumn
  const plain = value.values.map(storable)
  return [...plain, ...keys.all.flatMap(key => plain.map(each => encryptUnder(key, column, each, random)))]
}

function written(column: EncryptedColumn, value: string | Uint8Array, key: DataKey | undefined, random: Randomness): string | Uint8Array {
  const kept = typeof value === 'string' ? storable(value) : value
  if (key) return encryptUnder(key, column, kept, random)
  // It would be read as something encrypted, and never be readable. Whoever writes “enc1:” on a Pix or as a name must not stop what keeps it either.
  return typeof kept === 'string' && isMarked(kept) ? ` ${kept}` : kept
}

/** `value` as `column` holds it under `key`. */
export const encryptUnder = <T extends string | Uint8Array>(key: DataKey, column: EncryptedColumn, value: T, random: Randomness): T =>
  encrypt(value as string, { key, column, findable: isFindable(column), random: bytes => random.bytes(bytes) }) as T

/** A column of an answer whose values may be encrypted. `column`: which one it is, where the engine can say that. */
export interface Place {
  name: string
  column: EncryptedColumn | undefined
}

/** `table` and `column`: where an engine says that a column of an answer comes from; null where it is computed, and may be any. */
export function placeOf(name: string, table: string | null, column: string | null): Place | undefined {
  if (table === null || column === null) return { name, column: undefined }
  const full = `${table}.${column}`
  return isColumn(full) ? { name, column: full } : undefined
}

/** As many short texts are kept in the clear, for whoever reads the same row again: settling an event reads its invoice four times. */
const mostKept = 2_000
const longestKept = 1_000

/** Puts what is encrypted in rows in the clear, in place. */
export function revealing(keys: DataKeys): (rows: readonly Row[], places: readonly Place[]) => void {
  const kept = new Map<string, string>()
  const text = (stored: string, column: EncryptedColumn | undefined): string => {
    const known = kept.get(stored)
    if (known !== undefined && (column === undefined || isOf(stored, column))) return known
    const read = decrypt(stored, keys.find, column)
    if (read.is === 'unreadable') return unreadableText
    if (stored.length <= longestKept) {
      if (kept.size >= mostKept) kept.delete(kept.keys().next().value!)
      kept.set(stored, read.value)
    }
    return read.value
  }
  const bytes = (stored: Uint8Array, column: EncryptedColumn | undefined): Uint8Array => {
    const read = decrypt(stored, keys.find, column)
    return read.is === 'read' ? read.value : unreadableBytes
  }
  return (rows, places) => {
    if (places.length === 0) return
    for (const row of rows)
      for (const { name, column } of places) {
        const value = row[name]
        if (typeof value === 'string') {
          if (isMarked(value)) row[name] = text(value, column)
        } else if (value instanceof Uint8Array && isMarked(value)) row[name] = bytes(value, column)
      }
  }
}
