/**
 * The same tests again and again on a machine that is busy with something else: what fails then depends on
 * how fast it is.
 */
import { spawn } from 'node:child_process'
import type { Count } from '../testbed/closing-line.ts'
import type { Outcome } from './outcome.ts'
import type { Ran } from './vitest.ts'

const busyLoops = 3

// It looks up once in a while, so that it sees its pipe close: when we are gone, killed or not, it goes too.
const loop = `
process.stdin.on('end', () => process.exit()).resume()
const spin = () => { for (const end = performance.now() + 50; performance.now() < end;); setImmediate(spin) }
spin()`

/**
 * Starts as many loops as keep every processor of a small machine busy; they end with this process, however
 * that ends.
 */
export function startBusyLoops(count = busyLoops): { pids: number[]; stop(): void } {
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', loop], { stdio: ['pipe', 'ignore', 'ignore'] }),
  )
  for (const child of children) child.stdin.on('error', () => undefined)
  return {
    pids: children.map(({ pid }) => pid!),
    stop: () => children.forEach(child => child.kill('SIGKILL')),
  }
}

/**
 * What `rounds` say together: a test that failed in any has failed. So have a file that was run in one and
 * wholly skipped in another, a round in which nothing passed, and rounds that were `asked` for and not run. A
 * test that passed in one and was skipped in others, beside some of its file that were not, has passed.
 */
export function sumUp(rounds: readonly Ran[], asked: number): { count: Count; lines: string[] } {
  const failures = new Map<string, { times: number; error: string }>()
  const passed = new Set<string>()
  let skipped = 0
  const everRun = new Set(rounds.flatMap(({ outcome }) => filesOf(outcome?.passed)))
  for (const { outcome, count } of rounds) {
    const failed = [
      ...(outcome?.failed ?? [{ test: 'vitest itself', error: 'it died before it could count' }]),
    ]
    // A failure of the run that no test has.
    if (failed.length === 0 && count.failed > 0)
      failed.push({ test: 'the run', error: 'vitest ended with a failure that is no test’s' })
    // One that failed anyway may have been cut short.
    if (failed.length === 0) {
      const run = new Set(filesOf(outcome?.passed))
      if (run.size === 0) failed.push({ test: 'the run', error: 'no test passed in it' })
      else
        for (const file of everRun)
          if (!run.has(file)) failed.push({ test: file, error: 'wholly skipped, and run in another round' })
    }
    const seen = new Set<string>()
    for (const { test, error } of failed) {
      if (seen.has(test)) continue
      seen.add(test)
      const before = failures.get(test)
      failures.set(test, { times: (before?.times ?? 0) + 1, error: before?.error ?? error })
    }
    for (const test of outcome?.passed ?? []) passed.add(test)
    skipped = Math.max(skipped, outcome?.skipped ?? 0)
  }
  for (const test of failures.keys()) passed.delete(test)
  const missing = asked - rounds.length
  if (missing > 0)
    failures.set('rounds that were not run', {
      times: missing,
      error: `${rounds.length} of ${asked} rounds were run`,
    })
  const table = [...failures].toSorted(([, a], [, b]) => b.times - a.times)
  return {
    count: { passed: passed.size, failed: failures.size, skipped },
    lines: [
      ...rounds.map(
        ({ seconds, outcome }, at) =>
          `round ${at + 1}  ${seconds.toFixed(1).padStart(7)} s  ${told(outcome)}`,
      ),
      ...table.flatMap(([test, { times, error }]) => [
        `failed ${times} of ${asked}: ${test}`,
        `    ${error.slice(0, 300)}`,
      ]),
    ],
  }
}

/** Of tests named `path > suites > title`. */
const filesOf = (tests: readonly string[] = []): string[] => tests.map(test => test.split(' > ', 1)[0]!)

function told(outcome: Outcome | undefined): string {
  if (!outcome) return 'vitest died'
  if (outcome.failed.length > 0) return `${outcome.failed.length} failed`
  return outcome.passed.length > 0 ? 'all passed' : 'nothing passed'
}
