/** What became of something, step by step, each with what caused it. */
import type { Instant } from '../base/world.ts'
import type { Reader, Transition } from '../db/db.ts'
import { subjectsOf, type Subject } from './links.ts'

/** One line of a history. */
export interface Step {
  at: Instant
  from: string
  to: string
  why: string
  /** The event, order or transaction behind it, as it was written down. */
  ref: string | null
  /** What `ref` stands for; undefined where nothing of ours does. */
  cause: Subject | undefined
  /** Of a retry. */
  repeats: Repeats | undefined
}

/** How often a retry came, when the last time, and why then. */
export interface Repeats {
  times: bigint
  lastAt: Instant
  lastWhy: string
}

export const repeatsOf = ({ times, last_at: lastAt, last_why: lastWhy }: Transition): Repeats | undefined =>
  times ? { times, lastAt: lastAt!, lastWhy: lastWhy! } : undefined

export async function stepsOf(reader: Reader, transitions: readonly Transition[]): Promise<Step[]> {
  const causes = await subjectsOf(
    reader,
    transitions.map(({ ref }) => ref),
  )
  return transitions.map(step => ({
    ...{ at: step.at, from: step.from_state, to: step.to_state, why: step.why, ref: step.ref, repeats: repeatsOf(step) },
    cause: step.ref === null ? undefined : causes.get(step.ref),
  }))
}
