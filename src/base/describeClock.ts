/**
 * What the clock's own changes do to a schedule: those of a zone within a time, and which due times each of
 * them touches.
 */
import { slotsBetween, type Cron } from './cron.ts'
import type { Millis } from './world.ts'
import { spanAt, type Wall } from './zone.ts'

export interface ClockChange {
  /** The first instant after it. */
  at: Millis
  /** `gap`: the wall clock skips from `from` to `until`. `overlap`: it shows those times twice. */
  is: 'gap' | 'overlap'
  from: Wall
  until: Wall
  /**
   * The wall times within that are due, in their order. In a gap all of them are one, at `until`; of an
   * overlap the first showing counts.
   */
  due: Wall[]
  /** `gap`: the time it skips to is due as well, so that it swallows what it skipped. */
  alsoAfter: boolean
  /**
   * `overlap`: how long nothing is due after the last of `due`; undefined where nothing follows within a day.
   */
  restMs?: Millis
}

const dayMs = 86_400_000
const most = 10_000

/** The changes of `zone` after `after` and up to `until`, in order, with what they do to `cron`. */
export function clockChanges(cron: Cron, zone: string, after: Millis, until: Millis): ClockChange[] {
  const changes: ClockChange[] = []
  let span = spanAt(zone, after)
  while (span.until <= until) {
    const next = spanAt(zone, span.until)
    if (next.offset !== span.offset) changes.push(changeAt(cron, zone, next.from, span.offset, next.offset))
    span = next
  }
  return changes
}

function changeAt(cron: Cron, zone: string, at: Millis, before: Millis, after: Millis): ClockChange {
  const [from, until] = [at + Math.min(before, after), at + Math.max(before, after)]
  // On a wall in UTC every time comes once, so these are the times themselves.
  const due = slotsBetween(cron, 'UTC', from - 1, until - 1, most)
  const alsoAfter = slotsBetween(cron, 'UTC', until - 1, until, 1).length > 0
  if (after > before) return { at, is: 'gap', from, until, due, alsoAfter }
  const last = due.at(-1)
  const [next] = last === undefined ? [] : slotsBetween(cron, zone, last - before, last - before + dayMs, 1)
  return {
    at,
    is: 'overlap',
    from,
    until,
    due,
    alsoAfter: false,
    ...(next !== undefined && { restMs: next - (last! - before) }),
  }
}
