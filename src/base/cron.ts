/**
 * Cron arithmetic: which instants an expression is due at, in a time zone.
 *
 * A time of day is due when the wall clock first shows it or jumps past it. So one that does not exist (the
 * spring gap) is due at the first instant after the gap, together with whatever else is due then; and one
 * that comes twice (the autumn overlap) is due the first time only. An expression for every 15 minutes
 * therefore rests for the hour that is lived twice: 01:45, then 02:00 an hour and a quarter later. Each slot
 * names one wall time, and "once" is the promise.
 *
 * Where both day fields are restricted, either one suffices: `0 0 13 * 5` is each 13th and each Friday. A
 * field that begins with `*` (also `*` with a step) does not count as restricted, and then both must hold.
 * (crontab(5), cronie)
 *
 * The day of month may also be `L`, the last of its month; `LW`, the last bank day in Brazil; `15W`, the bank
 * day nearest to the 15th within the month, of two that are as near the earlier. (Quartz, but for the
 * holidays: see `bankDays.ts`)
 */
import { BadInput } from './answer.ts'
import { isBankDay } from './bankDays.ts'
import type { Millis } from './world.ts'
import {
  assertZone,
  dayMs,
  instantToLocal,
  reach,
  reached,
  reachedIn,
  spanBefore,
  wallAt,
  type Wall,
} from './zone.ts'

export interface Cron {
  readonly text: string
  readonly seconds: readonly number[]
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly days: ReadonlySet<number>
  /** Days that differ from month to month. */
  readonly moving: readonly MovingDay[]
  /** 1 is January. */
  readonly months: ReadonlySet<number>
  /** 0 is Sunday. */
  readonly weekdays: ReadonlySet<number>
  /** Either day field suffices, where both are restricted. */
  readonly either: boolean
}

/** `last`: of the month; `last bank day`; a number: the bank day nearest to it. */
export type MovingDay = 'last' | 'last bank day' | number

/**
 * One due time as people read it: `gap`, a wall time behind it does not exist; `overlap`, it comes a second
 * time.
 */
export interface Due {
  at: Millis
  local: string
  note?: 'gap' | 'overlap'
  /** How many due times the gap swallowed, where they are more than one: all of them are this one. */
  skipped?: number
}

interface Field {
  name: string
  low: number
  high: number
  names?: readonly string[]
}

const fields: readonly Field[] = [
  { name: 'second', low: 0, high: 59 },
  { name: 'minute', low: 0, high: 59 },
  { name: 'hour', low: 0, high: 23 },
  { name: 'day of month', low: 1, high: 31 },
  {
    name: 'month',
    low: 1,
    high: 12,
    names: [
      'january',
      'february',
      'march',
      'april',
      'may',
      'june',
      'july',
      'august',
      'september',
      'october',
      'november',
      'december',
    ],
  },
  // Sunday is 0 and 7, so that ranges may end with it.
  {
    name: 'day of week',
    low: 0,
    high: 7,
    names: ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'],
  },
]

const nicknames: Record<string, string> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

/**
 * Reads five fields (minute, hour, day of month, month, day of week), six with seconds in front, or a
 * nickname such as `@daily`. Throws `BadInput` naming the field, what stands there and what would be right;
 * also on dates that never come.
 */
