/**
 * PostgreSQL: serializable transactions or explicit row locks, tried again when the database cannot order
 * them, claims that skip locked rows.
 */
import pg from 'pg'
import { instant, type Clock, type World } from '../base/world.ts'
import { isMarked, noKeys, type DataKeys } from '../base/cipher.ts'
import { bindable, placesOf, revealing, type Place } from './encrypted.ts'
import { defaultStore } from './inStore.ts'
import { textOf, withLocks, type Sql } from './sql.ts'
import { runOn } from './programs.ts'
import { offersTls, readEncryption, type Encryption } from './tls.ts'
import { valuesOf } from './values.ts'
import { DbUnavailable, type Isolation, type Row, type Db, type Tx } from './contract.ts'

const tries = 50

export async function openPostgres(
  url: string,
  {
    clock,
    random,
    keys = noKeys,
    virtual = false,
    readOnly = false,
  }: { clock: Clock; random: World['random']; keys?: DataKeys; virtual?: boolean; readOnly?: boolean },
): Promise<Db> {
  const { plainUrl, ssl } = await encryptionFor(url)
  const types = {
    getTypeParser: ((oid: number, format: 'text' | 'binary') =>
      oid === 20 ? BigInt : pg.types.getTypeParser(oid, format)) as never,
  }
  const pool = new pg.Pool({
    ...{ connectionString: plainUrl, max: 10, types, connectionTimeoutMillis: 5_000 },
    ...(ssl !== undefined && { ssl }),
    ...(readOnly && { options: '-c default_transaction_read_only=on' }),
  })
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', () => undefined)
  // So would one that breaks between two queries of a transaction; the next query of it is told then.
  pool.on('connect', client => void client.on('error', () => undefined))

  const placesOf = placesFinder()
  const reveal = revealing(keys)
  const query = async <R extends Row>(on: pg.Pool | pg.PoolClient, statement: Sql) => {
    const bound = bindable(statement, keys, random)
    const text = withLocks(
      textOf(bound, place => `$${place}`),
      'for update skip locked',
      'for update',
    )
    const result = await on.query<R>(
      text,
      valuesOf(bound).map(value => (value instanceof Uint8Array ? Buffer.from(value) : value)),
    )
    // Once plain text is refused somewhere, an answer without a mark is looked at as well.
    const isLookedAt = keys.sealed ? result.rows.length > 0 : result.rows.some(hasMarked)
    if (!statement.asStored && isLookedAt) reveal(result.rows, await placesOf(on, result.fields))
    return result
  }
  const reader = (on: pg.Pool | pg.PoolClient) => ({
    store: defaultStore,
    all: async <R extends Row>(statement: Sql) => (await query<R>(on, statement)).rows,
    one: async <R extends Row>(statement: Sql) => (await query<R>(on, statement)).rows[0],
  })
  const transaction = (client: pg.PoolClient): Tx => ({
    ...reader(client),
    run: async statement => (await query(client, statement)).rowCount ?? 0,
    // A simulated day has its own time; otherwise several machines agree on the database's.
    async now() {
      if (virtual) return instant(clock.now())
      const askedMs = clock.uptimeMs?.() ?? 0
      const { at } = (await client.query<{ at: Date }>('select clock_timestamp() as at')).rows[0]!
      clock.hear?.({ whose: 'the database’s', weight: 'perhaps ours', atMs: at.getTime(), askedMs })
      return at.toISOString()
    },
  })

  const once = async <T>(work: (tx: Tx) => Promise<T>, how: Isolation): Promise<T> => {
    const client = await pool.connect().catch((error: unknown) => {
      throw new DbUnavailable('the database cannot be reached', { cause: error })
    })
    let broken = false
    try {
      await client.query(
        how === 'locks' ? 'begin isolation level read committed' : 'begin isolation level serializable',
      )
      const result = await work(transaction(client))
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch(() => (broken = true))
      throw error
    } finally {
      client.release(broken)
    }
  }

  return {
    engine: 'postgres',
    store: defaultStore,
    ...guarded(reader(pool)),
    async tx(work, how = 'serializable') {
      for (let tried = 1; ; tried++) {
        try {
          return await once(work, how)
        } catch (error) {
          if (!mayTryAgain(error, tried) || tried === tries) throw asUnavailable(error)
          await clock.sleep(virtual ? 0 : random.between(1, Math.min(5 * tried, 100)))
        }
      }
    },
    // Several statements in one message are one transaction there.
    script: async text => void (await pool.query(text).catch(rethrow)),
    backup: (file, env) => runOn(url, 'pg_dump', ['--format=custom', '--file', file], env),
    async compact(tables) {
      for (const table of tables) await pool.query(`vacuum full ${pg.escapeIdentifier(table)}`).catch(rethrow)
    },
    close: () => pool.end(),
  }
}

