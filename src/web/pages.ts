/** The pages: what every one of them goes through, then the shop and the console. */
import type { Middleware } from 'koa'
import { BadInput } from '../base/answer.ts'
import { through } from '../db/db.ts'
import { consolePages } from './console/console.ts'
import { assetRoutes, headers, hung, sameOrigin, spoken, type PageState } from './page/page.ts'
import { FaultPage } from './page/fault.tsx'
import { show, type PageContext } from './page/show.ts'
import { shopPages } from './shop/shop.ts'
import type { PageParts } from './context.ts'

/** Every page, as middleware in its order. */
export function pages(parts: PageParts): Middleware[] {
  const secure = parts.settings.publicUrl?.startsWith('https:') ?? false
  const state: Middleware = async (ctx, next) => {
    // The scheme by which people come is what we were told, or what nginx says; never what a client claims.
    const given = ctx.state as PageState
    given.secure = secure || ctx.protocol === 'https'
    given.lang = spoken(ctx)
    await next()
  }
  const { app } = parts
  const atConsole = { ...parts, app: { ...app, db: through(app.db, { channel: 'console' }) } }
  return [
    state,
    headers(),
    faults(parts),
    noZeros,
    sameOrigin(),
    ...hung(assetRoutes()),
    ...shopPages(parts),
    ...consolePages(atConsole),
  ]
}

/**
 * No text has a zero in it, and PostgreSQL fails at one: what asks with it is answered before any database
 * is.
 */
const noZeros: Middleware = async (ctx, next) => {
  if (/%00/.test(ctx.url)) ctx.throw(400)
  await next()
}

/** The address of an order, or of an invitation, is its key: a log has its beginning alone. */
const loggedPath = (path: string) => path.replace(/^(\/(?:orders|console\/welcome)\/[^/]{0,4})[^/]*/, '$1…')

/** Constant words for what went wrong: no stack and no version; the log has the rest. */
function faults({ app, settings }: PageParts): Middleware {
  return async (ctx, next) => {
    const page = ctx as unknown as PageContext
    const within = /^\/console(\/|$)/.test(ctx.path) ? 'console' : 'shop'
    const tell = (status: number, why?: string) => {
      const { lang } = page.state
      show(
        page,
        FaultPage({ lang, status, within, shopName: settings.shopName, ...(why !== undefined && { why }) }),
        status,
      )
    }
    try {
      await next()
    } catch (error) {
      if (error instanceof BadInput) return tell(400, error.message)
      const status = (error as { status?: unknown }).status
      if (typeof status === 'number' && status >= 400 && status < 500) return tell(status)
      if (status === 503) return tell(503)
      app.world.log.error(
        {
          method: ctx.method,
          path: loggedPath(ctx.path),
          why: error instanceof Error ? error.message : 'an unknown surprise',
        },
        'a page failed',
      )
      return tell(500)
    }
    if (ctx.status === 404 && ctx.body == null) tell(404)
    else if (ctx.status === 405 && ctx.body == null) tell(405)
  }
}
