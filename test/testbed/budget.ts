/**
 * What each test file may cost: `test/budget.json`, written by `REPASSE_BUDGET=write ./dev-utils.sh test`.
 */

export interface Cost {
  seconds: number
  /** Seconds of processor, children included; missing where it could not be measured. */
  cpu?: number
}
export type Budget = Record<string, Cost>

// A machine has other things to do, and a small file's second is nobody's worry.
const tolerance = 1.5
const graceSeconds = 2

export const readBudget = (text: string): Budget => JSON.parse(text) as Budget

/** One file a line, in the order of its path, so that a change shows as the lines it is about. */
export function writeBudget(budget: Budget): string {
  const lines = Object.entries(budget)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, { seconds, cpu }]) => {
      const second = cpu === undefined ? '' : `, "cpu": ${round(cpu)}`
      return `  "${path}": { "seconds": ${round(seconds)}${second} }`
    })
  return `{\n${lines.join(',\n')}\n}\n`
}

/** A line for each file that cost more than its budget allows; a file without one is not judged. */
export function compare(files: readonly (Cost & { path: string })[], budget: Budget): string[] {
  return files.flatMap(({ path, seconds, cpu }) => {
    const allowed = budget[path]
    if (!allowed) return []
    const over: string[] = []
    if (isOver(seconds, allowed.seconds)) over.push(`${seconds.toFixed(1)} s instead of ${allowed.seconds}`)
    if (isOver(cpu, allowed.cpu)) over.push(`${cpu!.toFixed(1)} s of processor instead of ${allowed.cpu}`)
    return over.length === 0 ? [] : [`Over budget: ${path} took ${over.join(' and ')}`]
  })
}

const round = (value: number) => Math.round(value * 10) / 10
const isOver = (took: number | undefined, allowed: number | undefined): boolean =>
  took !== undefined && allowed !== undefined && took > allowed * tolerance + graceSeconds
