/**
 * What a run leaves behind: processes that outlive it are named and ended, folders of runs long gone are
 * removed.
 */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../testbed/until.ts'
import { end, isRunAlive, ofRuns, type Found } from './processes.ts'

const day = 86_400_000

/** Of this run, and of runs inside it. */
const belongs = (run: string) => (found: Found) => found.run === run || found.run.startsWith(`${run}.`)

/**
 * Gives what still bears the run `graceMs` to end by itself, and the engine of containers half a minute; then
 * ends it, by its own pid. Answers a line for each that was ended. The engine stays where another living run
 * uses it.
 */
export async function endLeftovers(
  run: string,
  { graceMs = 5_000, engineMs = 30_000 } = {},
): Promise<string[]> {
  const left = (isEngine: boolean) => {
    const all = ofRuns()
    const engine = ofEngine(all)
    return all.filter(belongs(run)).filter(({ pid }) => engine.has(pid) === isEngine)
  }
  const gone = async (isEngine: boolean, withinMs: number) => {
    await until(() => left(isEngine).length === 0, 'its processes to end', { withinMs }).catch(
      () => undefined,
    )
    return left(isEngine)
  }
  const ended = await gone(false, graceMs)
  if (!isEngineShared(run)) ended.push(...(await gone(true, engineMs)))
  await endAll(ended)
  return ended.map(({ pid, command }) => `${pid} ${command}`)
}

/** The same for runs whose own process is dead, as after `kill -9`: nobody will come for theirs. */
export async function endOrphans(): Promise<string[]> {
  const all = ofRuns()
  const engine = ofEngine(all)
  const orphans = all.filter(({ pid, run }) => isRunAlive(run) === false && !engine.has(pid))
  await endAll(orphans)
  return orphans.map(({ pid, command }) => `${pid} ${command}`)
}

async function endAll(processes: readonly Found[]): Promise<void> {
  for (const found of processes) end(found, 'SIGTERM')
  const lives = () => {
    const now = new Set(ofRuns().map(({ pid, began }) => `${pid} ${began}`))
    return processes.filter(({ pid, began }) => now.has(`${pid} ${began}`))
  }
  await until(() => lives().length === 0, 'them to end', { withinMs: 2_000 }).catch(() => undefined)
  for (const found of lives()) end(found, 'SIGKILL')
}

const engineFolder = () => process.env['DOCKERD_RUN'] ?? '/run/repasse-dockerd'

/**
 * The engine of test/testbed/engine.ts, all that it started, and the shells that leave it in somebody's name.
 */
function ofEngine(all: readonly Found[]): Set<number> {
  let engine = Number.NaN
  try {
    engine = Number(readFileSync(join(engineFolder(), 'dockerd.pid'), 'utf8'))
  } catch {
    // There is none.
  }
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]))
  const isUnder = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === engine || isUnder(parents.get(pid)))
  return new Set(
    all
      .filter(({ pid, command }) => command.includes('start-dockerd.sh') || isUnder(pid))
      .map(({ pid }) => pid),
  )
}

/** True when a living process that is not of this run has joined the engine. */
function isEngineShared(run: string): boolean {
  let users: string[]
  try {
    users = readdirSync(join(engineFolder(), 'users'))
  } catch {
    return false
  }
  const ours = new Set(
    ofRuns()
      .filter(belongs(run))
      .map(({ pid }) => String(pid)),
  )
  return users.some(pid => !ours.has(pid) && isAlive(Number(pid)))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Removes what tests that were killed left in the folder for temporary files: `repasse-*`, untouched for a
 * day, and named by no process that runs. Answers their names. A failing story keeps its folder for that
 * long.
 */
export function removeOldFolders(folder = tmpdir(), now = Date.now()): string[] {
  const commands = commandLines()
  const old = readdirSync(folder, { withFileTypes: true }).filter(entry => {
    if (!entry.isDirectory() || !entry.name.startsWith('repasse-')) return false
    const path = join(folder, entry.name)
    try {
      return now - newest(path) > day && !commands.some(words => words.includes(path))
    } catch {
      return false
    }
  })
  return old.flatMap(({ name }) => {
    try {
      rmSync(join(folder, name), { recursive: true, force: true })
      return [name]
    } catch {
      // Another user's; theirs to remove.
      return []
    }
  })
}

/** When something was last written in it, two floors deep: a server that works writes. */
function newest(path: string, depth = 2): number {
  const { mtimeMs } = statSync(path)
  if (depth === 0) return mtimeMs
  const inside = readdirSync(path, { withFileTypes: true }).map(entry =>
    newest(join(path, entry.name), entry.isDirectory() ? depth - 1 : 0),
  )
  return Math.max(mtimeMs, ...inside)
}

function commandLines(): string[] {
  try {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(name => {
        try {
          return readFileSync(`/proc/${name}/cmdline`, 'utf8')
        } catch {
          return ''
        }
      })
  } catch {
    return []
  }
}
