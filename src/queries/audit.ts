/** The audit log as it is listed: the newest first, and whether its newest records follow from each other. */
import { sql, where, type Reader } from '../db/db.ts'
import { walkAudit, type AuditRow, type AuditVerdict } from '../ledger/ledger.ts'
import type { auditFilters, FilterOf } from './filters.ts'
import { inWindow, type Filters } from './page.ts'

/** `before`: the number of the record that the list goes on behind. */
export type AuditFilters = Omit<Filters<FilterOf<typeof auditFilters>>, 'after'> & {
  before: bigint | undefined
}

/** The newest first. */
export async function listAudit(
  reader: Reader,
  { query: { actor, act, subject }, before, ...window }: AuditFilters,
  limit: number,
): Promise<AuditRow[]> {
  return reader.all<AuditRow>(sql`
    select * from audit ${where([
      actor === undefined ? undefined : sql`actor = ${actor}`,
      act === undefined ? undefined : sql`act = ${act}`,
      subject === undefined ? undefined : sql`subject = ${subject}`,
      before === undefined ? undefined : sql`seq < ${before}`,
      ...inWindow(sql`at`, sql`seq`, { ...window, after: undefined }),
    ])} order by seq desc limit ${BigInt(limit)}`)
}

/** Every act in the log, each found by one step in its index however long the log is. */
export async function actsOf(reader: Reader): Promise<string[]> {
  const rows = await reader.all<{ act: string }>(sql`
    with recursive found (act) as (
      select min(act) from audit
      union all
      select (select min(act) from audit where act > found.act) from found where found.act is not null
    )
    select act from found where act is not null`)
  return rows.map(({ act }) => act)
}

export interface Walked extends AuditVerdict {
  /** The record after which was walked; 0 for the whole chain. */
  after: bigint
}

/**
 * So many of the newest records are checked each time the page is shown; the whole chain by its link, and by
 * the books every five minutes.
 */
const walkedLength = 500n

export async function walkNewest(reader: Reader, whole: boolean): Promise<Walked> {
  const last =
    (await reader.one<{ seq: bigint }>(sql`select seq from audit order by seq desc limit 1`))?.seq ?? 0n
  const after = whole || last <= walkedLength ? 0n : last - walkedLength
  return { after, ...(await walkAudit(reader, after)) }
}
