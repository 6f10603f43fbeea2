/** The console: sign-in first, and behind it every page, each asking for its act. */
import Router from '@koa/router'
import type { Middleware } from 'koa'
import { hung, type PageState } from '../page/page.ts'
import type { PageParts } from '../context.ts'
import { consoleRoutesOf, signedIn, type ConsoleState, type ConsoleRoutes } from './guard.ts'
import { accountRoutes } from './accounts/routes.ts'
import { auditRoutes } from './audit/routes.ts'
import { limitRoutes } from './limits/routes.ts'
import { listRoutes } from './list/search.tsx'
import { keyRoutes } from './people/passkeys.tsx'
import { meRoutes } from './people/me.tsx'
import { peopleRoutes } from './people/routes.ts'
import { productRoutes } from './products/routes.ts'
import { proposalRoutes } from './proposals/routes.ts'
import { reconciliationRoutes } from './reconciliation/routes.tsx'
import { scheduleRoutes } from './schedules/routes.ts'
import { signInRoutes, signOutRoutes } from './signIn/routes.ts'

/** In their order: what needs no session, the guard, what is behind it. */
export function consolePages(parts: PageParts): Middleware[] {
  const outside = new Router<PageState>({ strict: true, sensitive: true })
  signInRoutes(outside, parts)
  const gate = signedIn(parts)
  return [
    ...hung(outside),
    (ctx, next) => (ctx.path === '/console' || ctx.path.startsWith('/console/') ? gate(ctx, next) : next()),
    ...hung(insideOf(parts).inside),
  ]
}

/** Every page and act behind sign-in, with the act it asks for. Paths are whole: `/console/payouts/:id`. */
export function insideOf(parts: PageParts): { inside: Router<ConsoleState>; routes: ConsoleRoutes } {
  const inside = new Router<ConsoleState>({ strict: true, sensitive: true })
  const routes = consoleRoutesOf(inside, parts)
  signOutRoutes(routes, parts)
  meRoutes(routes, parts)
  keyRoutes(routes, parts)
  peopleRoutes(routes, parts)
  auditRoutes(routes, parts)
  scheduleRoutes(routes, parts)
  accountRoutes(routes, parts)
  productRoutes(routes, parts)
  proposalRoutes(routes, parts)
  reconciliationRoutes(routes, parts)
  limitRoutes(routes, parts)
  listRoutes(routes, parts)
  return { inside, routes }
}
