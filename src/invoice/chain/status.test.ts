/**
 * Standing is one function of what lies where: whatever came in whatever order, the same coins mean the same.
 */
import { sentence } from '../../base/reasons.ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LatePolicy } from '../../base/bitcoinSettings.ts'
import { instant } from '../../base/world.ts'
import { confirmationsFor, requestStatus, type Asked, type Sighting, type Terms } from './status.ts'

const due = 1_000_000_000
const watched = due + 500_000
const asked: Asked = {
  units: 10_000n,
  quoteUnits: 6_000n,
  rateUnits: 60_000_000n,
  dueAt: instant(due),
  watchUntil: instant(watched),
  confirmations: 3,
  takenOn: false,
}
const terms: Terms = { now: due - 10, payoutDepth: 6, late: { is: 'accept', within: 200n } }
const coin = (units: bigint, depth: number, also: Partial<Sighting> = {}): Sighting => ({
  ...{ units, depth, firstSeenAt: instant(due - 100), rateUnits: 60_000_000n },
  ...also,
})
const late = (units: bigint, depth: number, rateUnits: bigint | undefined = 60_000_000n) =>
  coin(units, depth, { firstSeenAt: instant(due + 1), rateUnits })

describe('a state for each sum and depth', () => {
  test.each([
    { coins: [], state: 'issued', missing: 10_000n },
    { coins: [coin(10_000n, -1)], state: 'issued', missing: 10_000n },
    { coins: [coin(9_999n, 9)], state: 'underpaid', missing: 1n },
    { coins: [coin(10_000n, 0)], state: 'seen', missing: 0n },
    { coins: [coin(10_000n, 1)], state: 'confirming', missing: 0n },
    { coins: [coin(10_000n, 2)], state: 'confirming', missing: 0n },
    { coins: [coin(10_000n, 3)], state: 'paid', missing: 0n },
    { coins: [coin(10_000n, 5)], state: 'paid', missing: 0n },
    { coins: [coin(10_000n, 6)], state: 'credited', missing: 0n },
    // The deepest that cover it decide, and what came on top takes nothing back.
    { coins: [coin(10_000n, 6), coin(5_000n, 0)], state: 'credited', missing: 0n },
    { coins: [coin(6_000n, 6), coin(4_000n, 1), coin(4_000n, 3)], state: 'paid', missing: 0n },
    { coins: [coin(6_000n, 6), coin(4_000n, 0)], state: 'seen', missing: 0n },
    { coins: [coin(6_000n, 6), coin(4_000n, -1)], state: 'underpaid', missing: 4_000n },
  ] as const)('$state', ({ coins, state, missing }) => {
    expect(requestStatus(asked, coins, terms)).toMatchObject({ state, missing })
  })

  test.each([
    { now: due, coins: [], state: 'issued' },
    { now: due + 1, coins: [], state: 'expired' },
    { now: watched, coins: [coin(1n, 6)], state: 'underpaid' },
    { now: watched + 1, coins: [coin(1n, 6)], state: 'late' },
    { now: watched + 1, coins: [coin(10_000n, 6)], state: 'credited' },
    { now: watched + 1, coins: [coin(10_000n, -1)], state: 'expired' },
  ] as const)('at $now with $coins.length coins it is $state', ({ now, coins, state }) => {
    expect(requestStatus(asked, coins, { ...terms, now }).state).toBe(state)
  })

  test.each([
    { depth: 5, state: 'paid' },
    { depth: 6, state: 'paid' },
    { depth: 99, state: 'paid' },
    { depth: 100, state: 'credited' },
  ] as const)('a miner’s reward $depth blocks deep is $state', ({ depth, state }) => {
    expect(requestStatus(asked, [coin(10_000n, depth, { ripeDepth: 100 })], terms).state).toBe(state)
    // What covers it without the reward does not wait for that.
    const both = [coin(10_000n, 6), coin(10_000n, depth, { ripeDepth: 100 })]
    expect(requestStatus(asked, both, terms).state).toBe('credited')
  })

  test('more confirmations than the payout depth are asked for before it is credited', () => {
    expect(requestStatus({ ...asked, confirmations: 9 }, [coin(10_000n, 8)], terms).state).toBe('confirming')
    expect(requestStatus({ ...asked, confirmations: 9 }, [coin(10_000n, 9)], terms).state).toBe('credited')
  })
})

