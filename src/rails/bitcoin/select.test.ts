/** Coins are chosen few, then small, and always the same. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Coin } from '../chain.ts'
import { select } from './select.ts'

const coin = (units: bigint, place = 0): Coin => ({
  outpoint: `${place.toString(16).padStart(64, '0')}:0`,
  units,
  branch: 'receive',
  index: place,
})
const coins = (...units: number[]) => units.map((each, place) => coin(BigInt(each), place))
const chosen = (from: Coin[], units: number, must?: Coin[]) =>
  select(from, BigInt(units), must)?.map(each => Number(each.units))

test.each([
  ['the smallest that does', [100, 50, 20], 45, [50]],
  ['two where one does not', [30, 20, 10], 45, [30, 20]],
  ['a small second one', [100, 90, 10, 5], 104, [5, 100]],
  ['the whole purse', [1, 2, 3], 6, [1, 2, 3]],
  ['what is exact', [7, 10, 13], 10, [10]],
])('takes %s', (_, from, units, taken) => {
  expect(chosen(coins(...from), units)?.toSorted((a, b) => a - b)).toEqual(taken.toSorted((a, b) => a - b))
})

test('takes what it must, and more only where that does not do', () => {
  const [large, middle, small] = coins(100, 60, 30) as [Coin, Coin, Coin]
  expect(chosen([large, middle, small], 20, [large])).toEqual([100])
  expect(chosen([large, middle, small], 120, [large])).toEqual([100, 30])
  expect(chosen([large, small], 95, [middle])).toEqual([60, 100])
})

test('answers nothing where all together are too little', () => {
  expect(select(coins(1, 2, 3), 7n)).toBeUndefined()
  expect(select([], 1n)).toBeUndefined()
})

const purse = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 12 })

test('no fewer coins would do, and none of those taken is one too many', () => {
  fc.assert(
    fc.property(purse, fc.integer({ min: 1, max: 1_000 }), (units, wanted) => {
      const taken = chosen(coins(...units), wanted)
      const sum = (list: number[]) => list.reduce((total, each) => total + each, 0)
      if (!taken) {
        expect(sum(units)).toBeLessThan(wanted)
        return
      }
      expect(sum(taken)).toBeGreaterThanOrEqual(wanted)
      const largest = units.toSorted((a, b) => b - a).slice(0, taken.length - 1)
      expect(sum(largest)).toBeLessThan(wanted)
    }),
  )
})

test('the order of the coins changes nothing', () => {
  fc.assert(
    fc.property(purse, fc.integer({ min: 1, max: 400 }), (units, wanted) => {
      const from = coins(...units)
      const names = (list: Coin[]) =>
        select(list, BigInt(wanted))
          ?.map(({ outpoint }) => outpoint)
          .sort()
      expect(names(from.toReversed())).toEqual(names(from))
    }),
  )
})
