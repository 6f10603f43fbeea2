/**
 * The short storm of the test run: twenty deaths of the real program on each database. `./dev-utils.sh storm`
 * is the long one.
 */
import { describe, expect, test } from 'vitest'
import { postgresAvailable, startPostgres } from '../testbed/postgres.ts'
import { crashAt, stormPoints } from './points.ts'
import { storm, type Told } from './run.ts'

const seed = Number(process.env['SEED'] ?? 20_261_121)
const kills = 20
const patienceMs = 1_800_000

function nothingWasLost({ faults, deaths, figures, evidence }: Told): void {
  expect(faults, evidence.join('\n')).toEqual([])
  expect([...deaths.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(kills)
  expect(figures.credited).toBeGreaterThan(0)
}

describe('twenty kills under a bank that misbehaves and a chain that thinks again lose no event, pay nothing twice and leave the books even', () => {
  test(
    'with one worker and its embedded database',
    async () => nothingWasLost(await storm({ seed, kills, databaseUrl: 'sqlite:', workers: 1 })),
    patienceMs,
  )

  test.skipIf(!postgresAvailable())(
    'with four workers and one PostgreSQL',
    async () => {
      // Workers die, the server does not: what its disk keeps is judged by nobody here.
      const postgres = await startPostgres({ durable: false, own: true })
      try {
        nothingWasLost(await storm({ seed, kills, databaseUrl: await postgres.freshDatabase(), workers: 4 }))
      } finally {
        await postgres.stop()
      }
    },
    patienceMs,
  )
})

test('a storm knows every named point of the source, and seeks those where nobody has died yet', () => {
  const points = stormPoints()
  expect(points).toEqual(
    expect.arrayContaining([
      'events kept',
      'payouts asked for',
      'slot claimed',
      'invoices asked for',
      'block kept',
      'bundle sent',
    ]),
  )
  const random = { next: () => 0, bytes: () => new Uint8Array(), between: (low: number) => low }
  expect(crashAt(['one', 'other'], new Map([['one', 2]]), random)).toBe('other:0.5,*:0.02')
})
