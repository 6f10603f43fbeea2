/** Whether the nightly job drops anything now. Pure. */
import { later, type Instant, type Millis } from '../base/world.ts'

/**
 * `first`: the time is only noted. `gap`: too long since the last look, so it may be the clock that has
 * jumped. `rest`: it was done lately.
 */
export type Night = 'first' | 'gap' | 'rest' | 'go'

/**
 * `last`: when the job looked last, `everyMs` apart as a rule. What is dropped cannot be brought back, so a
 * time that is far from the last one has to be seen twice, a night apart, before anything goes by it: a clock
 * that was wrong from the start, with no other to hold it against, is noticed by then.
 */
export function decideNight(last: Instant | undefined, now: Instant, everyMs: Millis): Night {
  if (last === undefined) return 'first'
  if (last > now) return later(now, everyMs) < last ? 'gap' : 'rest'
  if (now < later(last, 0.75 * everyMs)) return 'rest'
  return now > later(last, 2.5 * everyMs) ? 'gap' : 'go'
}
