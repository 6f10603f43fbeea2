/**
 * Values encrypted at rest: AES-256-GCM under a key with an id. Pure: of files and databases it knows
 * nothing.
 *
 * An encrypted value is `enc1:<key id>:<table.column>@<row>:` and then nonce, ciphertext and tag; of a text
 * in base64url, of bytes as they are. What comes before the nonce is authenticated with it, so that a value
 * is of no use in another column or row. `<row>` is a digest (`rowTag`). Without `@<row>` a value is of any
 * row of its column: what is looked up by value is, and what was written before rows were named.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'
import { BadInput } from './answer.ts'

/** One key of a key file. `id` is derived from the key, so no two keys have one id and no key has two. */
export interface DataKey {
  readonly id: string
  readonly cipher: Uint8Array
  /** What nonces of values that must be found again are derived with. */
  readonly nonce: Uint8Array
}

/** The keys a process has. */
export interface DataKeys {
  /** What is written is encrypted under it; undefined: nothing is encrypted. */
  readonly newest: DataKey | undefined
  /** Newest first. */
  readonly all: readonly DataKey[]
  find(id: string): DataKey | undefined
  /**
   * Columns in which everything was encrypted, and for its row, once: a value that is not is refused. Read
   * from the audit log (`db/rotate.ts`) and set for a process that runs.
   */
  sealed?: ReadonlySet<string>
}

export const noKeys: DataKeys = { newest: undefined, all: [], find: () => undefined }

/** `keys`, newest first. */
export const keysOf = (keys: readonly DataKey[]): DataKeys => ({
  newest: keys[0],
  all: keys,
  find: id => keys.find(key => key.id === id),
})

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16
const idLength = 8

export function dataKey(secret: Uint8Array): DataKey {
  const derive = (what: string, length: number) =>
    new Uint8Array(hkdfSync('sha256', secret, '', `repasse/1 ${what}`, length))
  return {
    id: Buffer.from(derive('key id', idLength / 2)).toString('hex'),
    cipher: derive('aes-256-gcm', keyBytes),
    nonce: derive('nonce', keyBytes),
  }
}

/** A line of a key file, from 32 random bytes. */
export const keyLine = (secret: Uint8Array): string => Buffer.from(secret).toString('base64')

/**
 * Reads a key file: one key a line, 32 bytes in base64, the oldest first; blank lines and lines that begin
 * with `#` say nothing. Answers the newest first. Throws `BadInput` that names the line and never shows it.
 */
export function readKeys(text: string): DataKey[] {
  const keys: DataKey[] = []
  for (const [place, line] of text.split(/\r?\n/).entries()) {
    const written = line.trim()
    if (written === '' || written.startsWith('#')) continue
    const secret = Buffer.from(written, 'base64')
    if (secret.length !== keyBytes || keyLine(secret) !== written)
      throw new BadInput(
        `line ${place + 1} is no key: expected ${keyBytes} bytes in base64, as "repasse keys new" writes them`,
      )
    const key = dataKey(secret)
    if (keys.some(({ id }) => id === key.id)) throw new BadInput(`line ${place + 1} repeats key ${key.id}`)
    keys.unshift(key)
  }
  if (keys.length === 0) throw new BadInput('it holds no key')
  return keys
}

const mark = 'enc1:'
const markBytes = Buffer.from(mark)

/**
 * How an encrypted value of `column` under `key` begins; `row` as `rowTag` makes it, or left out where it is
 * bound to none.
 */
export const headOf = (key: Pick<DataKey, 'id'>, column: string, row?: string): string =>
  `${mark}${key.id}:${column}${row === undefined ? '' : `@${row}`}:`

/** Names a row by what identifies it, in 96 bits: another row with the same name would take 2^96 tries. */
export const rowTag = (key: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(key)).digest('base64url').slice(0, tagLength)
const tagLength = 16

/** Whether a stored value bears the mark of an encrypted one. */
export const isMarked = (value: string | Uint8Array): boolean =>
  typeof value === 'string'
    ? value.startsWith(mark)
    : value[0] === markBytes[0] && Buffer.compare(value.subarray(0, markBytes.length), markBytes) === 0

/**
 * Where an encrypted text says that it was found. `rows`: the tags of the rows it may be of; left out: of
 * any.
 */
