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
}

export const lineOf = (step: Transition): HistoryLine => ({
  ...{ at: step.at, from: step.from_state, to: step.to_state, why: step.why, ref: step.ref },
  repeats: step.times ? { times: step.times, lastAt: step.last_at!, lastWhy: step.last_why! } : undefined,
})
