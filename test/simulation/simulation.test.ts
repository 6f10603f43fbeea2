/** A thousand houses in a thousand storms, each told from its seed. A failure prints the seed and the command that tells it again. */
import { describe, expect, test } from 'vitest'
import { projectFiles } from '../testbed/tree.ts'
import { tell } from './simulation.ts'

const first = Number(process.env['SEED'] ?? 1)
const seeds = Number(process.env['SEEDS'] ?? 1_000)

const deaths = new Map<string, number>()
const seen = { invoices: 0, credited: 0, transfers: 0, events: 0, crashes: 0 }

describe('whatever the seed', () => {
  test(
    `after ${seeds} storms every credited invoice was paid on once, no event was lost, and the books agree with the bank`,
    { timeout: 600_000 },
    async () => {
      const failures: string[] = []
      for (let seed = first; seed < first + seeds && failures.length < 5; seed++) {
        const told = await tell(seed)
        for (const [point, count] of told.deaths) deaths.set(point, (deaths.get(point) ?? 0) + count)
        for (const name of Object.keys(seen) as (keyof typeof seen)[]) seen[name] += told.figures[name]
        if (told.faults.length > 0) failures.push(`node test/simulation/replay.ts --seed ${seed}: ${told.faults.join(' | ')}`)
      }
      expect(failures).toEqual([])
      // So many storms in which nothing happened would prove nothing.
      expect(seen.credited).toBeGreaterThan(seeds * 2)
      expect(seen.crashes).toBeGreaterThan(seeds)
    },
  )

  test.skipIf(seeds < 500)('a process has died at every point that the source names, and around commits and requests', () => {
    const named = projectFiles(/^(?!.*\.test).*\.ts$/)
      .filter(({ path }) => path.startsWith('src/'))
      .flatMap(({ text }) => [...text.matchAll(/\b(?:world\.|await )at\('([^']+)'\)/g)].map(match => match[1]!))
    expect(named.length).toBeGreaterThan(9)
    const points = [
      ...named,
      'before a commit',
      'after a commit',
      'before POST invoice',
      'after POST invoice',
      'before POST transfer',
      'after POST transfer',
    ]
    expect(points.filter(point => !deaths.get(point))).toEqual([])
  })
})

test.each([7, 365, 2026])('seed %i told twice is the same story, byte for byte', async seed => {
  const [once, again] = [await tell(seed), await tell(seed)]
  expect(again.trace).toEqual(once.trace)
  expect(again.digest).toBe(once.digest)
  expect(once.trace.length).toBeGreaterThan(50)
})

test('two seeds are two stories', async () => {
  expect((await tell(7)).digest).not.toBe((await tell(8)).digest)
})
