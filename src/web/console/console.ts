/** The console: sign-in before the door, and behind it every page, each asking for its act. */
import Router from '@koa/router'
import type { Middleware } from 'koa'
import { hung, type PageState } from '../page/page.ts'
import type { PageParts } from '../pages.ts'
import { doorsOf, signedIn, type ConsoleState, type Doors } from './guard.ts'
import { accountRoutes } from './accountsRoutes.ts'
import { auditRoutes } from './auditRoutes.ts'
import { limitRoutes } from './limitsRoutes.ts'
import { listRoutes } from './listsRoutes.tsx'
import { keyRoutes } from './passkeys.tsx'
import { meRoutes } from './peopleMe.tsx'
import { peopleRoutes } from './peopleRoutes.ts'
import { productRoutes } from './productsRoutes.ts'
import { proposalRoutes } from './proposalsRoutes.ts'
import { reconciliationRoutes } from './reconciliation.tsx'
import { scheduleRoutes } from './schedulesRoutes.ts'
import { signInRoutes, signOutRoutes } from './signInRoutes.ts'

/** In their order: what needs no session, the door, what is behind it. */
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
export function insideOf(parts: PageParts): { inside: Router<ConsoleState>; doors: Doors } {
  const inside = new Router<ConsoleState>({ strict: true, sensitive: true })
  const doors = doorsOf(inside, parts)
  signOutRoutes(doors, parts)
  meRoutes(doors, parts)
  keyRoutes(doors, parts)
  peopleRoutes(doors, parts)
  auditRoutes(doors, parts)
  scheduleRoutes(doors, parts)
  accountRoutes(doors, parts)
  productRoutes(doors, parts)
  proposalRoutes(doors, parts)
  reconciliationRoutes(doors, parts)
  limitRoutes(doors, parts)
  listRoutes(doors, parts)
  return { inside, doors }
}
