/**
 * What a database belongs to: one workspace of one environment, and one account of one network, for ever.
 * Test money must never meet real money.
 */
import { sql } from './sql.ts'
import type { Db, Reader } from './contract.ts'

/** What it belongs to there, e.g. `production/4711`; undefined where it is not bound yet. */
export async function identityOf(reader: Reader, what: string): Promise<string | undefined> {
  const row = await reader.one<{ value: string }>(
    sql`select value from settings where name = ${`${what} identity`}`,
  )
  return row?.value
}

/** All it belongs to. */
export async function identitiesOf(reader: Reader): Promise<string[]> {
  const rows = await reader.all<{ value: string }>(
    sql`select value from settings where name like '% identity' order by name`,
  )
  return rows.map(({ value }) => value)
}

/** Binds it unless it is bound, and answers what it is bound to. */
export const bindTo = (db: Db, what: string, identity: string): Promise<string> =>
  db.tx(async tx => {
    await tx.run(sql`
      insert into settings (name, value) values (${`${what} identity`}, ${identity})
        on conflict (name) do nothing`)
    return (await identityOf(tx, what))!
  })
