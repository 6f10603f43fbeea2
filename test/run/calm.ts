/** The same tests again and again on a machine that is busy with something else: what fails then depends on how fast it is. */
import { spawn } from 'node:child_process'
import type { Count } from '../testbed/closing-line.ts'
import type { Ran } from './vitest.ts'

const busyLoops = 3

// It looks up once in a while, so that it sees its pipe close: when we are gone, killed or not, it goes too.
const loop = `
process.stdin.on('end', () => process.exit()).resume()
const spin = () => { for (const end = performance.now() + 50; performance.now() < end;); setImmediate(spin) }
spin()`

/** Starts as many loops as keep every processor of a small machine busy; they end with this process, however that ends. */
export function startBusyLoops(count = busyLoops): { pids: number[]; stop(): void } {
  const children = Array.from({ length: count }, () => spawn(process.execPath, ['-e', loop], { stdio: ['pipe', 'ignore', 'ignore'] }))
  for (const child of children) child.stdin.on('error', () => undefined)
  return { pids: children.map(({ pid }) => pid!), stop: () => children.forEach(child => child.kill('SIGKILL')) }
}

/** What `rounds` say together: a test that failed in any has failed, and one that passed in one and was skipped in others has passed. */
export function sumUp(rounds: readonly Ran[]): { count: Count; lines: string[] } {
  const failures = new Map<string, { times: number; error: string }>()
  const passed = new Set<string>()
  let skipped = 0
  for (const { outcome, count } of rounds) {
    const failed = outcome?.failed ?? [{ test: 'vitest itself', error: 'it died before it could count' }]
    // A failure of the run that no test has.
    if (failed.length === 0 && count.failed > 0) failed.push({ test: 'the run', error: 'vitest ended with a failure that is no test’s' })
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
  const table = [...failures].toSorted(([, a], [, b]) => b.times - a.times)
  return {
    count: { passed: passed.size, failed: failures.size, skipped },
    lines: [
      ...rounds.map(({ seconds, outcome }, at) => `round ${at + 1}  ${seconds.toFixed(1).padStart(7)} s  ${told(outcome?.failed.length)}`),
      ...table.flatMap(([test, { times, error }]) => [`failed ${times} of ${rounds.length}: ${test}`, `    ${error.slice(0, 300)}`]),
    ],
  }
}

const told = (failed: number | undefined): string =>
  failed === undefined ? 'vitest died' : failed === 0 ? 'all passed' : `${failed} failed`
