import { configDefaults, defineConfig } from 'vitest/config'
import { LongestFirst } from './test/testbed/longestFirst.ts'

/** Tests of one room or one town within the process: a worker runs one after another without loading the program anew, which costs more than most of them. */
const together = [
  'src/**/*.test.{ts,tsx}',
  'test/console-{accounts,acts,coins,engines,lists,products,schedules}.test.ts',
  'test/security{,-forms,-questions,-roles}.test.ts',
  'test/{orders,settling,shop,shopPostgres,store}.test.ts',
]
/** Those that put something in the place of what others use too: clocks, sockets, what the bank's own library keeps. */
const alone = ['src/base/clock.test.ts', 'src/rails/starkbank/*.test.ts', 'src/rates/outage.test.ts']

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'together', include: together, exclude: [...configDefaults.exclude, ...alone], isolate: false } },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ['{sim,test,bench}/**/*.test.{ts,tsx}', ...alone],
          exclude: [...configDefaults.exclude, ...together.filter(each => each.startsWith('test/'))],
        },
      },
    ],
    globalSetup: ['./test/testbed/shareServers.ts'],
    setupFiles: ['./test/testbed/measure.ts'],
    sequence: { sequencer: LongestFirst },
    // Half of them wait for servers: three at once keep two cores at work, and more do no good on many, where each brings servers of its own.
    maxWorkers: 3,
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
})