describe('what comes late', () => {
  const at = (policy: LatePolicy): Terms => ({ ...terms, now: due + 10, late: policy })
  test.each<{ policy: LatePolicy; coins: Sighting[]; state: string; missing: bigint }>([
    { policy: { is: 'hold' }, coins: [late(10_000n, 6)], state: 'late', missing: 10_000n },
    {
      policy: { is: 'accept', within: 200n },
      coins: [late(10_000n, 6, 61_200_000n)],
      state: 'credited',
      missing: 0n,
    },
    {
      policy: { is: 'accept', within: 200n },
      coins: [late(10_000n, 6, 61_200_001n)],
      state: 'late',
      missing: 10_000n,
    },
    {
      policy: { is: 'accept', within: 200n },
      coins: [late(10_000n, 6, 58_799_999n)],
      state: 'late',
      missing: 10_000n,
    },
    { policy: { is: 'accept', within: 0n }, coins: [late(10_000n, 6)], state: 'credited', missing: 0n },
    {
      policy: { is: 'reprice' },
      coins: [late(10_000n, 6, 54_000_000n)],
      state: 'underpaid',
      missing: 1_000n,
    },
    { policy: { is: 'reprice' }, coins: [late(9_000n, 6, 66_666_667n)], state: 'credited', missing: 0n },
    // Rounded down: a satoshi of worth is never made up.
    { policy: { is: 'reprice' }, coins: [late(9_000n, 6, 66_666_666n)], state: 'underpaid', missing: 1n },
  ])('$policy.is: $state', ({ policy, coins, state, missing }) => {
    expect(requestStatus(asked, coins, at(policy))).toMatchObject({ state, missing })
  })

  test('without a rate, or after the watch, a person decides', () => {
    const unpriced = coin(10_000n, 6, { firstSeenAt: instant(due + 1), rateUnits: undefined })
    const after = coin(10_000n, 6, { firstSeenAt: instant(watched + 1) })
    for (const one of [unpriced, after]) {
      for (const policy of [{ is: 'reprice' }, { is: 'accept', within: 5_000n }] as const)
        expect(requestStatus(asked, [one], at(policy))).toMatchObject({ state: 'late', counts: [false] })
      expect(requestStatus({ ...asked, takenOn: true }, [one], at({ is: 'hold' }))).toMatchObject({
        state: 'credited',
        counts: [true],
      })
    }
  })

  test('satoshis asked for are satoshis at any price, and after the watch a person’s', () => {
    const inSats = { ...asked, quoteUnits: undefined, rateUnits: undefined }
    expect(requestStatus(inSats, [late(10_000n, 6, 1n)], at({ is: 'accept', within: 0n })).state).toBe(
      'credited',
    )
    expect(requestStatus(inSats, [late(10_000n, 6, 1n)], at({ is: 'reprice' })).state).toBe('credited')
    expect(requestStatus(inSats, [late(10_000n, 6, 1n)], at({ is: 'hold' })).state).toBe('late')
    expect(
      requestStatus(inSats, [coin(10_000n, 6, { firstSeenAt: instant(watched + 1) })], at({ is: 'reprice' }))
        .state,
    ).toBe('late')
  })

  test('what a person must say about is named beside what is enough without it', () => {
    const found = requestStatus(asked, [coin(10_000n, 6), late(700n, 6)], at({ is: 'hold' }))
    expect(found).toMatchObject({ state: 'credited', counts: [true, false], received: 10_700n })
    expect(sentence(found.why)).toMatch(/and 700 came late: a person decides about those/)
  })
})

const policies = fc.oneof(
  fc.constant<LatePolicy>({ is: 'hold' }),
  fc.constant<LatePolicy>({ is: 'reprice' }),
  fc.bigInt(0n, 5_000n).map((within): LatePolicy => ({ is: 'accept', within })),
)
const sightings = fc.record({
  units: fc.oneof(fc.bigInt(0n, 12_000n), fc.bigInt(0n, 3n)),
  depth: fc.integer({ min: -1, max: 9 }),
  firstSeenAt: fc.constantFrom(due - 1, due, due + 1, watched, watched + 1).map(instant),
  rateUnits: fc.option(fc.bigInt(30_000_000n, 90_000_000n), { nil: undefined }),
})
const askings = fc.record({
  units: fc.bigInt(1n, 20_000n),
  priced: fc.boolean(),
  confirmations: fc.integer({ min: 1, max: 9 }),
  takenOn: fc.boolean(),
})
const situations = fc.record({
  asking: askings.map(({ priced, ...rest }): Asked => ({
    ...asked,
    ...rest,
    ...(!priced && { quoteUnits: undefined, rateUnits: undefined }),
  })),
  coins: fc.array(sightings, { maxLength: 6 }),
  terms: fc.record({
    now: fc.constantFrom(due, due + 1, watched, watched + 1),
    payoutDepth: fc.integer({ min: 1, max: 9 }),
    late: policies,
  }),
})
type Situation = { asking: Asked; coins: Sighting[]; terms: Terms }
const holds = (rule: (situation: Situation) => void) =>
  fc.assert(fc.property(situations, rule), { numRuns: 1_000 })
