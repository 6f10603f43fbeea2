/** The processes of this machine, as /proc shows them; none where there is no /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Found {
  pid: number
  parent: number
  /** When it began, in ticks since the machine did: with the pid, who it is. */
  began: string
  command: string
  /** The run it belongs to, by its environment. */
  run: string
}

const mark = 'REPASSE_TEST_RUN'

/**
 * The present process as part of a run's id, which tells later whether the run still lives: namespace of
 * pids, pid, beginning.
 */
export function ownId(): string {
  try {
    const { began } = readStat(process.pid)
    return `${namespaceOf('self')}-${process.pid}-${began}`
  } catch {
    return `elsewhere-${process.pid}-${Date.now()}`
  }
}

/**
 * Whether the process that gave a run its id is alive; undefined where that cannot be told, as of another
 * machine's or container's.
 */
export function isRunAlive(run: string): boolean | undefined {
  const [namespace, pid, began] = run.split('.')[0]!.split('-')
  try {
    if (namespace !== namespaceOf('self') || !pid || !began) return undefined
  } catch {
    return undefined
  }
  try {
    const stat = readStat(Number(pid))
    return stat.began === began && stat.state !== 'Z'
  } catch {
    return false
  }
}

/** Every living process that bears a run in its environment and can be read by this user. */
export function ofRuns(): Found[] {
  let names: string[]
  try {
    names = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  } catch {
    return []
  }
  return names.flatMap(name => {
    try {
      const run = readFileSync(`/proc/${name}/environ`, 'latin1')
        .split('\0')
        .find(line => line.startsWith(`${mark}=`))
      if (!run) return []
      const { parent, began, state } = readStat(Number(name))
      // A zombie has ended, and waits only for its parent to hear of it.
      if (state === 'Z' || state === 'X') return []
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').join(' ').trim()
      return [
        { pid: Number(name), parent, began, command: words.slice(0, 200), run: run.slice(mark.length + 1) },
      ]
    } catch {
      // It ended since its folder was listed, or is another user's.
      return []
    }
  })
}

/** Ends one, if it is still the one that was found. */
export function end({ pid, began }: Found, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (readStat(pid).began === began) process.kill(pid, signal)
  } catch {
    // It has ended by itself.
  }
}

function readStat(pid: number): { state: string; parent: number; began: string } {
  const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // proc_pid_stat(5): the name, in brackets, may hold blanks; the state is the third field, the beginning the
  // twenty-second.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0]!, parent: Number(fields[1]), began: fields[19]! }
}

const namespaceOf = (pid: string): string => /\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))![0]
