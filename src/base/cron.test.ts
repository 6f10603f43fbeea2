/** What a cron expression means, and what its clock does where the zone's own clock jumps. */
import { describe, expect, test } from 'vitest'
import { BadInput } from './answer.ts'
import { nextSlots, parseCron, slotsBetween } from './cron.ts'

const utc = (at: number) => new Date(at).toISOString().slice(0, 16)
const next = (text: string, zone: string, after: string, count = 3) =>
  nextSlots(parseCron(text), zone, Date.parse(after), count)
const starts = (text: string, after: string, count = 3) =>
  next(text, 'UTC', after, count).map(slot => utc(slot.at))

describe('an expression', () => {
  test.each([
    ['0 */3 * * *', ['2026-01-01T03:00', '2026-01-01T06:00', '2026-01-01T09:00']],
    ['@hourly', ['2026-01-01T01:00', '2026-01-01T02:00', '2026-01-01T03:00']],
    ['@daily', ['2026-01-02T00:00', '2026-01-03T00:00', '2026-01-04T00:00']],
    ['@weekly', ['2026-01-04T00:00', '2026-01-11T00:00', '2026-01-18T00:00']],
    ['@monthly', ['2026-02-01T00:00', '2026-03-01T00:00', '2026-04-01T00:00']],
    ['@Yearly', ['2027-01-01T00:00', '2028-01-01T00:00', '2029-01-01T00:00']],
    ['5,1-2 6 * * *', ['2026-01-01T06:01', '2026-01-01T06:02', '2026-01-01T06:05']],
    ['10-40/15 12 * * *', ['2026-01-01T12:10', '2026-01-01T12:25', '2026-01-01T12:40']],
    ['0 0 * JAN,dec mon-tue', ['2026-01-05T00:00', '2026-01-06T00:00', '2026-01-12T00:00']],
    ['0 0 * february wednesday', ['2026-02-04T00:00', '2026-02-11T00:00', '2026-02-18T00:00']],
    ['0 0 * * 7', ['2026-01-04T00:00', '2026-01-11T00:00', '2026-01-18T00:00']],
    ['0 0 * * sat-sun', ['2026-01-03T00:00', '2026-01-04T00:00', '2026-01-10T00:00']],
    ['0 0 31 * *', ['2026-01-31T00:00', '2026-03-31T00:00', '2026-05-31T00:00']],
    ['0 0 29 2 *', ['2028-02-29T00:00', '2032-02-29T00:00', '2036-02-29T00:00']],
    ['0 0 31 2,4,5 *', ['2026-05-31T00:00', '2027-05-31T00:00', '2028-05-31T00:00']],
    // Both day fields restricted: either suffices. One of them beginning with a star: both must hold.
    ['0 0 13 * 5', ['2026-01-02T00:00', '2026-01-09T00:00', '2026-01-13T00:00']],
    ['0 0 31 2 mon', ['2026-02-02T00:00', '2026-02-09T00:00', '2026-02-16T00:00']],
    ['0 0 L * *', ['2026-01-31T00:00', '2026-02-28T00:00', '2026-03-31T00:00']],
    ['0 0 L 2 *', ['2026-02-28T00:00', '2027-02-28T00:00', '2028-02-29T00:00']],
    ['0 0 1,l * *', ['2026-01-31T00:00', '2026-02-01T00:00', '2026-02-28T00:00']],
    // Saturday 31 January; Saturday 28 February; Tuesday 31 March.
    ['0 0 LW * *', ['2026-01-30T00:00', '2026-02-27T00:00', '2026-03-31T00:00']],
    ['0 0 LW 3 *', ['2026-03-31T00:00', '2027-03-31T00:00', '2028-03-31T00:00']],
    // Carnival is 16 and 17 February 2026, so the bank day nearest to the 15th is Friday the 13th.
    ['0 0 15W * *', ['2026-01-15T00:00', '2026-02-13T00:00', '2026-03-16T00:00']],
    // The 1st of January is none, and the month before is not reached for.
    ['0 0 1W 1,5 *', ['2026-01-02T00:00', '2026-05-04T00:00', '2027-01-04T00:00']],
    ['0 0 L * mon', ['2026-01-05T00:00', '2026-01-12T00:00', '2026-01-19T00:00']],
    ['0 0 */10 * mon', ['2026-05-11T00:00', '2026-06-01T00:00', '2026-08-31T00:00']],
  ])('%s is due at %j', (text, due) => expect(starts(text, '2026-01-01T00:00:00Z')).toEqual(due))

  test('six fields begin with seconds', () => {
    const slots = slotsBetween(
      parseCron('*/20 0 0 * * *'),
      'UTC',
      Date.UTC(2026, 0, 1) - 1,
      Date.UTC(2026, 0, 2) - 1,
      10,
    )
    expect(slots.map(at => at - Date.UTC(2026, 0, 1))).toEqual([0, 20_000, 40_000])
  })

  test.each([
    ['61 * * * *', 'minute "61" is not 0 to 59'],
    ['* 24 * * *', 'hour "24" is not 0 to 23'],
    ['* * 0 * *', 'day of month "0" is not 1 to 31'],
    ['* * * 13 *', 'month "13" is not 1 to 12 or jan to dec'],
    ['* * * foo *', 'month "foo" is not 1 to 12 or jan to dec'],
    ['* * * * 8', 'day of week "8" is not 0 to 7 or sun to sat'],
    ['70 * * * * *', 'second "70" is not 0 to 59'],
    ['*/0 * * * *', 'minute step "0" is not 1 to 59'],
    ['*/x * * * *', 'minute step "x" is not 1 to 59'],
    ['*/90 * * * *', 'minute step "90" is not 1 to 59'],
    ['5/15 * * * *', 'minute "5/15" steps from a single value; write 5-59/15 or */15'],
    ['* 22-2 * * *', 'hour "22-2" runs backwards; write 22-23,0-2'],
    ['1,,2 * * * *', 'minute "" cannot be read; write *, 0 to 59, a range such as 0-4, or */2'],
    ['* * ? * *', 'day of month "?" is not 1 to 31'],
    ['* * L-2 * *', 'day of month "L" is not 1 to 31'],
    ['* * 32W * *', 'day of month "32W" is not 1 to 31'],
    ['* * * L *', 'month "L" is not 1 to 12 or jan to dec'],
    [
      '0 0 31W 2 *',
      'day of month 31W never comes in month 2; February ends on the 28th or 29th, four months on the 30th',
    ],
    ['1.5 * * * *', 'minute "1.5" is not 0 to 59'],
    ['-1 * * * *', 'minute "-1" cannot be read; write *, 0 to 59, a range such as 0-4, or */2'],
    [
      '* * * *',
      '4 fields; write five (minute hour day-of-month month day-of-week) or six with seconds first',
    ],
    ['', '0 fields; write five (minute hour day-of-month month day-of-week) or six with seconds first'],
    [
      '@reboot',
      '@reboot is not known; write one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually',
    ],
    [
      '0 0 30 2 *',
      'day of month 30 never comes in month 2; February ends on the 28th or 29th, four months on the 30th',
    ],
    [
      '0 0 31 2,4,jun *',
      'day of month 31 never comes in month 2,4,jun; February ends on the 28th or 29th, four months on the 30th',
    ],
  ])('%j is refused: %s', (text, why) =>
    expect(() => parseCron(text)).toThrow(new BadInput(`cron "${text}": ${why}`)),
  )
})

