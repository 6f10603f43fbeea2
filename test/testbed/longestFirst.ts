/**
 * The order of test files: the longest first, by the budget, so that all workers end at about the same time;
 * and those that share a worker in a row.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { readBudget, type Budget } from './budget.ts'
import { projectRoot } from './tree.ts'

/** Files the budget does not know come first: they may be long. */
export const longestFirst = (paths: readonly string[], budget: Budget): string[] =>
  paths.toSorted(
    (a, b) => (budget[b]?.seconds ?? Infinity) - (budget[a]?.seconds ?? Infinity) || (a < b ? -1 : 1),
  )

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const file = join(projectRoot, 'test/budget.json')
    const budget = existsSync(file) ? readBudget(readFileSync(file, 'utf8')) : {}
    const byPath = new Map(files.map(each => [relative(projectRoot, each.moduleId), each]))
    const sorted = longestFirst([...byPath.keys()], budget).map(path => byPath.get(path)!)
    // Vitest ends a worker that could be shared as soon as the next file must not share it. The short ones
    // share, so they come last.
    const shares = ({ project }: TestSpecification) => !project.config.isolate
    return [...sorted.filter(each => !shares(each)), ...sorted.filter(shares)]
  }
}
