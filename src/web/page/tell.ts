/**
 * Amounts and times as people read and type them, in their language. Exact: made of bigints and text, never
 * of floats.
 */
import { formatUnits, type Asset } from '../../base/money.ts'
import { millis, type Instant, type Millis } from '../../base/world.ts'
import { brazilZone } from '../../base/zone.ts'
import type { Language } from './language.ts'

const places = { BRL: 2, BTC: 8 } as const

/** `R$ 1.234,56` or `R$1,234.56`; `0,00012345 BTC`. */
export function amount(lang: Language, units: bigint, asset: Asset): string {
  // A decimal in text is formatted to its last digit, whatever its size.
  const text = formatUnits(units, asset) as Intl.StringNumericLiteral
  const format = kept(`${asset} ${lang}`, () => new Intl.NumberFormat(lang, shapes[asset]))
  return asset === 'BRL' ? format.format(text) : `${format.format(text)} BTC`
}

const shapes = {
  BRL: { style: 'currency', currency: 'BRL' },
  BTC: { minimumFractionDigits: places.BTC, maximumFractionDigits: places.BTC },
} as const

// To make a formatter costs some fifty times what it costs to use one, and a list has hundreds of amounts and
// times.
const made = new Map<string, unknown>()
function kept<T>(key: string, make: () => T): T {
  const found = (made.get(key) as T | undefined) ?? make()
  made.set(key, found)
  return found
}

/** `21/11/2026, 20:07:12 GMT-3`, in `zone`. */
export const moment = (lang: Language, at: Instant, zone: string = brazilZone): string =>
  kept(
    `moment ${lang} ${zone}`,
    () =>
      new Intl.DateTimeFormat(lang, {
        ...{
          year: 'numeric',
          month: '2-digit',
          day: '2-digit',
          hour: '2-digit',
          minute: '2-digit',
          second: '2-digit',
        },
        ...{ hourCycle: 'h23', timeZone: zone, timeZoneName: 'short' },
      }),
  ).format(millis(at))

/** `21/11, 20:08 GMT-3`: the minute after `at`, so that whoever comes then is not early. */
export const clockTime = (lang: Language, at: Instant, zone: string = brazilZone): string =>
  kept(
    `clock ${lang} ${zone}`,
    () =>
      new Intl.DateTimeFormat(lang, {
        ...{ month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' },
        ...{ hourCycle: 'h23', timeZone: zone, timeZoneName: 'short' },
      }),
  ).format(Math.ceil(millis(at) / 60_000) * 60_000)

/** `21/11/2026`. */
export const day = (lang: Language, at: Instant, zone: string = brazilZone): string =>
  kept(
    `day ${lang} ${zone}`,
    () =>
      new Intl.DateTimeFormat(lang, { year: 'numeric', month: '2-digit', day: '2-digit', timeZone: zone }),
  ).format(millis(at))

const steps: readonly [Intl.RelativeTimeFormatUnit, Millis][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** `in 5 minutes`, `há 2 horas`: rounded down to the largest unit that fits. */
export function relative(lang: Language, at: Instant, now: Millis): string {
  const ms = millis(at) - now
  const [unit, size] = steps.find(([, size]) => Math.abs(ms) >= size) ?? steps.at(-1)!
  return new Intl.RelativeTimeFormat(lang, { numeric: 'auto' }).format(Math.trunc(ms / size), unit)
}
