/** The headers that every page bears: nothing foreign is loaded, run or framed. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { expect, test } from 'vitest'
import { headers } from './headers.ts'

test('a page loads and runs our own files alone, is framed by nobody, and says nothing of where it leads from [security 11]', async () => {
  const server = new Koa().use(headers()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { headers: sent } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const policy = sent.get('content-security-policy')!.split(';').toSorted()
    expect(policy).toEqual([
      "base-uri 'none'",
      "connect-src 'self'",
      "default-src 'none'",
      "font-src 'self'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      "img-src 'self'",
      "script-src 'self'",
      "style-src 'self'",
    ])
    expect(
      ['x-content-type-options', 'x-frame-options', 'referrer-policy'].map(name => sent.get(name)),
    ).toEqual(['nosniff', 'DENY', 'no-referrer'])
    expect([sent.get('x-powered-by'), sent.get('server')]).toEqual([null, null])
  } finally {
    server.close()
  }
})
