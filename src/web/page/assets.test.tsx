/** Files of pages: named by their digest, kept for ever, and small on the wire. */
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliDecompressSync } from 'node:zlib'
import Koa from 'koa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asset, assetRoutes } from './assets.ts'
import { Icon } from './icon.tsx'
import { renderToString } from 'preact-render-to-string'
import { projectFiles } from '../../../test/testbed/tree.ts'

const server = new Koa().use(assetRoutes().routes() as never).listen(0, '127.0.0.1')
beforeAll(async () => void (server.listening || (await once(server, 'listening'))))
afterAll(() => server.close())

async function ask(path: string, encoding?: string) {
  const { port } = server.address() as AddressInfo
  const headers = encoding === undefined ? {} : { 'accept-encoding': encoding }
  const [answer] = (await once(get({ port, path, headers }), 'response')) as [IncomingMessage]
  const body = Buffer.concat(await answer.toArray())
  return { status: answer.statusCode, headers: answer.headers, body }
}

test('a style names the font by its digest, and the font is there', async () => {
  const { body } = await ask(asset('tokens.css'))
  const font = /url\('([^']+)'\)/.exec(body.toString('utf8'))![1]!
  expect(font).toBe(asset('inter.woff2'))
  const { status, headers, body: bytes } = await ask(font, 'br, gzip')
  expect([status, headers['content-type'], headers['content-encoding']]).toEqual([
    200,
    'font/woff2',
    undefined,
  ])
  expect(bytes.subarray(0, 4).toString('latin1')).toBe('wOF2')
})

test('whoever takes Brotli is sent it, and whoever does not gets the text', async () => {
  const path = asset('console.css')
  const plain = await ask(path)
  expect(plain.headers['content-encoding']).toBeUndefined()
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  const small = await ask(path, 'gzip, deflate, br')
  expect([small.headers['content-encoding'], small.headers['vary']]).toEqual(['br', 'accept-encoding'])
  expect(brotliDecompressSync(small.body)).toEqual(plain.body)
  expect(small.body.length).toBeLessThan(plain.body.length / 2)
  expect((await ask(path, 'br;q=0, *;q=0.1')).headers['content-encoding']).toBeUndefined()
})

test('the sprite has every icon that a page names, and no other', async () => {
  const [, url] = /href="([^#]+)#home"/.exec(renderToString(<Icon name="home" />))!
  const { body } = await ask(url!)
  const drawn = [...body.toString('utf8').matchAll(/<symbol id="(\w+)"/g)].map(([, name]) => name)
  const { text } = projectFiles(/icon\.tsx$/).find(({ path }) => path === 'src/web/page/icon.tsx')!
  const named = [...text.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, name]) => name)
  expect(new Set(drawn)).toEqual(new Set(named))
  expect(drawn).toHaveLength(named.length)
})
