/** The names that a filter offers. */
import { sql, type Reader } from '../db/db.ts'

export const namesOf = async (reader: Reader, table: 'accounts' | 'schedules'): Promise<string[]> =>
  (
    await reader.all<{ name: string }>(
      table === 'accounts'
        ? sql`select name from accounts where store_id = 'sto_default' order by name limit 500`
        : sql`select name from schedules where store_id = 'sto_default' order by name limit 500`,
    )
  ).map(({ name }) => name)