export function parseCron(text: string): Cron {
  const wrong = (what: string): never => {
    throw new BadInput(`cron "${text}": ${what}`)
  }
  const trimmed = text.trim()
  const plain = trimmed.startsWith('@') ? nicknames[trimmed.toLowerCase()] : trimmed
  if (plain === undefined)
    return wrong(`${trimmed} is not known; write one of ${Object.keys(nicknames).join(', ')}`)

  const parts = plain.split(/\s+/)
  if (parts.length === 5) parts.unshift('0')
  if (parts.length !== 6) {
    const right = 'write five (minute hour day-of-month month day-of-week) or six with seconds first'
    return wrong(`${trimmed === '' ? 0 : parts.length} fields; ${right}`)
  }
  const { plain: plainDays, moving } = movingDays(parts[3]!)
  const toRead = [parts[0]!, parts[1]!, parts[2]!, plainDays, parts[4]!, parts[5]!]
  const [seconds, minutes, hours, days, months, weekdays] = toRead.map((part, place) =>
    part === '' ? [] : readField(part, fields[place]!, wrong),
  ) as [number[], number[], number[], number[], number[], number[]]
  const sets = {
    days: new Set(days),
    moving,
    months: new Set(months),
    weekdays: new Set(weekdays.map(day => day % 7)),
  }
  const either = !parts[3]!.startsWith('*') && !parts[5]!.startsWith('*')
  const earliest = Math.min(days[0] ?? 32, ...moving.map(day => (typeof day === 'number' ? day : 1)))
  if (!either && !months.some(month => earliest <= longest(month))) {
    wrong(
      `day of month ${parts[3]} never comes in month ${parts[4]}; February ends on the 28th or 29th, four months on the 30th`,
    )
  }
  return { text: trimmed, seconds, minutes, hours, ...sets, either }
}

/** The due instants after `after` and up to and with `upTo`, in order, at most `limit` of them. */
export function slotsBetween(cron: Cron, zone: string, after: Millis, upTo: Millis, limit: number): Millis[] {
  const slots: Millis[] = []
  let last = after
  for (const { at } of dueTimes(cron, zone, after, upTo)) {
    if (at > upTo || slots.length >= limit) break
    if (at > last) slots.push((last = at))
  }
  return slots
}

/**
 * The next `count` due times after `after`, said in the zone's own time; what a clock change moved or doubled
 * is noted.
 */
export function nextSlots(cron: Cron, zone: string, after: Millis, count: number): Due[] {
  assertZone(zone)
  const slots: Due[] = []
  let skipped = 0
  for (const { at, wall } of dueTimes(cron, zone, after, endOfTime)) {
    if (at <= after) continue
    const { note } = reached(zone, wall)
    if (at !== slots.at(-1)?.at) {
      if (slots.length >= count) break
      slots.push({ at, local: instantToLocal(at, zone) })
      skipped = 0
    }
    const slot = slots.at(-1)!
    if (note) slot.note ??= note
    if (note === 'gap' && ++skipped > 1) slot.skipped = skipped
  }
  return slots
}

const endOfTime: Millis = Date.UTC(9999, 11, 31)

/**
 * Wall times that match, in order, each with its instant; several may share one instant, and the first few
 * may lie before `after`.
 */
function* dueTimes(
  cron: Cron,
  zone: string,
  after: Millis,
  upTo: Millis,
): Generator<{ at: Millis; wall: Wall }> {
  const start = wallAt(zone, after)
  let span = spanBefore(zone, start)
  // The wall is nowhere more than a day ahead of UTC.
  for (const day of matchingDays(cron, start, upTo + dayMs)) {
    for (const hour of cron.hours) {
      const hourWall = day + hour * 3_600_000
      if (hourWall + 3_600_000 <= start) continue
      for (const minute of cron.minutes) {
        for (const second of cron.seconds) {
          const wall = hourWall + minute * 60_000 + second * 1_000
          if (wall <= start) continue
          span = reach(zone, wall, span)
          const at = reachedIn(span, wall)
          if (at > upTo) return
          yield { at, wall }
        }
      }
    }
  }
}

/** The midnights, on the wall, of the days whose date matches. */
function* matchingDays(cron: Cron, from: Wall, upTo: Wall): Generator<Wall> {
  let day = Math.floor(from / dayMs) * dayMs
  while (day <= upTo) {
    const date = new Date(day)
    if (!cron.months.has(date.getUTCMonth() + 1)) {
      day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
      continue
    }
    const byDate = cron.days.has(date.getUTCDate()) || cron.moving.some(moving => dayOf(moving, date) === day)
    const byWeekday = cron.weekdays.has(date.getUTCDay())
    if (cron.either ? byDate || byWeekday : byDate && byWeekday) yield day
    day += dayMs
  }
}

