/** A router as middleware: its routes, and 405 for the methods they have not. */
import type Router from '@koa/router'
import type { Middleware } from 'koa'

// A router of one state is middleware of any: what it needs of the state was put there before it.
export const hung = <S>(router: Router<S>): Middleware[] => [
  router.routes() as unknown as Middleware,
  router.allowedMethods() as unknown as Middleware,
]
