/**
 * Which keys values are encrypted under, and encrypting them under the newest: in small batches, while
 * everything else goes on.
 */
import { BadInput } from '../base/answer.ts'
import { decrypt, headOf, isMarked, rowTag, type DataKey, type DataKeys, type Where } from '../base/cipher.ts'
import type { Instant, World } from '../base/world.ts'
import type { Reader, Row, Db, Tx } from './contract.ts'
import { encryptedColumns, encryptUnder, rowOf, type EncryptedColumn } from './encrypted.ts'
import { asStored, forUpdate, join, sql, type Sql, type Value } from './sql.ts'

export const columns = Object.keys(encryptedColumns) as EncryptedColumn[]

/** The tables with such columns. */
export const encryptedTables = [...new Set(columns.map(column => column.split('.')[0]!))]

type Stored = string | Uint8Array

const named = (text: string): Sql => ({ texts: [text], values: [] })

/** The parts of statements about one column. */
function partsOf(column: EncryptedColumn) {
  const [table, name] = column.split('.') as [string, string]
  const keys = encryptedColumns[column].key
  return {
    table: named(table),
    value: named(name),
    key: keys,
    place: join(keys.map(named)),
    /** Which row it is, and what its value is bound to. */
    whose: join([...new Set([...keys, ...(rowOf(column) ?? [])])].map(named)),
    after: (place: readonly Value[] | undefined) =>
      place ? sql`and (${join(keys.map(named))}) > (${join(place)})` : sql``,
    /** What a value of this column begins with; bytes are compared with bytes. */
    beginning: (text: string): Value => (name === 'raw' ? Buffer.from(text) : text),
    /** Nothing and the empty text are not encrypted. */
    isSet:
      name === 'raw'
        ? sql`length(${named(name)}) > 0`
        : sql`${named(name)} is not null and ${named(name)} <> ''`,
  }
}

/**
 * How many values of a column are under a key; `key` undefined: in plain text. `unbound`: of them, those that
 * could be of any row, and should not.
 */
export interface KeyUse {
  column: EncryptedColumn
  key: string | undefined
  count: number
  unbound: number
}

export async function keyUses(reader: Reader): Promise<KeyUse[]> {
  const uses: KeyUse[] = []
  for (const column of columns) {
    const { table, value, isSet, beginning } = partsOf(column)
    const isBound = sql`substr(${value}, ${beforeRow(column)}, 1) = ${beginning('@')}`
    const rows = await reader.all<{ key: Stored | null; count: bigint; bound: bigint }>(
      asStored(sql`
        select case when substr(${value}, 1, 5) = ${beginning('enc1:')}
          then substr(${value}, 6, 8) end as key, count(*) as count,
          sum(case when ${isBound} then 1 else 0 end) as bound
        from ${table} where ${isSet} group by 1 order by 1`),
    )
    for (const { key, count, bound } of rows) {
      const unbound = key === null || !rowOf(column) ? 0 : Number(count) - Number(bound)
      uses.push({
        column,
        key: key === null ? undefined : Buffer.from(key as string).toString('latin1'),
        count: Number(count),
        unbound,
      })
    }
  }
  return uses
}

/** The place of the sign that a row's tag follows, counted from 1. */
const beforeRow = (column: EncryptedColumn): number => headOf({ id: ' '.repeat(8) }, column).length

/** A value that cannot be decrypted, by its column and the key of its row. */
export interface Unreadable {
  column: EncryptedColumn
  row: string
  why: 'unknown key' | 'altered' | 'of another column' | 'of another row' | 'of any row' | 'in plain text'
}

const batchSize = 200

/** Every value that cannot be decrypted, or is refused as it is. Reads all of them. */
export async function unreadableValues(reader: Reader, keys: DataKeys): Promise<Unreadable[]> {
  const found: Unreadable[] = []
  // Nothing was ever encrypted, so nothing has to be read.
  if ((await knownKeys(reader)).length === 0) return found
  for (const column of columns) {
    const { table, value, key, place, whose, after, isSet, beginning } = partsOf(column)
    const isSealed = keys.sealed?.has(column) === true
    const which = isSealed ? sql`` : sql`and substr(${value}, 1, 5) = ${beginning('enc1:')}`
    for (let last: Value[] | undefined; ;) {
      const rows = await reader.all<Row>(
        asStored(sql`
          select ${whose}, ${value} as stored from ${table}
          where ${isSet} ${which} ${after(last)} order by ${place}
            limit ${batchSize}`),
      )
      for (const row of rows) {
        const stored = row['stored'] as Stored
        const read = isMarked(stored)
          ? decrypt(stored, id => keys.find(id), { ...whereIn(row, column), isSealed })
          : inPlain
        if (read.is === 'unreadable') found.push({ column, row: rowName(row, key), why: read.why })
      }
      if (rows.length < batchSize) break
      last = placeIn(rows.at(-1)!, key)
    }
  }
  return found
}

