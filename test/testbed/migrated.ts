/**
 * A database with the schema in it. Sixteen scripts take thirty milliseconds in memory; a copy of what they
 * made takes one.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
