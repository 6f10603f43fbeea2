/** One step of what became of something. Imports nothing that runs. */
import type { Instant } from '../base/world.ts'
import type { Transition } from '../db/db.ts'
import type { Subject } from './links.ts'

/** One line of a history. */
export interface HistoryLine {
  at: Instant
  from: string
  to: string
  why: string
  /** Its code and values; null where it was words alone. */
  reason: string | null
  detail: string | null
  /** The event, order or transaction behind it, as it was written down. */
  ref: string | null
  /** Of a retry. */
  repeats: Repeats | undefined
}

export interface Step extends HistoryLine {
  /** What `ref` stands for; undefined where nothing of ours does. */
  cause: Subject | undefined
}

/** How often a retry came, when the last time, and why then. */
export interface Repeats {
  times: bigint
  lastAt: Instant
  lastWhy: string
  lastReason: string | null
  lastDetail: string | null
}

export const lineOf = (step: Transition): HistoryLine => ({
  ...{ at: step.at, from: step.from_state, to: step.to_state, ref: step.ref },
  ...{ why: step.why, reason: step.reason, detail: step.detail },
  repeats: step.times
    ? {
        ...{ times: step.times, lastAt: step.last_at!, lastWhy: step.last_why! },
        ...{ lastReason: step.last_reason ?? null, lastDetail: step.last_detail ?? null },
      }
    : undefined,
})
