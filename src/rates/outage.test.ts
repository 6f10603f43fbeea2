/**
 * A site is asked at its own address, and a line that breaks is an answer: the one place where the real hosts
 * are stood in for.
 */
import nock from 'nock'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Clock } from '../base/world.ts'
import { tickers, tickerSource } from './tickers.ts'

const clock: Clock = {
  now: () => 0,
  sleep: (_, signal) => new Promise(resolve => signal?.addEventListener('abort', () => resolve())),
}

beforeAll(() => nock.disableNetConnect())
afterAll(() => nock.restore())

test('a line that breaks at the site’s own address is no quote, and is told with its cause', async () => {
  nock('https://api.coingecko.com')
    .get('/api/v3/simple/price')
    .query({ ids: 'bitcoin', vs_currencies: 'brl', precision: '2', include_last_updated_at: 'true' })
    .replyWithError('the line was cut')
  const answer = await tickerSource('coingecko', tickers.coingecko, { fetch, clock }).quote()
  expect(answer).toMatchObject({
    is: 'refused',
    again: true,
    why: expect.stringContaining('the line was cut'),
  })
  expect(nock.isDone()).toBe(true)
})
