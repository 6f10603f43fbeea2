/** Which sources the settings name: public tickers, a file somebody keeps up to date, or one fixed price. */
import { open } from 'node:fs/promises'
import { z } from 'zod'
import { done, refused, type Answer } from '../base/answer.ts'
import type { Config } from '../base/config.ts'
import { instant, type Clock, type Millis } from '../base/world.ts'
import type { Agreement } from './decide.ts'
import { pair, parseJson, readPrice, type Quote, type RateSource } from './source.ts'
import { tickers, tickerSource, type Fetch } from './tickers.ts'

type Settings = Pick<
  Config,
  'RATE_SOURCES' | 'RATES_FILE' | 'RATE_FIXED' | 'RATE_MAX_AGE_SECONDS' | 'RATE_MAX_DEVIATION'
>

/** A fixed price stands alone, and so does a file: who names one wants no other. */
export function makeSources(settings: Settings, tools: { fetch: Fetch; clock: Clock }): RateSource[] {
  if (settings.RATE_FIXED) return [fixedSource(settings.RATE_FIXED.price, tools.clock)]
  if (settings.RATES_FILE) return [fileSource(settings.RATES_FILE)]
  return settings.RATE_SOURCES.map(name => tickerSource(name, tickers[name], tools))
}

/** When the quotes of `makeSources` make a rate, and whose quotes count. */
export function agreementOf(settings: Settings): Agreement & { sources: string[] } {
  const named = settings.RATE_FIXED ? 'fixed' : settings.RATES_FILE ? 'file' : undefined
  return {
    sources: named ? [named] : settings.RATE_SOURCES,
    maxAgeMs: settings.RATE_MAX_AGE_SECONDS * 1_000,
    maxDeviation: settings.RATE_MAX_DEVIATION,
    least: named ? 1 : 2,
  }
}

/** One price for ever (RATE_FIXED), for tests and closed networks. */
export const fixedSource = (price: bigint, clock: Clock): RateSource => ({
  name: 'fixed',
  quote: async () => done({ source: 'fixed', price, at: instant(clock.now()) }),
})

const maxBytes = 65_536
const priced = z.union([
  z.string().transform(price => ({ price, at: undefined })),
  z.object({ price: z.string(), at: z.string().optional() }),
])
const fileShape = z.object({ [pair]: priced })

/**
 * RATES_FILE, read again each time: `{"BTC-BRL": {"price": "612345.67", "at": "2026-11-21T12:00:00Z"}}`, or
 * the price alone. Without `at` it is as old as the file's last change, so that a file nobody keeps up to
 * date ends by itself.
 */
export const fileSource = (path: string): RateSource => ({ name: 'file', quote: () => quoteOf(path) })

async function quoteOf(path: string): Promise<Answer<Quote>> {
  let file: { text: string; changedAt: Millis } | undefined
  try {
    file = await contents(path)
  } catch (error) {
    return refused(`RATES_FILE cannot be read: ${(error as Error).message}`, true)
  }
  if (!file) return refused(`RATES_FILE is longer than ${maxBytes} bytes`, true)
  const result = fileShape.safeParse(jsonOr(file.text))
  const { price: text, at = instant(file.changedAt) } = result.data?.[pair] ?? { price: '' }
  const price = readPrice(text)
  if (
    price === undefined ||
    !/^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})$/.test(at) ||
    Number.isNaN(Date.parse(at))
  )
    return refused(
      'RATES_FILE holds no rate: expected {"BTC-BRL": {"price": "600000.00", "at": "2026-11-21T12:00:00Z"}}',
      true,
    )
  return done({ source: 'file', price, at: instant(Date.parse(at)) })
}

async function contents(path: string): Promise<{ text: string; changedAt: Millis } | undefined> {
  await using file = await open(path, 'r')
  const { size, mtimeMs } = await file.stat()
  return size > maxBytes ? undefined : { text: await file.readFile('utf8'), changedAt: mtimeMs }
}

function jsonOr(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
