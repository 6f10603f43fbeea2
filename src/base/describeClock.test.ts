/** Clock changes of the coming months, held against the instants the cron arithmetic answers. */
import { expect, test } from 'vitest'
import { nextSlots, parseCron } from './cron.ts'
import { clockChanges } from './describeClock.ts'
import { spanAt } from './zone.ts'

const [after, until] = [Date.UTC(2026, 0), Date.UTC(2027, 1)]
const wall = (text: string) => Date.parse(`${text}:00Z`)
const changes = (cron: string, zone: string) => clockChanges(parseCron(cron), zone, after, until)
const hour = 3_600_000

test('a zone that keeps its time has no changes, however long one looks', () => {
  expect(changes('0 9 * * *', 'America/Sao_Paulo')).toEqual([])
  expect(clockChanges(parseCron('0 9 * * *'), 'UTC', after, Date.UTC(2036, 0))).toEqual([])
})

test('what is skipped in spring becomes one, and what comes twice in autumn counts once', () => {
  expect(changes('30 1,2 * * *', 'America/New_York')).toEqual([
    {
      ...{ at: Date.parse('2026-03-08T07:00Z'), is: 'gap', alsoAfter: false },
      ...{ from: wall('2026-03-08T02:00'), until: wall('2026-03-08T03:00'), due: [wall('2026-03-08T02:30')] },
    },
    {
      ...{ at: Date.parse('2026-11-01T06:00Z'), is: 'overlap', alsoAfter: false },
      ...{ from: wall('2026-11-01T01:00'), until: wall('2026-11-01T02:00'), due: [wall('2026-11-01T01:30')] },
      // 01:30 of the first hour, then 02:30 an hour later than the clock says.
      restMs: 2 * hour,
    },
  ])
})

test('of many skipped, the time skipped to swallows all; of many doubled, the schedule rests for the second hour', () => {
  const [spring, autumn] = changes('*/15 * * * *', 'America/New_York')
  expect(spring).toMatchObject({ is: 'gap', alsoAfter: true })
  expect(spring!.due).toHaveLength(4)
  expect(autumn).toMatchObject({ is: 'overlap', restMs: 1.25 * hour })
  expect(autumn!.due).toHaveLength(4)
})

test('a change that touches nothing due is told all the same, without due times', () => {
  expect(changes('0 9 * * *', 'Europe/Lisbon').map(({ is, due }) => [is, due])).toEqual([
    ['gap', []],
    ['overlap', []],
  ])
})

test('half an hour is a change too, and the southern year has them the other way round', () => {
  const found = changes('10 2 * * *', 'Australia/Lord_Howe')
  expect(found.map(({ is, from, until: end, due }) => [is, end - from, due.length])).toEqual([
    ['overlap', hour / 2, 0],
    ['gap', hour / 2, 1],
  ])
})

test.each([
  'America/New_York',
  'Europe/Lisbon',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'America/Santiago',
  'Asia/Beirut',
])('in %s every due time the arithmetic notes is one of a change, and no other is', zone => {
  for (const text of ['*/10 * * * *', '30 0-4 * * *', '0 2 * * 0']) {
    const cron = parseCron(text)
    const found = clockChanges(cron, zone, after, until)
    // Slots are looked at around each change, and on ordinary days.
    for (const { at, is, due, from, until: end } of found) {
      const before = spanAt(zone, at - 1).offset
      const slots = nextSlots(cron, zone, at - (end - from) - 1, 12).filter(slot => slot.at <= at)
      if (is === 'gap') {
        const moved = slots.find(slot => slot.at === at)
        expect(moved?.note ?? 'none').toBe(due.length > 0 ? 'gap' : 'none')
        expect(moved?.skipped ?? (moved?.note ? 1 : 0)).toBe(due.length)
      } else {
        expect(slots.filter(({ note }) => note === 'overlap').map(slot => slot.at + before)).toEqual(due)
      }
    }
    const ordinary = nextSlots(cron, zone, Date.UTC(2026, 6, 15), 5)
    expect(ordinary.every(({ note }) => note === undefined)).toBe(true)
  }
})
