/** A deadline counts whatever passes, by whichever clock shows more of it. */
import { expect, test } from 'vitest'
import { systemClock } from './clock.ts'
import { deadlineIn } from './deadline.ts'

function clockOf(start: { wall: number; up?: number }) {
  const at = { ...start }
  const sleep = async () => undefined
  return {
    at,
    clock: { now: () => at.wall, sleep, ...(start.up !== undefined && { uptimeMs: () => at.up! }) },
  }
}

test('a deadline runs out as time passes', () => {
  const { at, clock } = clockOf({ wall: 1_000, up: 50 })
  const deadline = deadlineIn(20_000, clock)
  expect(deadline.leftMs()).toBe(20_000)
  at.wall += 5_000
  at.up! += 5_000
  expect(deadline.leftMs()).toBe(15_000)
  at.wall += 16_000
  at.up! += 16_000
  expect(deadline.leftMs()).toBe(-1_000)
})

test('a wall clock set back does not lengthen it', () => {
  const { at, clock } = clockOf({ wall: 9_000_000, up: 50 })
  const deadline = deadlineIn(20_000, clock)
  at.wall -= 3_600_000
  at.up! += 21_000
  expect(deadline.leftMs()).toBe(-1_000)
})

test('an uptime that stood still is overruled by the wall clock', () => {
  const { at, clock } = clockOf({ wall: 9_000_000, up: 50 })
  const deadline = deadlineIn(20_000, clock)
  at.wall += 21_000
  expect(deadline.leftMs()).toBe(-1_000)
})

test('a clock that knows no uptime is asked for the time alone', () => {
  const { at, clock } = clockOf({ wall: 0 })
  const deadline = deadlineIn(100, clock)
  at.wall += 40
  expect(deadline.leftMs()).toBe(60)
})

test('the machine’s clock tells its uptime in milliseconds', () => {
  const before = systemClock.uptimeMs!()
  expect(before).toBeGreaterThan(1_000)
  expect(systemClock.uptimeMs!()).toBeGreaterThanOrEqual(before)
})
