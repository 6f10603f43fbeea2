/** Shows a page: renders it on the server, whole, and says in which language. */
import type { ParameterizedContext } from 'koa'
import { createContext, h, type VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'
import type { Language } from './language.ts'

/** What each request is given before a page sees it. */
export interface PageState {
  lang: Language
  /** Its cookies may be `Secure` and `__Host-`: people reach us by https. */
  secure: boolean
  /** What the navigation says behind a page's name: how much waits there. */
  counts?: Readonly<Record<string, number>>
}
export type PageContext = ParameterizedContext<PageState>

/** The state of the request that a page answers, for its frame: a page itself is given what it shows. */
export const Request = createContext<PageState | undefined>(undefined)

/** Answers with a whole document. Pages of one person are kept by nobody on the way. */
export function show(ctx: PageContext, page: VNode, status = 200): void {
  ctx.status = status
  ctx.type = 'text/html; charset=utf-8'
  if (!ctx.response.get('cache-control')) ctx.set('cache-control', 'no-store')
  ctx.set('content-language', ctx.state.lang)
  ctx.vary('accept-language, cookie')
  ctx.body = `<!doctype html>${renderToString(h(Request.Provider, { value: ctx.state }, page))}`
}
