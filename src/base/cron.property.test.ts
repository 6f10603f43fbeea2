/**
 * The arithmetic against two that share no line with it: every local minute walked with Temporal, through
 * clock changes in zones of every temper from 2010 to 2030, and croner, far from them. fast-check prints the
 * seed that replays a failure.
 */
import { Cron as Croner } from 'croner'
import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { nextSlots, parseCron, slotsBetween } from './cron.ts'
import { dayMs, instantToLocal, localToInstant, spanAt } from './zone.ts'

const seed = 20_261_121
const minuteMs = 60_000
const [first, last] = [Date.UTC(2010, 0), Date.UTC(2031, 0)]

const zones = [
  'America/Sao_Paulo',
  'America/New_York',
  'Europe/London',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Africa/Casablanca',
  'Antarctica/Troll',
  'Africa/Cairo',
  'Asia/Gaza',
  'Asia/Pyongyang',
  'America/Caracas',
  'America/Havana',
  'Asia/Tehran',
  'America/Santiago',
  'Pacific/Chatham',
  'Europe/Moscow',
  'Europe/Dublin',
  'UTC',
]

/** Every change of offset that Temporal knows of. */
const changes = zones.flatMap(zone => {
  const found: { zone: string; at: number }[] = []
  let when = Temporal.Instant.fromEpochMilliseconds(first)
    .toZonedDateTimeISO(zone)
    .getTimeZoneTransition('next')
  for (; when && when.epochMilliseconds < last; when = when.getTimeZoneTransition('next'))
    found.push({ zone, at: when.epochMilliseconds })
  return found
})

/** A field as text and as the test it stands for, so that the walker needs no parser. */
interface FieldCase {
  text: string
  holds: (value: number) => boolean
  star: boolean
}

function fieldCase(low: number, high: number, starWeight: number): fc.Arbitrary<FieldCase> {
  const value = fc.integer({ min: low, max: high })
  const step = fc.integer({ min: 1, max: high })
  const range = fc.tuple(value, value).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }))
  const item = fc.oneof(
    value.map((at): FieldCase => ({ text: `${at}`, star: false, holds: n => n === at })),
    range.map(({ from, to }): FieldCase => ({
      text: `${from}-${to}`,
      star: false,
      holds: n => from <= n && n <= to,
    })),
    fc.tuple(range, step).map(([{ from, to }, by]): FieldCase => ({
      text: `${from}-${to}/${by}`,
      star: false,
      holds: n => from <= n && n <= to && (n - from) % by === 0,
    })),
  )
  return fc.oneof(
    { weight: starWeight, arbitrary: fc.constant<FieldCase>({ text: '*', star: true, holds: () => true }) },
    {
      weight: 2,
      arbitrary: step.map((by): FieldCase => ({
        text: `*/${by}`,
        star: true,
        holds: n => (n - low) % by === 0,
      })),
    },
    {
      weight: 3,
      arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }).map((items): FieldCase => ({
        text: items.map(each => each.text).join(','),
        star: false,
        holds: n => items.some(each => each.holds(n)),
      })),
    },
  )
}

const cronCase = fc.record({
  minute: fieldCase(0, 59, 1),
  hour: fieldCase(0, 23, 3),
  day: fieldCase(1, 31, 8),
  month: fieldCase(1, 12, 12),
  weekday: fieldCase(0, 6, 8),
})
type CronCase = typeof cronCase extends fc.Arbitrary<infer T> ? T : never

const textOf = ({ minute, hour, day, month, weekday }: CronCase) =>
  [minute, hour, day, month, weekday].map(field => field.text).join(' ')
const matches = ({ minute, hour, day, month, weekday }: CronCase, date: Date) => {
  const [byDate, byWeekday] = [day.holds(date.getUTCDate()), weekday.holds(date.getUTCDay())]
  return (
    minute.holds(date.getUTCMinutes()) &&
    hour.holds(date.getUTCHours()) &&
    month.holds(date.getUTCMonth() + 1) &&
    (day.star || weekday.star ? byDate && byWeekday : byDate || byWeekday)
  )
}

/** Random parts may add up to dates that never come; those are refused, which the tables test. */
const parsed = (of: CronCase) => {
  try {
    return parseCron(textOf(of))
  } catch {
    return fc.pre(false) as never
  }
}

/**
 * What Temporal makes of the local minute that `wall` counts: the first of two, or the change that swallowed
 * it.
 */
function byTemporal(wall: number, zone: string): number {
  const local = Temporal.PlainDateTime.from(new Date(wall).toISOString().slice(0, 19))
  const when = local.toZonedDateTime(zone, { disambiguation: 'earlier' })
  return when.toPlainDateTime().equals(local)
    ? when.epochMilliseconds
    : when.getTimeZoneTransition('next')!.epochMilliseconds
}

