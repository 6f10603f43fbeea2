/** The shop: its list, the basket, checkout and the order, each a page that works without scripts. */
import Router from '@koa/router'
import type { Middleware } from 'koa'
import { hung, type PageState } from '../page/page.ts'
import type { PageParts } from '../pages.ts'

export function shopPages(_parts: PageParts): Middleware[] {
  const router = new Router<PageState>({ strict: true, sensitive: true })
  return hung(router)
}
