/** A cron expression in words, in both languages, and what a reader of it should be warned of. */
import { createRequire } from 'node:module'
import type { ExpressionDescriptor } from 'cronstrue/dist/expressionDescriptor.js'
import type { Cron } from './cron.ts'

// Its module says of itself that it is one of the new kind, and is of the old: whoever imports it gets
// something else.
const cronstrue = createRequire(import.meta.url)('cronstrue/i18n.js') as Pick<
  typeof ExpressionDescriptor,
  'toString'
>

export type Tongue = 'pt-BR' | 'en'

export interface Described {
  sentence: string
  /**
   * `either`, `both`: how the two day fields are read together. `short months`: some months lack every day
   * that is named. `steps`: hours begin again at midnight.
   */
  warnings: ('either' | 'both' | 'short months' | 'steps')[]
}

const locales = { 'pt-BR': 'pt_BR', en: 'en' } as const

/**
 * `Às 09:00, de segunda-feira a sexta-feira`. Where both day fields are set, cronstrue's words could be read
 * either way, so the days are said by ours, as `slotsBetween` takes them: either suffices, unless one begins
 * with `*`, and then both must hold.
 */
export function describeCron(cron: Cron, lang: Tongue): Described {
  const fields = cron.text.split(/\s+/)
  const [minute, hour, day, month, weekday] = fields.slice(-5)
  const isNickname = fields.length < 5
  const bothDays = !isNickname && day !== '*' && weekday !== '*'
  const told = (text: string) =>
    cronstrue.toString(text, { locale: locales[lang], use24HourTimeFormat: true })
  const seconds = fields.length === 6 ? [fields[0]] : []
  const sentence =
    bothDays || cron.moving.length > 0
      ? `${told([...seconds, minute, hour, '*', month, '*'].join(' '))}, ${bothDays ? daysOf(cron, lang) : datesOf(cron, lang)}`
      : told(cron.text.toLowerCase())
  const warnings: Described['warnings'] = []
  if (bothDays) warnings.push(cron.either ? 'either' : 'both')
  if (!isNickname && weekday === '*' && skipsMonths(cron)) warnings.push('short months')
  if (!isNickname && unevenHours(hour!)) warnings.push('steps')
  return { sentence, warnings }
}

/** Whether some month lacks every day that is named: each has a last one, and a bank day near the 28th. */
const skipsMonths = ({ days, moving }: Cron): boolean =>
  [...days].every(one => one > 28) && moving.every(one => typeof one === 'number' && one > 28)

// Every five hours is due at 20:00 and then at 00:00: a step that does not divide the day is short at its
// end.
function unevenHours(hour: string): boolean {
  const step = /^\*\/(\d+)$/.exec(hour)?.[1]
  return step !== undefined && 24 % Number(step) !== 0
}

const words = {
  'pt-BR': {
    either: (dates: string, weekdays: string) => `${dates} ou ${weekdays}: basta um dos dois`,
    both: (dates: string, weekdays: string) => `${dates}, e só quando caem em ${weekdays}`,
    days: (list: string, many: boolean) => (many ? `nos dias ${list} do mês` : `no dia ${list} do mês`),
    last: 'no último dia do mês',
    lastBankDay: 'no último dia útil do mês',
    nearest: (day: number) => `no dia útil mais próximo do dia ${day}`,
    range: (low: string, high: string) => `${low} a ${high}`,
    every: (list: string) => `a cada ${list}`,
  },
  en: {
    either: (dates: string, weekdays: string) => `${dates} or ${weekdays}: either one suffices`,
    both: (dates: string, weekdays: string) => `${dates}, and only where they fall on ${weekdays}`,
    days: (list: string, many: boolean) =>
      many ? `on days ${list} of the month` : `on day ${list} of the month`,
    last: 'on the last day of the month',
    lastBankDay: 'on the last bank day of the month',
    nearest: (day: number) => `on the bank day nearest to day ${day}`,
    range: (low: string, high: string) => `${low} to ${high}`,
    every: (list: string) => `every ${list}`,
  },
} as const

function datesOf({ days, moving }: Cron, lang: Tongue): string {
  const say = words[lang]
  const runs = runsOf([...days].sort((a, b) => a - b)).map(({ low, high }) =>
    low === high ? `${low}` : say.range(`${low}`, `${high}`),
  )
  const numbers = days.size === 0 ? [] : [say.days(listed(runs, lang, 'conjunction'), days.size > 1)]
  const named = moving.map(one =>
    one === 'last' ? say.last : one === 'last bank day' ? say.lastBankDay : say.nearest(one),
  )
  return listed([...numbers, ...named], lang, 'conjunction')
}

function daysOf(cron: Cron, lang: Tongue): string {
  const { weekdays, either } = cron
  const say = words[lang]
  const dates = datesOf(cron, lang)
  // Monday first, as people count a week.
  const names = [...weekdays]
    .sort((a, b) => ((a + 6) % 7) - ((b + 6) % 7))
    .map(number => weekdayName(number, lang))
  const list = listed(names, lang, either ? 'conjunction' : 'disjunction')
  return either ? say.either(dates, say.every(list)) : say.both(dates, list)
}

const listed = (parts: string[], lang: Tongue, type: 'conjunction' | 'disjunction') =>
  new Intl.ListFormat(lang, { type }).format(parts)

/** The week of 4 January 2026 begins on a Sunday. */
const weekdayName = (number: number, lang: Tongue) =>
  new Intl.DateTimeFormat(lang, { weekday: 'long', timeZone: 'UTC' }).format(Date.UTC(2026, 0, 4 + number))

/** `1, 2, 3, 5` as 1 to 3 and 5. */
function runsOf(numbers: readonly number[]): { low: number; high: number }[] {
  const runs: { low: number; high: number }[] = []
  for (const number of numbers) {
    const last = runs.at(-1)
    if (last && last.high === number - 1) last.high = number
    else runs.push({ low: number, high: number })
  }
  return runs
}
