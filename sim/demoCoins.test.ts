/**
 * Bitcoin in the demonstration: its sums are added up again, payers keep to their habits, and each is looked
 * for where he should end.
 */
import { describe, expect, test } from 'vitest'
import { satoshis, versionOf } from './demoChain.ts'
import {
  areCoinsSettled,
  coinDisagreements,
  coinLines,
  coinProgress,
  type ChainFacts,
  type CoinFigures,
  habitsOf,
} from './demoCoins.ts'
import { stepNow, type Habit, type Request } from './demoPayers.ts'
import { fitting, foldLine } from './demoScreen.ts'
import type { Figures } from './demoFigures.ts'

const amounts = <Name extends string>(units: Record<Name, string>) =>
  Object.fromEntries(
    Object.entries<string>(units).map(([name, value]) => [name, { units: value }]),
  ) as Record<Name, { units: string }>
const money = {
  ...{ pending: '3000', credited: '90000', commission: '1350', networkFees: '650' },
  ...{ paidOn: '88000', inTransit: '0', owed: '0', dust: '10', external: '0', onChain: '4340' },
}
const figures: CoinFigures = {
  requests: {
    ...amounts({ asked: '100000', open: '5000', paid: '90000', lost: '5000' }),
    counts: { underpaid: 1, credited: 2, expired: 1 },
  },
  money: amounts(money),
  payouts: { paid: 2 },
  tip: { height: 130 },
  trouble: null,
}
const withMoney = (changed: Partial<typeof money>): CoinFigures => ({
  ...figures,
  money: amounts({ ...money, ...changed }),
})

const request = (id: string, state: string): Request => ({
  id,
  state,
  address: 'bcrt1q',
  units: 1_000n,
  dueAtMs: 10_000,
})
const requests = [
  request('a', 'credited'),
  request('b', 'credited'),
  request('c', 'underpaid'),
  request('d', 'expired'),
]
const habits: Record<string, Habit> = { a: 'at once', b: 'late', c: 'too little', d: 'taken back' }
const facts: ChainFacts = {
  ...{ app: 4_340n, payee: 88_000n, height: 130, paidUnits: 93_000n, requests },
  habitOf: id => habits[id],
}
const told = ['request c was paid in part']

test('both sums are shown in BTC to the satoshi, and a satoshi too few is seen', () => {
  expect(coinLines(figures)).toEqual([
    '✓ asked    BTC 0.00100000 = open 0.00005000 + paid 0.00090000 + expired 0.00005000',
    '✓ credited BTC 0.00090000 = fees 0.00002000 (network 0.00000650, commission 0.00001350) + paid out 0.00088000 + still owed 0.00000000',
  ])
  expect(coinLines(withMoney({ paidOn: '87999' }))[1]).toMatch(/^✗ does not add up: credited/)
})

test('a request that went further counts for each step before', () =>
  expect(coinProgress(figures)).toEqual({ requested: 4, seen: 3, paid: 2, credited: 2, paidOn: 2 }))

describe('the books are held against the node and the payers', () => {
  test('and agree', () => expect(coinDisagreements(figures, told, facts)).toEqual([]))

  test.each<[string, CoinFigures, Partial<ChainFacts>, string]>([
    [
      'the node has a satoshi less',
      figures,
      { app: 4_339n },
      'the books have 0.00004340 BTC on the chain, the node’s own scan finds 0.00004339 BTC',
    ],
    [
      'a payout never came',
      figures,
      { payee: 87_999n },
      'the books have 0.00088000 BTC paid out, the node finds at the payee’s address 0.00087999 BTC',
    ],
    [
      'more was paid',
      figures,
      { paidUnits: 93_001n },
      'the books have 0.00093000 BTC received, the payers paid 0.00093001 BTC',
    ],
    [
      'the installation is behind',
      figures,
      { height: 131 },
      'the installation stands at block 130, the node at 131',
    ],
    ['it is not followed', { ...figures, trouble: 'no node' }, {}, 'the chain is not followed: no node'],
    [
      'somebody stayed unpaid',
      withMoney({ paidOn: '87999', owed: '1', onChain: '4341' }),
      { app: 4_341n, payee: 87_999n },
      '0.00000001 BTC are still owed',
    ],
    [
      'coins left unasked',
      withMoney({ external: '-40', onChain: '4300' }),
      { app: 4_300n },
      '-0.00000040 BTC moved that nobody asked for',
    ],
    [
      'a sum of the books is wrong',
      withMoney({ onChain: '4341' }),
      { app: 4_341n },
      'the books have 0.00004341 BTC on the chain, what came less what left makes 0.00004340 BTC',
    ],
    [
      'a request went astray',
      figures,
      { requests: [...requests.slice(0, 3), request('d', 'issued')] },
      'request d, paid taken back, is issued, not expired',
    ],
  ])('%s', (_, books, other, finding) =>
    expect(coinDisagreements(books, told, { ...facts, ...other })).toEqual([finding]),
  )

  test('who paid too little must be told of', () =>
    expect(coinDisagreements(figures, [], facts)).toEqual(['nobody is told that request c was paid in part']))
})

