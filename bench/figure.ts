/** A figure of the bench: what was measured, what was wanted of it, and the table they are shown in. */

export interface Figure {
  bench: string
  name: string
  value: number
  unit: string
  /** What was asked for, where something was. */
  target?: { least: number } | { most: number }
}

export interface BenchOptions {
  /** Less of everything, for a look; its figures are not for quoting. */
  quick: boolean
  /** Hardly anything: to see that it still runs. */
  tiny: boolean
  say: (line: string) => void
}

export const met = ({ value, target }: Figure): boolean | undefined =>
  target === undefined ? undefined : 'least' in target ? value >= target.least : value <= target.most

const shown = (value: number) =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)

/** The table, a line each. */
export function table(figures: readonly Figure[]): string[] {
  const rows = figures.map(figure => {
    const { bench, name, value, unit, target } = figure
    const wanted =
      target === undefined ? '' : 'least' in target ? `≥ ${shown(target.least)}` : `≤ ${shown(target.most)}`
    const verdict = met(figure)
    return [bench, name, shown(value), unit, wanted, verdict === undefined ? '' : verdict ? 'met' : 'NOT met']
  })
  const head = ['bench', 'figure', 'value', 'unit', 'target', '']
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map(row => row[column]!.length)))
  return [head, ...rows].map(row =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!
