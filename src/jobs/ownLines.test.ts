/** Which lines of one transfer or invoice nothing booked accounts for, as tables. */
import { describe, expect, test } from 'vitest'
import { instant } from '../base/world.ts'
import { notBack, unaccounted } from './ownLines.ts'

const linesOf = (units: readonly bigint[]) => units.map((each, at) => ({ id: `${at}`, units: each, createdAt: instant(at) }))
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
    ['what went back in two lines and was booked at once', [10_000n, -3_000n, -3_000n], [10_000n, -50n], { out: 6_000n, in: 0n }, []],
    ['more went back than is booked', [10_000n, -3_000n, -3_000n], [10_000n, -50n], { out: 3_000n, in: 0n }, [-3_000n]],
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
    ['its leaving was seen at an earlier look', [9_800n, 100n], []],
    ['its charge was kept', [-9_800n, -100n, 9_800n], [-100n]],
    ['nothing came back', [-9_800n, -100n], [-9_800n, -100n]],
  ])('%s', (_, lines, odd) => {
    expect(unitsOf(notBack(linesOf(lines)))).toEqual(odd)
  })
})
