/** The audit log: every act of a person, as a hash chain that shows a changed or missing row. */
import { createHash } from 'node:crypto'
import type { Instant } from '../base/world.ts'
import { sql, type Reader, type Tx } from '../store/store.ts'

export interface Act {
  actor: string
  act: string
  subject: string
  detail: Record<string, string>
}

type AuditRow = { seq: bigint; at: Instant; actor: string; act: string; subject: string; detail: string; previous: string; hash: string }

const genesis = '0'.repeat(64)
const hashOf = (row: Omit<AuditRow, 'hash'>) =>
  createHash('sha256')
    .update(JSON.stringify([row.seq.toString(), row.at, row.actor, row.act, row.subject, row.detail, row.previous]))
    .digest('hex')

/** Appends one act. Two at once collide on `seq`, and the store runs the loser's transaction again. */
export async function audit(tx: Tx, { actor, act, subject, detail }: Act): Promise<void> {
  const last = await tx.one<Pick<AuditRow, 'seq' | 'hash'>>(sql`select seq, hash from audit order by seq desc limit 1`)
  const row = {
    seq: (last?.seq ?? 0n) + 1n,
    at: await tx.now(),
    actor,
    act,
    subject,
    detail: JSON.stringify(detail),
    previous: last?.hash ?? genesis,
  }
  await tx.run(sql`
    insert into audit (seq, at, actor, act, subject, detail, previous, hash)
    values (${row.seq}, ${row.at}, ${actor}, ${act}, ${subject}, ${row.detail}, ${row.previous}, ${hashOf(row)})`)
}

/** Walks the whole chain and says where it breaks; an empty list means it holds. */
export async function auditChain(reader: Reader): Promise<string[]> {
  const rows = await reader.all<AuditRow>(sql`select * from audit order by seq`)
  let previous = genesis
  let expected = 1n
  for (const row of rows) {
    if (row.seq !== expected) return [`row ${expected} of the audit log is missing`]
    if (row.previous !== previous || row.hash !== hashOf(row)) return [`row ${row.seq} of the audit log was changed`]
    previous = row.hash
    expected += 1n
  }
  return []
}
