/** What became of something, step by step, each with what caused it. */
import type { Reader, Transition } from '../db/db.ts'
import { subjectsOf } from './links.ts'
import { lineOf, type Step } from './step.ts'

export async function stepsOf(reader: Reader, transitions: readonly Transition[]): Promise<Step[]> {
  const causes = await subjectsOf(
    reader,
    transitions.map(({ ref }) => ref),
  )
  return transitions.map(step => ({
    ...lineOf(step),
    cause: step.ref === null ? undefined : causes.get(step.ref),
  }))
}