export interface Where {
  column: string
  rows?: readonly string[] | undefined
  /** One that is of any row of its column is not taken, where it could be bound to one. */
  isSealed?: boolean | undefined
}

/** Whether an encrypted text says that it is of there. */
export function isOf(stored: string, { column, rows, isSealed }: Where): boolean {
  const place = mark.length + idLength + 1
  if (stored.startsWith(`${column}:`, place)) return !(isSealed && rows)
  if (!stored.startsWith(`${column}@`, place)) return false
  const at = place + column.length + 1
  return rows === undefined || rows.includes(stored.slice(at, at + tagLength))
}

export interface Writing {
  key: DataKey
  /** `table.column`. */
  column: string
  /** Which row it is of, as `rowTag` makes it; left out: it is bound to its column alone. */
  row?: string | undefined
  /**
   * The same value is always encrypted alike, so that it can be looked for; that two rows have one value can
   * be seen then.
   */
  findable: boolean
  random: (bytes: number) => Uint8Array
}

export function encrypt(value: string, how: Writing): string
export function encrypt(value: Uint8Array, how: Writing): Uint8Array
export function encrypt(
  value: string | Uint8Array,
  { key, column, row, findable, random }: Writing,
): string | Uint8Array {
  const head = headOf(key, column, row)
  const plain = typeof value === 'string' ? Buffer.from(value) : value
  const nonce = findable ? nonceFor(key, head, plain) : random(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', key.cipher, nonce).setAAD(Buffer.from(head))
  const parts = [nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]
  return typeof value === 'string'
    ? head + Buffer.concat(parts).toString('base64url')
    : Buffer.concat([Buffer.from(head), ...parts])
}

/**
 * A nonce that only this value in this column has under this key, as Rails' deterministic encryption makes
 * it.
 */
const nonceFor = (key: DataKey, head: string, plain: Uint8Array): Uint8Array =>
  createHmac('sha256', key.nonce)
    .update(createHash('sha256').update(head).digest())
    .update(plain)
    .digest()
    .subarray(0, nonceBytes)

export type Decrypted<T> =
  | { is: 'read'; value: T }
  /** `keyId` is of the key that is lacking. */
  | { is: 'unreadable'; why: 'unknown key'; keyId: string }
  | { is: 'unreadable'; why: 'altered' | 'of another column' | 'of another row' | 'of any row' }

/** `where` the value was found, if that is known. */
export function decrypt<T extends string | Uint8Array>(
  value: T,
  find: DataKeys['find'],
  where?: Where,
): Decrypted<T> {
  const head = readHead(value)
  if (!head) return { is: 'unreadable', why: 'altered' }
  if (where && head.column !== where.column) return { is: 'unreadable', why: 'of another column' }
  if (head.row !== undefined && where?.rows?.includes(head.row) === false)
    return { is: 'unreadable', why: 'of another row' }
  if (head.row === undefined && where?.isSealed && where.rows) return { is: 'unreadable', why: 'of any row' }
  const key = find(head.keyId)
  if (!key) return { is: 'unreadable', why: 'unknown key', keyId: head.keyId }
  const body =
    typeof value === 'string'
      ? Buffer.from(value.slice(head.length), 'base64url')
      : Buffer.from(value.subarray(head.length))
  if (body.length < nonceBytes + tagBytes) return { is: 'unreadable', why: 'altered' }
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.cipher, body.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    })
      .setAAD(Buffer.from(headOf(key, head.column, head.row)))
      .setAuthTag(body.subarray(-tagBytes))
    const plain = Buffer.concat([decipher.update(body.subarray(nonceBytes, -tagBytes)), decipher.final()])
    return { is: 'read', value: (typeof value === 'string' ? plain.toString('utf8') : plain) as T }
  } catch {
    return { is: 'unreadable', why: 'altered' }
  }
}

/** No column's name is longer. */
const longestHead = 112

function readHead(
  value: string | Uint8Array,
): { keyId: string; column: string; row: string | undefined; length: number } | undefined {
  const text =
    typeof value === 'string'
      ? value.slice(0, longestHead)
      : Buffer.from(value.subarray(0, longestHead)).toString('latin1')
  const found = /^enc1:([0-9a-f]{8}):([a-z_]+\.[a-z_]+)(?:@([\w-]{16}))?:/.exec(text)
  return found ? { keyId: found[1]!, column: found[2]!, row: found[3], length: found[0].length } : undefined
}
