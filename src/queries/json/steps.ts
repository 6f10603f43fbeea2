/** Histories as programs read them. */
import type { Transition } from '../../db/db.ts'
import { lineOf, type HistoryLine } from '../step.ts'

export const stepsJson = (steps: readonly HistoryLine[]) =>
  steps.map(({ at, from, to, why, ref, repeats }) => ({
    ...{ at, from: from || null, to, why, ref },
    ...(repeats && { ...repeats, times: Number(repeats.times) }),
  }))

export const historyJson = (steps: readonly Transition[]) => stepsJson(steps.map(lineOf))
