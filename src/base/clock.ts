/**
 * The real clock and the real randomness: the one file with `Date.now` and timers, and the seeded ones that
 * replay.
 */
import { randomBytes, randomInt } from 'node:crypto'
import { uptime } from 'node:os'
import type { KeptTime } from './clockFile.ts'
import type { Clock, Millis, Random } from './world.ts'

export const systemClock: Clock = {
  now: () => Date.now(),
  // Linux counts it through a suspension (CLOCK_BOOTTIME), which performance.now() does not.
  uptimeMs: () => uptime() * 1_000,
  // After the sockets that are ready now, unlike a promise; and at once where none are, unlike a timer.
  turn: () => new Promise(resolve => setImmediate(resolve)),
  sleep: (ms, signal) =>
    new Promise(resolve => {
      if (signal?.aborted) return resolve()
      const done = () => (clearTimeout(timer), signal?.removeEventListener('abort', done), resolve())
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done)
    }),
}

/**
 * Shows the machine's time at `since`, and runs `speed` times as fast: for storms, where waiting for minutes
 * is part of the story. `skippedMs` is what it has been put forward by, where hours in which nothing happens
 * are left out.
 */
export const scaledClock = (speed: number, since: Millis, skippedMs: () => Millis = () => 0): Clock => ({
  speed,
  now: () => Math.floor(since + (systemClock.now() - since) * speed + skippedMs()),
  uptimeMs: () => monotonicMs() * speed,
  sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  turn: systemClock.turn!,
})

// How long a shared clock is left alone before it is looked at again: it may have stood still meanwhile.
const shortestLookMs = 2

/**
 * A clock that another process keeps, which may run at up to `speed` and may stand still; whoever sleeps by
 * it wakes when it says so.
 */
export const sharedClock = (speed: number, read: () => KeptTime): Clock => ({
  speed,
  now: () => read().nowMs,
  uptimeMs: () => read().uptimeMs,
  turn: systemClock.turn!,
  async sleep(ms, signal) {
    const endMs = read().nowMs + ms
    for (let leftMs = ms; leftMs > 0 && !signal?.aborted; leftMs = endMs - read().nowMs)
      await systemClock.sleep(Math.max(leftMs / speed, shortestLookMs), signal)
  },
})

/** Monotonic milliseconds, which no one can set: what a wall clock is checked against. */
export const monotonicMs = (): Millis => performance.now()

export const systemRandom: Random = {
  bytes: count => randomBytes(count),
  next: () => randomInt(2 ** 47) / 2 ** 47,
  between: (low, high) => randomInt(low, high + 1),
}

/**
 * mulberry32: small, seeded, the same on every machine; for tests and simulations, never for ids that must
 * not be guessed.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return {
    next,
    bytes: count => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)),
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
  }
}
