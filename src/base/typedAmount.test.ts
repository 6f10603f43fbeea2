/** What a person types is read exactly or not at all: nothing is ever multiplied. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimalsOf, mostUnits } from './money.ts'
import { assetIn, readTyped, typedAmount, typedPercent, type Currency } from './typedAmount.ts'

test.each([
  ['20.00', 'BRL', 2_000n],
  ['20', 'BRL', 2_000n],
  ['1.234,56', 'BRL', 123_456n],
  ['1,234.56', 'BRL', 123_456n],
  ['1234.56', 'BRL', 123_456n],
  ['1234,5', 'BRL', 123_450n],
  ['1.234.567', 'BRL', 123_456_700n],
  ['1,234,567.8', 'BRL', 123_456_780n],
  ['R$ 20', 'BRL', 2_000n],
  ['r$20,00', 'BRL', 2_000n],
  ['R$\u00a01.234,56', 'BRL', 123_456n],
  ['1\u202f234,56', 'BRL', 123_456n],
  ['\u00a0 1 234 567,00 ', 'BRL', 123_456_700n],
  ['0,00012345', 'BTC', 12_345n],
  ['0.0002', 'BTC', 20_000n],
  ['0,5 BTC', 'BTC', 50_000_000n],
  ['₿ 0.001', 'BTC', 100_000n],
  // A thousand bitcoins are above every bound, so these are decimals.
  ['1.234', 'BTC', 123_400_000n],
  ['1,234', 'BTC', 123_400_000n],
  ['20000 sats', 'BTC', 20_000n],
  ['1 sat', 'BTC', 1n],
  ['20.000 sats', 'BTC', 20_000n],
  ['20000', 'sats', 20_000n],
  ['20.000', 'sats', 20_000n],
  ['20,000', 'sats', 20_000n],
  ['50 000 sats', 'sats', 50_000n],
  ['20000,00', 'sats', 20_000n],
  ['20.000,00', 'sats', 20_000n],
] as const)('%j in %s is %d units', (text, currency, units) => {
  expect(readTyped(text, currency)).toEqual({ is: 'amount', units })
})

test.each([
  ['1.234', 'BRL', 'ambiguous'],
  ['1,234', 'BRL', 'ambiguous'],
  ['R$ 20.000', 'BRL', 'ambiguous'],
  ['0.500', 'BRL', 'decimals'],
  ['1234.567', 'BRL', 'decimals'],
  ['1.234,567', 'BRL', 'decimals'],
  ['0,000123456', 'BTC', 'decimals'],
  ['20000,50', 'sats', 'decimals'],
  ['1.5sats', 'BTC', 'decimals'],
  ['20000sats', 'BRL', 'other currency'],
  ['0.1 BTC', 'BRL', 'other currency'],
  ['R$ 20', 'BTC', 'other currency'],
  ['R$ 20000', 'sats', 'other currency'],
  ['0.001 BTC', 'sats', 'other currency'],
  ['', 'BRL', 'form'],
  ['R$', 'BRL', 'form'],
  ['.5', 'BRL', 'form'],
  ['5.', 'BRL', 'form'],
  ['5,', 'BRL', 'form'],
  ['-1', 'BRL', 'form'],
  ['-1sats', 'BTC', 'form'],
  ['+1', 'BRL', 'form'],
  ['1e3', 'BRL', 'form'],
  ['0x10', 'BRL', 'form'],
  ['1.2.3', 'BRL', 'form'],
  ['1.23,456.78', 'BRL', 'form'],
  ['1.234.56', 'BRL', 'form'],
  ['12 34', 'BRL', 'form'],
  ['1,2,3', 'sats', 'form'],
  ['1.234.567,', 'BRL', 'form'],
  ['20 30', 'BRL', 'form'],
  ['٢٠', 'BRL', 'form'],
  ['12345678901234567', 'BRL', 'form'],
  ['<b>', 'BRL', 'form'],
] as const)('%j in %s is refused: %s', (text, currency, why) => {
  expect(readTyped(text, currency)).toEqual({ is: 'misread', why })
})

test.each([
  ['1.5%', 150n],
  ['1.5', 150n],
  ['1,5', 150n],
  ['0,01\u00a0%', 1n],
  ['100%', 10_000n],
  ['0', 0n],
])('%j is %d basis points', (text, points) => expect(typedPercent(text)).toBe(points))
test.each(['', '%', '100.01%', '-1%', '1.505%', '1.000', '1.5%%', 'one'])('%j is no percentage', text => {
  expect(typedPercent(text)).toBeUndefined()
})

const currency = fc.constantFrom<Currency>('BRL', 'BTC', 'sats')

describe('nothing is ever multiplied', () => {
  const point = fc.constantFrom('.', ',')
  const group = fc.constantFrom('', '.', ',', ' ', '\u00a0', '\u202f')
  const before = fc.constantFrom('', 'R$', 'R$ ', 'R$\u00a0', ' ')
  const style = fc
    .record({ point, group, before, zeros: fc.nat(8) })
    .filter(({ point, group }) => point !== group)

  test('an amount written in any country’s way is read as itself, or refused', () => {
    fc.assert(
      fc.property(
        currency,
        fc.bigInt({ min: 0n, max: 10n ** 11n }),
        style,
        (of, some, { point, group, before, zeros }) => {
          const units = some % (mostUnits[assetIn(of)] + 1n)
          const places = of === 'sats' ? 0 : decimalsOf[of]
          const digits = `${units}`.padStart(places + 1, '0')
          const [whole, all] = [digits.slice(0, digits.length - places), digits.slice(digits.length - places)]
          const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group)
          // As few decimals as the amount has, or some of its zeros.
          const least = all.replace(/0+$/, '').length
          const fraction = all.slice(0, Math.min(places, least + zeros))
          const text = `${of === 'BRL' ? before : ''}${grouped}${fraction === '' ? '' : point + fraction}`
          const read = typedAmount(text, of)
          expect(read === undefined || read === units, `${text} in ${of} was read as ${read}`).toBe(true)
          // With all of its decimals nothing is in doubt.
          const inFull = `${grouped}${places === 0 ? '' : point + all}`
          expect(typedAmount(inFull, of), inFull).toBe(units)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('whatever is typed, what is read is never above its digits taken as a whole number of the currency', () => {
    const typed = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[0-9]{1,5}([., \u00a0][0-9]{0,4}){0,3}( ?sats?| BTC)?$/),
    )
    fc.assert(
      fc.property(currency, typed, (of, text) => {
        const typed = readTyped(text, of)
        if (typed.is !== 'amount') return
        const digits = BigInt(text.replace(/\D/g, ''))
        const isWhole = of === 'sats' || /sat/i.test(text)
        const most = digits * (isWhole ? 1n : 10n ** BigInt(decimalsOf[assetIn(of)]))
        expect(typed.units <= most, `${text} in ${of} was read as ${typed.units}`).toBe(true)
        // With a sign that has other than three digits behind it, the digits behind it are decimals.
        const [, behind] = /[.,](\d{1,2}|\d{4,})(?!\d)[^.,]*$/.exec(text) ?? []
        if (behind === undefined || isWhole) return
        expect(typed.units * 10n ** BigInt(behind.length)).toBe(
          digits * 10n ** BigInt(decimalsOf[assetIn(of)]),
        )
      }),
      { numRuns: 2_000 },
    )
  })
})
