/**
 * A machine's wall clock that somebody sets: its steady clock goes on as before, and so does everybody
 * else's.
 */
import { judgedClock } from '../../src/base/clockJudge.ts'
import type { Clock, Millis, Random } from '../../src/base/world.ts'

/** How far the wall clock is from the true time; shared by all processes of one machine. */
export interface Wall {
  offsetMs: Millis
}

/**
 * The wall clock of a machine on which true time is `steady`'s, as one process has it. `judged`: with the
 * installation's judge beside it.
 */
export function wallClock(steady: Clock, wall: Wall, { judged = true } = {}): Clock {
  const clock: Clock = {
    now: () => steady.now() + wall.offsetMs,
    uptimeMs: () => steady.now(),
    sleep: (ms, signal) => steady.sleep(ms, signal),
  }
  return judged ? judgedClock(clock) : clock
}

/** In one seed of seventeen somebody sets the machine's clock during the storm, forwards and back. */
export const hasJumps = (seed: number): boolean => seed % 17 === 6

const minute = 60_000
const day = 24 * 60 * minute
const jumps = [6 * day, 3 * 60 * minute, 90_000, -90_000, -3 * 60 * minute, -6 * day]

export interface Jumps {
  wall: Wall
  /** How often it was set wrong. */
  readonly count: number
  step(): void
  /** Sets it right for good. */
  settle(): void
  /** What was done while it was wrong, once those who were at it had their deadline. */
  judge(made: readonly { what: string; at: Millis }[]): string[]
}

/** What was claimed before a jump may leave until its call ends. */
const callEndsMs = 60_000

/** Chance of its own, so that the other seeds' stories stay what they were. */
export function openJumps(clock: Clock, random: Random, trace: (line: string) => void): Jumps {
  const wall: Wall = { offsetMs: 0 }
  const wrong: { from: Millis; until: Millis }[] = []
  const set = (offsetMs: Millis) => {
    trace(`the wall clock is set: it is off by ${offsetMs} ms`)
    if (wall.offsetMs !== 0) wrong.at(-1)!.until = clock.now()
    if (offsetMs !== 0) wrong.push({ from: clock.now(), until: Infinity })
    wall.offsetMs = offsetMs
  }
  return {
    wall,
    get count() {
      return wrong.length
    },
    step() {
      if (wall.offsetMs === 0 ? random.next() < 0.04 : random.next() < 0.06)
        set(wall.offsetMs === 0 ? jumps[random.between(0, jumps.length - 1)]! : 0)
    },
    settle() {
      if (wall.offsetMs !== 0) set(0)
    },
    judge: made =>
      made
        .filter(({ at }) => wrong.some(({ from, until }) => at > from + callEndsMs && at < until))
        .map(
          ({ what, at }) => `${what} was made at ${new Date(at).toISOString()}, while the clock was wrong`,
        ),
  }
}
