/** Fee shares add up to the satoshi, and sizes are those of real transactions. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shareFee } from '../../base/money.ts'
import { feeOf, sizeOf } from './fees.ts'

const payees = fc
  .array(fc.bigInt({ min: 1n, max: 2_100_000_000_000_000n }), { minLength: 1, maxLength: 40 })
  .map(units => units.map((each, place) => ({ key: `pay_${place}`, units: each })))
const fee = fc.bigInt({ min: 0n, max: 10_000_000_000n })

test('the shares add up to the fee, and each is within a satoshi of its proportion', () => {
  fc.assert(
    fc.property(fee, payees, (feeUnits, owed) => {
      const total = owed.reduce((sum, { units }) => sum + units, 0n)
      const shares = shareFee(feeUnits, owed)
      expect(shares.reduce((sum, share) => sum + share, 0n)).toBe(feeUnits)
      for (const [place, { units }] of owed.entries()) {
        const off = shares[place]! * total - feeUnits * units
        expect(off > -total && off < total).toBe(true)
      }
    }),
  )
})

test('who is owed more never bears less', () => {
  fc.assert(
    fc.property(fee, payees, (feeUnits, owed) => {
      const shares = shareFee(feeUnits, owed)
      const rising = owed
        .map(({ units }, place) => ({ units, share: shares[place]! }))
        .sort((a, b) => (a.units < b.units ? -1 : 1))
      for (const [place, { units, share }] of rising.entries()) {
        const before = rising[place - 1]
        if (before && before.units < units) expect(before.share <= share).toBe(true)
      }
    }),
  )
})

test('the order of the payees does not change what each bears', () => {
  fc.assert(
    fc.property(fee, payees, fc.nat(), (feeUnits, owed, turn) => {
      const byKey = (list: typeof owed) =>
        new Map(shareFee(feeUnits, list).map((share, place) => [list[place]!.key, share]))
      const turned = [...owed.slice(turn % owed.length), ...owed.slice(0, turn % owed.length)].reverse()
      for (const [key, share] of byKey(turned)) expect(share).toBe(byKey(owed).get(key))
    }),
    { numRuns: 50 },
  )
})

test('the largest remainders get the satoshis that are left, and equal ones in the order of their keys', () => {
  // 10 × 5/14 = 3 and 8/14, 10 × 4/14 = 2 and 12/14: two satoshis are left, both for remainders of 12/14.
  expect(
    shareFee(10n, [
      { key: 'a', units: 5n },
      { key: 'b', units: 4n },
      { key: 'c', units: 4n },
      { key: 'd', units: 1n },
    ]),
  ).toEqual([3n, 3n, 3n, 1n])
  const alike = ['c', 'a', 'b'].map(key => ({ key, units: 7n }))
  expect(shareFee(10n, alike)).toEqual([3n, 4n, 3n])
})

test('a fee of nobody is a mistake', () => {
  expect(() => shareFee(1n, [])).toThrow(RangeError)
  expect(() => shareFee(-1n, [{ key: 'a', units: 1n }])).toThrow(RangeError)
})

const wpkh = new Uint8Array(22)
const tr = new Uint8Array(34)
test.each([
  // 10.5 of frame, 68 an input, 31 an output; for taproot 57.5 and 43. Rounded up.
  ['one native segwit input to two outputs', 'wpkh', 1, [wpkh, wpkh], 141],
  ['two native segwit inputs to one output', 'wpkh', 2, [wpkh], 178],
  ['one taproot input to two outputs', 'tr', 1, [tr, tr], 154],
  ['two taproot inputs to one native segwit output', 'tr', 2, [wpkh], 157],
  ['253 inputs, whose number takes three bytes', 'tr', 253, [tr], 14_603],
] as const)('the size of %s', (_, kind, inputs, scripts, size) => {
  expect(sizeOf(kind, inputs, scripts)).toBe(size)
})

test('a fee is rounded up to a whole satoshi', () => {
  expect([feeOf(1_000n, 141), feeOf(1_001n, 141), feeOf(2_500n, 3), feeOf(0n, 141)]).toEqual([
    141n,
    142n,
    8n,
    0n,
  ])
})
