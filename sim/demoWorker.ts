/** The worker as the demonstration meets it: a child process, and the same command a person has. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'dotenv'

export { freePort } from './port.ts'

export const program = fileURLToPath(new URL('../bin/repasse', import.meta.url))

/** How a command ended. */
export interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

// What the caller's shell has set would win over the demonstration's own `.env`.
const ours =
  /^(STARKBANK_|BITCOIN_|RATE|TRANSFER_FEE|DATABASE_URL$|LISTEN$|PUBLIC_URL$|SHOP_(NAME$|LIMIT_)|SIMULATE_URL$|SMTP_URL$|MAIL_FROM$|METRICS_LISTEN$|LOG_LEVEL$|ROLES$|CRASH_AT$|CLOCK$)/
const environment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))

/** Runs one command of `bin/repasse` in `folder`, whose `.env` it reads; `settings` win over that. */
export function repasse(
  folder: string,
  args: string[],
  settings: Record<string, string> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...environment(), ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', code => resolve({ code, stdout, stderr }))
  })
}

/** The same, where anything but success is the end of the demonstration. */
export async function mustRepasse(folder: string, args: string[]): Promise<string> {
  return well(args, await repasse(folder, args))
}

type FrontDoor = typeof import('../src/cli/cli.ts')
let frontDoor: Promise<FrontDoor> | undefined

/**
 * The program as it is shipped: to start it once builds what is older than its source, and Node by itself
 * reads no `.tsx`.
 */
async function openFrontDoor(): Promise<FrontDoor> {
  await promisify(execFile)(program, ['--version'])
  return (await import(new URL('../dist/cli/cli.js', import.meta.url).href)) as FrontDoor
}

/**
 * The same command line within this process, for what is asked every second: to start a program costs far
 * more than its answer.
 */
export async function ask(folder: string, args: string[]): Promise<Ended> {
  const { runCli } = await (frontDoor ??= openFrontDoor())
  let [stdout, stderr] = ['', '']
  const outlet = {
    out: async (text: string) => void (stdout += text),
    err: (text: string) => void (stderr += text),
    colours: false,
  }
  const env = { ...environment(), ...parse(readFileSync(join(folder, '.env'))) }
  return { code: await runCli(['node', 'repasse', ...args], env, outlet), stdout, stderr }
}

export const mustAsk = async (folder: string, args: string[]): Promise<string> =>
  well(args, await ask(folder, args))

function well(args: string[], { code, stdout, stderr }: Ended): string {
  if (code !== 0)
    throw new Error(`repasse ${args.join(' ')} ended with ${code}: ${(stderr || stdout).trim()}`)
  return stdout
}

export interface Worker {
  /** Undefined when it could not be started. */
  pid: number | undefined
  /** Its last lines, oldest first. */
  recent(): string[]
  /** Resolves when the process is gone, whoever ended it. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  stop(): Promise<void>
  /** Ends it as nobody can refuse. */
  kill(): void
}

const maxLines = 8
const patienceMs = 15_000

/**
 * Starts `repasse serve` in `folder`; its log also goes to `worker.log` there. `settings` win over the
 * folder's `.env`.
 */
export function startWorker(
  folder: string,
  news: (line: string) => string | undefined,
  settings: Record<string, string> = {},
): Worker {
  const child = spawn(program, ['serve'], {
    cwd: folder,
    env: { ...environment(), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createWriteStream(join(folder, 'worker.log'), { flags: 'a' })
  const lines: { told: string; times: number }[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', line => {
      log.write(`${line}\n`)
      const told = news(line)
      if (told !== undefined) gather(lines, told)
    })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve => {
    child.once('error', error => (gather(lines, error.message), resolve({ code: null, signal: null })))
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  void ended.then(() => log.end())
  const recent = () => lines.map(({ told, times }) => (times === 1 ? told : `${told} ×${times}`))
  return {
    pid: child.pid,
    recent,
    ended,
    stop: () => end(child, ended),
    kill: () => void child.kill('SIGKILL'),
  }
}

/** The same news again, but for its time, is counted. */
function gather(lines: { told: string; times: number }[], told: string): void {
  const timeless = (text: string) => text.replace(/^\d\d:\d\d:\d\d /, '')
  const last = lines.at(-1)
  if (last && timeless(last.told) === timeless(told)) Object.assign(last, { told, times: last.times + 1 })
  else lines.push({ told, times: 1 })
  if (lines.length > maxLines) lines.shift()
}

/** Asks first, by the pid that was started; who does not go in time is ended. */
async function end(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  const hard = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await ended
  clearTimeout(hard)
}

/** Waits until the worker answers on `url`; false when it ended first or time is up. */
export async function answers(url: string, worker: Worker, withinMs = 20_000): Promise<boolean> {
  let gone = false
  void worker.ended.then(() => (gone = true))
  for (const until = Date.now() + withinMs; !gone && Date.now() < until;) {
    const answer = await fetch(`${url}/health`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) return true
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return false
}
