/** A price is read from the text it was written in, never through a float. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson, readPrice } from './source.ts'

test.each([
  ['612345.67', 61_234_567n],
  ['612345.67000000', 61_234_567n],
  ['612345', 61_234_500n],
  ['6.1234567e5', 61_234_567n],
  ['6.1234567E+5', 61_234_567n],
  ['61234567e-2', 61_234_567n],
  ['612345.674999', 61_234_567n],
  ['612345.675', 61_234_568n],
  ['0.005', 1n],
  ['999999999999.99', 99_999_999_999_999n],
  // As a float this is 612345.67 and a little less; as text it is what it says.
  ['612345.670000000000000000001', 61_234_567n],
])('%s is %d centavos', (text, price) => expect(readPrice(text)).toBe(price))

test.each([
  '',
  '0',
  '0.004',
  '-1',
  '-612345.67',
  '+1',
  'NaN',
  'Infinity',
  '1,50',
  '1e400',
  '1e99',
  '0x10',
  '1_000',
  ' 1',
  '1000000000000',
  '.5',
])('%j is no price', text => expect(readPrice(text)).toBeUndefined())

test('a number in JSON is left as its source wrote it, and nothing else changes', () => {
  expect(parseJson('{"a": 612345.670, "b": [1e5, "2"], "c": null, "d": 9007199254740993.01}')).toEqual({
    a: '612345.670',
    b: ['1e5', '2'],
    c: null,
    d: '9007199254740993.01',
  })
})

test('every price that two decimals can say is read to the centavo', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 14n - 1n }), price => {
      const text = `${price / 100n}.${(price % 100n).toString().padStart(2, '0')}`
      expect(readPrice(parseJson(text) as string)).toBe(price)
    }),
    { seed: 41 },
  )
})
