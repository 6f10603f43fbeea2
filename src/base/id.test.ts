/** Ids sort by time, do not repeat, and say what they name. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom, systemRandom } from './clock.ts'
import { isId, newId, type Kind } from './id.ts'
import type { Clock, Random } from './world.ts'

const at = (now: number): Clock => ({ now: () => now, sleep: async () => {} })
const made = (now: number, random: Random = seededRandom(now)) => newId('invoice', { clock: at(now), random })
const filled = (byte: number): Random => ({
  ...seededRandom(0),
  bytes: count => new Uint8Array(count).fill(byte),
})

test('it has its kind before 26 lower-case characters', () => {
  const prefixes: Record<Kind, string> = {
    store: 'sto',
    account: 'acc',
    schedule: 'sch',
    slot: 'slo',
    run: 'run',
    invoice: 'inv',
    twin: 'twn',
    refund: 'ref',
    payout: 'pay',
    attempt: 'att',
    bundle: 'bun',
    transaction: 'txn',
    user: 'usr',
    session: 'ses',
    product: 'prd',
    order: 'ord',
    mail: 'mai',
    proposal: 'pro',
    objection: 'obj',
    rule: 'rul',
  }
  for (const [kind, prefix] of Object.entries(prefixes) as [Kind, string][]) {
    const id = newId(kind, { clock: at(1_795_219_200_000), random: systemRandom })
    expect(id).toMatch(new RegExp(`^${prefix}_[0-9a-hjkmnp-tv-z]{26}$`))
    expect(isId(kind, id)).toBe(true)
  }
})

test('time stands before chance, in the order of the alphabet', () => {
  // The example of the ULID specification: 1469918176385 is 01ARYZ6S41.
  expect(made(1_469_918_176_385, filled(0))).toBe('inv_01aryz6s410000000000000000')
  expect(made(0, filled(255))).toBe('inv_0000000000zzzzzzzzzzzzzzzz')
})

test('a later id sorts after an earlier one, whatever chance says', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 42), fc.nat(2 ** 42), fc.nat(), (a, b, seed) => {
      const random = seededRandom(seed)
      const [first, second] = [made(Math.min(a, b), random), made(Math.max(a, b) + 1, random)]
      expect(first < second).toBe(true)
    }),
    { seed: 5 },
  )
})

test('ten thousand of one millisecond are all different', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => made(1, systemRandom))).size).toBe(10_000)
})

test.each([
  'pay_01aryz6s410000000000000000',
  'inv_01ARYZ6S410000000000000000',
  'inv_01aryz6s41',
  'inv_01aryz6s41000000000000000i',
  '01aryz6s410000000000000000',
  ' inv_01aryz6s410000000000000000',
  '',
])('%j is no invoice id', text => expect(isId('invoice', text)).toBe(false))
