/** The route of the audit log: filtered, page by page, and checked as a chain. */
import { walkAudit, type AuditRow } from '../../../ledger/ledger.ts'
import { join, sql, type Reader, type Sql } from '../../../db/db.ts'
import { show } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { AuditPage, type Walked } from './page.tsx'
import type { ConsoleRoutes } from '../guard.ts'

const pageLength = 50n
/**
 * So many of the newest records are checked each time the page is shown; the whole chain by its link, and by
 * the books every five minutes.
 */
const walkedLength = 500n

export function auditRoutes(doors: ConsoleRoutes, { app: { db } }: PageParts): void {
  doors.page('/console/audit', 'see', async ctx => {
    const { lang, person } = ctx.state
    const one = (name: string) => {
      const value = ctx.query[name]
      return typeof value === 'string' ? value.slice(0, 200).trim() : ''
    }
    const filters = ['actor', 'act', 'subject'] as const
    const query = Object.fromEntries(
      [...filters, 'after' as const].map(name => [name, one(name)]).filter(([, value]) => value !== ''),
    )
    const before = /^\d{1,18}$/.test(query['after'] ?? '') ? BigInt(query['after']!) : undefined
    if (before === undefined) delete query['after']

    const rows = await db.all<AuditRow>(sql`
      select * from audit ${where([
        ...filters.flatMap(name => (query[name] === undefined ? [] : [condition[name](query[name])])),
        ...(before === undefined ? [] : [sql`seq < ${before}`]),
      ])} order by seq desc limit ${pageLength + 1n}`)
    const shown = rows.slice(0, Number(pageLength))
    const next = rows.length > shown.length ? `${shown.at(-1)!.seq}` : undefined
    const [acts, walked] = [await actsOf(db), await walk(db, ctx.query['whole'] !== undefined)]
    show(ctx, AuditPage({ lang, person, rows: shown, acts, query, next, walked }))
  })
}

const condition = {
  actor: (text: string) => sql`actor = ${text}`,
  act: (text: string) => sql`act = ${text}`,
  subject: (text: string) => sql`subject = ${text}`,
} as const

const where = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0 ? sql`` : sql`where ${join(conditions, ' and ')}`

/** Every act in the log, each found by one step in its index however long the log is. */
async function actsOf(reader: Reader): Promise<string[]> {
  const rows = await reader.all<{ act: string }>(sql`
    with recursive found (act) as (
      select min(act) from audit
      union all
      select (select min(act) from audit where act > found.act) from found where found.act is not null
    )
    select act from found where act is not null`)
  return rows.map(({ act }) => act)
}

async function walk(reader: Reader, whole: boolean): Promise<Walked> {
  const last =
    (await reader.one<{ seq: bigint }>(sql`select seq from audit order by seq desc limit 1`))?.seq ?? 0n
  const after = whole || last <= walkedLength ? 0n : last - walkedLength
  return { after, ...(await walkAudit(reader, after)) }
}