describe('where the clock jumps', () => {
  test('a time in the spring gap is due at the first instant after it, and the week is not lost', () => {
    expect(next('30 2 * * *', 'America/New_York', '2026-03-07T12:00:00Z', 2)).toEqual([
      { at: Date.parse('2026-03-08T07:00:00Z'), local: '2026-03-08 03:00:00-04:00', note: 'gap' },
      { at: Date.parse('2026-03-09T06:30:00Z'), local: '2026-03-09 02:30:00-04:00' },
    ])
    expect(next('0 0 * * sun', 'America/Sao_Paulo', '2018-11-01T00:00:00Z', 2)).toEqual([
      { at: Date.parse('2018-11-04T03:00:00Z'), local: '2018-11-04 01:00:00-02:00', note: 'gap' },
      { at: Date.parse('2018-11-11T02:00:00Z'), local: '2018-11-11 00:00:00-02:00' },
    ])
  })

  test('all that falls into the gap is due once, with what is due right after it', () => {
    const due = next('*/15 * * * *', 'America/New_York', '2026-03-08T06:40:00Z')
    expect(due.map(({ local, note, skipped }) => [local, note, skipped])).toEqual([
      ['2026-03-08 01:45:00-05:00', undefined, undefined],
      ['2026-03-08 03:00:00-04:00', 'gap', 4],
      ['2026-03-08 03:15:00-04:00', undefined, undefined],
    ])
  })

  test('a skipped day is due once, at the first instant of the next', () => {
    expect(
      next('0 */6 * * *', 'Pacific/Apia', '2011-12-30T03:00:00Z').map(({ local, note }) => [local, note]),
    ).toEqual([
      ['2011-12-29 18:00:00-10:00', undefined],
      ['2011-12-31 00:00:00+14:00', 'gap'],
      ['2011-12-31 06:00:00+14:00', undefined],
    ])
  })

  test('a time that comes twice is due the first time only, so every 15 minutes rests for the second hour', () => {
    expect(next('*/15 * * * *', 'America/New_York', '2026-11-01T05:20:00Z', 3)).toEqual([
      { at: Date.parse('2026-11-01T05:30:00Z'), local: '2026-11-01 01:30:00-04:00', note: 'overlap' },
      { at: Date.parse('2026-11-01T05:45:00Z'), local: '2026-11-01 01:45:00-04:00', note: 'overlap' },
      { at: Date.parse('2026-11-01T07:00:00Z'), local: '2026-11-01 02:00:00-05:00' },
    ])
  })

  test('asked from within the second hour, nothing of that hour is due again', () => {
    const within = Date.parse('2026-11-01T06:10:00Z')
    expect(
      slotsBetween(parseCron('*/15 * * * *'), 'America/New_York', within, within + 3_600_000, 9).map(utc),
    ).toEqual(['2026-11-01T07:00'])
  })
})

