/** What both databases promise: reading, transactions, scripts, copies. */
import type { Instant } from '../base/world.ts'
import type { Sql } from './sql.ts'

/** What a process is given of its surroundings; handed in, because one file alone reads them. */
export type Environment = Record<string, string | undefined>

/**
 * A row as the database gives it: whole numbers are bigint, bytes are Uint8Array, times are `Instant` text.
 */
export type Row = Record<string, unknown>

export interface Reader {
  /** The store whose rows are read and written through this: its id, as `store_id` has it. */
  readonly store: string
  all<R extends Row>(statement: Sql): Promise<R[]>
  one<R extends Row>(statement: Sql): Promise<R | undefined>
}

/**
 * By which way an act came in, such as `{ channel: 'cli', osUser: 'root', host: 'pay-1' }`: kept in the
 * record of the act.
 */
export type Channel = Readonly<Record<string, string>>

/** An open transaction. No network while one is open. */
export interface Tx extends Reader {
  /** Runs a write and answers how many rows it touched. */
  run(statement: Sql): Promise<number>
  /** Now, by the database's clock where there are several machines. */
  now(): Promise<Instant>
  /** Left out where the program acts by itself. */
  readonly channel?: Channel
}

/**
 * `serializable`: whatever `work` reads, it reads alone. `locks`: only the rows it locks (`forUpdate`,
 * `skipLocked`), moves from a state, or keeps unique are its own; for the busy paths, where serializable
 * would run half the work twice. SQLite has one writer, so both are one.
 */
export type Isolation = 'serializable' | 'locks'

export interface Db extends Reader {
  readonly engine: 'sqlite' | 'postgres'
  /**
   * Runs `work` in one transaction, all or nothing; may run it again when the database asks for that, so
   * `work` touches nothing else.
   */
  tx<T>(work: (tx: Tx) => Promise<T>, how?: Isolation): Promise<T>
  /** Runs a script of several statements, for migrations: all of them or none. */
  script(text: string): Promise<void>
  /**
   * A consistent copy in `file`. `env` is where the database's own programs are looked for, PATH above all.
   */
  backup(file: string, env: Environment): Promise<void>
  /**
   * Writes the files of `tables` again, so that nothing is left in them of what was overwritten or deleted.
   * Everybody else waits meanwhile.
   */
  compact(tables: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** The database is full, locked or gone: what was asked did not happen, and may be asked again. */
export class DbUnavailable extends Error {
  override name = 'StoreUnavailable'
}
