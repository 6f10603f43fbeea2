/** A copy of the program with one rule taken out, in a temporary folder, and what is told there. */
import { spawn, type ChildProcess } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { projectRoot } from '../testbed/tree.ts'
import type { Edit } from './mutants.ts'
import type { Asked, Told } from './runTests.ts'

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
const leftOut = /^(\.git|\.env(?!\.example$).*|data|dist.*)$/

const running = new Set<ChildProcess>()
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
      if (running.size === 0) return end()
      for (const child of running) {
        child.once('exit', () => running.delete(child) && running.size === 0 && end())
        child.kill(signal)
        AbortSignal.timeout(10_000).addEventListener('abort', () => child.kill('SIGKILL'))
      }
    })
}

/** `from` becomes `to`, once. Throws where it is not there, or not once. */
export function applied(text: string, { file, from, to }: Edit): string {
  const parts = text.split(from)
  if (parts.length !== 2)
    throw new Error(`${file} has ${JSON.stringify(from)} ${parts.length - 1} times: expected once`)
  return parts.join(to)
}

function makeCopy(): string {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-mutant-'))
  folders.add(folder)
  for (const entry of readdirSync(projectRoot, { withFileTypes: true })) {
    const [from, to] = [join(projectRoot, entry.name), join(folder, entry.name)]
    if (leftOut.test(entry.name)) continue
    if (copied.has(entry.name)) cpSync(from, to, { recursive: true })
    else if (entry.isFile()) copyFileSync(from, to)
    else symlinkSync(from, to)
  }
  return folder
}

function removeCopy(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  folders.delete(folder)
}

function edit(folder: string, edits: readonly Edit[]): void {
  for (const each of edits) {
    const path = join(folder, each.file)
    writeFileSync(path, applied(readFileSync(path, 'utf8'), each))
  }
}

/** Makes the copy, gives it to `use`, and removes it. */
export async function withMutant<T>(edits: readonly Edit[], use: (folder: string) => Promise<T>): Promise<T> {
  const folder = makeCopy()
  try {
    edit(folder, edits)
    return await use(folder)
  } finally {
    removeCopy(folder)
  }
}

export interface Tests {
  /**
   * The titles of those that fail once `edits` are made, of a file or of it what `title` names. Throws where
   * none runs.
   */
  failing(edits: readonly Edit[], file: string, title?: string): Promise<string[]>
  close(): Promise<void>
}

/** One copy and one vitest for many mutants, which takes a second for each where a new one takes five. */
export function openTests(): Tests {
  const folder = makeCopy()
  const child = spawn(process.execPath, ['test/simulation/runTests.ts'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  })
  running.add(child)
  // Whoever writes to one that has ended hears of it below.
  child.stdin.on('error', () => undefined)
  const ended = new Promise(resolve => child.once('close', resolve))
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let edited: string[] = []
  return {
    async failing(edits, file, title) {
      edit(folder, edits)
      const files = [...new Set(edits.map(each => each.file))]
      const asked: Asked = {
        file,
        pattern: title === undefined ? undefined : patternOf(title),
        edited: [...edited, ...files],
      }
      const late = endingLate(child)
      try {
        child.stdin.write(`${JSON.stringify(asked)}\n`)
        const { value } = (await answers.next()) as { value: string | undefined }
        if (value === undefined) throw new Error(`${file} did not end, or was ended`)
        const { failed, ran, why } = JSON.parse(value) as Told
        if (ran === 0) throw new Error(`no test of ${file} ran: ${why}`)
        return failed
      } finally {
        late.abort()
        edited = files
        for (const each of files) copyFileSync(join(projectRoot, each), join(folder, each))
      }
    },
    async close() {
      child.stdin.end()
      await ended
      running.delete(child)
      removeCopy(folder)
    },
  }
}

/** A rule taken out may leave a test without an end. */
function endingLate(child: ChildProcess): AbortController {
  const done = new AbortController()
  AbortSignal.timeout(testMs).addEventListener('abort', () => {
    if (!done.signal.aborted) child.kill('SIGKILL')
  })
  return done
}

/** Tells these seeds in `folder` until one has a fault. Answers that one. */
export async function firstFault(folder: string, seeds: readonly number[]): Promise<Fault | undefined> {
  if (seeds.length === 0) return undefined
  const child = spawn(process.execPath, ['test/simulation/firstFault.ts', ...seeds.map(String)], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
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
  running.delete(child)
  const faulty = told.find(({ faults }) => faults.length > 0)
  if (faulty || told.length === seeds.length) return faulty
  const seed = seeds[told.length]!
  return {
    seed,
    faults: [
      isLate ? `its story did not end within ${storyMs / 1_000} s` : `its story broke off: ${said.trim()}`,
    ],
  }
}

interface Reported {
  numTotalTests: number
  testResults: { assertionResults: { status: string; title: string }[] }[]
}

/**
 * Runs a test file in `folder` until one of its tests fails; `restores`: how many stories it tells. Answers
 * the titles of what failed, and all that was printed. Throws where it did not run.
 */
export async function runTest(
  folder: string,
  file: string,
  restores?: number,
): Promise<{ failed: string[]; said: string }> {
  const report = join(folder, 'report.json')
  const words = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`, '--bail=1', file]
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...(restores !== undefined && { RESTORES: `${restores}` }) },
    timeout: testMs,
  })
  running.add(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await new Promise(resolve => child.once('close', resolve))
  running.delete(child)
  const reported = existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Reported) : undefined
  if (!reported || reported.numTotalTests === 0)
    throw new Error(`${file} did not run: ${said.trim().slice(-2_000)}`)
  const results = reported.testResults.flatMap(({ assertionResults }) => assertionResults)
  return { failed: results.filter(({ status }) => status === 'failed').map(({ title }) => title), said }
}

/**
 * As an expression that the titles of one test match: placeholders of `test.each` and of templates stand for
 * anything.
 */
export const patternOf = (title: string): string =>
  title
    .split(/%[a-z]|\$\{[^}]*\}|\$\w+/)
    .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')
