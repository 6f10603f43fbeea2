import { configDefaults, defineConfig } from 'vitest/config'
import { LongestFirst } from './test/testbed/longestFirst.ts'

/** Tests of one room each: a worker runs one after another without loading the program anew, which costs more than most of them. */
const units = 'src/**/*.test.{ts,tsx}'
/** Those that put something in the place of what others use too: clocks, sockets, what the bank's own library keeps. */
const alone = ['src/base/clock.test.ts', 'src/rails/starkbank/*.test.ts', 'src/rates/outage.test.ts']

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'units', include: [units], exclude: [...configDefaults.exclude, ...alone], isolate: false } },
      { extends: true, test: { name: 'whole', include: ['{sim,test,bench}/**/*.test.{ts,tsx}', ...alone] } },
    ],
    globalSetup: ['./test/testbed/shareServers.ts'],
    setupFiles: ['./test/testbed/measure.ts'],
    sequence: { sequencer: LongestFirst },
    // Half of them wait for servers: three at once keep two cores at work, and more do no good on many, where each brings servers of its own.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