const inPlain = { is: 'unreadable', why: 'in plain text' } as const

/** What the value of `column` in this row is bound to. */
const boundTo = (row: Row, column: EncryptedColumn): string[] | undefined =>
  rowOf(column)?.map(name => String(row[name]))
const whereIn = (row: Row, column: EncryptedColumn): Where => {
  const bound = boundTo(row, column)
  return { column, rows: bound && [rowTag(bound)] }
}
const placeIn = (row: Row, key: readonly string[]): Value[] => key.map(name => row[name] as Value)
const rowName = (row: Row, key: readonly string[]): string => key.map(name => String(row[name])).join(' ')

export interface Rotated {
  /** How many values were encrypted under the newest key. */
  count: number
  unreadable: Unreadable[]
}

interface Rotating {
  db: Db
  keys: DataKeys
  world: Pick<World, 'at' | 'random'>
  /** What is refused is encrypted as it is: a person has looked at it. */
  acceptPlain?: boolean
  /** Told after each batch. */
  progress?: (column: EncryptedColumn, count: number) => void
}

/**
 * Encrypts every value under the newest key, and for its row, that is in plain text, under another, or for
 * any row. Each batch is one transaction, and where it got to is kept: a run that was ended goes on from
 * there. What others write meanwhile is left to them. What cannot be decrypted stays as it is and is
 * answered.
 */
export async function rotate({ db, keys, world, acceptPlain = false, progress }: Rotating): Promise<Rotated> {
  const newest = keys.newest
  if (!newest) return { count: 0, unreadable: [] }
  const all: Rotated = { count: 0, unreadable: [] }
  for (const column of columns) {
    for (let isOver = false; !isOver;) {
      const batch = await rotateBatch({ db, keys, world, acceptPlain }, newest, column)
      all.count += batch.count
      all.unreadable.push(...batch.unreadable)
      isOver = batch.isOver
      await world.at('values encrypted')
      if (batch.count > 0) progress?.(column, batch.count)
    }
  }
  return all
}

const cursorOf = (column: EncryptedColumn, key: DataKey) => `encrypt ${column} under ${key.id}`

async function rotateBatch(
  { db, keys, world, acceptPlain }: Rotating,
  newest: DataKey,
  column: EncryptedColumn,
): Promise<Rotated & { isOver: boolean }> {
  const { table, value, key, place, whose, after, isSet, beginning } = partsOf(column)
  // Of a column that is bound to its rows, what names none is written again as well.
  const head = rowOf(column) ? headOf(newest, column).replace(/:$/, '@') : headOf(newest, column)
  const cursor = cursorOf(column, newest)
  return db.tx(async tx => {
    const kept = await tx.one<{ value: string }>(sql`select value from cursors where name = ${cursor}`)
    const last = kept && readPlace(kept.value)
    const rows = await tx.all<Row>(
      asStored(sql`
        select ${whose}, ${value} as stored from ${table}
        where ${isSet} and substr(${value}, 1, ${head.length}) <> ${beginning(head)} ${after(last)}
          order by ${place} limit ${batchSize} ${forUpdate}`),
    )
    const result: Rotated & { isOver: boolean } = {
      count: 0,
      unreadable: [],
      isOver: rows.length < batchSize,
    }
    for (const row of rows) {
      const stored = row['stored'] as Stored
      const isSealed = !acceptPlain && keys.sealed?.has(column) === true
      const read = isMarked(stored)
        ? decrypt(stored, id => keys.find(id), { ...whereIn(row, column), isSealed })
        : isSealed
          ? inPlain
          : { is: 'read' as const, value: stored }
      if (read.is === 'unreadable') {
        result.unreadable.push({ column, row: rowName(row, key), why: read.why })
        continue
      }
      const next = encryptUnder(newest, column, boundTo(row, column), read.value, world.random)
      const isHere = join(
        key.map(name => sql`${named(name)} = ${row[name] as Value}`),
        ' and ',
      )
      // Only what is still as it was read: what somebody has changed since is theirs.
      result.count += await tx.run(
        sql`update ${table} set ${value} = ${next} where ${isHere} and ${value} = ${stored}`,
      )
    }
    if (result.isOver) await tx.run(sql`delete from cursors where name = ${cursor}`)
    else
      await tx.run(sql`
        insert into cursors (name, value) values (${cursor}, ${writePlace(placeIn(rows.at(-1)!, key))})
        on conflict (name) do update set value = excluded.value`)
    return result
  }, 'locks')
}

/** A number is kept as one. */
const writePlace = (place: readonly Value[]): string =>
  JSON.stringify(place.map(each => (typeof each === 'bigint' ? { number: `${each}` } : each)))
const readPlace = (text: string): Value[] =>
  (JSON.parse(text) as (string | { number: string })[]).map(each =>
    typeof each === 'string' ? each : BigInt(each.number),
  )

