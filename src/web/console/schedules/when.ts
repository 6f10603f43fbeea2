/**
 * When a schedule is due, as its form says it: presets and a cron expression of one's own, a zone, a window.
 * Faults are told by field.
 */
import { BadInput } from '../../../base/answer.ts'
import { parseCron } from '../../../base/cron.ts'
import { instant, later, type Instant } from '../../../base/world.ts'
import { assertZone, localToInstant, nearestZone } from '../../../base/zone.ts'
import type { Form, Language } from '../../page/page.ts'
import { scheduleFormWords } from './formWords.ts'

/** The fields of a form, as they were typed. */
export type Values = Readonly<Record<string, string>>
export type FieldFaults = Record<string, string>

export interface When {
  cron: string
  timeZone: string
  startsAt: Instant | undefined
  endsAt: Instant | undefined
}

export const presets = [
  'daily',
  'weekdays',
  'monthly',
  'lastDay',
  'lastBusinessDay',
  'hours',
  'once',
  'cron',
] as const
export type Preset = (typeof presets)[number]
/** Those that divide a day, so that the stretches are alike. */
export const everyHours = [1, 2, 3, 4, 6, 8, 12] as const

const dayMs = 86_400_000

/** Undefined, with faults, where something is wrong. */
export function readWhen(values: Values, lang: Language): { when: When | undefined; faults: FieldFaults } {
  const faults: FieldFaults = {}
  const say = scheduleFormWords[lang].faults
  const preset = presets.find(each => each === values['preset'])
  if (!preset) faults['preset'] = say.preset
  const cron = preset && readCron(preset, values, lang, faults)
  const timeZone = readZone(values['zone'] ?? '', lang, faults)
  const moment = (name: string): Instant | undefined => {
    const text = (values[name] ?? '').trim()
    if (text === '' || timeZone === undefined) return undefined
    const at = answered(() => instant(localToInstant(text, timeZone)))
    if (at === undefined) faults[name] = say.moment
    return at
  }
  const startsAt = moment('starts')
  const isOnce = preset === 'once'
  if (isOnce && startsAt === undefined) faults['starts'] ??= say.startsNeeded
  const endsAt = isOnce ? startsAt && later(startsAt, dayMs) : moment('ends')
  if (startsAt && endsAt && endsAt <= startsAt) faults['ends'] = say.endsFirst
  const isWhole = cron !== undefined && timeZone !== undefined && Object.keys(faults).length === 0
  return { when: isWhole ? { cron, timeZone, startsAt, endsAt } : undefined, faults }
}

function readCron(preset: Preset, values: Values, lang: Language, faults: FieldFaults): string | undefined {
  const say = scheduleFormWords[lang].faults
  const at = () => {
    const [, hour, minute = '0'] = /^(\d{1,2})(?:[:h](\d{2})?)?$/.exec((values['at'] ?? '').trim()) ?? []
    if (hour !== undefined && Number(hour) < 24 && Number(minute) < 60)
      return `${Number(minute)} ${Number(hour)}`
    faults['at'] = say.at
    return undefined
  }
  switch (preset) {
    case 'daily':
    case 'weekdays': {
      const time = at()
      return time && `${time} * * ${preset === 'daily' ? '*' : '1-5'}`
    }
    case 'monthly': {
      const [time, day] = [at(), Number(values['day'])]
      if (!/^\d{1,2}$/.test(values['day'] ?? '') || day < 1 || day > 31) faults['day'] = say.day
      return time && faults['day'] === undefined ? `${time} ${day} * *` : undefined
    }
    case 'lastDay':
    case 'lastBusinessDay': {
      const time = at()
      return time && `${time} ${preset === 'lastDay' ? 'L' : 'LW'} * *`
    }
    case 'hours': {
      const every = everyHours.find(hours => `${hours}` === values['every'])
      if (every === undefined) faults['every'] = say.every
      return every && (every === 1 ? '0 * * * *' : `0 */${every} * * *`)
    }
    case 'once':
      return '0 */3 * * *'
    case 'cron':
      return readExpression(values['cron'] ?? '', lang, faults)
  }
}

/** The fields are tried one by one, so that the one at fault is named in the page's words. */
function readExpression(text: string, lang: Language, faults: FieldFaults): string | undefined {
  const { faults: say, cronNames, cronRights } = scheduleFormWords[lang]
  const given = text.trim()
  const reads = (expression: string) => answered(() => parseCron(expression)) !== undefined
  const wrong = (why: string) => {
    faults['cron'] = why
    return undefined
  }
  if (given.startsWith('@')) return reads(given) ? given.toLowerCase() : wrong(say.cronNickname)
  const fields = given === '' ? [] : given.split(/\s+/)
  if (fields.length !== 5) return wrong(say.cronFields(fields.length))
  const place = fields.findIndex(
    (field, at) => !reads(Array.from({ length: 5 }, (_, other) => (other === at ? field : '*')).join(' ')),
  )
  if (place >= 0)
    return wrong(say.cronField(cronNames[place]!, fields[place]!.slice(0, 40), cronRights[place]!))
  return reads(given) ? fields.join(' ') : wrong(say.cronNever)
}

function readZone(text: string, lang: Language, faults: FieldFaults): string | undefined {
  const zone = text.trim()
  if (answered(() => (assertZone(zone), true))) return zone
  const say = scheduleFormWords[lang].faults
  const near = zone === '' ? undefined : nearestZone(zone.slice(0, 60))
  faults['zone'] = near === undefined ? say.zone : say.zoneNear(near)
  return undefined
}

/** The reason somebody gave, on one line; '' where there is none. */
export const reasonIn = (form: Pick<Form, 'text'>): string =>
  form.text('why').replace(/\s+/g, ' ').trim().slice(0, 200)

/** What `work` answers, or undefined where it is bad input. */
export function answered<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof BadInput)) throw error
    return undefined
  }
}

/** The fields that say `when`, to be filled into the form. What no preset says is its expression. */
export function valuesOfWhen(
  cron: string,
  zone: string,
  starts: Instant | null,
  ends: Instant | null,
): Values {
  const local = (at: Instant | null) => (at === null ? '' : localMinute(at, zone))
  const base = { zone, starts: local(starts), ends: local(ends), cron }
  const time = (minute: string, hour: string) => `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`
  const [, minute, hour, day, weekday] = /^(\d{1,2}) (\d{1,2}) (\*|\d{1,2}|LW?) \* (\*|1-5)$/.exec(cron) ?? []
  if (minute !== undefined && hour !== undefined) {
    const at = time(minute, hour)
    if (day === '*') return { ...base, preset: weekday === '*' ? 'daily' : 'weekdays', at }
    if (weekday === '*' && day!.startsWith('L'))
      return { ...base, preset: day === 'L' ? 'lastDay' : 'lastBusinessDay', at }
    if (weekday === '*') return { ...base, preset: 'monthly', at, day: day! }
  }
  const every = cron === '0 * * * *' ? '1' : /^0 \*\/(\d{1,2}) \* \* \*$/.exec(cron)?.[1]
  if (every !== undefined && everyHours.some(hours => `${hours}` === every))
    return { ...base, preset: 'hours', every }
  return { ...base, preset: 'cron' }
}

/** `2026-11-21T09:00`, as a field for local times has it; with seconds where there are any. */
function localMinute(at: Instant, zone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    ...{
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    },
    hourCycle: 'h23',
  }).format(Date.parse(at))
  return parts.replace(' ', 'T').replace(/:00$/, '')
}
