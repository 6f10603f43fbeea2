/**
 * The basket's text: what is written is read again, and whatever else a browser sends is an empty basket or a
 * part of one, never a failure.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { newId, type Id } from '../../../base/id.ts'
import { maxLines, maxOfOne } from '../../../shop/shop.ts'
import { systemClock, systemRandom } from '../../../base/clock.ts'
import { readBasket, readQuantity, withAdded, withQuantity, writtenBasket } from './cookie.ts'

const id = () => newId('product', { clock: systemClock, random: systemRandom })
const full = Array.from({ length: maxLines }, () => ({ productId: id(), quantity: maxOfOne }))

test('the fullest basket is read as it was written, and fits in a cookie', () => {
  const text = writtenBasket(full)
  expect(readBasket(text)).toEqual(full)
  // RFC 6265, 6.1: 4096 bytes with name and attributes.
  expect(text.length).toBeLessThan(3_500)
  expect(text).toMatch(/^[\w.~]+$/)
})

test('any text is read without a failure, into lines that an order may have', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ maxLength: 3_000 }), fc.stringMatching(/^[0-9a-z.~]{0,200}$/)), text => {
      for (const { productId, quantity } of readBasket(text)) {
        expect(productId).toMatch(/^prd_[0-9a-z]{26}$/)
        expect(quantity >= 1n && quantity <= maxOfOne).toBe(true)
      }
    }),
  )
})

test('one of each line that is there twice is kept', () => {
  const [name] = [id().slice(4)]
  expect(readBasket(`${name}.1~${name}.3`)).toEqual([{ productId: `prd_${name}`, quantity: 3n }])
})

test('adding stops at what one order takes', () => {
  const [mug, cup]: Id<'product'>[] = [id(), id()]
  expect(withAdded([], mug!, 1n)).toEqual({ is: 'changed', lines: [{ productId: mug, quantity: 1n }] })
  expect(withAdded([{ productId: mug!, quantity: 98n }], mug!, 5n)).toEqual({
    is: 'changed',
    lines: [{ productId: mug, quantity: 99n }],
  })
  expect(withAdded(full, cup!, 1n)).toEqual({ is: 'full' })
  // One that is there already is no new line.
  expect(withAdded(full, full[0]!.productId, 1n)).toMatchObject({ is: 'changed' })
})

test('a quantity replaces, and 0 takes out', () => {
  const lines = [
    { productId: 'a', quantity: 1n },
    { productId: 'b', quantity: 2n },
  ]
  expect(withQuantity(lines, 'a', 7n)).toEqual([{ productId: 'a', quantity: 7n }, lines[1]])
  expect(withQuantity(lines, 'a', 0n)).toEqual([lines[1]])
  expect(withQuantity(lines, 'c', 3n)).toEqual(lines)
})

test.each([
  ['0', 0n],
  ['7', 7n],
  ['99', 99n],
  ['099', 99n],
  ['100', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['', undefined],
  ['１', undefined],
])('%j typed is the quantity %s', (text, quantity) => expect(readQuantity(text)).toBe(quantity))
