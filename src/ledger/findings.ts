/**
 * What does not hold in the books, kept until it holds again: who checks only what is new must look at this
 * too.
 */
import { sql, type Reader, type Row, type Tx } from '../db/db.ts'
import type { Finding } from './check.ts'

/** What the last check found. */
export const keptFindings = (reader: Reader): Promise<Finding[]> =>
  reader.all<Finding & Row>(
    sql`select invariant, subject, says from book_findings order by found_at, subject, invariant`,
  )

/** In place of what was kept before; the time at which something was first found stays. */
export async function keepFindings(tx: Tx, findings: readonly Finding[]): Promise<void> {
  const now = await tx.now()
  const before = await tx.all<{ invariant: string; subject: string; found_at: string }>(
    sql`select invariant, subject, found_at from book_findings`,
  )
  await tx.run(sql`delete from book_findings`)
  for (const { invariant, subject, says } of findings) {
    const known = before.find(row => row.invariant === invariant && row.subject === subject)
    await tx.run(sql`
      insert into book_findings (invariant, subject, says, found_at)
        values (${invariant}, ${subject}, ${says}, ${known?.found_at ?? now})
      on conflict (invariant, subject) do update set says = excluded.says`)
  }
}
