/**
 * What became of R$ 100 after it was paid, from the bank's log and from what two people said where the log
 * was silent.
 */
import { describe, expect, test } from 'vitest'
import { fateOf } from './fate.ts'

/** As `reversing 40, sent 40`: each log with the bank's amount then, in reais. */
const logsOf = (told: string) =>
  told.split(', ').map((each, at) => {
    const [log, reais] = each.split(' ') as [string, string]
    return {
      logId: `${at}`,
      log,
      units: BigInt(reais) * 100n,
      createdAt: `2026-11-21T03:00:${10 + at}.000Z` as const,
    }
  })

const silent = 'reversing 40, sent 40'
const second = 'reversing 20, sent 20'

test.each([
  ['it arrives', `${silent}, reversed 40`, 40n],
  ['it fails', `${silent}, failed 40, refunded 100`, 100n],
  ['it arrives and comes back', `${silent}, reversed 40, failed 40, refunded 100`, 100n],
  ['a second one fails', `${silent}, reversed 40, ${second}, failed 20, refunded 40`, 40n],
  [
    'a second one fails, then the first comes back',
    `${silent}, reversed 40, ${second}, failed 20, refunded 40, failed 40, refunded 100`,
    100n,
  ],
])('%s', (_, told, left) => {
  expect(fateOf(10_000n, logsOf(told))).toMatchObject({ left: left * 100n, underWay: false })
})

test('while the bank does not say how it ended, it is under way', () => {
  expect(fateOf(10_000n, logsOf(silent))).toMatchObject({ left: 10_000n, underWay: true })
})

describe('people said how much of it went back', () => {
  test.each([
    ['the log stays silent', 60n, '', 40n],
    ['a later one fails', 60n, `, ${second}, failed 20, refunded 40`, 40n],
    [
      'a later one fails, and the bank never counted theirs',
      60n,
      `, ${second}, failed 20, refunded 100`,
      40n,
    ],
    ['a later one arrives', 60n, `, ${second}, reversed 20`, 20n],
    ['a later one arrives and comes back', 60n, `, ${second}, reversed 20, failed 20, refunded 40`, 40n],
    ['a later one takes what it moves from less than the bank shows', 30n, `, ${second}, reversed 20`, 50n],
    ['and gives it back', 30n, `, ${second}, reversed 20, failed 20, refunded 40`, 70n],
    ['none, and the bank says later that it did', 0n, ', reversed 40', 40n],
    ['all of it, and the bank says later that it failed', 60n, ', failed 40, refunded 100', 100n],
  ])('%s', (_, returned, later, left) => {
    const said = { returned: returned * 100n, logs: 2 }
    expect(fateOf(10_000n, logsOf(silent + later), said)).toMatchObject({
      left: left * 100n,
      underWay: false,
      isTold: later !== '',
    })
  })

  test('a later one is under way until it ends', () => {
    const fate = fateOf(10_000n, logsOf(`${silent}, ${second}`), { returned: 6_000n, logs: 2 })
    expect(fate).toMatchObject({ left: 4_000n, underWay: true })
  })
})
