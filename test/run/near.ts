/** What a change touches, and so much of it as two minutes hold. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBudget, type Budget } from '../testbed/budget.ts'
import { projectFiles, projectRoot } from '../testbed/tree.ts'
import { dependants, isTest, reach, touchesAll } from './graph.ts'

export interface Near {
  base: string
  /**
   * Nothing changed since what would have been the base, so this is the last commit itself, against the one
   * before it.
   */
  isLastCommit: boolean
  changed: string[]
  /** To be run. */
  files: string[]
  /** Reached as well, and too much for now. */
  left: string[]
  /** How long they would take, about. */
  leftSeconds: number
  /**
   * The changed files that every test depends on: what is chosen is a sample, cheapest first behind the
   * nearest.
   */
  touchAll: string[]
}

/** Judge every change, and take a second or two. */
const always = ['test/floors.test.ts', 'test/tidy.test.ts']
const maxSeconds = 120
/** Of a file the budget does not know. */
const unknownSeconds = 5
/** How many files pass at once on a small machine: vitest has more workers, and they share two cores. */
const workers = 2

export function findNear(base: string | undefined, root = projectRoot): Near {
  const { since, changed, isLastCommit } = changes(base, root)
  const files = projectFiles(/\.(?:tsx?|mjs|sh|json|sql|ya?ml|conf|css)$/, root).filter(
    ({ path }) => !path.includes('/vectors/'),
  )
  const reached = reach(changed, dependants(files), path => existsSync(join(root, path)))
  const budgetFile = join(root, 'test/budget.json')
  const budget = existsSync(budgetFile) ? readBudget(readFileSync(budgetFile, 'utf8')) : {}
  const touchAll = changed.filter(touchesAll)
  const others =
    touchAll.length > 0
      ? files.map(({ path }) => path).filter(path => isTest(path) && !reached.includes(path))
      : []
  const rest = [...reached, ...others.toSorted((a, b) => cost(budget, a) - cost(budget, b))].filter(
    path => !always.includes(path),
  )
  const { taken, left, leftSeconds } = fit(rest, budget)
  const chosen = [...taken, ...always.filter(path => existsSync(join(root, path)))]
  return { base: since, isLastCommit, changed, files: chosen, left, leftSeconds, touchAll }
}

const cost = (budget: Budget, path: string): number => budget[path]?.seconds ?? unknownSeconds

/**
 * The nearest that fit: a long one that does not leaves its place to those behind it. The nearest of all is
 * always taken.
 */
export function fit(
  reached: readonly string[],
  budget: Budget,
  most = maxSeconds,
): Pick<Near, 'left' | 'leftSeconds'> & { taken: string[] } {
  const taken: string[] = []
  const left: string[] = []
  let [seconds, leftSeconds] = [0, 0]
  for (const path of reached) {
    // Two at a time, and none is shorter than itself.
    const whole = Math.max((seconds + cost(budget, path)) / workers, cost(budget, path))
    if (taken.length === 0 || whole <= most) {
      taken.push(path)
      seconds += cost(budget, path)
    } else {
      left.push(path)
      leftSeconds += cost(budget, path)
    }
  }
  return { taken, left, leftSeconds: leftSeconds / workers }
}

const git = (root: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/**
 * A base that nobody named and since which nothing changed judges nothing: then it is the last commit that is
 * judged.
 */
function changes(
  base: string | undefined,
  root: string,
): { since: string; changed: string[]; isLastCommit: boolean } {
  const since = base ?? commonBase(root)
  const changed = changedSince(since, root)
  if (base !== undefined || changed.length > 0) return { since, changed, isLastCommit: false }
  const instead =
    'name a BASE, as in `./dev-utils.sh test --near COMMIT`, or run everything with `./dev-utils.sh test`'
  try {
    git(root, 'rev-parse', '--verify', '--quiet', 'HEAD~1^{commit}')
  } catch (error) {
    throw new Error(`--near: nothing changed, and there is no commit before the last one here: ${instead}`, {
      cause: error,
    })
  }
  const last = changedSince('HEAD~1', root)
  if (last.length === 0)
    throw new Error(`--near: nothing changed, and nothing in the last commit either: ${instead}`)
  return { since: 'HEAD~1', changed: last, isLastCommit: true }
}

/** Where this branch left the one that is shared; the last commit where nothing is shared. */
function commonBase(root: string): string {
  try {
    return git(root, 'merge-base', 'origin/main', 'HEAD').trim()
  } catch {
    return 'HEAD'
  }
}

/**
 * Committed since, changed and not committed, and new: as paths from the root. A file that was renamed is
 * both names.
 */
function changedSince(base: string, root: string): string[] {
  const lines = (text: string) => text.split('\0').filter(line => line !== '')
  let committed: string
  try {
    committed = git(root, 'diff', '--name-only', '--no-renames', '-z', base, '--')
  } catch (error) {
    throw new Error(`--near ${base}: git knows no such commit`, { cause: error })
  }
  return [
    ...new Set([
      ...lines(committed),
      ...lines(git(root, 'ls-files', '--others', '--exclude-standard', '-z')),
    ]),
  ].toSorted()
}
