/** Brazil's bank holidays, against the lists that FEBRABAN published. */
import { expect, test } from 'vitest'
import { bankHolidays, isBankDay } from './bankDays.ts'

const datesOf = (year: number) =>
  [...bankHolidays(year)].sort((a, b) => a - b).map(day => new Date(day).toISOString().slice(5, 10))

test.each([
  // Easter on 31 March, 20 April, 5 April, 28 March and 24 April.
  [
    2024,
    [
      '01-01',
      '02-12',
      '02-13',
      '03-29',
      '04-21',
      '05-01',
      '05-30',
      '09-07',
      '10-12',
      '11-02',
      '11-15',
      '11-20',
      '12-25',
    ],
  ],
  [
    2025,
    [
      '01-01',
      '03-03',
      '03-04',
      '04-18',
      '04-21',
      '05-01',
      '06-19',
      '09-07',
      '10-12',
      '11-02',
      '11-15',
      '11-20',
      '12-25',
    ],
  ],
  [
    2026,
    [
      '01-01',
      '02-16',
      '02-17',
      '04-03',
      '04-21',
      '05-01',
      '06-04',
      '09-07',
      '10-12',
      '11-02',
      '11-15',
      '11-20',
      '12-25',
    ],
  ],
  [
    2027,
    [
      '01-01',
      '02-08',
      '02-09',
      '03-26',
      '04-21',
      '05-01',
      '05-27',
      '09-07',
      '10-12',
      '11-02',
      '11-15',
      '11-20',
      '12-25',
    ],
  ],
  [
    2023,
    [
      '01-01',
      '02-20',
      '02-21',
      '04-07',
      '04-21',
      '05-01',
      '06-08',
      '09-07',
      '10-12',
      '11-02',
      '11-15',
      '12-25',
    ],
  ],
])('of %d', (year, dates) => {
  expect(datesOf(year)).toEqual(dates)
})

test('weekends are no bank days; Ash Wednesday and New Year’s Eve are', () => {
  const day = (date: string) => isBankDay(Date.parse(`${date}T00:00:00Z`))
  expect(['2026-11-28', '2026-11-29', '2026-02-16', '2026-06-04'].map(day)).toEqual([
    false,
    false,
    false,
    false,
  ])
  expect(['2026-11-30', '2026-02-18', '2026-12-31'].map(day)).toEqual([true, true, true])
})
