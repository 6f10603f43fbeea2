/**
 * Whether the time is to be believed: our wall clock against the machine's steady one, and against what other
 * clocks say.
 */
import { formatDuration } from './duration.ts'
import type { Clock, ClockWord, Millis } from './world.ts'

/** Further apart than this, clocks disagree. */
export const maxApartMs: Millis = 60_000

/**
 * Another clock, by how far it is ahead of our steady one: between the two, for its word takes its time to
 * come.
 */
export interface Witness extends Pick<ClockWord, 'whose' | 'weight'> {
  leastMs: Millis
  mostMs: Millis
}

export interface ClockLook {
  /** Our wall clock less our steady one, now and when it was last believed. */
  offsetMs: Millis
  believedMs: Millis
  witnesses: readonly Witness[]
}

/**
 * `why`: what disagrees. `confirmed`: a clock that is surely another's agrees, so a wall clock that was set
 * meanwhile was set right.
 */
export type ClockVerdict = { is: 'off'; why: string } | { is: 'right'; confirmed: boolean }

/** Decides from what is known. Pure. */
export function judgeClock({ offsetMs, believedMs, witnesses }: ClockLook): ClockVerdict {
  const apart = ({ leastMs, mostMs }: Witness) =>
    offsetMs > mostMs ? offsetMs - mostMs : Math.min(0, offsetMs - leastMs)
  const agrees = (witness: Witness) => Math.abs(apart(witness)) <= maxApartMs
  const against = witnesses.find(witness => witness.weight !== 'one of many' && !agrees(witness))
  if (against) return { is: 'off', why: `our clock is ${distance(apart(against))} ${against.whose}` }
  const many = witnesses.filter(({ weight }) => weight === 'one of many')
  const confirmed =
    witnesses.some(({ weight }) => weight === 'surely another') ||
    (many.length > 1 && many.filter(agrees).length * 2 > many.length)
  const movedMs = offsetMs - believedMs
  if (confirmed || Math.abs(movedMs) <= maxApartMs) return { is: 'right', confirmed }
  return {
    is: 'off',
    why: `our clock was ${movedMs > 0 ? 'put forward' : 'set back'} by ${duration(movedMs)} while the machine ran`,
  }
}

const duration = (ms: Millis) => formatDuration(Math.round(Math.abs(ms) / 1000) * 1000)
const distance = (ms: Millis) => `${duration(ms)} ${ms > 0 ? 'ahead of' : 'behind'}`

/** `Date` of HTTP counts whole seconds. */
const grainMs = 1_000

/**
 * The clock with a judge beside it, who hears what other clocks say and answers `trouble`. A machine that
 * slept is in none: its steady clock goes on meanwhile. Without a steady clock there is nothing to judge by,
 * and nothing is ever said.
 */
export function judgedClock(clock: Clock): Clock {
  const { uptimeMs } = clock
  if (!uptimeMs) return clock
  const witnesses = new Map<string, Witness>()
  const offset = () => clock.now() - uptimeMs()
  let believedMs = offset()
  return {
    ...clock,
    now: () => clock.now(),
    hear({ whose, weight, atMs, askedMs }) {
      witnesses.set(whose, { whose, weight, leastMs: atMs - uptimeMs(), mostMs: atMs + grainMs - askedMs })
    },
    isAlone: () => [...witnesses.values()].every(({ weight }) => weight !== 'surely another'),
    trouble() {
      const offsetMs = offset()
      const verdict = judgeClock({ offsetMs, believedMs, witnesses: [...witnesses.values()] })
      if (verdict.is === 'off') return verdict.why
      if (verdict.confirmed) believedMs = offsetMs
      return undefined
    },
  }
}
