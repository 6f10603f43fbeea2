/**
 * The public tickers against servers that answer as they do, and as they should not: late, long, elsewhere,
 * in pieces, in words.
 */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { instant, type Clock } from '../base/world.ts'
import { tickers, tickerSource } from './tickers.ts'

const now = Date.UTC(2026, 10, 21, 12)
/** Never comes to a deadline. */
const clock: Clock = {
  now: () => now,
  sleep: (_, signal) => new Promise(resolve => signal?.addEventListener('abort', () => resolve())),
}

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  ends.push(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
const ask = async (listener: RequestListener, time = clock) =>
  tickerSource(
    'coinbase',
    { ...tickers.coinbase, url: await served(listener) },
    { fetch, clock: time },
  ).quote()
const answering = (body: string, status = 200) => ask((_, response) => response.writeHead(status).end(body))
const price = (amount: string) => `{"data":{"amount":${amount},"base":"BTC","currency":"BRL"}}`

test.each([
  ['mercadobitcoin', '[{"pair":"BTC-BRL","high":"620000","last":"612345.67000000","date":1795262399}]', now],
  [
    'binance',
    `{"symbol":"BTCBRL","lastPrice":"612345.67000000","openTime":${now - 86_400_000},"closeTime":${now - 1_500},"count":9}`,
    now - 1_500,
  ],
  ['coinbase', '{"data":{"amount":"612345.67","base":"BTC","currency":"BRL"}}', now],
  [
    'bitso',
    '{"success":true,"payload":{"book":"btc_brl","last":"612345.67","created_at":"2026-11-21T11:59:58.000+00:00"}}',
    now - 2_000,
  ],
  ['coingecko', `{"bitcoin":{"brl":612345.67,"last_updated_at":${(now - 3_000) / 1_000}}}`, now - 3_000],
] as const)('%s is read to the centavo, with its own time where it says one', async (name, body, at) => {
  const url = await served((_, response) => response.end(body))
  expect(await tickerSource(name, { ...tickers[name], url }, { fetch, clock }).quote()).toEqual({
    is: 'done',
    value: { source: name, price: 61_234_567n, at: instant(at) },
  })
})

test('each is asked over https, and for this pair [security 6]', () => {
  for (const { url } of Object.values(tickers)) expect(url).toMatch(/^https:\/\/.*(btc.?brl|bitcoin.*brl)/i)
})

test.each([
  ['text', '"612345.67"', 61_234_567n],
  ['a number', '612345.67', 61_234_567n],
  ['a number with an exponent', '6.1234567e5', 61_234_567n],
  ['a number no float holds', '612345.674999999999999999', 61_234_567n],
])('a price as %s is read exactly', async (_, amount, units) =>
  expect(await answering(price(amount))).toMatchObject({ is: 'done', value: { price: units } }),
)

describe('no quote is', () => {
  test.each([
    ['a price of zero', price('"0.00"'), 'a price that is none'],
    ['a negative price', price('-612345.67'), 'a price that is none'],
    ['a price in words', price('"much"'), 'a price that is none'],
    ['a price beyond all sense', price('1e300'), 'a price that is none'],
    ['another pair', price('"1"').replace('BRL', 'USD'), 'a shape of its own: data.currency'],
    ['no price', '{"data":{"base":"BTC","currency":"BRL"}}', 'a shape of its own: data.amount'],
    ['an error with a 200', '{"error":"try later"}', 'a shape of its own: data'],
    ['half an answer', price('"612345.67"').slice(0, 20), 'no JSON'],
    ['a page', '<html>be right back</html>', 'no JSON'],
    ['nothing', '', 'no JSON'],
  ])('%s', async (_, body, why) =>
    expect(await answering(body)).toMatchObject({ is: 'refused', why: expect.stringContaining(why) }),
  )

  test.each([429, 500, 503, 204])('an answer with %d', async status =>
    expect(await answering(status === 204 ? '' : price('"612345.67"'), status)).toMatchObject({
      is: 'refused',
      why: `it answered with ${status}`,
    }),
  )

  test('an answer from elsewhere: a redirect is not followed [security 6]', async () => {
    let followed = 0
    const elsewhere = await served((_, response) => (followed++, response.end(price('"1.00"'))))
    const answer = await ask((_, response) => response.writeHead(302, { location: elsewhere }).end())
    expect(answer).toMatchObject({ is: 'refused', why: expect.stringContaining('redirect') })
    expect(followed).toBe(0)
  })

  test('an answer without end: no more than 64 KiB of it are read, and the line is cut', async () => {
    const piece = '[1,'.repeat(1_000)
    let poured = 0
    let cut: Promise<unknown> | undefined
    const answer = await ask((_, response) => {
      cut = once(response, 'close')
      const pour = () => {
        do poured += piece.length
        while (!response.destroyed && response.write(piece))
      }
      response.on('drain', pour)
      pour()
    })
    expect(answer).toMatchObject({ is: 'refused', why: 'it answered with more than 65536 bytes' })
    await cut
    // What lay in the buffers between was poured as well.
    expect(poured).toBeLessThan(32 * 2 ** 20)
  })

  test.each([
    ['begins no answer', () => undefined],
    ['begins one and stops', (response: { write(text: string): void }) => response.write('{"data":')],
  ])('what a server owes that %s until the deadline', async (_, begin) => {
    // The deadline comes when the request has arrived, however long the machine takes for that.
    const arrived = Promise.withResolvers<void>()
    let waitedMs = 0
    const answer = await ask(
      (_request, response) => {
        begin(response)
        arrived.resolve()
      },
      { now: () => now, sleep: ms => ((waitedMs = ms), arrived.promise) },
    )
    expect(answer).toMatchObject({ is: 'refused', why: 'it did not answer within 10 seconds' })
    expect(waitedMs).toBe(10_000)
  })

  test('what nobody listens for', async () => {
    const url = await served(() => undefined)
    await ends.pop()!()
    const answer = await tickerSource(
      'coinbase',
      { ...tickers.coinbase, url },
      { fetch, clock: systemClock },
    ).quote()
    expect(answer).toMatchObject({ is: 'refused', again: true, why: expect.stringContaining('ECONNREFUSED') })
  })
})
