/**
 * The headers of every page: nothing may be loaded, framed or posted elsewhere, and no script or style stands
 * in the text.
 */
import helmet from 'koa-helmet'
import type { Middleware } from 'koa'

/** `Strict-Transport-Security` is nginx's to say, which alone knows of TLS. */
export const headers = (): Middleware =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    frameguard: { action: 'deny' },
    hsts: false,
  })