const sum = (units: bigint[]) => units.reduce((total, each) => total + each, 0n)

describe('whatever came', () => {
  test('the order it is told in means nothing', () => {
    fc.assert(
      fc.property(
        situations,
        fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
        ({ asking, coins, terms: at }, keys) => {
          const order = coins.map((_, index) => index).toSorted((a, b) => keys[a]! - keys[b]! || a - b)
          const told = requestStatus(asking, coins, at)
          const shuffled = requestStatus(
            asking,
            order.map(index => coins[index]!),
            at,
          )
          expect({ ...shuffled, counts: [] }).toEqual({ ...told, counts: [] })
          expect(shuffled.counts).toEqual(order.map(index => told.counts[index]))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  test('what counts and what is missing are together what was asked, where no price changes its worth', () => {
    holds(({ asking, coins, terms: at }) => {
      fc.pre(at.late.is !== 'reprice' || asking.takenOn || asking.rateUnits === undefined)
      const { counts, missing, received } = requestStatus(asking, coins, at)
      const counted = sum(coins.filter((_, index) => counts[index]).map(({ units }) => units))
      expect(missing).toBe(counted >= asking.units ? 0n : asking.units - counted)
      expect(received).toBe(sum(coins.filter(({ depth }) => depth >= 0).map(({ units }) => units)))
    })
  })

  test('nothing is credited that does not lie as deep as both rules ask, and nothing is paid above its confirmations', () => {
    holds(({ asking, coins, terms: at }) => {
      const { state, counts, depth } = requestStatus(asking, coins, at)
      const counted = coins.filter((_, index) => counts[index])
      const least = {
        credited: Math.max(asking.confirmations, at.payoutDepth),
        paid: asking.confirmations,
        confirming: 1,
        seen: 0,
      }
      if (!(state in least)) return
      const deep = counted.filter(one => one.depth >= least[state as keyof typeof least])
      expect(depth).toBeGreaterThanOrEqual(least[state as keyof typeof least])
      const enough = at.late.is === 'reprice' || sum(deep.map(({ units }) => units)) >= asking.units
      expect(enough || (asking.takenOn && deep.length === counted.length)).toBe(true)
    })
  })

  test('one block more never takes anything back, and a payment that leaves never gives anything', () => {
    const rank = ['issued', 'expired', 'late', 'underpaid', 'seen', 'confirming', 'paid', 'credited']
    holds(({ asking, coins, terms: at }) => {
      const now = requestStatus(asking, coins, at)
      const buried = requestStatus(
        asking,
        coins.map(one => (one.depth > 0 ? { ...one, depth: one.depth + 1 } : one)),
        at,
      )
      expect(rank.indexOf(buried.state)).toBeGreaterThanOrEqual(rank.indexOf(now.state))
      for (const index of coins.keys()) {
        const without = requestStatus(asking, coins.with(index, { ...coins[index]!, depth: -1 }), at)
        expect(without.missing).toBeGreaterThanOrEqual(now.missing)
      }
    })
  })

  test('what is held is never counted by itself, and what a person took on always is while it is there', () => {
    holds(({ asking, coins, terms: at }) => {
      const { counts, state } = requestStatus(asking, coins, at)
      for (const [index, one] of coins.entries()) {
        const inTime = Date.parse(one.firstSeenAt) <= due
        if (one.depth < 0) expect(counts[index]).toBe(false)
        else if (asking.takenOn || inTime) expect(counts[index]).toBe(true)
        else if (at.late.is === 'hold' || Date.parse(one.firstSeenAt) > watched)
          expect(counts[index]).toBe(false)
      }
      if (asking.takenOn) expect(['late', 'underpaid']).not.toContain(state)
    })
  })
})

describe('confirmations by value', () => {
  const rules = [
    { belowUnits: 50_000n, confirmations: 1 },
    { belowUnits: 2_000_000n, confirmations: 3 },
    { belowUnits: undefined, confirmations: 6 },
  ]
  test.each([
    [0n, 1],
    [49_999n, 1],
    [50_000n, 3],
    [1_999_999n, 3],
    [2_000_000n, 6],
    [undefined, 6],
  ])('%s centavos ask for %i', (units, blocks) => {
    expect(confirmationsFor(rules, units)).toBe(blocks)
  })
})
