/**
 * The named points between two effects, as the source has them, and which of them a process is to die at
 * next.
 */
import type { Random } from '../../src/base/world.ts'
import { projectFiles } from '../testbed/tree.ts'

/** Of commands that a person runs: no worker meets them, and the tests of those commands end there. */
const ofCommands = /^(bank key |values encrypted$)/
/** Of a night, which a storm is too short for; the simulation has nights. */
const ofNights = /^old rows dropped$/

/** Every name that a worker passes to `at`, in order. */
export function namedPoints(): string[] {
  const found = projectFiles(/\.ts$/)
    .filter(({ path }) => path.startsWith('src/') && !path.endsWith('.test.ts'))
    .flatMap(({ text }) => [...text.matchAll(/\b(?:world\.|await )at\('([^']+)'\)/g)].map(match => match[1]!))
  return [...new Set(found)].filter(point => !ofCommands.test(point)).toSorted()
}

/** Those that a storm can reach. */
export const stormPoints = (): string[] => namedPoints().filter(point => !ofNights.test(point))

/** For `CRASH_AT`: everywhere a little, and most likely at a point where none has died yet. */
export function crashAt(
  points: readonly string[],
  deaths: ReadonlyMap<string, number>,
  random: Random,
): string {
  const fewest = Math.min(...points.map(point => deaths.get(point) ?? 0))
  const rare = points.filter(point => (deaths.get(point) ?? 0) === fewest)
  return `${rare[random.between(0, rare.length - 1)]!}:0.5,*:0.02`
}
