/**
 * Which tests of a run passed, and which failed with what first line: as JSON, for whoever runs them several
 * times.
 */
import { relative } from 'node:path'
import type { SerializedError, TestModule } from 'vitest/node'
import { projectRoot } from '../testbed/tree.ts'

export interface Outcome {
  /** Of each test, `path > suites > title`. */
  passed: string[]
  failed: Failure[]
  skipped: number
}
export interface Failure {
  test: string
  /** The first line of its first error. */
  error: string
}

type Errors = readonly { message: string }[] | undefined
const firstLine = (errors: Errors) => (errors?.[0]?.message ?? 'it was not run to its end').split('\n')[0]!

/**
 * A file that does not load, a hook that throws and an error nobody caught are failures with names of their
 * own.
 */
export function outcomeOf(modules: readonly TestModule[], stray: readonly SerializedError[]): Outcome {
  const outcome: Outcome = { passed: [], failed: [], skipped: 0 }
  const fails = (test: string, errors: Errors) => outcome.failed.push({ test, error: firstLine(errors) })
  for (const module of modules) {
    const path = relative(projectRoot, module.moduleId)
    if (module.errors().length > 0) fails(path, module.errors())
    for (const suite of module.children.allSuites())
      if (suite.errors().length > 0) fails(`${path} > ${suite.fullName}`, suite.errors())
    for (const test of module.children.allTests()) {
      const { state, errors } = test.result()
      const name = `${path} > ${test.fullName}`
      if (state === 'passed') outcome.passed.push(name)
      else if (state === 'skipped') outcome.skipped++
      else fails(name, errors)
    }
  }
  for (const error of stray) fails('an error nobody caught', [error])
  return outcome
}
