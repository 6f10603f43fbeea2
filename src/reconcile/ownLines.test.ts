/** Which lines of one transfer or invoice nothing booked accounts for, as tables. */
import { describe, expect, test } from 'vitest'
import { instant } from '../base/world.ts'
import { comingTo, unaccounted } from '../ledger/ledger.ts'
import { notBack, setOff } from './ownLines.ts'

const linesOf = (units: readonly bigint[]) =>
  units.map((each, at) => ({ id: `${at}`, units: each, createdAt: instant(at) }))
const unitsOf = (lines: readonly { units: bigint }[]) => lines.map(({ units }) => units)
const none = { out: 0n, in: 0n }

describe('of what is settled', () => {
  test.each<[string, bigint[], bigint[], { out: bigint; in: bigint }, bigint[]]>([
    ['a transfer and its charge', [-9_800n, -100n], [-9_800n, -100n], none, []],
    ['the two in one line', [-9_900n], [-9_800n, -100n], none, []],
    ['a line that came before the look is not missed', [-100n], [-9_800n, -100n], none, []],
    ['it came back, and nobody knows', [-9_800n, 9_800n], [-9_800n, -100n], none, [9_800n]],
    ['it left twice', [-9_800n, -9_800n], [-9_800n, -100n], none, [-9_800n]],
    ['another charge', [-9_800n, -100n, -50n], [-9_800n, -100n], none, [-50n]],
    [
      'what went back in two lines and was booked at once',
      [10_000n, -3_000n, -3_000n],
      [10_000n, -50n],
      { out: 6_000n, in: 0n },
      [],
    ],
    [
      'more went back than is booked',
      [10_000n, -3_000n, -3_000n],
      [10_000n, -50n],
      { out: 3_000n, in: 0n },
      [-3_000n],
    ],
    ['what went back came again', [-6_000n, 6_000n], [10_000n, -50n], { out: 6_000n, in: 6_000n }, []],
  ])('%s', (_, lines, parts, returned, odd) => {
    expect(unitsOf(unaccounted(linesOf(lines), { parts, returned }))).toEqual(odd)
  })
})

describe('of an order that came to nothing', () => {
  test.each<[string, bigint[], bigint[]]>([
    ['it never left', [], []],
    ['all came back', [-9_800n, -100n, 9_800n, 100n], []],
    ['all came back in one line', [-9_800n, -100n, 9_900n], []],
    ['more came than had left', [-9_800n, -100n, 9_800n, 100n, 9_800n], [9_800n]],
    ['its charge was kept', [-9_800n, -100n, 9_800n], [-100n]],
    ['nothing came back', [-9_800n, -100n], [-9_800n, -100n]],
  ])('%s', (_, lines, odd) => {
    expect(unitsOf(notBack(linesOf(lines)))).toEqual(odd)
  })
})

describe('what left and came', () => {
  test.each<[string, bigint[], [bigint, bigint][]]>([
    ['is set off where it is as much, and came later', [-9_800n, 9_800n], [[-9_800n, 9_800n]]],
    ['is not where it came before', [9_800n, -9_800n], []],
    ['is not where it is another amount', [-9_800n, 9_900n], []],
    ['is each once', [-100n, -100n, 100n], [[-100n, 100n]]],
    [
      'is both where both were given back',
      [-100n, -50n, 50n, 100n],
      [
        [-50n, 50n],
        [-100n, 100n],
      ],
    ],
  ])('%s', (_, lines, pairs) => {
    expect(setOff(linesOf(lines)).map(pair => unitsOf(pair))).toEqual(pairs)
  })
})

describe('lines that come to what was booked', () => {
  test.each<[string, bigint[], bigint, bigint[]]>([
    ['one of that amount', [-30n, -60n], -60n, [-60n]],
    ['two that are it together', [-30n, -20n, -30n], -60n, [-30n, -30n]],
    ['none that are less or more', [-30n, -50n], -60n, []],
    ['none for nothing', [-30n], 0n, []],
  ])('%s', (_, lines, units, found) => {
    expect(unitsOf(comingTo(linesOf(lines), units))).toEqual(found)
  })
})
