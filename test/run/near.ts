/** What a change touches, and so much of it as two minutes hold. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBudget, type Budget } from '../testbed/budget.ts'
import { projectFiles, projectRoot } from '../testbed/tree.ts'
import { dependants, reach } from './graph.ts'

export interface Near {
  base: string
  changed: string[]
  /** To be run. */
  files: string[]
  /** Reached as well, and too much for now. */
  left: string[]
  /** How long they would take, about. */
  leftSeconds: number
}

/** Judge every change, and take a second or two. */
const always = ['test/floors.test.ts', 'test/tidy.test.ts']
const mostSeconds = 120
/** Of a file the budget does not know. */
const unknownSeconds = 5
/** How many files pass at once on a small machine: vitest has more workers, and they share two cores. */
const workers = 2

export function findNear(base: string | undefined, root = projectRoot): Near {
  const since = base ?? commonBase(root)
  const changed = changedSince(since, root)
  const files = projectFiles(/\.(?:tsx?|mjs|sh|json|sql|ya?ml|conf|css)$/, root).filter(({ path }) => !path.includes('/vectors/'))
  const reached = reach(changed, dependants(files), path => existsSync(join(root, path)))
  const budgetFile = join(root, 'test/budget.json')
  const budget = existsSync(budgetFile) ? readBudget(readFileSync(budgetFile, 'utf8')) : {}
  const rest = reached.filter(path => !always.includes(path))
  const { taken, left, leftSeconds } = fit(rest, budget)
  return { base: since, changed, files: [...taken, ...always.filter(path => existsSync(join(root, path)))], left, leftSeconds }
}

/** The nearest that fit: a long one that does not leaves its place to those behind it. The nearest of all is always taken. */
export function fit(
  reached: readonly string[],
  budget: Budget,
  most = mostSeconds,
): Pick<Near, 'left' | 'leftSeconds'> & { taken: string[] } {
  const cost = (path: string) => budget[path]?.seconds ?? unknownSeconds
  const taken: string[] = []
  const left: string[] = []
  let [seconds, leftSeconds] = [0, 0]
  for (const path of reached) {
    // Two at a time, and none is shorter than itself.
    const whole = Math.max((seconds + cost(path)) / workers, cost(path))
    if (taken.length === 0 || whole <= most) {
      taken.push(path)
      seconds += cost(path)
    } else {
      left.push(path)
      leftSeconds += cost(path)
    }
  }
  return { taken, left, leftSeconds: leftSeconds / workers }
}

const git = (root: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** Where this branch left the one that is shared; the last commit where nothing is shared. */
function commonBase(root: string): string {
  try {
    return git(root, 'merge-base', 'origin/main', 'HEAD').trim()
  } catch {
    return 'HEAD'
  }
}

/** Committed since, changed and not committed, and new: as paths from the root. A file that was renamed is both names. */
function changedSince(base: string, root: string): string[] {
  const lines = (text: string) => text.split('\0').filter(line => line !== '')
  let committed: string
  try {
    committed = git(root, 'diff', '--name-only', '--no-renames', '-z', base, '--')
  } catch (error) {
    throw new Error(`--near ${base}: git knows no such commit`, { cause: error })
  }
  return [...new Set([...lines(committed), ...lines(git(root, 'ls-files', '--others', '--exclude-standard', '-z'))])].toSorted()
}
