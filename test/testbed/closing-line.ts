/**
 * A vitest reporter that counts: leaves `N passed, N failed[, N skipped]` in a file, for dev-utils.sh to
 * print last of all.
 */
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import { outcomeOf } from '../run/outcome.ts'
import { projectRoot } from './tree.ts'

export interface Count {
  passed: number
  failed: number
  skipped: number
}

/**
 * A file that does not load, a hook that throws and an error nobody caught are no test's result, and each is
 * a failure all the same.
 */
export function count(
  modules: readonly Pick<TestModule, 'errors' | 'children'>[],
  strayErrors: number,
): Count {
  const sum: Count = { passed: 0, failed: strayErrors, skipped: 0 }
  for (const module of modules) {
    sum.failed += module.errors().length
    for (const suite of module.children.allSuites()) sum.failed += suite.errors().length
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      // A test that was never run to its end has not passed.
      sum[state === 'pending' ? 'failed' : state]++
    }
  }
  return sum
}

export const closingLine = ({ passed, failed, skipped }: Count): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

const longestTitle = 150

/**
 * A title is a sentence for people. One that holds a row's payload is named, by its file and its beginning.
 */
export function longTitles(modules: readonly Pick<TestModule, 'moduleId' | 'children'>[]): string[] {
  return modules.flatMap(({ moduleId, children }) =>
    [...children.allSuites(), ...children.allTests()]
      .filter(({ name }) => name.length > longestTitle)
      .map(
        ({ name }) =>
          `${relative(projectRoot, moduleId)}: a title of ${name.length} characters: ${name.slice(0, 80)}`,
      ),
  )
}

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], stray: readonly SerializedError[]): void {
    const tooLong = longTitles(modules)
    for (const each of tooLong) console.error(`✗ ${each}`)
    const counted = count(modules, stray.length)
    const line = closingLine({ ...counted, failed: counted.failed + tooLong.length })
    const outcomeFile = process.env['REPASSE_OUTCOME']
    if (outcomeFile) {
      const outcome = outcomeOf(modules, stray)
      outcome.failed.push(
        ...tooLong.map(each => ({
          test: each,
          error: `a title is a short sentence, of ${longestTitle} characters at most`,
        })),
      )
      writeFileSync(outcomeFile, JSON.stringify(outcome))
    }
    const file = process.env['REPASSE_CLOSING_LINE']
    if (file) writeFileSync(file, line)
    else console.log(line)
  }
}
