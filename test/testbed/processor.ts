/**
 * Processor time of a process and of those it started, as Linux keeps it in /proc; elsewhere nothing is
 * known.
 */
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessTimes {
  parent: number
  /** Seconds of its own, and of children that ended and were waited for. */
  seconds: number
}

// proc_pid_stat(5) counts in ticks of USER_HZ, which is 100 on every machine Node runs on.
const ticksPerSecond = 100

/**
 * Reads a line of /proc/PID/stat. The program's name is in brackets and may hold blanks and brackets itself.
 */
export function parseStat(line: string): ProcessTimes {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return { parent: Number(fields[1]), seconds: ticks / ticksPerSecond }
}

/** Of `root` and every process that descends from it. */
export function sumOfTree(root: number, times: ReadonlyMap<number, ProcessTimes>): number {
  const children = Map.groupBy(times.keys(), pid => times.get(pid)!.parent)
  const sum = (pid: number): number =>
    (children.get(pid) ?? []).reduce((seconds, child) => seconds + sum(child), times.get(pid)?.seconds ?? 0)
  return sum(root)
}

/** Seconds that a process and all it started have taken so far; undefined where there is no /proc. */
export function processorSeconds(pid = process.pid): number | undefined {
  const times = new Map<number, ProcessTimes>()
  try {
    for (const name of readdirSync('/proc')) if (/^\d+$/.test(name)) readInto(times, Number(name))
  } catch {
    return undefined
  }
  return times.has(pid) ? sumOfTree(pid, times) : undefined
}

function readInto(times: Map<number, ProcessTimes>, pid: number): void {
  try {
    times.set(pid, parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8')))
  } catch {
    // It ended since its folder was listed.
  }
}

/**
 * Seconds in which this machine's processors were not idle, whoever used them; undefined where there is no
 * /proc.
 */
export function machineSeconds(): number | undefined {
  try {
    // proc_stat(5): user, nice, system, idle, iowait, irq, softirq.
    const [user, nice, system, , , irq, softirq] = readFileSync('/proc/stat', 'utf8')
      .split('\n')[0]!
      .split(/ +/)
      .slice(1)
      .map(Number)
    return (user! + nice! + system! + irq! + softirq!) / ticksPerSecond
  } catch {
    return undefined
  }
}
