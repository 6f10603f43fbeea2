/** The named points between two effects, as the source has them, and which of them a process is to die at next. */
import type { Random } from '../../src/base/world.ts'
import { projectFiles } from '../testbed/tree.ts'

/** Every name the house passes to `at`, in order. */
export function namedPoints(): string[] {
  const found = projectFiles(/\.ts$/)
    .filter(({ path }) => path.startsWith('src/') && !path.endsWith('.test.ts'))
    .flatMap(({ text }) => [...text.matchAll(/\bat\('(\w+ [\w ]+)'\)/g)].map(match => match[1]!))
  return [...new Set(found)].toSorted()
}

/** For `CRASH_AT`: everywhere a little, and most likely at a point where none has died yet. */
export function crashAt(points: readonly string[], deaths: ReadonlyMap<string, number>, random: Random): string {
  const fewest = Math.min(...points.map(point => deaths.get(point) ?? 0))
  const rare = points.filter(point => (deaths.get(point) ?? 0) === fewest)
  return `${rare[random.between(0, rare.length - 1)]!}:0.5,*:0.02`
}