const hasMarked = (row: Row): boolean =>
  Object.values(row).some(
    value => (typeof value === 'string' || value instanceof Uint8Array) && isMarked(value),
  )

/** Which columns an answer has. The server numbers them, so names are read once more where a table is new. */
function placesFinder(): (on: pg.Pool | pg.PoolClient, fields: readonly pg.FieldDef[]) => Promise<Place[]> {
  let known = new Map<string, { table: string; column: string } | undefined>()
  const numberOf = (table: number, column: number) => `${table}.${column}`
  return async (on, fields) => {
    if (fields.some(({ tableID, columnID }) => tableID !== 0 && !known.has(numberOf(tableID, columnID)))) {
      const { rows } = await on.query<{ table: string; id: number; column: string; number: number }>(`
        select c.oid as id, c.relname as "table", a.attnum as number, a.attname as "column"
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        where c.relnamespace = current_schema()::regnamespace and a.attnum > 0`)
      // The server's own tables are not among them, and are not asked for each time.
      const elsewhere = fields.map(
        ({ tableID, columnID }) => [numberOf(tableID, columnID), undefined] as const,
      )
      const ours = rows.map(
        ({ table, id, column, number }) => [numberOf(id, number), { table, column }] as const,
      )
      known = new Map([...known, ...elsewhere, ...ours])
    }
    return placesOf(
      fields.map(({ name, tableID, columnID }) => {
        const origin = known.get(numberOf(tableID, columnID))
        return { name, table: origin?.table ?? null, column: origin?.column ?? null }
      }),
    )
  }
}

/** Encrypted where the server offers it has to be asked first: node-postgres has no such mode. */
async function encryptionFor(url: string): Promise<Pick<Encryption, 'plainUrl' | 'ssl'>> {
  const { plainUrl, ssl, ifOffered } = readEncryption(url)
  if (!ifOffered) return { plainUrl, ssl }
  const isOffered = await offersTls(plainUrl).catch((error: unknown) => {
    throw new DbUnavailable('the database cannot be reached', { cause: error })
  })
  return { plainUrl, ssl: isOffered ? ssl : false }
}

const guarded = (reader: { all: Db['all']; one: Db['one'] }) => ({
  all: <R extends Row>(statement: Sql) => reader.all<R>(statement).catch(rethrow),
  one: <R extends Row>(statement: Sql) => reader.one<R>(statement).catch(rethrow),
})
const rethrow = (error: unknown): never => {
  throw asUnavailable(error)
}

const codeOf = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''

/**
 * 40001 serialization_failure, 40P01 deadlock_detected, 23505 a unique key that two raced for: the loser
 * reads again and finds the winner's row.
 */
const mayTryAgain = (error: unknown, tried: number) =>
  ['40001', '40P01'].includes(codeOf(error)) || (codeOf(error) === '23505' && tried < 4)

/**
 * Class 53 (no room), 57 (shut down), 08 (connection) and plain socket errors: the database is not there now.
 */
function asUnavailable(error: unknown): unknown {
  if (error instanceof DbUnavailable) return error
  const code = codeOf(error)
  return /^(53|57|08|40)/.test(code) ||
    /^E[A-Z]+$/.test(code) ||
    /terminated|timeout|ended|not queryable/i.test(error instanceof Error ? error.message : '')
    ? new DbUnavailable(`the database cannot be used now (${code || 'connection'})`, { cause: error })
    : error
}
