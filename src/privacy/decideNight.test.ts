/** Whether a night's dropping may begin, by when the job looked last. */
import { expect, test } from 'vitest'
import { instant, later } from '../base/world.ts'
import { decideNight } from './decideNight.ts'

const [hour, day] = [3_600_000, 86_400_000]
const now = instant(Date.UTC(2026, 10, 29, 6))

test.each([
  ['never', undefined, 'first'],
  ['an hour ago', later(now, -hour), 'rest'],
  ['a night ago', later(now, -day), 'go'],
  ['two nights ago, for a restart', later(now, -2 * day), 'go'],
  ['a week ago, or by a clock that was right before this one', later(now, -7 * day), 'gap'],
  ['ten years ahead, by a clock that was wrong', later(now, 3_650 * day), 'gap'],
  ['a minute ahead', later(now, 60_000), 'rest'],
] as const)('looked last %s', (_, last, expected) => expect(decideNight(last, now, day)).toBe(expected))
