/** Time zones: what the wall clock shows at an instant, and the instant at which it first shows a time. */
import { BadInput } from './answer.ts'
import { edits } from './nearest.ts'
import type { Millis } from './world.ts'

/**
 * A wall-clock time as milliseconds, counted as if the wall stood in UTC: days and hours of it are plain
 * arithmetic.
 */
export type Wall = number

/** A stretch of time with one offset: `from` <= instant < `until`, wall = instant + `offset`. */
export interface Span {
  from: Millis
  until: Millis
  offset: Millis
}

/**
 * Where a wall time falls. `gap`: it does not exist, `at` is the first instant after it; `overlap`: it comes
 * twice, `at` is the first.
 */
export interface Reached {
  at: Millis
  note?: 'gap' | 'overlap'
}

export const dayMs = 86_400_000

/** The zone in which lists count days, and of a page that is nobody's own: whoever runs this is in Brazil. */
export const brazilZone = 'America/Sao_Paulo'

// No place was ever further from UTC than 15 h 56 min (Manila, before the end of 1844).
const furthest = 16 * 3_600_000

const formats = new Map<string, Intl.DateTimeFormat>()
const years = new Map<string, Map<number, Span[]>>()

/**
 * Throws `BadInput` on a zone that the platform's time zone database lacks, and says which one may have been
 * meant.
 */
export function assertZone(zone: string): void {
  try {
    formatOf(zone)
  } catch {
    const near = zone.trim() === '' ? undefined : nearestZone(zone)
    const right = near ? `did you mean ${near}?` : 'write a name such as America/Sao_Paulo or UTC'
    throw new BadInput(`time zone "${zone}" is not known; ${right}`)
  }
}

/**
 * The stretch of one offset around `at`. It may end early, at a year's end: the next one then has the same
 * offset.
 */
export function spanAt(zone: string, at: Millis): Span {
  const year = new Date(at).getUTCFullYear()
  let known = years.get(zone)
  if (!known) years.set(zone, (known = new Map()))
  let spans = known.get(year)
  if (!spans) known.set(year, (spans = readYear(zone, year)))
  return spans.find(span => at < span.until)!
}

/** A stretch safely before `wall` is reached: where `reach` may start from. */
export const spanBefore = (zone: string, wall: Wall): Span => spanAt(zone, wall - furthest)

/**
 * The stretch during which the wall clock first shows `wall` or has jumped past it, looking on from `span`.
 * For walls asked in rising order the answer is where to go on from, so a year of slots costs one pass.
 */
export function reach(zone: string, wall: Wall, span: Span): Span {
  while (wall - span.offset >= span.until) span = spanAt(zone, span.until)
  return span
}

export const reachedIn = (span: Span, wall: Wall): Millis => Math.max(span.from, wall - span.offset)

/** The instant of a wall time: the first of two, or the first valid instant after a gap. */
export function reached(zone: string, wall: Wall): Reached {
  const span = reach(zone, wall, spanBefore(zone, wall))
  const at = reachedIn(span, wall)
  if (at > wall - span.offset) return { at, note: 'gap' }
  const next = spanAt(zone, span.until)
  return wall - next.offset >= next.from ? { at, note: 'overlap' } : { at }
}

export const wallAt = (zone: string, at: Millis): Wall => at + spanAt(zone, at).offset

/**
 * Reads `YYYY-MM-DDTHH:MM` (seconds may follow) as a time on the wall in `zone`; throws `BadInput` on what is
 * no date.
 */
export function localToInstant(local: string, zone: string): Millis {
  assertZone(zone)
  const shape = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?$/.exec(local.trim())
  const text = shape && `${shape[1]}T${shape[2]}${shape[3] ?? ':00'}.000Z`
  const wall = text ? Date.parse(text) : NaN
  // Date.parse takes 31 February for 3 March, and 24:00 for the next day: what does not read back was not a
  // date.
  if (!text || Number.isNaN(wall) || new Date(wall).toISOString() !== text) {
    throw new BadInput(
      `local time "${local}" is not a date and time; write it without an offset, e.g. 2026-11-21T00:00`,
    )
  }
  return reached(zone, wall).at
}

/** `2026-11-21 00:00:00-03:00`: what the wall clock shows, and how far it is from UTC. */
export function instantToLocal(at: Millis, zone: string): string {
  const { offset } = spanAt(zone, at)
  const far = new Date(Math.abs(offset)).toISOString()
  const seconds = offset % 60_000 === 0 ? '' : far.slice(16, 19)
  return `${new Date(at + offset).toISOString().slice(0, 19).replace('T', ' ')}${offset < 0 ? '-' : '+'}${far.slice(11, 16)}${seconds}`
}

/**
 * Looks at each day's start and halves the days whose ends differ; no zone has changed twice within a day and
 * back.
 */
function readYear(zone: string, year: number): Span[] {
  const [start, end] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)]
  const spans: Span[] = []
  let from = start
  let offset = offsetAt(zone, start)
  for (let day = start + dayMs; day <= end; day += dayMs) {
    const after = offsetAt(zone, day)
    if (after === offset) continue
    const until = changeWithin(zone, day - dayMs, day, offset)
    if (until === end) break
    spans.push({ from, until, offset })
    ;[from, offset] = [until, after]
  }
  return [...spans, { from, until: end, offset }]
}

function changeWithin(zone: string, low: Millis, high: Millis, offset: Millis): Millis {
  while (high - low > 1_000) {
    const middle = low + Math.floor((high - low) / 2_000) * 1_000
    if (offsetAt(zone, middle) === offset) low = middle
    else high = middle
  }
  return high
}

function offsetAt(zone: string, at: Millis): Millis {
  const [, sign, hours = 0, minutes = 0, seconds = 0] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(
    formatOf(zone).format(at),
  )!
  return (sign === '-' ? -1_000 : 1_000) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds))
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (!format)
    formats.set(
      zone,
      (format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })),
    )
  return format
}

// Names people write that no letter leads to from the database's own.
const spoken: Record<string, string> = {
  brasilia: 'America/Sao_Paulo',
  brt: 'America/Sao_Paulo',
  brazil: 'America/Sao_Paulo',
}

/** The name of the database that comes nearest to what somebody wrote, if one does. */
export function nearestZone(zone: string): string | undefined {
  const plain = (name: string) =>
    name
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      .trim()
      .replace(/[\s-]+/g, '_')
      .toLowerCase()
  const wanted = plain(zone)
  const city = wanted.split('/').at(-1)!
  if (spoken[city]) return spoken[city]
  const ranked = Intl.supportedValuesOf('timeZone').map(name => {
    const whole = plain(name)
    return { name, far: Math.min(edits(wanted, whole), edits(city, whole.split('/').at(-1)!)) }
  })
  const best = ranked.reduce((a, b) => (b.far < a.far ? b : a))
  return best.far <= 1 + city.length / 4 ? best.name : undefined
}
