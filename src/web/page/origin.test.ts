/**
 * Who may post: a page of ours. Each way another site can send a form is refused, and reading is nobody's to
 * refuse.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { request } from 'node:http'
import { serveSmall, type SmallServer } from '../../../test/testbed/smallServer.ts'
import { sameOrigin } from './origin.ts'

let [plain, behindTls]: SmallServer[] = [] as unknown as [SmallServer, SmallServer]
const page = () => [sameOrigin(), (ctx: { body: unknown }) => void (ctx.body = 'done')]
beforeAll(async () => {
  plain = await serveSmall(page())
  behindTls = await serveSmall(page(), { proxy: true })
})
afterAll(async () => {
  await plain!.close()
  await behindTls!.close()
})

/** Sent by hand: `fetch` keeps some of these headers to itself. */
const send = ({ port }: SmallServer, method: string, headers: Record<string, string>) =>
  new Promise<number>((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', method, headers: { host: 'shop.example', ...headers } },
      answer => {
        answer.resume()
        resolve(answer.statusCode!)
      },
    )
    sent.on('error', reject)
    sent.end()
  })

test.each([
  ['says same-origin', { 'sec-fetch-site': 'same-origin' }, 200],
  ['says another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ['says another host of the same site', { 'sec-fetch-site': 'same-site' }, 403],
  ['says that nobody led there', { 'sec-fetch-site': 'none' }, 403],
  ['says something else', { 'sec-fetch-site': 'Same-Origin ' }, 403],
  [
    'says another site, and our origin',
    { 'sec-fetch-site': 'cross-site', origin: 'http://shop.example' },
    403,
  ],
  ['is older and names our origin', { origin: 'http://shop.example' }, 200],
  ['is older and names another', { origin: 'http://evil.example' }, 403],
  ['is older and names ours with another port', { origin: 'http://shop.example:81' }, 403],
  ['is older and names ours in another scheme', { origin: 'https://shop.example' }, 403],
  ['names an origin that begins like ours', { origin: 'http://shop.example.evil.example' }, 403],
  ['names no origin at all, as a sandboxed frame', { origin: 'null' }, 403],
  ['says nothing', {}, 403],
  ['says where it was by referrer alone', { referer: 'http://shop.example/basket' }, 403],
])('a POST that %s', async (_, headers, status) => {
  expect(await send(plain!, 'POST', headers)).toBe(status)
})

test.each(['PUT', 'PATCH', 'DELETE'])('%s is asked the same', async method => {
  expect(await send(plain!, method, { origin: 'http://evil.example' })).toBe(403)
})

test.each(['GET', 'HEAD'])('%s changes nothing, so anyone may ask', async method => {
  expect(await send(plain!, method, { 'sec-fetch-site': 'cross-site' })).toBe(200)
})

test('behind TLS ours is https, as nginx says, and no client', async () => {
  const tls = { 'x-forwarded-proto': 'https' }
  expect(await send(behindTls!, 'POST', { ...tls, origin: 'https://shop.example' })).toBe(200)
  expect(await send(behindTls!, 'POST', { ...tls, origin: 'http://shop.example' })).toBe(403)
  expect(await send(plain!, 'POST', { ...tls, origin: 'https://shop.example' })).toBe(403)
})
