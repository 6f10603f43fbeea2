/** The store: one set of queries on two databases. Open one with a URL; everything else goes through `Store` and `Tx`. */
import { BadInput } from '../base/answer.ts'
import type { Clock, Instant, World } from '../base/world.ts'
import type { Sql } from './sql.ts'

export { empty, join, skipLocked, sql, type Sql, type Value } from './sql.ts'
export { history, move, remember, type Cause, type Transition } from './move.ts'

/** A row as the database gives it: whole numbers are bigint, bytes are Uint8Array, times are `Instant` text. */
export type Row = Record<string, unknown>

export interface Reader {
  all<R extends Row>(statement: Sql): Promise<R[]>
  one<R extends Row>(statement: Sql): Promise<R | undefined>
}

/** An open transaction. No network while one is open. */
export interface Tx extends Reader {
  /** Runs a write and answers how many rows it touched. */
  run(statement: Sql): Promise<number>
  /** Now, by the database's clock where there are several machines. */
  now(): Promise<Instant>
}

export interface Store extends Reader {
  readonly engine: 'sqlite' | 'postgres'
  /** Runs `work` in one transaction, all or nothing; may run it again when the database asks for that, so `work` touches nothing else. */
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** Runs a script of several statements, for migrations. */
  script(text: string): Promise<void>
  /** A consistent copy in `file`. */
  backup(file: string): Promise<void>
  close(): Promise<void>
}

/** The database is full, locked or gone: what was asked did not happen, and may be asked again. */
export class StoreUnavailable extends Error {
  override name = 'StoreUnavailable'
}

/** Opens `sqlite:<file>`, `sqlite::memory:` or `postgres://…`. */
export async function openStore(url: string, world: { clock: Clock; random: World['random']; virtual?: boolean }): Promise<Store> {
  if (url.startsWith('sqlite:')) return (await import('./sqlite.ts')).openSqlite(url.slice('sqlite:'.length), world)
  if (/^postgres(ql)?:\/\//.test(url)) return (await import('./postgres.ts')).openPostgres(url, world)
  throw new BadInput(`DATABASE_URL is "${url.replace(/:[^:@/]*@/, ':…@')}": expected sqlite:<file> or postgres://user@host/database`)
}
