/**
 * A clock that moves only when it is told to: whoever sleeps on it is woken by that move, by time and then in
 * the order of asking.
 */
import type { Clock, Millis } from '../../src/base/world.ts'

export interface VirtualClock extends Clock {
  /** Moves to `at`, waking on the way all whose time has come. Never back. */
  moveTo(at: Millis): void
  /** When the next sleeper wakes. */
  nextWake(): Millis | undefined
  /** The clock as one process has it: its sleepers go when the process does. */
  of(owner: object): Clock
  forget(owner: object): void
}

interface Sleeper {
  at: Millis
  owner: object
  wake: () => void
}

export function virtualClock(start: Millis): VirtualClock {
  let present = start
  let sleepers: Sleeper[] = []

  const sleep = (owner: object, ms: Millis, signal?: AbortSignal): Promise<void> => {
    if (ms <= 0 || signal?.aborted) return Promise.resolve()
    return new Promise(resolve => {
      const wake = () => {
        signal?.removeEventListener('abort', wake)
        sleepers = sleepers.filter(other => other !== sleeper)
        resolve()
      }
      const sleeper: Sleeper = { at: present + ms, owner, wake }
      const place = sleepers.findIndex(({ at }) => at > sleeper.at)
      sleepers.splice(place < 0 ? sleepers.length : place, 0, sleeper)
      signal?.addEventListener('abort', wake)
    })
  }
  const nobody = {}

  return {
    now: () => present,
    sleep: (ms, signal) => sleep(nobody, ms, signal),
    moveTo(at) {
      for (let next = sleepers[0]; next && next.at <= at; next = sleepers[0]) {
        present = Math.max(present, next.at)
        next.wake()
      }
      present = Math.max(present, at)
    },
    nextWake: () => sleepers[0]?.at,
    of: owner => ({ now: () => present, sleep: (ms, signal) => sleep(owner, ms, signal) }),
    forget: owner => void (sleepers = sleepers.filter(sleeper => sleeper.owner !== owner)),
  }
}
