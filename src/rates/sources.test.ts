/** Which sources the settings name, and what is read from a file that somebody keeps up to date. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from '../base/config.ts'
import { instant, type Clock } from '../base/world.ts'
import { agreementOf, fileSource, makeSources } from './sources.ts'

const now = Date.UTC(2026, 10, 21, 12)
/** Never comes to a deadline. */
const clock: Clock = {
  now: () => now,
  sleep: (_, signal) => new Promise(resolve => signal?.addEventListener('abort', () => resolve())),
}
const tools = { clock, fetch: () => Promise.reject(new Error('nobody is asked here')) }

const folder = mkdtempSync(join(tmpdir(), 'repasse-rates-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'rates.json')
const reading = (text: string) => {
  writeFileSync(path, text)
  return fileSource(path).quote()
}

test.each([
  [{}, ['mercadobitcoin', 'binance', 'coinbase', 'coingecko'], 2],
  [{ RATE_SOURCES: 'bitso,binance' }, ['binance', 'bitso'], 2],
  [{ RATES_FILE: 'rates.json' }, ['file'], 1],
  [{ RATE_FIXED: 'BTC-BRL 600000.00' }, ['fixed'], 1],
])('%j names the sources %j, of which %d must agree', (env, names, least) => {
  const settings = readConfig(env as Record<string, string>)
  expect(makeSources(settings, tools).map(({ name }) => name)).toEqual(names)
  expect(agreementOf(settings)).toEqual({ sources: names, least, maxAgeMs: 300_000, maxDeviation: 200n })
})

test('a fixed price is what it was set to, and always of this moment', async () => {
  const [fixed] = makeSources(readConfig({ RATE_FIXED: 'BTC-BRL 612345.67' }), tools)
  expect(await fixed!.quote()).toEqual({
    is: 'done',
    value: { source: 'fixed', price: 61_234_567n, at: instant(now) },
  })
})

test('a ticker that cannot be asked refuses, and throws nothing', async () => {
  const [first] = makeSources(readConfig({}), tools)
  expect(await first!.quote()).toMatchObject({
    is: 'refused',
    again: true,
    why: 'it could not be asked: nobody is asked here',
  })
})

test('a file is read again each time, with the time it says', async () => {
  expect(await reading('{"BTC-BRL": {"price": "612345.67", "at": "2026-11-21T09:00:00-03:00"}}')).toEqual({
    is: 'done',
    value: { source: 'file', price: 61_234_567n, at: '2026-11-21T12:00:00.000Z' },
  })
  expect(await reading('{"BTC-BRL": {"price": 600000, "at": "2026-11-21T12:00:01Z"}}')).toMatchObject({
    value: { price: 60_000_000n, at: '2026-11-21T12:00:01.000Z' },
  })
})

test.each(['{"BTC-BRL": "612345.67"}', '{"BTC-BRL": 612345.67}', '{"BTC-BRL": {"price": "612345.67"}}'])(
  '%s is as old as the file’s last change',
  async text => {
    writeFileSync(path, text)
    utimesSync(path, now / 1_000, now / 1_000 - 60)
    expect(await fileSource(path).quote()).toEqual({
      is: 'done',
      value: { source: 'file', price: 61_234_567n, at: instant(now - 60_000) },
    })
  },
)

test.each([
  ['nothing', ''],
  ['no JSON', 'BTC-BRL 600000.00'],
  ['another pair', '{"BTC-USD": "100000.00"}'],
  ['a price of zero', '{"BTC-BRL": "0.00"}'],
  ['a negative price', '{"BTC-BRL": -1}'],
  ['a price with a comma', '{"BTC-BRL": "600000,00"}'],
  ['a time without a zone', '{"BTC-BRL": {"price": "600000.00", "at": "2026-11-21T12:00:00"}}'],
  ['a day', '{"BTC-BRL": {"price": "600000.00", "at": "2026-11-21"}}'],
  ['a time that is none', '{"BTC-BRL": {"price": "600000.00", "at": "2026-11-41T12:00:00Z"}}'],
])('a file with %s is refused in words that show what would be right', async (_, text) =>
  expect(await reading(text)).toMatchObject({
    is: 'refused',
    why: expect.stringMatching(/^RATES_FILE holds no rate: expected \{"BTC-BRL"/),
  }),
)

test('a file that is not there, no file, or far too long is refused', async () => {
  expect(await fileSource(join(folder, 'none.json')).quote()).toMatchObject({
    is: 'refused',
    why: expect.stringContaining('ENOENT'),
  })
  expect(await fileSource(folder).quote()).toMatchObject({
    is: 'refused',
    why: expect.stringContaining('EISDIR'),
  })
  expect(await reading(`{"BTC-BRL": "600000.00"}${' '.repeat(65_536)}`)).toMatchObject({
    is: 'refused',
    why: 'RATES_FILE is longer than 65536 bytes',
  })
})
