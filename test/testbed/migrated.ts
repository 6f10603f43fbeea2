/**
 * A database with the schema in it. Sixteen scripts take thirty milliseconds in memory; a copy of what they
 * made takes one.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { DataKeys } from '../../src/base/cipher.ts'
import { instant, type Clock, type World } from '../../src/base/world.ts'
import { migrate, pending } from '../../src/db/migrate.ts'
import { openSqlite } from '../../src/db/sqlite.ts'
import { openDb, sql, type Db } from '../../src/db/db.ts'

const inMemory = 'sqlite::memory:'
let made: Promise<Buffer> | undefined

/** `openDb` and `migrate` in one; by its own word the database was migrated now, by `clock`. */
export async function openMigrated(
  databaseUrl: string,
  world: { clock: Clock; random: World['random']; keys?: DataKeys; virtual?: boolean },
  clock: Clock = world.clock,
): Promise<Db> {
  if (databaseUrl !== inMemory) {
    const db = await openDb(databaseUrl, world)
    if ((await pending(db)).length > 0) await migrate(db, clock)
    return db
  }
  made ??= make(world)
  const db = openSqlite(':memory:', { ...world, contents: await made })
  await db.tx(tx => tx.run(sql`update migrations set applied_at = ${instant(clock.now())}`))
  return db
}

/**
 * The same in memory for one story after the other: its connection is kept, and with it every statement that
 * was ever prepared on it, which takes a tenth of a short story. It can neither be backed up nor compacted.
 */
export async function openKept(
  world: { clock: Clock; random: World['random'] },
  clock: Clock = world.clock,
): Promise<Db> {
  const contents = kept.pop() ?? new KeptDatabase(await (made ??= make(world)))
  const db = openSqlite(':memory:', { ...world, contents })
  await db.tx(tx => tx.run(sql`update migrations set applied_at = ${instant(clock.now())}`))
  let isOver = false
  const inTime = (): Db => {
    if (isOver) throw new Error('the story of this database is over')
    return db
  }
  return {
    ...db,
    all: statement => inTime().all(statement),
    one: statement => inTime().one(statement),
    tx: (work, how) => inTime().tx(work, how),
    async close() {
      isOver = true
      await db.close()
    },
  }
}

const kept: KeptDatabase[] = []

/** What is said to begin and to end a transaction, within one that is always open. */
const within = new Map([
  ['begin immediate', 'savepoint story'],
  ['commit', 'release story'],
  ['rollback', 'rollback to story; release story'],
])

/**
 * Each story is one transaction, which is rolled back at its end, and its transactions are savepoints: so the
 * schema is always the same one, and SQLite reads no statement a second time.
 */
class KeptDatabase extends Database {
  readonly #prepared = new Map<string, Database.Statement>()

  constructor(contents: Buffer) {
    super(contents)
    super.pragma('foreign_keys = ON')
    super.exec('begin')
  }

  override prepare<B extends unknown[] | object, R>(text: string) {
    const statement = this.#prepared.get(text) ?? super.prepare(within.get(text) ?? text)
    this.#prepared.set(text, statement)
    return statement as unknown as ReturnType<typeof Database.prototype.prepare<B, R>>
  }

  override exec(text: string): this {
    return super.exec(within.get(text) ?? text)
  }

  override close(): this {
    super.exec('rollback')
    super.exec('begin')
    kept.push(this)
    return this
  }
}

async function make(world: { clock: Clock; random: World['random'] }): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-migrated-'))
  const db = await openDb(inMemory, world)
  try {
    await migrate(db, world.clock)
    await db.backup(join(folder, 'copy.db'), {})
    return readFileSync(join(folder, 'copy.db'))
  } finally {
    await db.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
