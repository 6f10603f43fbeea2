/** Accounts and schedules by their names: those that a filter offers, and the one that it asks for. */
import { sql, type Reader, type Sql } from '../db/db.ts'

export const namesOf = async (reader: Reader, table: 'accounts' | 'schedules'): Promise<string[]> =>
  (
    await reader.all<{ name: string }>(
      table === 'accounts'
        ? sql`select name from accounts where store_id = ${reader.store} order by name limit 500`
        : sql`select name from schedules where store_id = ${reader.store} order by name limit 500`,
    )
  ).map(({ name }) => name)

/** As a subquery; of no row where nobody has that name. */
export const idOfAccount = ({ store }: Pick<Reader, 'store'>, name: string): Sql =>
  sql`(select id from accounts where store_id = ${store} and name = ${name})`
export const idOfSchedule = ({ store }: Pick<Reader, 'store'>, name: string): Sql =>
  sql`(select id from schedules where store_id = ${store} and name = ${name})`
