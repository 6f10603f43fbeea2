/**
 * One run of vitest, as `./dev-utils.sh test` makes it: its output goes to the terminal, what it counted
 * comes back.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closingLine, type Count } from '../testbed/closing-line.ts'
import { projectRoot } from '../testbed/tree.ts'
import type { Outcome } from './outcome.ts'

export interface Ran {
  count: Count
  /** Undefined when vitest died before it could tell. */
  outcome: Outcome | undefined
  seconds: number
}

const reporters = ['default', './test/testbed/timing.ts', './test/testbed/closing-line.ts'].map(
  each => `--reporter=${each.startsWith('.') ? join(projectRoot, each) : each}`,
)

/**
 * Whoever asks this process to end asks vitest: it is told, and what it leaves is looked for before we go.
 */
let running: ChildProcess | undefined
let stopped: NodeJS.Signals | undefined
export const wasStopped = (): boolean => stopped !== undefined
export function passSignalsOn(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      // A terminal sends Ctrl-C to both of us; a second one to vitest would cut its tidying up short.
      if (signal !== 'SIGINT') running?.kill(signal)
      stopped = signal
    })
}

/** `run` goes into the environment of everything that is started, so that what outlives it can be found. */
export async function runVitest(words: readonly string[], run: string): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-run-'))
  const [line, outcome] = [join(folder, 'line'), join(folder, 'outcome')]
  const began = performance.now()
  try {
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...words], {
      cwd: projectRoot,
      stdio: 'inherit',
      env: { ...process.env, REPASSE_CLOSING_LINE: line, REPASSE_OUTCOME: outcome, REPASSE_TEST_RUN: run },
    })
    running = child
    const status = await new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('exit', resolve),
    )
    const count = readCount(read(line))
    // A failure that no test has, as of a threshold of vitest's own.
    if (status !== 0 && count.failed === 0) count.failed = 1
    const told = read(outcome)
    return {
      count,
      outcome: told === '' ? undefined : (JSON.parse(told) as Outcome),
      seconds: (performance.now() - began) / 1_000,
    }
  } finally {
    running = undefined
    rmSync(folder, { recursive: true, force: true })
  }
}

const read = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '')

/** What the closing line says; one failure where there is none, because vitest died before it could count. */
export function readCount(line: string): Count {
  const found = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line.trim())
  return found
    ? { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3] ?? 0) }
    : { passed: 0, failed: 1, skipped: 0 }
}

export { closingLine, type Count }
