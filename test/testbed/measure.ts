/** Runs before each test file, in its worker: leaves what the file took where the reporter finds it. */
import { afterAll, afterEach, expect } from 'vitest'
import { processorSeconds } from './processor.ts'
import { takeStarts, type Start } from './starts.ts'

export interface Measured {
  /** From the worker's start, or from the end of the file it ran before. */
  seconds: number
  /** Of processor, children included; missing where there is no /proc. */
  cpu?: number
  /** Calls of `expect` in tests and their `beforeEach` and `afterEach`, one that is polled counted once. */
  expects: number
  starts: Start[]
}

declare module 'vitest' {
  interface TaskMeta {
    measured?: Measured
  }
}

interface Mark {
  seconds: number
  cpu: number
}
const key = Symbol.for('repasse.measured')
const worker = globalThis as { [key]?: Mark }

let expects = 0
// Registered first, so both run last: what the test and the file did to end has been counted.
afterEach(() => void (expects += expect.getState().assertionCalls))

// oxlint-disable-next-line no-empty-pattern -- vitest reads the pattern
afterAll(({}, file) => {
  const before = worker[key] ?? { seconds: 0, cpu: 0 }
  const cpu = processorSeconds()
  const now = { seconds: performance.now() / 1_000, cpu: cpu ?? 0 }
  worker[key] = now
  file.meta.measured = {
    seconds: now.seconds - before.seconds,
    ...(cpu !== undefined && { cpu: cpu - before.cpu }),
    expects,
    starts: takeStarts(),
  }
})
