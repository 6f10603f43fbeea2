/** The shop: its list, the basket, checkout and the order, each a page that works without scripts. */
import Router from '@koa/router'
import type { Middleware } from 'koa'
import { hung, type PageState } from '../page/page.ts'
import type { PageParts } from '../context.ts'
import { browseRoutes } from './catalogue/routes.ts'
import { checkoutRoutes } from './checkout/routes.ts'
import { orderRoutes } from './orders/routes.ts'

export function shopPages(parts: PageParts): Middleware[] {
  const router = new Router<PageState>({ strict: true, sensitive: true })
  browseRoutes(router, parts)
  checkoutRoutes(router, parts)
  orderRoutes(router, parts)
  return hung(router)
}
