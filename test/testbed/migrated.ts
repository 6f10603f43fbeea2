/** A database with the schema in it. Sixteen scripts take thirty milliseconds in memory; a copy of what they made takes one. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DataKeys } from '../../src/base/cipher.ts'
import { instant, type Clock, type World } from '../../src/base/world.ts'
import { migrate, pending } from '../../src/db/migrate.ts'
import { openSqlite } from '../../src/db/sqlite.ts'
import { openStore, sql, type Store } from '../../src/db/db.ts'

const inMemory = 'sqlite::memory:'
let made: Promise<Buffer> | undefined

/** `openStore` and `migrate` in one; by its own word the database was migrated now, by `clock`. */
export async function openMigrated(
  databaseUrl: string,
  world: { clock: Clock; random: World['random']; keys?: DataKeys; virtual?: boolean },
  clock: Clock = world.clock,
): Promise<Store> {
  if (databaseUrl !== inMemory) {
    const store = await openStore(databaseUrl, world)
    if ((await pending(store)).length > 0) await migrate(store, clock)
    return store
  }
  made ??= make(world)
  const store = openSqlite(':memory:', { ...world, contents: await made })
  await store.tx(tx => tx.run(sql`update migrations set applied_at = ${instant(clock.now())}`))
  return store
}

async function make(world: { clock: Clock; random: World['random'] }): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-migrated-'))
  const store = await openStore(inMemory, world)
  try {
    await migrate(store, world.clock)
    await store.backup(join(folder, 'copy.db'), {})
    return readFileSync(join(folder, 'copy.db'))
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
