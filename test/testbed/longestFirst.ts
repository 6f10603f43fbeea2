/** The order of test files: the longest first, by the budget, so that all workers end at about the same time. */
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { readBudget, type Budget } from './budget.ts'
import { projectRoot } from './tree.ts'

/** Files the budget does not know come first: they may be long. */
export const longestFirst = (paths: readonly string[], budget: Budget): string[] =>
  paths.toSorted((a, b) => (budget[b]?.seconds ?? Infinity) - (budget[a]?.seconds ?? Infinity) || (a < b ? -1 : 1))

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const file = join(projectRoot, 'test/budget.json')
    const budget = existsSync(file) ? readBudget(readFileSync(file, 'utf8')) : {}
    const byPath = new Map(files.map(each => [relative(projectRoot, each.moduleId), each]))
    return longestFirst([...byPath.keys()], budget).map(path => byPath.get(path)!)
  }
}
