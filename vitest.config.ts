import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/testbed/longestFirst.ts'

export default defineConfig({
  test: {
    include: ['{src,sim,test,bench}/**/*.test.{ts,tsx}'],
    globalSetup: ['./test/testbed/shareServers.ts'],
    setupFiles: ['./test/testbed/measure.ts'],
    sequence: { sequencer: LongestFirst },
    // Half of them wait for servers: two at once take half as long on two cores, and no more on many, where each brings servers of its own.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
