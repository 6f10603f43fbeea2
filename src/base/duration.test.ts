/** Durations and ranges as people type them. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseCount, parseDuration, parseRange } from './duration.ts'
import { parseUnits } from './money.ts'

const money = (text: string) => parseUnits(text, 'BRL')

test.each([
  ['2d', 172_800_000],
  ['90m', 5_400_000],
  ['15s', 15_000],
  ['1d12h', 129_600_000],
  ['1h30m', 5_400_000],
  ['250ms', 250],
  ['1m250ms', 60_250],
  ['0s', 0],
  [' 3h ', 10_800_000],
])('%j lasts %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms))

test.each(['', '2', 'd', '2 d', '-1d', '1.5h', '12h1d', '1h1h', '2w', '2D', '1s5', '99999999999999999999d'])(
  '%j is no duration',
  text => expect(parseDuration(text)).toBeUndefined(),
)

test.each([
  [0, '0s'],
  [129_600_000, '1d12h'],
  [5_400_000, '1h30m'],
  [90_061_001, '1d1h1m1s1ms'],
  [-15_000, '-15s'],
  [0.4, '0s'],
])('%d ms reads %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

test('what is printed reads back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), ms => {
      expect(parseDuration(formatDuration(ms))).toBe(ms)
    }),
    { seed: 7 },
  )
})

test.each([
  ['8..12', { low: 8, high: 12 }],
  ['8', { low: 8, high: 8 }],
  ['8 .. 12', { low: 8, high: 12 }],
  ['0..0', { low: 0, high: 0 }],
])('%j is a range of counts', (text, range) => expect(parseRange(text, parseCount)).toEqual(range))

test.each([
  ['20.00..1000.00', { low: 2_000n, high: 100_000n }],
  ['0.5', { low: 50n, high: 50n }],
  ['1..1.01', { low: 100n, high: 101n }],
])('%j is a range of money', (text, range) => expect(parseRange(text, money)).toEqual(range))

test.each([
  '',
  '..',
  '8..',
  '..12',
  '12..8',
  '8..12..16',
  '8...12',
  'a..b',
  '-1..2',
  '1.5..2',
  '8-12',
  '1e3',
])('%j is no range of counts', text => expect(parseRange(text, parseCount)).toBeUndefined())

test.each(['20.001..30', '20,00..30,00', '30..20.00', 'R$ 20'])('%j is no range of money', text =>
  expect(parseRange(text, money)).toBeUndefined(),
)
