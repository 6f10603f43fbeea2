/**
 * Runs the tests it is asked for, one line of JSON after the other, by one vitest that stays: only what was
 * edited since is loaded again. `mutantCopy.ts` starts it in a copy of the program.
 */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createVitest } from 'vitest/node'

export interface Asked {
  file: string
  /** An expression that the titles match; all of the file where it is not said. */
  pattern?: string | undefined
  /** Files that are not as they were. */
  edited: string[]
}

export interface Told {
  failed: string[]
  /** How many tests ran. */
  ran: number
  /** Why none did. */
  why: string
}

const vitest = await createVitest('test', {
  watch: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  reporters: [{}],
  passWithNoTests: true,
})
await vitest.standalone()

for await (const line of createInterface({ input: process.stdin })) {
  const { file, pattern, edited } = JSON.parse(line) as Asked
  for (const path of edited) vitest.invalidateFile(join(process.cwd(), path))
  if (pattern === undefined) vitest.resetGlobalTestNamePattern()
  else vitest.setGlobalTestNamePattern(new RegExp(pattern))
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(
    await vitest.globTestSpecifications([file]),
  )
  // Those of earlier files are told as well.
  const its = testModules.filter(({ moduleId }) => moduleId === join(process.cwd(), file))
  const tests = its
    .flatMap(each => [...each.children.allTests()])
    .filter(test => test.result().state !== 'skipped')
  const faults = [...its.flatMap(each => each.errors()), ...unhandledErrors]
  const told: Told = {
    // One that has no end is broken off, and says nothing.
    failed: tests.filter(test => test.result().state !== 'passed').map(({ name }) => name),
    ran: tests.length,
    why: faults.map(fault => (fault as Partial<Error>).message ?? 'unknown').join(' | '),
  }
  process.stdout.write(`${JSON.stringify(told)}\n`)
}
await vitest.close()
