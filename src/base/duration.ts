/** Lengths of time and ranges, as people type them on a command line. */
import type { Millis } from './world.ts'

const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 }

export interface Range<T> {
  low: T
  high: T
}

/**
 * Reads `2d`, `90m`, `1d12h`, `15s`, `250ms`: whole numbers, larger units first, each once. Answers undefined
 * for anything else.
 */
export function parseDuration(text: string): Millis | undefined {
  const match = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(text.trim())
  if (!match) return undefined
  const total = Object.values(units).reduce(
    (sum, unit, place) => sum + unit * Number(match[place + 1] ?? 0),
    0,
  )
  return Number.isSafeInteger(total) ? total : undefined
}

/** `1d12h`, `0s`: what `parseDuration` reads back. */
export function formatDuration(ms: Millis): string {
  let rest = Math.round(Math.abs(ms))
  let text = ''
  for (const [name, unit] of Object.entries(units)) {
    const count = Math.floor(rest / unit)
    if (count > 0) text += `${count}${name}`
    rest -= count * unit
  }
  return text === '' ? '0s' : `${ms < 0 ? '-' : ''}${text}`
}

/**
 * Reads `8..12`, or `8` for a range of one, each end by `parseOne`. Answers undefined where an end cannot be
 * read or low > high.
 */
export function parseRange<T extends number | bigint>(
  text: string,
  parseOne: (text: string) => T | undefined,
): Range<T> | undefined {
  const ends = text.split('..')
  if (ends.length > 2) return undefined
  const low = parseOne(ends[0]!.trim())
  const high = ends.length === 1 ? low : parseOne(ends[1]!.trim())
  return low === undefined || high === undefined || low > high ? undefined : { low, high }
}

/** Reads a whole number, 0 to 999 999 999. Answers undefined for anything else. */
export const parseCount = (text: string): number | undefined =>
  /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined
