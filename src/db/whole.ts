/** Whether a database is whole, in use, or empty: asked of it before and after it is copied or replaced. */
import { sql } from './sql.ts'
import type { Reader } from './contract.ts'

/** Of a SQLite file: `ok` alone, or its faults. */
export const quickCheck = async (reader: Reader): Promise<string[]> =>
  (await reader.all<{ quick_check: string }>(sql`pragma quick_check`)).map(row => row.quick_check)

/** Has a SQLite file leave its write-ahead log, and answers its mode: `wal` while others hold it. */
export const leaveWal = async (reader: Reader): Promise<string | undefined> =>
  (await reader.all<{ journal_mode: string }>(sql`pragma journal_mode = delete`))[0]?.journal_mode

/** Whether a PostgreSQL database has tables of ours. */
export const isInhabited = async (reader: Reader): Promise<boolean> =>
  (await reader.one(
    sql`select 1 as there from pg_tables where schemaname = current_schema() and tablename = 'migrations'`,
  )) !== undefined
