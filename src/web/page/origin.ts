/** Who may post: a page of ours, and no other. GET changes nothing, so it is let through. */
import type { Middleware } from 'koa'

const safe = ['GET', 'HEAD', 'OPTIONS']

/**
 * Refuses what another site sends, with 403. Browsers say where a request comes from in `Sec-Fetch-Site`;
 * older ones in `Origin`. What says neither is refused too: every browser that can show these pages says one
 * of them. (Fetch Metadata; RFC 6454)
 */
export const sameOrigin = (): Middleware => async (ctx, next) => {
  if (safe.includes(ctx.method)) return next()
  const site = ctx.get('sec-fetch-site')
  const ours = site !== '' ? site === 'same-origin' : ctx.get('origin') === `${ctx.protocol}://${ctx.host}`
  if (!ours) ctx.throw(403, 'another site sent this')
  await next()
}
