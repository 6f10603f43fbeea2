/**
 * Brazil's bank days: Monday to Friday, but for the holidays on which no bank works (Resolução CMN
 * 4.880/2020, Lei 14.759/2023). Those of a state or city are not among them; Ash Wednesday and the last days
 * of the year are bank days with short hours.
 */
import { dayMs } from './zone.ts'

/** Midnight of a date, as `Date.UTC` counts it. */
type Midnight = number

const fixed = ['01-01', '04-21', '05-01', '09-07', '10-12', '11-02', '11-15', '12-25']
/** Days from Easter: Carnival's Monday and Tuesday, Good Friday, Corpus Christi. */
const movable = [-48, -47, -2, 60]
/** Black Consciousness Day is one for the whole country since then. */
const consciousnessSince = 2024

const kept = new Map<number, ReadonlySet<Midnight>>()

/** Every bank holiday of a year, weekends too. */
export function bankHolidays(year: number): ReadonlySet<Midnight> {
  const found = kept.get(year)
  if (found) return found
  const dates = [...fixed, ...(year >= consciousnessSince ? ['11-20'] : [])].map(date =>
    Date.parse(`${year}-${date}T00:00:00Z`),
  )
  const holidays = new Set([...dates, ...movable.map(days => easter(year) + days * dayMs)])
  kept.set(year, holidays)
  return holidays
}

export function isBankDay(day: Midnight): boolean {
  const date = new Date(day)
  const weekday = date.getUTCDay()
  return weekday !== 0 && weekday !== 6 && !bankHolidays(date.getUTCFullYear()).has(day)
}

/** Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher). */
function easter(year: number): Midnight {
  const a = year % 19
  const [b, c] = [Math.floor(year / 100), year % 100]
  const [d, e] = [Math.floor(b / 4), b % 4]
  const g = Math.floor((8 * b + 13) / 25)
  const h = (19 * a + b - d - g + 15) % 30
  const [i, k] = [Math.floor(c / 4), c % 4]
  const l = (32 + 2 * e + 2 * i - h - k) % 7
  const m = Math.floor((a + 11 * h + 19 * l) / 433)
  const month = Math.floor((h + l - 7 * m + 90) / 25)
  const day = (h + l - 7 * m + 33 * month + 19) % 32
  return Date.UTC(year, month - 1, day)
}