function byWalking(of: CronCase, zone: string, after: number, upTo: number): number[] {
  const due = new Set<number>()
  const start = Math.floor((after - 26 * 60 * minuteMs) / minuteMs) * minuteMs
  for (let wall = start; wall <= upTo + 26 * 60 * minuteMs; wall += minuteMs) {
    if (matches(of, new Date(wall))) due.add(byTemporal(wall, zone))
  }
  return [...due].filter(at => at > after && at <= upTo).sort((a, b) => a - b)
}

const anywhere = fc.record({ zone: fc.constantFrom(...zones), at: fc.integer({ min: first, max: last }) })
const window = fc.record({
  before: fc.integer({ min: 0, max: dayMs }),
  length: fc.integer({ min: 0, max: dayMs + dayMs / 2 }),
})

describe('slots are those of a walk over every local minute', () => {
  test.each([
    ['through a clock change', fc.constantFrom(...changes), 250],
    ['anywhere', anywhere, 60],
  ] as const)('%s', (_, place, numRuns) => {
    fc.assert(
      fc.property(cronCase, place, window, (of, { zone, at }, { before, length }) => {
        const [after, upTo] = [at - before, at - before + length]
        const slots = slotsBetween(parsed(of), zone, after, upTo, 10_000)
        expect(
          slots.map(each => instantToLocal(each, zone)),
          textOf(of),
        ).toEqual(byWalking(of, zone, after, upTo).map(each => instantToLocal(each, zone)))
      }),
      { seed, numRuns },
    )
  })
})

test('cutting a window in two, or asking one by one, loses nothing and doubles nothing', () => {
  fc.assert(
    fc.property(
      cronCase,
      fc.constantFrom(...changes),
      window,
      fc.nat(100),
      (of, { zone, at }, { before, length }, percent) => {
        const cron = parsed(of)
        const [after, upTo] = [at - before, at - before + length]
        const cut = after + Math.floor((length * percent) / 100)
        const whole = slotsBetween(cron, zone, after, upTo, 10_000)
        expect([
          ...slotsBetween(cron, zone, after, cut, 10_000),
          ...slotsBetween(cron, zone, cut, upTo, 10_000),
        ]).toEqual(whole)
        expect(nextSlots(cron, zone, after, Math.min(whole.length, 50)).map(slot => slot.at)).toEqual(
          whole.slice(0, 50),
        )
      },
    ),
    { seed, numRuns: 200 },
  )
})

test('far from clock changes, croner names the same times', () => {
  fc.assert(
    fc.property(cronCase, anywhere, (of, { zone, at }) => {
      const cron = parsed(of)
      const due = nextSlots(cron, zone, at, 8)
      // Up to the first clock change, counted from a day before the start: croner treats gaps and overlaps
      // its own way.
      const quiet = changes.find(change => change.zone === zone && change.at > at - dayMs)?.at ?? Infinity
      const upTo = Math.min(quiet - dayMs, due.at(-1)?.at ?? at)
      fc.pre(upTo > at)
      // croner takes a stepped star in a day field for a restriction, cronie does not; so it is told which of
      // the two holds.
      const croner = new Croner(textOf(of), { timezone: zone, domAndDow: of.day.star || of.weekday.star })
      const theirs = croner.nextRuns(8, new Date(at)).map(date => date.getTime())
      expect(
        due.map(slot => slot.at).filter(each => each <= upTo),
        textOf(of),
      ).toEqual(theirs.filter(each => each <= upTo))
    }),
    { seed, numRuns: 200 },
  )
})

describe('a zone agrees with Temporal', () => {
  test('on every change of offset from 2010 to 2030', () => {
    const ours = zones.flatMap(zone => {
      const found: { zone: string; at: number }[] = []
      for (let span = spanAt(zone, first); span.until < last;) {
        const next = spanAt(zone, span.until)
        if (next.offset !== span.offset) found.push({ zone, at: next.from })
        span = next
      }
      return found
    })
    expect(changes.length).toBeGreaterThan(400)
    expect(ours).toEqual(changes)
  })

  test('in every zone there is, at any instant and for any local time', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
        fc.integer({ min: 0, max: Date.UTC(2040, 0) }),
        (zone, at) => {
          const when = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone)
          expect(spanAt(zone, at).offset * 1e6).toBe(when.offsetNanoseconds)
          const local = new Date(at).toISOString().slice(0, 16)
          expect(localToInstant(local, zone)).toBe(byTemporal(Date.parse(`${local}Z`), zone))
        },
      ),
      { seed, numRuns: 400 },
    )
  })
})
