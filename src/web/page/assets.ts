/**
 * Styles and browser modules: read once, served under a name that holds their digest, so that a browser may
 * keep them for ever.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import Router from '@koa/router'
import { programFile } from '../../base/place.ts'

interface Asset {
  url: string
  type: string
  text: string
}

const types: Record<string, string> = { css: 'text/css; charset=utf-8', svg: 'image/svg+xml' }

let read: ReadonlyMap<string, Asset> | undefined
const assets = () => (read ??= readAll())

function readAll(): Map<string, Asset> {
  const found = new Map<string, Asset>()
  const add = (name: string, type: string, text: string) => {
    const digest = createHash('sha256').update(text).digest('base64url').slice(0, 12)
    found.set(name, { url: `/assets/${name.replace('.', `.${digest}.`)}`, type, text })
  }
  const styles = programFile('web/styles/')
  for (const name of readdirSync(styles)) {
    const type = types[name.split('.').at(-1)!]
    if (type !== undefined) add(name, type, readFileSync(new URL(name, styles), 'utf8'))
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
    ctx.body = found.text
  })
  return router
}
