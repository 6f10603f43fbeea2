/** Hangs up the overview, the lists and their details, and the box that searches in all of them. */
import { stopOf } from '../../../payout/payout.ts'
import { show } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { bitcoinPages } from '../bitcoin/routes.tsx'
import { eventPages } from '../events/routes.tsx'
import { Frame } from '../frame/frame.tsx'
import type { ConsoleRoutes } from '../guard.ts'
import { invoicePages } from '../invoices/routes.tsx'
import { everything } from '../../../queries/lookup.ts'
import { pathTo } from '../links.ts'
import { Notice } from '../../page/parts.tsx'
import { overviewPage } from '../overview/page.tsx'
import { payoutPages } from '../payouts/routes.tsx'
import { postingPages } from '../postings/routes.tsx'
import { runPages } from '../runs/routes.tsx'
import { listWords } from './words.ts'

export function listRoutes(routes: ConsoleRoutes, parts: PageParts): void {
  overviewPage(routes, parts)
  invoicePages(routes, parts)
  payoutPages(routes, parts)
  eventPages(routes, parts)
  runPages(routes, parts)
  bitcoinPages(routes, parts)
  postingPages(routes, parts)
  searchPage(routes, parts)
}

function searchPage(routes: ConsoleRoutes, { app: { db } }: PageParts): void {
  routes.page('/console/search', 'see', async ctx => {
    const { lang, person } = ctx.state
    const given = ctx.query['any'] ?? ctx.query['q']
    const text = (typeof given === 'string' ? given : '').trim().slice(0, 200)
    const { found, cut } = text === '' ? { found: [], cut: undefined } : await everything(db, text)
    if (found.length === 1 && !cut) return ctx.redirect(pathTo(found[0]!.kind, found[0]!.id))
    const say = listWords[lang]
    const asFilter = `?${new URLSearchParams({ q: text }).toString()}`
    show(
      ctx,
      <Frame {...{ lang, person, title: say.foundTitle, searched: text, stopped: await stopOf(db) }}>
        {found.length > 0 && (
          <ul>
            {found.map(({ kind, id, name }) => (
              <li>
                {say.kinds[kind]}: <a href={pathTo(kind, id)}>{name}</a>
              </li>
            ))}
          </ul>
        )}
        {text !== '' && found.length === 0 && (
          <p>
            {say.foundNothing} <span class="mono">{text}</span>.
          </p>
        )}
        {cut && <Notice tone="wait">{cut === 'in events' ? say.searchCut : say.foundCut}</Notice>}
        {text !== '' && (
          <p class="actions">
            <a class="button plain" href={`/console/invoices${asFilter}`}>
              {say.manyInvoices}
            </a>
            <a class="button plain" href={`/console/payouts${asFilter}`}>
              {say.manyPayouts}
            </a>
          </p>
        )}
      </Frame>,
    )
  })
}