/** The act of the audit log by which plain text is refused; its detail names the columns. */
export const sealedAct = 'plain values refused'

/**
 * Has a process refuse, from now on, what the audit log says is refused: every column that any record names,
 * for whoever can append one could otherwise take the others back.
 */
export async function followSealed(reader: Reader, keys: DataKeys): Promise<void> {
  if (!keys.newest) return
  const records = await reader.all<{ detail: string }>(
    sql`select distinct detail from audit where act = ${sealedAct}`,
  )
  if (records.length > 0) keys.sealed = new Set(records.flatMap(({ detail }) => columnsIn(detail)))
}

/** None where somebody else wrote it. */
function columnsIn(detail: string): string[] {
  try {
    const { columns: named } = JSON.parse(detail) as { columns?: unknown }
    return typeof named === 'string' ? named.split(' ') : []
  } catch {
    return []
  }
}

/** Whether every column can be sealed now, for everything is encrypted and bound, and some are not yet. */
export async function mayBeSealed(reader: Reader, keys: DataKeys): Promise<boolean> {
  const isLeft = (await keyUses(reader)).some(({ key, unbound }) => key === undefined || unbound > 0)
  return !isLeft && columns.some(column => keys.sealed?.has(column) !== true)
}

export interface KnownKey {
  id: string
  added_at: Instant
  retired_at: Instant | null
}

/** Keys that values of this database may be encrypted under. */
export const knownKeys = (reader: Reader): Promise<KnownKey[]> =>
  reader.all<KnownKey & Row>(sql`select id, added_at, retired_at from encryption_keys order by added_at, id`)

/**
 * Writes down that values may be encrypted under the newest key from now on. Throws `BadInput` where the
 * database knows a key that is not among `keys`: what was written under it could not be read.
 */
export async function useKeys(db: Db, keys: DataKeys): Promise<void> {
  const known = await knownKeys(db)
  const lacking = lackingOf(known, keys)
  if (lacking !== undefined) throw new BadInput(lacking)
  await followSealed(db, keys)
  const { newest } = keys
  if (!newest || known.some(({ id, retired_at: retiredAt }) => id === newest.id && retiredAt === null)) return
  await db.tx(async tx =>
    tx.run(sql`
      insert into encryption_keys (id, added_at) values (${newest.id}, ${await tx.now()})
        on conflict (id) do update set retired_at = null`),
  )
}

const followEveryMs = 60_000

/**
 * Writes down each key that comes into the file of a process that runs, as `useKeys` does when one starts:
 * without it a start from an older copy of the file would go unnoticed. Answers what ends it.
 */
export function followKeys(db: Db, keys: DataKeys, { clock, log }: Pick<World, 'clock' | 'log'>): () => void {
  const over = new AbortController()
  const look = async () => {
    await clock.sleep(followEveryMs, over.signal)
    if (over.signal.aborted) return
    await useKeys(db, keys).catch((error: unknown) => {
      log.error(
        { why: error instanceof BadInput ? error.message : 'the database did not answer' },
        'the keys in use could not be written down',
      )
    })
  }
  void (async () => {
    while (!over.signal.aborted) await look()
  })()
  return () => over.abort()
}

/** What to do where a key is missing; undefined where none is. */
export function lackingOf(known: readonly KnownKey[], keys: DataKeys): string | undefined {
  const missing = known
    .filter(({ id, retired_at: retiredAt }) => retiredAt === null && !keys.find(id))
    .map(({ id }) => id)
  if (missing.length === 0) return undefined
  const which = missing.length === 1 ? `key ${missing[0]}` : `keys ${missing.join(', ')}`
  return keys.all.length === 0
    ? `values in this database are encrypted under ${which}: set ENCRYPTION_KEY_FILE to its key file, which is kept apart from backups`
    : `values in this database are encrypted under ${which}, which the file of ENCRYPTION_KEY_FILE lacks: put the line of that key back into it, before the others`
}

/** `newest` cannot be retired, nor can one that values are under; `unknown`: this database never used it. */
export type Retired =
  | { is: 'retired' }
  | { is: 'unknown' }
  | { is: 'newest' }
  | { is: 'in-use'; count: number }

/** From then on a process needs the key no more. */
export async function retireKey(tx: Tx, keys: DataKeys, id: string): Promise<Retired> {
  const known = (await knownKeys(tx)).find(each => each.id === id)
  if (!known) return { is: 'unknown' }
  if (keys.newest?.id === id) return { is: 'newest' }
  const count = (await keyUses(tx)).filter(({ key }) => key === id).reduce((sum, use) => sum + use.count, 0)
  if (count > 0) return { is: 'in-use', count }
  if (known.retired_at === null)
    await tx.run(sql`update encryption_keys set retired_at = ${await tx.now()} where id = ${id}`)
  return { is: 'retired' }
}
