/**
 * What keeps the chain from being followed, as a sentence in the database: every process and the doctor read
 * the same.
 */
import { sql, type Reader, type Db } from '../db/db.ts'

const name = 'chain trouble'

/** Undefined while all is well, and where there is no chain. */
export const chainTrouble = async (reader: Reader): Promise<string | undefined> =>
  (await reader.one<{ value: string }>(sql`select value from cursors where name = ${name}`))?.value ||
  undefined

/** Answers whether this is news. */
export async function setTrouble(db: Db, why: string | undefined): Promise<boolean> {
  return db.tx(async tx => {
    const before = await chainTrouble(tx)
    if (before === why) return false
    await tx.run(
      sql`insert into cursors (name, value) values (${name}, ${why ?? ''}) on conflict (name) do update
        set value = excluded.value`,
    )
    return true
  })
}
