/** The clocks: what a storm's hasty one shows, and that the seeded randomness repeats itself. */
import { afterEach, expect, test, vi } from 'vitest'
import { scaledClock, monotonicMs, seededRandom, sharedClock, systemClock } from './clock.ts'

afterEach(() => void vi.useRealTimers())

test('a hasty clock shows the machine’s time at its start, and gains on it', async () => {
  vi.useFakeTimers()
  const since = systemClock.now()
  const clock = scaledClock(50, since)
  expect(clock.now()).toBe(since)
  const startedMs = monotonicMs()
  const slept = clock.sleep(1_000)
  await vi.advanceTimersToNextTimerAsync()
  await slept
  expect(monotonicMs() - startedMs).toBe(20)
  expect(clock.now() - since).toBe(1_000)
})

test('a shared clock shows what it reads, and whoever sleeps by it wakes when it says so', async () => {
  vi.useFakeTimers()
  const kept = { nowMs: 5_000_000, uptimeMs: 100 }
  const clock = sharedClock(20, () => ({ ...kept }))
  expect([clock.now(), clock.uptimeMs!(), clock.speed]).toEqual([5_000_000, 100, 20])
  let awake = false
  const slept = clock.sleep(1_000).then(() => (awake = true))
  // It stood still for a while: fifty milliseconds were not enough.
  kept.nowMs += 400
  await vi.advanceTimersByTimeAsync(50)
  expect(awake).toBe(false)
  kept.nowMs += 600
  await vi.advanceTimersByTimeAsync(30)
  expect(awake).toBe(true)
  await slept
})

test('whoever sleeps by a shared clock is woken by the end of what it waits for', async () => {
  const over = new AbortController()
  const slept = sharedClock(20, () => ({ nowMs: 0, uptimeMs: 0 })).sleep(1_000, over.signal)
  over.abort()
  await slept
})

test('the machine’s clock sleeps as long as it says, or until it is told that all is over', async () => {
  const startedMs = monotonicMs()
  await systemClock.sleep(20)
  // Timers count whole milliseconds.
  expect(monotonicMs() - startedMs).toBeGreaterThan(18)
  const over = new AbortController()
  const slept = systemClock.sleep(24 * 3_600_000, over.signal)
  over.abort()
  await slept
  await systemClock.sleep(24 * 3_600_000, over.signal)
})

test('one seed gives one sequence, and another gives another', () => {
  const drawn = (seed: number) => {
    const random = seededRandom(seed)
    return [...random.bytes(8), random.next(), random.between(1, 6)]
  }
  expect(drawn(7)).toEqual(drawn(7))
  expect(drawn(7)).not.toEqual(drawn(8))
})
