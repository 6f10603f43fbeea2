/** Which rate holds: the median of what is fresh and near it, and none where too few agree. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instant } from '../base/world.ts'
import { decideRate, type Agreement } from './decide.ts'
import type { Quote } from './source.ts'

const now = Date.UTC(2026, 10, 21, 12)
const agreement: Agreement = { maxAgeMs: 300_000, maxDeviation: 200n, least: 2 }
const quote = (source: string, price: bigint, ageMs = 0): Quote => ({
  source,
  price,
  at: instant(now - ageMs),
})
const decide = (...quotes: Quote[]) => decideRate(quotes, { ...agreement, now })

test('of three that agree the middle one holds, as old as the oldest', () =>
  expect(
    decide(quote('c', 60_100_000n), quote('a', 60_000_000n, 2_000), quote('b', 60_300_000n, 9_000)),
  ).toEqual({
    is: 'rate',
    price: 60_100_000n,
    at: instant(now - 9_000),
    sources: ['a', 'b', 'c'],
  }))

test('of two the mean holds, its half centavo dropped', () =>
  expect(decide(quote('a', 60_000_000n), quote('b', 60_000_001n))).toMatchObject({ price: 60_000_000n }))

test('what lies too far from the middle has no say, and is not in the rate', () =>
  expect(decide(quote('a', 60_000_000n), quote('b', 60_100_000n), quote('c', 90_000_000n))).toMatchObject({
    price: 60_050_000n,
    sources: ['a', 'b'],
  }))

test('the limit itself is near enough, and one centavo more is not', () => {
  expect(decide(quote('a', 50_000_000n), quote('b', 50_000_000n), quote('c', 51_000_000n))).toMatchObject({
    sources: ['a', 'b', 'c'],
  })
  expect(decide(quote('a', 50_000_000n), quote('b', 50_000_000n), quote('c', 51_000_001n))).toMatchObject({
    sources: ['a', 'b'],
  })
})

test('age ends at its limit, from before and from a clock ahead of ours', () => {
  const third = quote('c', 60_000_000n)
  for (const at of [-300_000, 300_000])
    expect(decide(quote('a', 60_000_000n, at), third)).toMatchObject({ is: 'rate' })
  expect(decide(quote('a', 60_000_000n, 300_001), third)).toMatchObject({
    is: 'none',
    why: expect.stringContaining('a is 5m1ms old'),
  })
  expect(decide(quote('a', 60_000_000n, -300_001), third)).toMatchObject({
    is: 'none',
    why: expect.stringContaining('a is 5m1ms ahead'),
  })
})

describe('there is no rate', () => {
  test('without a quote', () =>
    expect(decide()).toEqual({ is: 'none', why: '0 of the 2 sources needed agree on a price of bitcoin' }))
  test('from one source', () =>
    expect(decide(quote('a', 1n))).toMatchObject({ is: 'none', why: expect.stringMatching(/^1 of the 2/) }))
  test('from one source that speaks twice', () =>
    expect(decide(quote('a', 1n), quote('a', 1n))).toMatchObject({ is: 'none' }))
  test('where two do not agree, and both are named with their price', () => {
    const { is, why } = decide(quote('a', 50_000_000n), quote('b', 60_000_000n)) as {
      is: string
      why: string
    }
    expect(is).toBe('none')
    for (const part of ['a says R$ 500000.00', 'b says R$ 600000.00', 'R$ 550000.00'])
      expect(why).toContain(part)
  })
})

test('where the operator names the price one is enough', () =>
  expect(decideRate([quote('file', 60_000_000n)], { ...agreement, least: 1, now })).toMatchObject({
    is: 'rate',
    sources: ['file'],
  }))

test('of several quotes of one source the last holds', () =>
  expect(decideRate([quote('file', 1n), quote('file', 2n)], { ...agreement, least: 1, now })).toMatchObject({
    price: 2n,
  }))

describe('whatever is quoted', () => {
  const quotes = fc.array(
    fc.record({
      source: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      price: fc.oneof(
        fc.bigInt({ min: 59_000_000n, max: 61_000_000n }),
        fc.bigInt({ min: 1n, max: 10n ** 14n }),
      ),
      at: fc.integer({ min: -600_000, max: 600_000 }).map(age => instant(now - age)),
    }),
    { maxLength: 12 },
  )
  const judged = (check: (quotes: Quote[], decided: ReturnType<typeof decide>) => void) =>
    fc.assert(
      fc.property(quotes, each => check(each, decide(...each))),
      { seed: 41, numRuns: 500 },
    )

  test('a rate lies between two fresh quotes of sources it names, each within twice the limit of it', () => {
    let rates = 0
    judged((each, decided) => {
      if (decided.is === 'none') return
      rates++
      const last = new Map(each.map(one => [one.source, one]))
      const used = decided.sources.map(source => last.get(source)!)
      expect(new Set(decided.sources).size).toBeGreaterThanOrEqual(2)
      expect(
        used.some(({ price }) => price <= decided.price) && used.some(({ price }) => price >= decided.price),
      ).toBe(true)
      for (const { price, at } of used) {
        expect(Math.abs(now - Date.parse(at))).toBeLessThanOrEqual(300_000)
        const off = price > decided.price ? price - decided.price : decided.price - price
        // Both lie within 2 % of the first median: at most 4 % of it apart, which is 4.1 % of the lowest
        // rate.
        expect(off * 1_000n <= decided.price * 41n).toBe(true)
        expect(decided.at <= at).toBe(true)
      }
    })
    expect(rates).toBeGreaterThan(20)
  })

  test('one liar among three that agree moves the rate no further than the honest lie apart', () => {
    const honest = fc.bigInt({ min: 60_000_000n, max: 60_600_000n })
    fc.assert(
      fc.property(honest, honest, honest, fc.bigInt({ min: 1n, max: 10n ** 14n }), (a, b, c, lie) => {
        const decided = decide(quote('a', a), quote('b', b), quote('c', c), quote('liar', lie))
        const sorted = [a, b, c].sort((x, y) => (x < y ? -1 : 1))
        expect(decided.is).toBe('rate')
        if (decided.is === 'rate')
          expect(decided.price >= sorted[0]! && decided.price <= sorted[2]!).toBe(true)
      }),
      { seed: 41, numRuns: 500 },
    )
  })

  test('the order of the sources changes nothing', () => {
    judged((each, decided) => {
      const last = [...new Map(each.map(one => [one.source, one])).values()]
      expect(decide(...last.toReversed())).toEqual(decided)
    })
  })
})
