/** What the wall clock shows, and when it first shows it. */
import { describe, expect, test } from 'vitest'
import { BadInput } from './answer.ts'
import { assertZone, instantToLocal, localToInstant } from './zone.ts'

const utc = (at: number) => new Date(at).toISOString()

describe('a local time becomes an instant', () => {
  test.each([
    ['an ordinary time', '2026-11-21T00:00', 'America/Sao_Paulo', '2026-11-21T03:00:00.000Z'],
    ['with seconds', '2026-11-21T00:00:30', 'America/Sao_Paulo', '2026-11-21T03:00:30.000Z'],
    ['with a space', '2026-11-21 00:00', 'UTC', '2026-11-21T00:00:00.000Z'],
    [
      'a midnight that does not exist is the first instant after',
      '2018-11-04T00:00',
      'America/Sao_Paulo',
      '2018-11-04T03:00:00.000Z',
    ],
    [
      'a time in the gap is the first instant after, however deep in it',
      '2026-03-08T02:59',
      'America/New_York',
      '2026-03-08T07:00:00.000Z',
    ],
    [
      'a time that comes twice is the first',
      '2026-11-01T01:30',
      'America/New_York',
      '2026-11-01T05:30:00.000Z',
    ],
    ['half an hour that comes twice', '2026-04-05T01:45', 'Australia/Lord_Howe', '2026-04-04T14:45:00.000Z'],
    ['a whole day that was skipped', '2011-12-30T09:00', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'],
    ['29 February', '2028-02-29T12:00', 'Asia/Kathmandu', '2028-02-29T06:15:00.000Z'],
    ['a clock two hours ahead in summer', '2026-03-29T01:30', 'Antarctica/Troll', '2026-03-29T01:00:00.000Z'],
  ])('%s: %s in %s', (_, local, zone, at) => expect(utc(localToInstant(local, zone))).toBe(at))

  test.each([
    '2026-02-30T00:00',
    '2026-11-21',
    '2026-11-21T24:00',
    '2026-11-21T00:00Z',
    '2026-11-21T00:00-03:00',
    '21/11/2026 00:00',
    '',
    '2026-13-01T00:00',
  ])('what is no local time is refused with what would be right: %j', local =>
    expect(() => localToInstant(local, 'UTC')).toThrow(
      new BadInput(
        `local time "${local}" is not a date and time; write it without an offset, e.g. 2026-11-21T00:00`,
      ),
    ),
  )
})

test.each([
  ['2026-11-21T03:00:00Z', 'America/Sao_Paulo', '2026-11-21 00:00:00-03:00'],
  ['2026-11-01T05:30:00Z', 'America/New_York', '2026-11-01 01:30:00-04:00'],
  ['2026-11-01T06:30:00Z', 'America/New_York', '2026-11-01 01:30:00-05:00'],
  ['2026-01-01T00:00:00Z', 'Asia/Kathmandu', '2026-01-01 05:45:00+05:45'],
  ['2026-07-01T00:00:00Z', 'America/St_Johns', '2026-06-30 21:30:00-02:30'],
  ['1971-01-01T00:00:00Z', 'Africa/Monrovia', '1970-12-31 23:15:30-00:44:30'],
  ['2026-01-01T00:00:00Z', 'UTC', '2026-01-01 00:00:00+00:00'],
])('%s in %s reads %s', (at, zone, local) => expect(instantToLocal(Date.parse(at), zone)).toBe(local))

describe('a zone must exist', () => {
  test.each(['America/Sao_Paulo', 'UTC', 'america/sao_paulo', 'US/Eastern'])('%s is taken', zone =>
    expect(() => assertZone(zone)).not.toThrow(),
  )

  test.each([
    ['America/SaoPaulo', 'America/Sao_Paulo'],
    ['São Paulo', 'America/Sao_Paulo'],
    ['Brazil/Sao_Paulo', 'America/Sao_Paulo'],
    ['BRT', 'America/Sao_Paulo'],
    ['Europe/Londn', 'Europe/London'],
    ['new york', 'America/New_York'],
  ])('%s may mean %s', (zone, meant) =>
    expect(() => assertZone(zone)).toThrow(
      new BadInput(`time zone "${zone}" is not known; did you mean ${meant}?`),
    ),
  )

  test.each(['', 'Xyzzyqwk/Plughqqq'])('%j is near nothing, so an example is given', zone =>
    expect(() => assertZone(zone)).toThrow(
      new BadInput(`time zone "${zone}" is not known; write a name such as America/Sao_Paulo or UTC`),
    ),
  )
})
