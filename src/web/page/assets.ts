/**
 * Styles, icons, the font and browser modules: read once, served under a name that holds their digest, so
 * that a browser may keep them for ever.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { brotliCompressSync } from 'node:zlib'
import Router from '@koa/router'
import { programFile } from '../../base/place.ts'

interface Asset {
  url: string
  type: string
  body: string | Buffer
  /** Compressed, once it was asked for so. */
  small?: Buffer
}

/** Those that a style names come before the styles, which name them by their digest. */
const types: Record<string, string> = {
  woff2: 'font/woff2',
  svg: 'image/svg+xml',
  css: 'text/css; charset=utf-8',
}

let read: ReadonlyMap<string, Asset> | undefined
const assets = () => (read ??= readAll())

function readAll(): Map<string, Asset> {
  const found = new Map<string, Asset>()
  const add = (name: string, type: string, body: string | Buffer) => {
    const digest = createHash('sha256').update(body).digest('base64url').slice(0, 12)
    found.set(name, { url: `/assets/${name.replace('.', `.${digest}.`)}`, type, body })
  }
  const styles = programFile('web/styles/')
  const files = readdirSync(styles)
  for (const [ending, type] of Object.entries(types))
    for (const name of files.filter(each => each.endsWith(`.${ending}`))) {
      const bytes = readFileSync(new URL(name, styles))
      add(name, type, ending === 'css' ? linked(bytes.toString('utf8'), found) : bytes)
    }
  const client = programFile('web/client/')
  for (const file of existsSync(client) ? readdirSync(client) : []) {
    // Compiled there is the .js alone; in the source, which tests run from, the .ts.
    if (!/^[\w-]+\.(?:js|ts)$/.test(file)) continue
    const text = readFileSync(new URL(file, client), 'utf8')
    add(
      file.replace(/\.ts$/, '.js'),
      'text/javascript; charset=utf-8',
      file.endsWith('.ts') ? stripTypeScriptTypes(text) : text,
    )
  }
  return found
}

/** A style with the addresses of what it names: `url('inter.woff2')`. */
const linked = (css: string, found: ReadonlyMap<string, Asset>): string =>
  css.replaceAll(/url\('([\w-]+\.\w+)'\)/g, (_, name: string) => `url('${found.get(name)!.url}')`)

/** Where a page finds `page.css`, `order.js` and so on. */
export function asset(name: string): string {
  const found = assets().get(name)
  if (!found) throw new Error(`there is no asset ${name}`)
  return found.url
}

export function assetRoutes(): Router {
  const router = new Router({ strict: true, sensitive: true })
  const byUrl = new Map([...assets().values()].map(each => [each.url, each]))
  router.get('/assets/:file', ctx => {
    const found = byUrl.get(ctx.path)
    if (!found) return
    ctx.type = found.type
    ctx.set('cache-control', 'public, max-age=31536000, immutable')
    ctx.vary('accept-encoding')
    // A font is compressed as it is.
    if (!ctx.type.startsWith('font/') && ctx.acceptsEncodings('br', 'identity') === 'br') {
      ctx.set('content-encoding', 'br')
      ctx.body = found.small ??= brotliCompressSync(found.body)
    } else ctx.body = found.body
  })
  return router
}
