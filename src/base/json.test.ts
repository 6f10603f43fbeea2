/** Money and large numbers are exact in what programs read. */
import { expect, test } from 'vitest'
import { jsonText } from './json.ts'
import { brl, btc } from './money.ts'

const read = (value: unknown): unknown => JSON.parse(jsonText(value))

test('money is written as decimals and as whole units, beyond what a JSON number holds', () => {
  expect(jsonText(brl(9_007_199_254_740_993n))).toBe(
    '{"asset":"BRL","amount":"90071992547409.93","units":"9007199254740993"}',
  )
  expect(read([btc(1n), brl(-5n)])).toEqual([
    { amount: '0.00000001', units: '1', asset: 'BTC' },
    { amount: '-0.05', units: '-5', asset: 'BRL' },
  ])
})

test('an amount may be part of what it is the amount of, and hold others', () => {
  expect(read({ id: 'pay_1', ...brl(250n), withheld: brl(50n), why: null })).toEqual({
    ...{ id: 'pay_1', amount: '2.50', units: '250', asset: 'BRL', why: null },
    withheld: { amount: '0.50', units: '50', asset: 'BRL' },
  })
})

test('a count stays a number, a large number is text, and what is undefined is left out', () => {
  expect(read({ tries: 3, seq: 9_007_199_254_740_993n, none: undefined, units: '7', asset: 'BRL' })).toEqual({
    ...{ tries: 3, seq: '9007199254740993', units: '7', asset: 'BRL' },
  })
})