test('it is settled once everybody ended where he should and all that was credited is paid on', () => {
  expect(areCoinsSettled(figures, requests, facts.habitOf)).toBe(true)
  expect(areCoinsSettled(figures, requests.slice(1), facts.habitOf)).toBe(false)
  expect(areCoinsSettled({ ...figures, payouts: { paid: 1, sent: 1 } }, requests, facts.habitOf)).toBe(false)
  expect(areCoinsSettled(figures, [...requests.slice(1), request('a', 'paid')], facts.habitOf)).toBe(false)
})

test.each<[Habit, number, string, number, string | undefined]>([
  ['at once', 0, 'issued', 4_999, undefined],
  ['at once', 0, 'issued', 5_000, 'pay'],
  ['at once', 1, 'seen', 6_000, undefined],
  ['late', 0, 'issued', 10_999, undefined],
  ['late', 0, 'expired', 11_000, 'pay late'],
  ['in two parts', 1, 'issued', 6_000, undefined],
  ['in two parts', 1, 'underpaid', 6_000, 'pay the rest'],
  ['taken back', 1, 'issued', 6_000, undefined],
  ['taken back', 1, 'seen', 6_000, 'take back'],
  ['by a better fee', 1, 'seen', 6_000, 'pay more fee'],
  ['never', 0, 'issued', 99_000, undefined],
])('who pays %s, after %i steps, sees %s at %i ms: %s', (habit, taken, state, nowMs, step) =>
  expect(stepNow(habit, taken, request('a', state), 5_000, nowMs)).toBe(step),
)

test('a node’s number of bitcoin is read to the satoshi, and its version as people know it', () => {
  expect(satoshis(0.1 + 0.2)).toBe(30_000_000n)
  expect(satoshis(20_999_999.99999999)).toBe(2_099_999_999_999_999n)
  expect(versionOf('/Satoshi:29.5.0/Knots:20260508/')).toBe('Knots 29.5.0')
  expect(versionOf('/Satoshi:30.0.0/')).toBe('Bitcoin Core 30.0.0')
})

test('a long sum is broken before a plus, and what follows is set in', () => {
  expect(foldLine('short', 10)).toEqual(['short'])
  expect(foldLine('  ✓ credited BTC 1.0 = fees 0.1 + paid out 0.9', 36)).toEqual([
    '  ✓ credited BTC 1.0 = fees 0.1',
    '             + paid out 0.9',
  ])
  expect(foldLine('x'.repeat(30), 20).join('').replaceAll(' ', '')).toBe('x'.repeat(30))
})

test('the picture never grows beyond the window: the oldest news go first', () => {
  const nothing = amounts({ asked: '0', open: '0', paid: '0', lost: '0' })
  const bank = amounts({
    credited: '0',
    bankFees: '0',
    commission: '0',
    withheld: '0',
    paidOn: '0',
    inTransit: '0',
    reversed: '0',
    owed: '0',
  })
  const app: Figures = {
    ...{ stopped: null, invoices: { ...nothing, counts: {} }, money: bank, payouts: {}, events: {} },
    ...{ bitcoin: figures, needsPerson: ['request c was paid in part'] },
  }
  const news = ['old', 'newer', 'newest']
  const roomy = fitting(app, news, { columns: 200, rows: 50 })
  expect(roomy.slice(-3)).toEqual(['  old', '  newer', '  newest'])
  expect(fitting(app, news, { columns: 200, rows: roomy.length }).slice(-2)).toEqual(['  newer', '  newest'])
  expect(fitting(app, news, { columns: 40, rows: 10 })).toHaveLength(9)
})

test('who paid how is told in one order, whoever came first', () => {
  const habits = new Map<string, Habit>([
    ['a', 'at the shop'],
    ['b', 'late'],
    ['c', 'at once'],
    ['d', 'at the shop'],
  ])
  const requests = [...habits.keys(), 'e'].map(id => ({
    id,
    address: '',
    units: 1n,
    state: 'issued',
    dueAtMs: 0,
  }))
  expect(habitsOf(requests, id => habits.get(id))).toBe('1 at once, 1 late, 2 at the shop, 1 nobody')
})
