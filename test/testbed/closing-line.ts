/** A vitest reporter that counts: leaves `N passed, N failed[, N skipped]` in a file, for dev-utils.sh to print last of all. */
import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'

export interface Count {
  passed: number
  failed: number
  skipped: number
}

/** A file that does not load, a hook that throws and an error nobody caught are no test's result, and each is a failure all the same. */
export function count(modules: readonly Pick<TestModule, 'errors' | 'children'>[], strayErrors: number): Count {
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

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], stray: readonly SerializedError[]): void {
    const line = closingLine(count(modules, stray.length))
    const file = process.env['REPASSE_CLOSING_LINE']
    if (file) writeFileSync(file, line)
    else console.log(line)
  }
}
