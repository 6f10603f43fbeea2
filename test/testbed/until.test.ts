/** Waiting for a condition: it answers what was seen, and says what was missed. */
import { expect, test } from 'vitest'
import { eventually } from './eventually.ts'
import { pause, until } from './until.ts'

const hasty = { withinMs: 60, everyMs: 5 }
const messageOf = (work: Promise<unknown>) =>
  work.then(
    () => 'it came',
    (error: unknown) => (error as Error).message,
  )

test('a condition that is met at once or later answers what it saw', async () => {
  expect(await until(() => 'here', 'a word')).toBe('here')
  let asked = 0
  expect(await until(async () => (++asked < 4 ? undefined : { asked }), 'the fourth look')).toEqual({
    asked: 4,
  })
})

test('a condition that throws is not met yet', async () => {
  let asked = 0
  const look = () => {
    if (++asked < 3) throw new Error('not there')
    return asked
  }
  expect(await until(look, 'the third look')).toBe(3)
})

test.each([
  ['undefined', undefined, 'last seen: undefined'],
  ['false', false, 'last seen: false'],
  ['no rows', 0, 'last seen: 0'],
  ['no units', 0n, 'last seen: 0n'],
])('what never comes is named, with the last answer: %s', async (_, seen, says) => {
  expect(await messageOf(until(() => seen, 'a payout', hasty))).toBe(`waited 0.06 s for a payout; ${says}`)
})

test('the last error is told and kept as the cause', async () => {
  const cause = new Error('ECONNREFUSED')
  const fails = until(() => Promise.reject(cause), 'an answer', hasty)
  await expect(fails).rejects.toMatchObject({
    message: 'waited 0.06 s for an answer; the last look at it threw: ECONNREFUSED',
    cause,
  })
})

test('a look that never ends is given up too', async () => {
  expect(await messageOf(until(() => new Promise(() => undefined), 'an answer', hasty))).toMatch(
    /the last look at it never ended$/,
  )
})

test('where the last look never ends, what the one before it saw is told', async () => {
  let asked = 0
  const look = () => (asked++ === 0 ? undefined : new Promise<undefined>(() => undefined))
  expect(await messageOf(until(look, 'an answer', hasty))).toMatch(
    /never ended, and of the one before it: last seen: undefined$/,
  )
})

test('one look is taken after the time is over, as when the machine kept this process from running', async () => {
  let asked = 0
  const look = () => {
    if (asked++ > 0) return true
    for (const end = performance.now() + 80; performance.now() < end;);
    return false
  }
  expect(await until(look, 'the second look', hasty)).toBe(true)
})

test('a pause lasts at least as long as it says, and eventually waits as expect does', async () => {
  const began = performance.now()
  let over = false
  void pause(20, 'how long it takes is the subject here').then(() => (over = true))
  await eventually(() => over, 'the pause being over').toBe(true)
  // Timers count whole milliseconds.
  expect(performance.now() - began).toBeGreaterThan(18)
})
