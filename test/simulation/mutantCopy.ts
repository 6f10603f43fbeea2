/** A copy of the program with one rule taken out, in a temporary folder, and what is told there. */
import { spawn, type ChildProcess } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { projectRoot } from '../testbed/tree.ts'
import type { Edit } from './mutants.ts'

export interface Fault {
  seed: number
  /** Empty where the story is as it should be. */
  faults: string[]
}

/** A story of a rule taken out may have no end. */
const storyMs = 180_000
/** A test file, or its stories of restores. */
const testMs = 600_000

const copied = new Set(['src', 'sim', 'test'])
/** The clone itself, and what a deployment has. */
const leftOut = /^(\.git|\.env.*|data|dist.*)$/

let running: ChildProcess | undefined
const folders = new Set<string>()

/** Ctrl-C and its like: what runs is ended, the copies are removed, and then we go as asked. */
export function tidyOnSignals(): void {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)
    process.once(signal, () => {
      const end = () => {
        for (const folder of folders) rmSync(folder, { recursive: true, force: true })
        process.exit(code)
      }
      if (!running) return end()
      running.once('exit', end)
      running.kill(signal)
      AbortSignal.timeout(10_000).addEventListener('abort', () => running?.kill('SIGKILL'))
    })
}

/** `from` becomes `to`, once. Throws where it is not there, or not once. */
export function applied(text: string, { file, from, to }: Edit): string {
  const parts = text.split(from)
  if (parts.length !== 2) throw new Error(`${file} has ${JSON.stringify(from)} ${parts.length - 1} times: expected once`)
  return parts.join(to)
}

/** Makes the copy, gives it to `use`, and removes it. */
export async function withMutant<T>(edits: readonly Edit[], use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-mutant-'))
  folders.add(folder)
  try {
    for (const entry of readdirSync(projectRoot, { withFileTypes: true })) {
      const [from, to] = [join(projectRoot, entry.name), join(folder, entry.name)]
      if (leftOut.test(entry.name)) continue
      if (copied.has(entry.name)) cpSync(from, to, { recursive: true })
      else if (entry.isFile()) copyFileSync(from, to)
      else symlinkSync(from, to)
    }
    for (const edit of edits) {
      const path = join(folder, edit.file)
      writeFileSync(path, applied(readFileSync(path, 'utf8'), edit))
    }
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    folders.delete(folder)
  }
}

/** Tells these seeds in `folder` until one has a fault. Answers that one. */
export async function firstFault(folder: string, seeds: readonly number[]): Promise<Fault | undefined> {
  if (seeds.length === 0) return undefined
  const child = spawn(process.execPath, ['test/simulation/firstFault.ts', ...seeds.map(String)], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running = child
  const told: Fault[] = []
  let [said, isLate] = ['', false]
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)))
  let patience = new AbortController()
  const wait = () => {
    patience.abort()
    const mine = (patience = new AbortController())
    AbortSignal.timeout(storyMs).addEventListener('abort', () => {
      if (mine.signal.aborted) return
      isLate = true
      child.kill('SIGKILL')
    })
  }
  wait()
  const ended = new Promise(resolve => child.once('close', resolve))
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(JSON.parse(line) as Fault)
    wait()
  }
  await ended
  patience.abort()
  running = undefined
  const faulty = told.find(({ faults }) => faults.length > 0)
  if (faulty || told.length === seeds.length) return faulty
  const seed = seeds[told.length]!
  return { seed, faults: [isLate ? `its story did not end within ${storyMs / 1_000} s` : `its story broke off: ${said.trim()}`] }
}

interface Reported {
  numTotalTests: number
  testResults: { assertionResults: { status: string; title: string }[] }[]
}

/**
 * Runs a test file in `folder` until one of its tests fails; `restores`: how many stories it tells. Answers the titles of what failed, and all that
 * was printed. Throws where it did not run.
 */
export async function runTest(folder: string, file: string, restores?: number): Promise<{ failed: string[]; said: string }> {
  const report = join(folder, 'report.json')
  const words = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`, '--bail=1', file]
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...(restores !== undefined && { RESTORES: `${restores}` }) },
    timeout: testMs,
  })
  running = child
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await new Promise(resolve => child.once('close', resolve))
  running = undefined
  const reported = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Reported) : undefined
  if (!reported || reported.numTotalTests === 0) throw new Error(`${file} did not run: ${said.trim().slice(-2_000)}`)
  const results = reported.testResults.flatMap(({ assertionResults }) => assertionResults)
  return { failed: results.filter(({ status }) => status === 'failed').map(({ title }) => title), said }
}
