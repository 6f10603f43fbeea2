/**
 * Asking again where asking twice is safe: at most three times, with full jitter, and no sooner than the bank
 * said.
 */
import { unsure, type Answer } from '../../base/answer.ts'
import type { Clock, Millis, Random } from '../../base/world.ts'

const maxTries = 3
const firstPauseMs = 250
// A longer wait than this belongs to the job that asked, which has others to do meanwhile.
const longestPauseMs: Millis = 5_000

export interface Patience {
  clock: Clock
  random: Random
}

/**
 * Calls `ask` until it is done, refused for good, or tried three times. Once one try was unsure the whole is
 * never `refused`: that try may have happened, whatever the bank said to the next one.
 */
export async function patiently<T>(
  ask: () => Promise<Answer<T>>,
  { clock, random }: Patience,
): Promise<Answer<T>> {
  let doubt: string | undefined
  for (let tried = 1; ; tried++) {
    const answer = await ask()
    if (answer.is === 'done') return answer
    if (answer.is === 'unsure') doubt ??= answer.why

    const pauseMs = pauseAfter(answer, tried, random)
    if (pauseMs === undefined) return doubt === undefined ? answer : unsure(doubt)
    await clock.sleep(pauseMs)
  }
}

function pauseAfter(answer: Answer<unknown>, tried: number, random: Random): Millis | undefined {
  // Who is not known now is not known a moment later, and knocking on may get us locked out.
  if (tried >= maxTries || (answer.is === 'refused' && (!answer.again || answer.denied))) return undefined
  const jitterMs = random.between(0, firstPauseMs * 2 ** tried)
  const pauseMs = (answer.is === 'refused' ? (answer.afterMs ?? 0) : 0) + jitterMs
  return pauseMs <= longestPauseMs ? pauseMs : undefined
}
