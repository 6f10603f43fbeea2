/** How answers look: aligned tables for people, JSON for programs. Text of others cannot move the cursor. */
import { jsonText } from '../base/json.ts'
import { isSaidAgain } from '../base/reasons.ts'
import type { Transition } from '../db/db.ts'
import { lineOf, type HistoryLine } from '../queries/step.ts'

export { csvCell } from '../base/csv.ts'
export { formatReais, formatMoney, maybeMoney, moneyOf } from '../base/money.ts'
export { historyJson, stepsJson } from '../queries/json/steps.ts'

/** Indented JSON and a line's end. */
export const json = (value: unknown): string => `${jsonText(value, 2)}\n`
/** The same on one line. */
export const jsonLine = (value: unknown): string => `${jsonText(value)}\n`

/** Control characters, which a terminal would obey, shown as a dot. */
export const tame = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '·')

/**
 * Columns under `heads`, two blanks apart; a head that begins with `>` stands above figures, which end where
 * it ends.
 */
export function table(heads: string[], rows: string[][]): string {
  const right = heads.map(head => head.startsWith('>'))
  const lines = [heads.map(head => head.replace('>', '')), ...rows.map(row => row.map(tame))]
  const widths = heads.map((_, place) => Math.max(...lines.map(line => lengthOf(line[place] ?? ''))))
  const cell = (text: string, place: number) => {
    const blanks = ' '.repeat(widths[place]! - lengthOf(text))
    return right[place] ? blanks + text : text + blanks
  }
  return lines.map(line => `${line.map(cell).join('  ').trimEnd()}\n`).join('')
}

const lengthOf = (text: string) => [...text].length

/** `name  value` lines; what is undefined is left out. */
export function sheet(entries: [string, string | null | undefined][]): string {
  const shown = entries.filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== null,
  )
  const width = Math.max(0, ...shown.map(([name]) => lengthOf(name)))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${tame(value)}\n`).join('')
}

/** Every step with its time, cause and the event or call behind it. */
export const stepsTable = (steps: readonly HistoryLine[]) =>
  table(
    ['WHEN', 'FROM', 'TO', 'WHY', 'BEHIND IT'],
    steps.map(step => [step.at, step.from || '-', step.to, whyOf(step), step.ref ?? '']),
  )

/** With how often it came, and why the last time, where it was a retry. */
const whyOf = ({ why, repeats }: HistoryLine): string =>
  repeats
    ? `${why} (${repeats.times} times, last at ${repeats.lastAt}${isSaidAgain(repeats.lastWhy, why) ? '' : `: ${repeats.lastWhy}`})`
    : why

export const historyTable = (steps: readonly Transition[]) => stepsTable(steps.map(lineOf))

/** `12 done, 3 new`; `none` for nothing. */
export const countsOf = (counts: Record<string, number>) =>
  Object.entries(counts)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ') || 'none'

const shades = { green: 32, yellow: 33, red: 31, grey: 90 } as const

export const paint = ({ colours }: { colours: boolean }, shade: keyof typeof shades, text: string) =>
  colours ? `\u001b[${shades[shade]}m${text}\u001b[39m` : text

/** What stands under a command's `--help`. */
export const example = (...lines: string[]) =>
  `\nExample:\n${lines.map(line => `  repasse ${line}`).join('\n')}\n`
