/**
 * The pace at which the bank is asked, on a clock that moves only when somebody sleeps or the test says so.
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { done, refused, unsure, type Answer } from '../../base/answer.ts'
import { seededRandom } from '../../base/clock.ts'
import type { Bank } from './bank.ts'
import { paced, type Pace } from './pace.ts'
import { patiently } from './retry.ts'

const inTime = { leftMs: () => 20_000 }

let now: number
let sleepers: { at: number; wake: () => void }[]
let asked: { name: string; at: number }[]
let answers: Answer<unknown>[]

const clock = {
  now: () => now,
  sleep: (ms: number) => new Promise<void>(wake => sleepers.push({ at: now + ms, wake })),
}
const settle = async () => {
  for (let turns = 0; turns < 20; turns++) await Promise.resolve()
}
/** Lets `ms` pass, waking whoever is due on the way. */
async function pass(ms: number) {
  const end = now + ms
  await settle()
  for (;;) {
    const due = sleepers.filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
    if (!due) break
    sleepers = sleepers.filter(sleeper => sleeper !== due)
    now = Math.max(now, due.at)
    due.wake()
    await settle()
  }
  now = end
}

beforeEach(() => {
  now = 1_000_000
  sleepers = []
  asked = []
  answers = []
})

/** Every call gives the next of `answers`, or is done. */
const bank = (pace?: Pace): Bank => {
  const wire = new Proxy({} as Bank, {
    get: (_, name: string) => async () => {
      asked.push({ name, at: now })
      return answers.shift() ?? done(undefined)
    },
  })
  return paced(wire, clock, pace)
}

describe('the bucket', () => {
  test('lets a burst go at once, and then so many a second', async () => {
    const stark = bank({ perSecond: 10, burst: 5 })
    const all = Promise.all(Array.from({ length: 25 }, () => stark.getInvoice('1')))
    await settle()
    expect(asked).toHaveLength(5)
    await pass(1_000)
    expect(asked).toHaveLength(15)
    await pass(1_000)
    expect(asked).toHaveLength(25)
    await all
  })

  test('fills again in a quiet time, and no higher than it is', async () => {
    const stark = bank({ perSecond: 10, burst: 5 })
    void Promise.all(Array.from({ length: 5 }, () => stark.balance()))
    await pass(60_000)
    asked = []
    for (let each = 0; each < 9; each++) void stark.balance()
    await settle()
    expect(asked).toHaveLength(5)
  })

  test('never holds a write back, which reads make room for', async () => {
    const stark = bank({ perSecond: 10, burst: 2 })
    for (let each = 0; each < 4; each++) void stark.createTransfers([], inTime)
    void stark.getTransfer('1')
    await settle()
    expect(asked.map(({ name }) => name)).toEqual(Array.from({ length: 4 }, () => 'createTransfers'))
    await pass(300)
    expect(asked.at(-1)).toEqual({ name: 'getTransfer', at: 1_000_300 })
  })

  test('a clock set back costs nobody more than a turn', async () => {
    const stark = bank({ perSecond: 10, burst: 1 })
    void stark.balance()
    now -= 3_600_000
    void stark.balance()
    await pass(100)
    expect(asked).toHaveLength(2)
  })

  test('without a pace nobody waits', async () => {
    const stark = bank()
    for (let each = 0; each < 2_000; each++) void stark.getInvoice('1')
    await settle()
    expect(asked).toHaveLength(2_000)
  })
})

describe('a bank that asks for fewer requests', () => {
  test('is asked by nobody, for anything, until the time it named is over', async () => {
    const stark = bank()
    answers = [refused('429', true, 7_000)]
    expect(await stark.getInvoice('1')).toEqual(refused('429', true, 7_000))
    now += 3_000
    const others = [
      stark.createInvoices([], inTime),
      stark.createTransfers([], inTime),
      stark.patchInvoice('1', { status: 'canceled' }),
    ]
    for (const answer of await Promise.all([
      ...others,
      stark.balance(),
      stark.publicKeys(),
      stark.markDelivered('1'),
    ]))
      expect(answer).toMatchObject({ is: 'refused', again: true, afterMs: 4_000 })
    expect(asked).toHaveLength(1)
    now += 4_000
    expect(await stark.createTransfers([], inTime)).toEqual(done(undefined))
  })

  test('is waited for by whoever queued for the bucket meanwhile', async () => {
    const stark = bank({ perSecond: 10, burst: 1 })
    answers = [refused('429', true, 1_000)]
    const [first, second] = [stark.balance(), stark.balance()]
    await pass(100)
    expect(await first).toMatchObject({ is: 'refused', afterMs: 1_000 })
    expect(await second).toMatchObject({ is: 'refused', afterMs: 900 })
    expect(asked).toHaveLength(1)
  })

  test('is asked again by the patient ones alone, once its time is over', async () => {
    const stark = bank()
    answers = [refused('429', true, 1_000)]
    const patience = { clock, random: seededRandom(1) }
    const first = patiently(() => stark.balance(), patience)
    await settle()
    const second = patiently(() => stark.getTransfer('1'), patience)
    await pass(10_000)
    expect(await Promise.all([first, second])).toEqual([done(undefined), done(undefined)])
    expect(asked.slice(1).every(({ at }) => at >= 1_001_000)).toBe(true)
  })

  test('a shorter time named later does not cut a longer one, and more than an hour is not believed', async () => {
    const stark = bank()
    answers = [refused('429', true, 9_000), refused('429', true, 1_000)]
    await Promise.all([stark.balance(), stark.balance()])
    expect(await stark.balance()).toMatchObject({ afterMs: 9_000 })
    now += 9_000
    answers = [refused('429', true, 999_999_000)]
    await stark.balance()
    expect(await stark.balance()).toMatchObject({ afterMs: 3_600_000 })
    now += 3_600_000
    expect(await stark.balance()).toEqual(done(undefined))
  })

  test('a clock set back does not make the rest longer', async () => {
    const stark = bank()
    answers = [refused('429', true, 5_000)]
    await stark.balance()
    now -= 60_000
    expect(await stark.balance()).toEqual(done(undefined))
  })
})

describe('a bank that cannot be reached', () => {
  const gone = refused('the bank could not be reached (ECONNREFUSED)', true)

  test('is left alone for half a minute after five times, and after one more for another', async () => {
    const stark = bank()
    answers = [gone, gone, gone, gone, gone]
    for (let tried = 0; tried < 5; tried++) expect(await stark.createTransfers([], inTime)).toEqual(gone)
    expect(await stark.getInvoice('7')).toMatchObject({ is: 'refused', again: true, afterMs: 30_000 })
    now += 30_000
    answers = [gone]
    expect(await stark.getInvoice('7')).toEqual(gone)
    expect(await stark.getInvoice('7')).toMatchObject({ afterMs: 30_000 })
    now += 30_000
    expect(await stark.getInvoice('7')).toEqual(done(undefined))
  })

  test.each([done(undefined), unsure('502'), refused('invalidTaxId')])(
    '%j in between shows that it is there',
    async answer => {
      const stark = bank()
      answers = [gone, gone, gone, gone, answer, gone]
      for (let tried = 0; tried < 6; tried++) await stark.balance()
      expect(await stark.balance()).toEqual(done(undefined))
      expect(asked).toHaveLength(7)
    },
  )
})
