/**
 * Each bench still runs: what it writes into tables by itself, and what it asks of the program, changes with
 * them.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Figure } from './figure.ts'

// Left out are those that take longer than a look: a million past events, and cold starts.
const names = [
  'intake',
  'edge',
  'settle',
  'pace',
  'steady',
  'block',
  'issue',
  'slots',
  'blocks',
  'catchup',
  'derive',
  'shop',
  'pages',
  'window',
]

test('every bench measures something', { timeout: 600_000 }, async () => {
  const program = fileURLToPath(new URL('bench.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, '--json', '--tiny', '--only', names.join()],
    {
      timeout: 590_000,
    },
  )
  const { figures } = JSON.parse(stdout) as { figures: Figure[] }
  const measured = Map.groupBy(figures, ({ bench }) => bench)
  // Without nginx or a node there is nothing to measure them with, and they say so.
  const needServers = ['edge', 'catchup']
  expect(names.filter(name => !measured.has(name) && !needServers.includes(name))).toEqual([])
  expect(figures.filter(({ value }) => !Number.isFinite(value))).toEqual([])
})
