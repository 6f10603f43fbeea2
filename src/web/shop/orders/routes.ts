/**
 * The routes of an order, all behind its unguessable token: its page, its news, a new code, and in the
 * demonstration a payer.
 */
import type { RailName } from '../../../base/rails.ts'
import type Router from '@koa/router'
import { newCode, offers, readOrder, type ShownOrder } from '../../../jobs/jobs.ts'
import { isKey } from '../../../shop/shop.ts'
import { readForm, show, type PageContext, type PageState } from '../../page/page.ts'
import type { PageParts } from '../../context.ts'
import { seeOther } from '../catalogue/routes.ts'
import { faultsInWords, statusOf } from '../faultWords.ts'
import { OrderPage } from './page.tsx'
import { tellNews, versionOf } from './news.ts'
import { shopOf } from '../shopOf.ts'
import { simulatePayment } from './simulate.ts'
import { shopWords } from '../words.ts'

export function orderRoutes(router: Router<PageState>, parts: PageParts): void {
  const { app, settings, over } = parts
  const see = async (token: string): Promise<ShownOrder | undefined> =>
    isKey(token) ? readOrder(app, token) : undefined

  router.get('/orders/:token', async ctx => {
    const seen = await see(ctx.params['token']!)
    if (seen) await showOrder(ctx, parts, seen)
  })

  router.get('/orders/:token/events', async ctx => {
    const token = ctx.params['token']!
    // Who connects again was told of another version since the page was made.
    const shown = ctx.get('last-event-id') || String(ctx.query['version'] ?? '')
    if (await see(token)) tellNews(ctx, app, over, token, shown)
  })

  router.post('/orders/:token/code', async ctx => {
    const token = ctx.params['token']!
    const form = await readForm(ctx)
    const rail = form.text('rail')
    const made = isKey(token)
      ? await newCode(app, token, rail === '' ? undefined : (rail as RailName), ctx.ip)
      : undefined
    if (!made) return
    if (made.is !== 'refused') return seeOther(ctx, `/orders/${token}`)
    const seen = await see(token)
    if (seen)
      await showOrder(
        ctx,
        parts,
        seen,
        faultsInWords(ctx.state.lang, made.faults),
        statusOf(ctx, made.faults, app.world),
      )
  })

  const { simulateUrl } = settings
  if (simulateUrl === undefined) return
  router.post('/orders/:token/simulate', async ctx => {
    const seen = await see(ctx.params['token']!)
    if (!seen) return
    const form = await readForm(ctx)
    const { standing } = seen
    const code = standing.is === 'waiting' || standing.is === 'underpaid' ? standing.code : undefined
    const share = form.text('share') === 'part' ? 'part' : 'all'
    if (code && !(await simulatePayment(simulateUrl, code, share, app.world.log)))
      return showOrder(ctx, parts, seen, { standing: shopWords[ctx.state.lang].simulateFailed }, 502)
    seeOther(ctx, `/orders/${seen.order.token}`)
  })
}

/** The page itself; with `faults` also a way round them: every rail that is offered. */
async function showOrder(
  ctx: PageContext,
  parts: PageParts,
  seen: ShownOrder,
  faults: Record<string, string> = {},
  status = Object.keys(faults).length > 0 ? 422 : 200,
): Promise<void> {
  const { app, settings } = parts
  const wantsAnother =
    seen.standing.is === 'refused' || (seen.standing.is === 'expired' && Object.keys(faults).length > 0)
  const usable = wantsAnother ? (await offers(app)).filter(({ why }) => why === undefined) : []
  const others = usable.map(({ rail }) => rail).filter(rail => rail !== seen.order.rail)
  ctx.set('x-robots-tag', 'noindex, nofollow')
  const page = OrderPage({
    ...{
      shop: shopOf(ctx, parts),
      seen,
      version: versionOf(seen),
      now: app.world.clock.now(),
      others,
      faults,
    },
    simulate: settings.simulateUrl !== undefined,
  })
  show(ctx, page, status)
}
