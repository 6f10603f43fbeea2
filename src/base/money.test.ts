/** Money is exact: rounding at its boundary, and text that reads back. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { add, brl, centavosOf, formatUnits, parseUnits, satsFor, shareOf, type Asset } from './money.ts'

const seed = 41
const asset = fc.constantFrom<Asset>('BRL', 'BTC')

describe('a share is rounded once, half a unit going up', () => {
  test.each([
    [10_000n, 150n, 150n],
    [100n, 49n, 0n],
    [100n, 50n, 1n],
    [1n, 4_999n, 0n],
    [1n, 5_000n, 1n],
    [3n, 5_000n, 2n],
    [33n, 150n, 0n],
    [34n, 150n, 1n],
    [0n, 150n, 0n],
    [12_345n, 0n, 0n],
    [12_345n, 10_000n, 12_345n],
    [9_007_199_254_740_993n, 10_000n, 9_007_199_254_740_993n],
  ])('%d units at %d basis points are %d', (units, points, share) =>
    expect(shareOf(units, points)).toBe(share),
  )

  test('it is never more than half a unit from exact, and the whole is never exceeded', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 18n }),
        fc.bigInt({ min: 0n, max: 10_000n }),
        (units, points) => {
          const share = shareOf(units, points)
          const off = 2n * (share * 10_000n - units * points)
          expect(off > -10_000n && off <= 10_000n).toBe(true)
          expect(share <= units).toBe(true)
        },
      ),
      { seed },
    )
  })

  test.each([
    [-1n, 1n],
    [1n, -1n],
  ])('%d × %d is refused, because a share is taken of what is not negative', (units, points) =>
    expect(() => shareOf(units, points)).toThrow(RangeError),
  )
})

describe('reais become satoshis at a price', () => {
  test.each([
    [0n, 60_000_000n, 0n],
    [1n, 60_000_000n, 2n],
    [60_000_000n, 60_000_000n, 100_000_000n],
    [2_000n, 60_000_000n, 3_334n],
    [2_001n, 60_000_000n, 3_335n],
    [1n, 100_000_000n, 1n],
    [1n, 100_000_001n, 1n],
    [99_999_999_999_999n, 1n, 9_999_999_999_999_900_000_000n],
  ])('%d centavos at %d centavos a BTC are %d satoshis, the last one rounded up', (centavos, price, sats) =>
    expect(satsFor(centavos, price)).toBe(sats),
  )

  test.each([
    [0n, 60_000_000n, 0n],
    [1n, 60_000_000n, 1n],
    [1n, 50_000_000n, 1n],
    [1n, 49_999_999n, 0n],
    [3_334n, 60_000_000n, 2_000n],
    [2_100_000_000_000_000n, 60_000_000n, 1_260_000_000_000_000n],
  ])('%d satoshis at %d centavos a BTC are worth %d centavos, half going up', (sats, price, centavos) =>
    expect(centavosOf(sats, price)).toBe(centavos),
  )

  const centavo = fc.bigInt({ min: 0n, max: 10n ** 15n })
  test('they are the fewest that pay what was asked', () => {
    fc.assert(
      fc.property(centavo, fc.bigInt({ min: 1n, max: 10n ** 12n }), (asked, price) => {
        const sats = satsFor(asked, price)
        expect(sats * price >= asked * 100_000_000n).toBe(true)
        expect(sats === 0n || (sats - 1n) * price < asked * 100_000_000n).toBe(true)
        expect(centavosOf(sats, price) >= asked).toBe(true)
      }),
      { seed },
    )
  })

  test('below R$ 500 000 a BTC they are worth what was asked, to the centavo', () => {
    fc.assert(
      fc.property(centavo, fc.bigInt({ min: 1n, max: 49_999_999n }), (asked, price) => {
        expect(centavosOf(satsFor(asked, price), price)).toBe(asked)
      }),
      { seed },
    )
    expect(centavosOf(satsFor(1n, 90_000_000n), 90_000_000n)).toBe(2n)
  })

  test.each([
    [-1n, 1n],
    [1n, 0n],
    [1n, -1n],
  ])('%d at a price of %d is refused', (units, price) => {
    expect(() => satsFor(units, price)).toThrow(RangeError)
    expect(() => centavosOf(units, price)).toThrow(RangeError)
  })
})

describe('text becomes money', () => {
  test.each([
    ['20.00', 'BRL', 2_000n],
    ['20', 'BRL', 2_000n],
    ['0.5', 'BRL', 50n],
    [' 0.01 ', 'BRL', 1n],
    ['007', 'BRL', 700n],
    ['0.00000001', 'BTC', 1n],
    ['21000000', 'BTC', 2_100_000_000_000_000n],
    ['9999999999999.99', 'BRL', 999_999_999_999_999n],
  ] as const)('%j of %s is %d units', (text, of, units) => expect(parseUnits(text, of)).toBe(units))

  test.each([
    '',
    '.5',
    '5.',
    '1,50',
    '1.234,56',
    '1,234.56',
    '-1',
    '+1',
    '1e3',
    '0x10',
    'R$ 20',
    '20.001',
    '٢٠',
    'NaN',
    '12345678901234',
  ])('%j is no amount in reais', text => expect(parseUnits(text, 'BRL')).toBeUndefined())

  test.each([
    [0n, 'BRL', '0.00'],
    [5n, 'BRL', '0.05'],
    [-5n, 'BRL', '-0.05'],
    [123_456n, 'BRL', '1234.56'],
    [1n, 'BTC', '0.00000001'],
  ] as const)('%d units of %s print as %s', (units, of, text) => expect(formatUnits(units, of)).toBe(text))

  test('what is printed reads back to the same units', () => {
    fc.assert(
      fc.property(asset, fc.bigInt({ min: 0n, max: 10n ** 15n - 1n }), (of, units) => {
        expect(parseUnits(formatUnits(units, of), of)).toBe(units)
      }),
      { seed },
    )
  })

  test('whatever is typed is read exactly or not at all', () => {
    const typed = fc.oneof(fc.string(), fc.stringMatching(/^[0-9]{1,14}([.,][0-9]{0,9})?$/))
    fc.assert(
      fc.property(asset, typed, (of, text) => {
        const units = parseUnits(text, of)
        if (units === undefined) return
        const [whole, fraction = ''] = text.trim().split('.')
        expect(formatUnits(units, of)).toBe(`${BigInt(whole!)}.${fraction.padEnd(of === 'BRL' ? 2 : 8, '0')}`)
      }),
      { seed },
    )
  })
})

test('amounts of one asset add up beyond what a float holds', () =>
  expect(add(brl(9_007_199_254_740_993n), brl(2n))).toEqual(brl(9_007_199_254_740_995n)))

test('reais and bitcoin do not add up: this file would not compile if they did', () => {
  // @ts-expect-error the second amount must be of the first one's asset
  expect(add(brl(1n), { asset: 'BTC', units: 1n }).asset).toBe('BRL')
})
