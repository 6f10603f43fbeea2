/** Clocks that disagree: what is believed, what is not, and that sleep is no jump. */
import { describe, expect, test } from 'vitest'
import { judgeClock, judgedClock, type ClockVerdict, type Witness } from './clockJudge.ts'
import { clockTrouble, hearDate, type Clock } from './world.ts'

const minute = 60_000
const day = 24 * 60 * minute

describe('one look', () => {
  const says = (offsetMs: number, ...witnesses: Witness[]) =>
    judgeClock({ offsetMs, believedMs: 0, witnesses })
  const bank = (atMs: number): Witness => ({
    whose: 'the bank’s',
    weight: 'surely another',
    leastMs: atMs,
    mostMs: atMs + 1_000,
  })
  const database = (atMs: number): Witness => ({
    whose: 'the database’s',
    weight: 'perhaps ours',
    leastMs: atMs,
    mostMs: atMs,
  })
  const exchange = (name: string, atMs: number): Witness => ({
    whose: name,
    weight: 'one of many',
    leastMs: atMs,
    mostMs: atMs + 1_000,
  })
  test.each<[string, ClockVerdict, ClockVerdict | string]>([
    ['a minute is no disagreement', says(minute), { is: 'right', confirmed: false }],
    ['put forward by six days', says(6 * day), 'our clock was put forward by 6d while the machine ran'],
    ['set back by an hour', says(-60 * minute), 'our clock was set back by 1h while the machine ran'],
    ['set right, as the bank confirms', says(6 * day, bank(6 * day)), { is: 'right', confirmed: true }],
    ['ahead of the bank', says(0, bank(-5 * minute)), 'our clock is 4m59s ahead of the bank’s'],
    ['behind the bank', says(0, bank(5 * minute)), 'our clock is 5m behind the bank’s'],
    [
      'a database on the same machine jumped with us',
      says(6 * day, database(6 * day)),
      'our clock was put forward by 6d while the machine ran',
    ],
    [
      'a database that jumped alone',
      says(0, database(6 * day), bank(0)),
      'our clock is 6d behind the database’s',
    ],
    [
      'one exchange that lags stops nothing',
      says(0, exchange('a', -10 * minute), exchange('b', 0)),
      { is: 'right', confirmed: false },
    ],
    [
      'one exchange alone confirms nothing',
      says(day, exchange('a', day)),
      'our clock was put forward by 1d while the machine ran',
    ],
    [
      'two of three exchanges confirm',
      says(day, exchange('a', day), exchange('b', day), exchange('c', 0)),
      { is: 'right', confirmed: true },
    ],
    [
      'a word that took five minutes to come is as good as it can be',
      says(0, { ...bank(-5 * minute), mostMs: 1_000 }),
      { is: 'right', confirmed: true },
    ],
  ])('%s', (_, verdict, expected) => {
    expect(verdict).toEqual(typeof expected === 'string' ? { is: 'off', why: expected } : expected)
  })
})

describe('a judged clock', () => {
  const machine = { wall: 1_000 * day, steady: 5_000 }
  const pass = (ms: number) => ((machine.wall += ms), (machine.steady += ms))
  const raw: Clock = {
    now: () => machine.wall,
    uptimeMs: () => machine.steady,
    sleep: () => Promise.resolve(),
  }
  const clock = judgedClock(raw)
  const trouble = () => clockTrouble({ clock })

  test('a night asleep is none; a jump is, until it is set right again, however often it is looked at', () => {
    pass(9 * 60 * minute)
    expect(trouble()).toBeUndefined()
    machine.wall += 6 * day
    expect([trouble(), trouble()]).toEqual(
      Array(2).fill('our clock was put forward by 6d while the machine ran'),
    )
    pass(minute)
    machine.wall -= 6 * day
    expect(trouble()).toBeUndefined()
  })

  test('what the bank said before a jump still counts after it, and its next word lets a clock that was set right go on', () => {
    hearDate(
      clock,
      { whose: 'the bank’s', weight: 'surely another', askedMs: machine.steady },
      new Date(machine.wall).toUTCString(),
    )
    expect(trouble()).toBeUndefined()
    machine.wall += 2 * minute
    expect(trouble()).toBe('our clock is 1m59s ahead of the bank’s')
    hearDate(
      clock,
      { whose: 'the bank’s', weight: 'surely another', askedMs: machine.steady },
      new Date(machine.wall).toUTCString(),
    )
    expect(trouble()).toBeUndefined()
    hearDate(clock, { whose: 'the bank’s', weight: 'surely another', askedMs: 0 }, 'no date')
    expect(trouble()).toBeUndefined()
  })

  test('a clock without a steady one is never in trouble', () => {
    expect(judgedClock({ now: () => 0, sleep: () => Promise.resolve() }).trouble).toBeUndefined()
  })
})