/** The midnight of a moving day in the month of `date`; undefined where that month has no such day. */
function dayOf(moving: MovingDay, date: Date): Wall | undefined {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  const last = Date.UTC(year, month + 1) - dayMs
  if (moving === 'last') return last
  const first = Date.UTC(year, month)
  if (moving === 'last bank day') return bankDayFrom(last, -1)
  const wanted = first + (moving - 1) * dayMs
  if (wanted > last) return undefined
  const [before, after] = [bankDayFrom(wanted, -1), bankDayFrom(wanted, 1)]
  if (before < first) return after
  return after > last || wanted - before <= after - wanted ? before : after
}

function bankDayFrom(day: Wall, step: 1 | -1): Wall {
  for (let at = day; ; at += step * dayMs) if (isBankDay(at)) return at
}

/** `L`, `LW` and `15W` taken out of a day field, and what is left of it. */
function movingDays(text: string): { plain: string; moving: MovingDay[] } {
  const moving: MovingDay[] = []
  const plain = text.split(',').filter(item => {
    const [, last, nearest] = /^(?:(LW?|WL)|([1-9]|[12]\d|3[01])W)$/i.exec(item) ?? []
    if (last !== undefined) moving.push(last.toUpperCase() === 'L' ? 'last' : 'last bank day')
    if (nearest !== undefined) moving.push(Number(nearest))
    return last === undefined && nearest === undefined
  })
  return { plain: plain.join(','), moving: [...new Set(moving)] }
}

/**
 * One field's numbers, in order: `*`, `5`, `1-5`, either of the last two in a list, and `/step` after `*` or
 * a range.
 */
function readField(text: string, field: Field, wrong: (what: string) => never): number[] {
  const { name, low, high, names } = field
  const short = (names ?? []).map(full => full.slice(0, 3))
  const right = names ? `${low} to ${high} or ${short[0]} to ${short.at(-1)}` : `${low} to ${high}`
  const found = new Set<number>()

  const one = (word: string): number => {
    const place =
      names?.findIndex(full => full === word.toLowerCase() || full.slice(0, 3) === word.toLowerCase()) ?? -1
    const value = place >= 0 ? place + low : /^\d{1,4}$/.test(word) ? Number(word) : NaN
    return value >= low && value <= high ? value : wrong(`${name} "${word}" is not ${right}`)
  }

  for (const item of text.split(',')) {
    const shape = /^(?:(\*)|([^-/*]+)(?:-([^-/*]+))?)(?:\/([^-/*]+))?$/.exec(item)
    if (!shape)
      return wrong(
        `${name} "${item}" cannot be read; write *, ${right}, a range such as ${low}-${low + 4}, or */2`,
      )
    const [, star, first, last, stepText] = shape
    if (stepText !== undefined && !star && last === undefined) {
      return wrong(
        `${name} "${item}" steps from a single value; write ${first}-${high}/${stepText} or */${stepText}`,
      )
    }
    const step = stepText === undefined ? 1 : /^\d{1,4}$/.test(stepText) ? Number(stepText) : NaN
    if (!(step >= 1 && step <= high)) return wrong(`${name} step "${stepText}" is not 1 to ${high}`)

    const from = star ? low : one(first!)
    let to = star ? (high === 7 ? 6 : high) : last === undefined ? from : one(last)
    if (high === 7 && to === 0 && from > 0) to = 7
    if (to < from) return wrong(`${name} "${item}" runs backwards; write ${first}-${high},${low}-${last}`)
    for (let value = from; value <= to; value += step) found.add(value)
  }
  return [...found].sort((a, b) => a - b)
}

const longest = (month: number): number => (month === 2 ? 29 : [4, 6, 9, 11].includes(month) ? 30 : 31)
