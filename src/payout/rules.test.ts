/** What a person may do to a payout, by its state and by what is known beside it. */
import { expect, test } from 'vitest'
import { mayHold, mayRedirect, mayRelease, mayRetry, type PayoutFacts } from './rules.ts'
import type { AttemptRow, PayoutRow } from './row.ts'

const now = '2026-11-30T12:00:00.000Z'
const facts = (payout: Partial<PayoutRow>, more: Partial<PayoutFacts> = {}): PayoutFacts => ({
  payout: {
    ...{ id: 'pay_1', invoice_id: 'inv_1', rule: 'net', account_id: 'acc_1', asset: 'BRL', units: 100n },
    rail: 'starkbank',
    ...{
      withheld_units: 0n,
      state: 'held',
      why: null,
      reason: null,
      detail: null,
      tries: 0n,
      waits: 0n,
      fence: 0n,
    },
    ...{ next_at: now, added_at: now, changed_at: now },
    ...payout,
  },
  account: { name: 'main', state: 'approved' },
  liveOrder: undefined,
  bundle: undefined,
  isGoingBack: false,
  unmined: undefined,
  goesOn: false,
  ...more,
})
const liveOrder = { external_id: 'pay_1-1', state: 'unsure' } as AttemptRow
const unmined = { id: 'coi_1', state: 'gone' }
const later = '2026-11-30T12:00:01.000Z'
const closed = { name: 'old', state: 'closed' } as const

test.each<[string, string | undefined, string | undefined, string | undefined, PayoutFacts]>([
  ['owed and due', undefined, 'payout-state', 'payout-due', facts({ state: 'owed' })],
  ['owed, and tried later', undefined, 'payout-state', undefined, facts({ state: 'owed', next_at: later })],
  ['waiting', undefined, 'payout-state', undefined, facts({ state: 'waiting' })],
  ['held', 'payout-state', undefined, undefined, facts({ state: 'held' })],
  ['held by the program for a while', undefined, undefined, undefined, facts({}, { goesOn: true })],
  ['returned', 'payout-state', 'payout-state', undefined, facts({ state: 'returned' })],
  ['sent', 'payout-state', 'payout-state', 'payout-state', facts({ state: 'sent' })],
  ['paid', 'payout-state', 'payout-state', 'payout-state', facts({ state: 'paid' })],
  ['of nothing', 'payout-state', 'payout-empty', 'payout-empty', facts({ units: 0n })],
  ['under way still', 'payout-state', 'order-alive', 'order-alive', facts({}, { liveOrder })],
  [
    'of a payment that goes back',
    'payout-state',
    'payment-going-back',
    'payment-going-back',
    facts({}, { isGoingBack: true }),
  ],
  [
    'of a payment that left the chain',
    'payout-state',
    'payment-not-mined',
    'payment-not-mined',
    facts({}, { unmined }),
  ],
])('a payout that is %s', (_, hold, release, retry, each) => {
  expect([mayHold(each)?.is, mayRelease(each)?.is, mayRetry(each, now)?.is]).toEqual([hold, release, retry])
})

test('a payout that is due waits for an account, and a refund for none', () => {
  const due = facts({ state: 'owed' }, { account: closed })
  expect(mayRetry(due, now)).toEqual({ is: 'payout-due', id: 'pay_1', account: closed })
  const refund = facts({ state: 'owed', rule: 'refund' }, { account: closed })
  expect(mayRetry(refund, now)).toEqual({ is: 'payout-due', id: 'pay_1', account: undefined })
})

test('a payout under way says which transaction pays it, and one that is paid does not', () => {
  const bundle = { id: 'bun_1', state: 'signed' }
  expect(mayRelease(facts({ state: 'sent' }, { bundle }))).toMatchObject({ bundle })
  expect(mayRelease(facts({ state: 'paid' }, { bundle }))).toMatchObject({ bundle: undefined })
})

test('a payout is redirected while no order of it may arrive', () => {
  expect(mayRedirect(facts({ state: 'returned' }))).toBeUndefined()
  expect(mayRedirect(facts({ state: 'returned' }, { liveOrder }))?.is).toBe('order-alive')
  expect(mayRedirect(facts({ state: 'canceled' }))?.is).toBe('payout-state')
})
