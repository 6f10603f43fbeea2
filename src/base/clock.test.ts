/** The clocks: what a storm's hasty one shows, and that the seeded randomness repeats itself. */
import { expect, test } from 'vitest'
import { hastyClock, monotonicMs, seededRandom, systemClock } from './clock.ts'

test('a hasty clock shows the machine’s time at its start, and gains on it', async () => {
  const since = systemClock.now()
  const clock = hastyClock(50, since)
  expect(clock.now() - since).toBeLessThan(50 * 1_000)
  const [startedMs, shown] = [monotonicMs(), clock.now()]
  await clock.sleep(1_000)
  const tookMs = monotonicMs() - startedMs
  expect(tookMs).toBeGreaterThan(15)
  expect(tookMs).toBeLessThan(1_000)
  expect(clock.now() - shown).toBeGreaterThanOrEqual(15 * 50)
})

test('one seed gives one sequence, and another gives another', () => {
  const drawn = (seed: number) => {
    const random = seededRandom(seed)
    return [...random.bytes(8), random.next(), random.between(1, 6)]
  }
  expect(drawn(7)).toEqual(drawn(7))
  expect(drawn(7)).not.toEqual(drawn(8))
})
