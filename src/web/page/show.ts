/** Shows a page: renders it on the server, whole, and says in which language. */
import type { ParameterizedContext } from 'koa'
import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import type { Language } from './language.ts'

/** What each request is given before a page sees it. */
export interface PageState {
  lang: Language
  /** Its cookies may be `Secure` and `__Host-`: people reach us by https. */
  secure: boolean
}
export type PageContext = ParameterizedContext<PageState>

/** Answers with a whole document. Pages of one person are kept by nobody on the way. */
export function show(ctx: PageContext, page: VNode, status = 200): void {
  ctx.status = status
  ctx.type = 'text/html; charset=utf-8'
  if (!ctx.response.get('cache-control')) ctx.set('cache-control', 'no-store')
  ctx.set('content-language', ctx.state.lang)
  ctx.vary('accept-language, cookie')
  ctx.body = `<!doctype html>${renderToString(page)}`
}