describe('a window', () => {
  const hourly = parseCron('@hourly')
  const at = (hour: number) => Date.UTC(2026, 0, 1, hour)

  test('leaves out where it starts and takes in where it ends', () => {
    expect(slotsBetween(hourly, 'UTC', at(1), at(3), 9)).toEqual([at(2), at(3)])
    expect(slotsBetween(hourly, 'UTC', at(1) - 1, at(2) - 1, 9)).toEqual([at(1)])
    expect(slotsBetween(hourly, 'UTC', at(3), at(3), 9)).toEqual([])
    expect(slotsBetween(hourly, 'UTC', at(3), at(1), 9)).toEqual([])
  })

  test('stops at its limit, oldest first, and the next window goes on from the last', () => {
    const first = slotsBetween(hourly, 'UTC', at(0), at(9), 4)
    expect([...first, ...slotsBetween(hourly, 'UTC', first.at(-1)!, at(9), 99)]).toEqual(
      slotsBetween(hourly, 'UTC', at(0), at(9), 99),
    )
    expect(slotsBetween(hourly, 'UTC', at(0), at(9), 0)).toEqual([])
  })

  test('does not look far for what is years away', () => {
    expect(
      slotsBetween(parseCron('0 0 29 2 *'), 'UTC', Date.UTC(2096, 2, 1), Date.UTC(2104, 1, 28), 9),
    ).toEqual([])
    expect(starts('0 0 29 2 *', '2096-03-01T00:00:00Z', 1)).toEqual(['2104-02-29T00:00'])
  })

  test('ten thousand schedules are looked through in well under a second of the processor', () => {
    const schedules = Array.from({ length: 10_000 }, (_, place) =>
      parseCron(`${place % 60} ${place % 24} * * *`),
    )
    const before = process.threadCpuUsage()
    let found = 0
    for (const cron of schedules)
      found += slotsBetween(cron, 'America/Sao_Paulo', at(0), at(24), 1_000).length
    expect(found).toBe(10_000)
    // Not by the clock, which goes on while somebody else has the processor.
    const { user, system } = process.threadCpuUsage(before)
    expect((user + system) / 1_000).toBeLessThan(1_000)
  })
})
