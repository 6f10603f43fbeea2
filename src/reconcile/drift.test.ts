/** When the bank and the books stop payouts, and when they let them go: look after look, as a table. */
import { describe, expect, test } from 'vitest'
import { instant } from '../base/world.ts'
import { orderMarginUnits } from '../ledger/ledger.ts'
import {
  apartForMs,
  bandsOf,
  explainedForMs,
  hiddenForMs,
  judgeDrift,
  type Band,
  type DriftLook,
  type DriftState,
  type OrderUnderWay,
  type OurLine,
} from './drift.ts'

const minute = 60_000
const none = { low: 0n, high: 0n }
const upTo = (units: bigint) => ({ low: -units, high: 0n })

/**
 * Looks as [minute, drift, what orders under way may take], and after each of them whether payouts are
 * stopped.
 */
type Look = readonly [minute: number, units: bigint, underWay: bigint, stopped: boolean]

function stops(looks: readonly Look[]): boolean[] {
  let state: DriftState | undefined
  return looks.map(([at, units, underWay]) => {
    const look: DriftLook = { units, likely: upTo(underWay), exact: none, at: instant(at * minute) }
    state = judgeDrift(state, look)
    return state.stoppedSince !== undefined
  })
}

describe('payouts', () => {
  test.each<[string, Look[]]>([
    [
      'go on while the two agree',
      [
        [0, 0n, 0n, false],
        [5, 0n, 0n, false],
      ],
    ],
    ['are not stopped by one look, which may be a race', [[0, -500_000n, 0n, false]]],
    [
      'are not stopped by two looks within a moment of each other',
      [
        [0, -500_000n, 0n, false],
        [1, -500_000n, 0n, false],
      ],
    ],
    [
      'are stopped by what is missing in two looks of the job, though a cent of it changes',
      [
        [0, -500_000n, 0n, false],
        [5, -500_001n, 0n, true],
        [10, -499_999n, 0n, true],
      ],
    ],
    [
      'are stopped by a cent that lasts',
      [
        [0, -1n, 0n, false],
        [5, -1n, 0n, true],
      ],
    ],
    [
      'are stopped by too much as by too little',
      [
        [0, 777n, 0n, false],
        [5, 777n, 0n, true],
      ],
    ],
    [
      'are not stopped by a race that is over at the next look',
      [
        [0, -500n, 0n, false],
        [5, 0n, 0n, false],
        [10, -500n, 0n, false],
      ],
    ],
    [
      'stay stopped though a payment on its way could explain what is missing',
      [
        [0, -500_000n, 0n, false],
        [5, -500_000n, 0n, true],
        [10, -500_000n, 600_000n, true],
        [15, -500_000n, 600_000n, true],
      ],
    ],
    [
      'stay stopped at the first look that agrees, and go on with the second',
      [
        [0, -500n, 0n, false],
        [5, -500n, 0n, true],
        [10, 0n, 0n, true],
        [15, 0n, 0n, false],
      ],
    ],
    [
      'stay stopped when the two agree only now and then',
      [
        [0, -500n, 0n, false],
        [5, -500n, 0n, true],
        [10, 0n, 0n, true],
        [15, -500n, 600n, true],
        [20, 0n, 0n, true],
      ],
    ],
    [
      'are stopped after half an hour though each look is covered by what is under way',
      [
        [0, -500_000n, 600_000n, false],
        [10, -500_000n, 600_000n, false],
        [29, -500_000n, 600_000n, false],
        [30, -500_000n, 600_000n, true],
      ],
    ],
    [
      'are not stopped by a busy account that is explained in between',
      [
        [0, -500n, 600n, false],
        [20, 0n, 600n, false],
        [40, -500n, 600n, false],
        [60, 0n, 600n, false],
      ],
    ],
    [
      'wait again after the clock was set back',
      [
        [60, -500n, 0n, false],
        [0, -500n, 0n, false],
        [5, -500n, 0n, true],
      ],
    ],
  ])('%s', (_, looks) => {
    expect(stops(looks)).toEqual(looks.map(([, , , stopped]) => stopped))
  })

  test('the job’s five minutes are two looks, and no more than that', () => {
    for (const ms of [apartForMs, explainedForMs])
      expect([ms > minute, ms < 5 * minute]).toEqual([true, true])
    expect(hiddenForMs).toBeGreaterThan(5 * minute)
  })
})

describe('what is under way', () => {
  const ours = { booked: 'no', recent: false } as const
  const order = { units: 9_800n, shown: false, old: false }
  const margin = orderMarginUnits

  test.each<[string, OrderUnderWay[], OurLine[], Band, Band | undefined]>([
    ['nothing', [], [], none, none],
    [
      'a credit that is not booked yet is there to the cent',
      [],
      [{ ...ours, units: 10_000n }],
      { low: 10_000n, high: 10_000n },
      undefined,
    ],
    [
      'what is booked counts no more',
      [],
      [{ units: 10_000n, booked: 'yes', recent: false }],
      none,
      undefined,
    ],
    [
      'a credit of these seconds may be in the balance or not',
      [],
      [{ ...ours, recent: true, units: 10_000n }],
      { low: 0n, high: 10_000n },
      undefined,
    ],
    [
      'and one that is booked already may be missing',
      [],
      [{ units: 10_000n, booked: 'yes', recent: true }],
      { low: -10_000n, high: 0n },
      undefined,
    ],
    [
      'a line that is booked or not may count or not',
      [],
      [{ ...ours, booked: 'perhaps', units: -50n }],
      { low: -50n, high: 0n },
      undefined,
    ],
    ['an order may have left, with its charge', [order], [], none, { low: -9_800n - margin, high: 0n }],
    [
      'one that the statement shows has left to the cent, and its charge may follow',
      [{ ...order, shown: true }],
      [{ ...ours, units: -9_800n }],
      { low: -9_800n, high: -9_800n },
      { low: -9_800n - margin, high: -9_800n },
    ],
    [
      'one from before the statement’s time may have left long ago',
      [{ ...order, old: true }],
      [],
      { low: -9_800n - margin, high: 0n },
      { low: -9_800n - margin, high: 0n },
    ],
  ])('%s', (_, orders, lines, exact, likely) => {
    expect(bandsOf(orders, lines)).toEqual({ exact, likely: likely ?? exact })
  })
})
