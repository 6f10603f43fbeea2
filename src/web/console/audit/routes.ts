/** The route of the audit log: filtered, page by page, and checked as a chain. */
import { auditFilters } from '../../../queries/filters.ts'
import { actsOf, listAudit, walkNewest } from '../../../queries/audit.ts'
import { judgeFilters } from '../../../queries/asked.ts'
import { listWords } from '../list/words.ts'
import { show } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { AuditPage } from './page.tsx'
import type { ConsoleRoutes } from '../guard.ts'

const pageLength = 50

export function auditRoutes(routes: ConsoleRoutes, { app: { db } }: PageParts): void {
  routes.page('/console/audit', 'see', async ctx => {
    const { lang, person } = ctx.state
    const one = (name: string) => {
      const value = ctx.query[name]
      return typeof value === 'string' ? value.slice(0, 200).trim() : ''
    }
    const query = Object.fromEntries(
      [...auditFilters.names, 'after' as const]
        .map(name => [name, one(name)])
        .filter(([, value]) => value !== ''),
    )
    const before = /^\d{1,18}$/.test(query['after'] ?? '') ? BigInt(query['after']!) : undefined
    if (before === undefined) delete query['after']

    const { unnamed } = await judgeFilters(db, auditFilters, query)
    const words = listWords[lang]
    const faults = Object.fromEntries(
      unnamed.map(({ filter, kind, written, near }) => [
        filter,
        words.unnamed(words.named[kind], written, near),
      ]),
    )
    const rows = await listAudit(db, { query, before, from: undefined, until: undefined }, pageLength + 1)
    const shown = rows.slice(0, pageLength)
    const next = rows.length > shown.length ? `${shown.at(-1)!.seq}` : undefined
    const [acts, walked] = [await actsOf(db), await walkNewest(db, ctx.query['whole'] !== undefined)]
    show(ctx, AuditPage({ lang, person, rows: shown, acts, query, faults, next, walked }))
  })
}
