/** A deadline that neither a stopped process, a sleeping machine nor a clock that is set can put off. */
import type { Clock, Millis } from './world.ts'

export interface Deadline {
  /** What is left of it; 0 or less once it has passed. */
  leftMs(): Millis
}

/**
 * `ms` from now. What has passed is read from two clocks, and the later one counts: the wall clock, which may
 * be set back, and the machine's uptime, which goes on while the process is stopped and while the machine
 * sleeps.
 */
export function deadlineIn(ms: Millis, clock: Clock): Deadline {
  const uptimeMs = () => clock.uptimeMs?.() ?? 0
  const wallAtStart = clock.now()
  const uptimeAtStart = uptimeMs()
  return { leftMs: () => ms - Math.max(clock.now() - wallAtStart, uptimeMs() - uptimeAtStart) }
}
