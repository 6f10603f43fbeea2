/** The audit log: every act of a person, as a hash chain that shows a changed or missing row. */
import { createHash } from 'node:crypto'
import type { Instant } from '../base/world.ts'
import { sql, type Reader, type Tx } from '../db/db.ts'

export interface Act {
  actor: string
  act: string
  subject: string
  detail: Record<string, string>
}

export type AuditRow = {
  seq: bigint
  at: Instant
  actor: string
  act: string
  subject: string
  detail: string
  previous: string
  hash: string
}

export const genesis = '0'.repeat(64)
/** What the chain says a record's hash is. Never changed: old records were hashed so. */
export const hashOf = (row: Omit<AuditRow, 'hash'>) =>
  createHash('sha256')
    .update(
      JSON.stringify([row.seq.toString(), row.at, row.actor, row.act, row.subject, row.detail, row.previous]),
    )
    .digest('hex')

/**
 * Appends one act, with the channel it came by. Two at once collide on `seq`, and the store runs the loser's
 * transaction again.
 */
export async function audit(tx: Tx, { actor, act, subject, detail }: Act): Promise<void> {
  const last = await tx.one<Pick<AuditRow, 'seq' | 'hash'>>(
    sql`select seq, hash from audit order by seq desc limit 1`,
  )
  const row = {
    seq: (last?.seq ?? 0n) + 1n,
    at: await tx.now(),
    actor,
    act,
    subject,
    detail: JSON.stringify({ ...detail, ...tx.channel }),
    previous: last?.hash ?? genesis,
  }
  await tx.run(sql`
    insert into audit (seq, at, actor, act, subject, detail, previous, hash)
    values (${row.seq}, ${row.at}, ${actor}, ${act}, ${subject}, ${row.detail}, ${row.previous},
      ${hashOf(row)})`)
}

/** How far the chain holds, and where it breaks if it does. `upTo` is 0 while there is nothing. */
export interface AuditVerdict {
  upTo: bigint
  broken?: { seq: bigint; how: 'missing' | 'changed' }
}

/** What was said at each act of that name on one thing, oldest first. */
export async function auditedDetails(
  reader: Reader,
  subject: string,
  act: string,
): Promise<Record<string, string>[]> {
  const rows = await reader.all<{ detail: string }>(
    sql`select detail from audit where subject = ${subject} and act = ${act} order by seq`,
  )
  return rows.map(({ detail }) => JSON.parse(detail) as Record<string, string>)
}

const sliceLength = 1_000

/** Every record, oldest first, a thousand at a time. */
export async function* exportAudit(reader: Reader): AsyncGenerator<AuditRow[]> {
  for (let after = 0n; ;) {
    const rows = await reader.all<AuditRow>(
      sql`select * from audit where seq > ${after} order by seq limit ${BigInt(sliceLength)}`,
    )
    if (rows.length === 0) return
    yield rows
    after = rows.at(-1)!.seq
  }
}

/**
 * Walks the chain in slices, from its first row or from the one after `after`, which is then taken as it
 * stands.
 */
export async function walkAudit(reader: Reader, after = 0n): Promise<AuditVerdict> {
  const anchor =
    after === 0n ? undefined : await reader.one<AuditRow>(sql`select * from audit where seq = ${after}`)
  if (after !== 0n && !anchor) return { upTo: after - 1n, broken: { seq: after, how: 'missing' } }
  let previous = anchor?.hash ?? genesis
  let upTo = after
  for (;;) {
    const rows = await reader.all<AuditRow>(
      sql`select * from audit where seq > ${upTo} order by seq limit ${BigInt(sliceLength)}`,
    )
    for (const row of rows) {
      const expected = upTo + 1n
      if (row.seq !== expected) return { upTo, broken: { seq: expected, how: 'missing' } }
      if (row.previous !== previous || row.hash !== hashOf(row))
        return { upTo, broken: { seq: row.seq, how: 'changed' } }
      previous = row.hash
      upTo = row.seq
    }
    if (rows.length < sliceLength) return { upTo }
  }
}

/**
 * Walks the whole chain, or what comes after `after`, and says where it breaks; an empty list means it holds.
 */
export async function auditChain(reader: Reader, after = 0n): Promise<string[]> {
  const { broken } = await walkAudit(reader, after)
  if (!broken) return []
  return [
    broken.how === 'missing'
      ? `row ${broken.seq} of the audit log is missing`
      : `row ${broken.seq} of the audit log was changed`,
  ]
}
