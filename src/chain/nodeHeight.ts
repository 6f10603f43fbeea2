/** How high the node's own chain is, as it last said: against our tip it tells how far behind we read. */
import { sql, type Reader, type Db } from '../db/db.ts'

const name = 'node height'

/** Undefined until the node was first asked. */
export async function nodeHeight(reader: Reader): Promise<number | undefined> {
  const row = await reader.one<{ value: string }>(sql`select value from cursors where name = ${name}`)
  return row && Number(row.value)
}

/** The node is asked every few seconds, and says something new every ten minutes: only that is written. */
export async function keepNodeHeight(db: Db, height: number): Promise<void> {
  if ((await nodeHeight(db)) === height) return
  await db.tx(
    tx =>
      tx.run(
        sql`insert into cursors (name, value) values (${name}, ${`${height}`}) on conflict (name) do update
          set value = excluded.value`,
      ),
    'locks',
  )
}
