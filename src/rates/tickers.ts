/**
 * Public tickers of BTC-BRL over HTTPS, none of which wants a key: where each is asked, and what it answers.
 */
import { z } from 'zod'
import { refused, type Answer } from '../base/answer.ts'
import type { RateSourceName } from '../base/bitcoinSettings.ts'
import { hearDate, instant, type Clock, type Millis } from '../base/world.ts'
import { parseJson, readPrice, type Quote, type RateSource } from './source.ts'

export type Fetch = (
  url: string,
  init: { redirect: 'manual'; headers: Record<string, string>; signal: AbortSignal },
) => Promise<Response>

export interface Ticker {
  url: string
  /** Of the answer with its numbers left as text. `atMs` where the source says when it was so. */
  shape: z.ZodType<{ price: string; atMs?: Millis }>
}

const milliseconds = z
  .string()
  .regex(/^\d{13}$/)
  .transform(Number)
const seconds = z
  .string()
  .regex(/^\d{10}$/)
  .transform(text => Number(text) * 1_000)

/**
 * Only the last trade, or the mean a site makes of several, is read: the installation asks for an amount, it
 * does not trade.
 */
export const tickers: Record<RateSourceName, Ticker> = {
  /**
   * api.mercadobitcoin.net/api/v4/docs, Public Data, Tickers. Its `date` is not read, for its unit is nowhere
   * promised.
   */
  mercadobitcoin: {
    url: 'https://api.mercadobitcoin.net/api/v4/tickers?symbols=BTC-BRL',
    shape: z
      .array(z.object({ pair: z.literal('BTC-BRL'), last: z.string() }))
      .length(1)
      .transform(([ticker]) => ({ price: ticker!.last })),
  },
  /**
   * developers.binance.com, Spot, Market data endpoints, 24hr ticker price change statistics; the host for
   * market data alone.
   */
  binance: {
    url: 'https://data-api.binance.vision/api/v3/ticker/24hr?symbol=BTCBRL',
    shape: z
      .object({ symbol: z.literal('BTCBRL'), lastPrice: z.string(), closeTime: milliseconds })
      .transform(({ lastPrice, closeTime }) => ({ price: lastPrice, atMs: closeTime })),
  },
  /** docs.cdp.coinbase.com/coinbase-app/track-apis/prices, Get Spot Price. */
  coinbase: {
    url: 'https://api.coinbase.com/v2/prices/BTC-BRL/spot',
    shape: z
      .object({ data: z.object({ amount: z.string(), base: z.literal('BTC'), currency: z.literal('BRL') }) })
      .transform(({ data }) => ({ price: data.amount })),
  },
  /** docs.bitso.com, Public REST API, Ticker. */
  bitso: {
    url: 'https://api.bitso.com/v3/ticker/?book=btc_brl',
    shape: z
      .object({
        success: z.literal(true),
        payload: z.object({ book: z.literal('btc_brl'), last: z.string(), created_at: z.string() }),
      })
      .transform(({ payload }) => ({ price: payload.last, atMs: Date.parse(payload.created_at) })),
  },
  /** docs.coingecko.com, Simple, Coin Price by IDs. */
  coingecko: {
    url: 'https://api.coingecko.com/api/v3/simple/price?ids=bitcoin&vs_currencies=brl&precision=2&include_last_updated_at=true',
    shape: z
      .object({ bitcoin: z.object({ brl: z.string(), last_updated_at: seconds }) })
      .transform(({ bitcoin }) => ({ price: bitcoin.brl, atMs: bitcoin.last_updated_at })),
  },
}

const deadlineMs = 10_000
const maxBytes = 65_536

/**
 * A source that asks `ticker` by `fetch`; an answer later than ten seconds, longer than 64 KiB or from
 * elsewhere is none.
 */
export const tickerSource = (
  name: string,
  ticker: Ticker,
  { fetch, clock }: { fetch: Fetch; clock: Clock },
): RateSource => ({
  name,
  quote: () =>
    withDeadline(clock, async signal => {
      const askedMs = clock.uptimeMs?.() ?? 0
      const answer = await fetch(ticker.url, {
        redirect: 'manual',
        headers: { accept: 'application/json' },
        signal,
      })
      hearDate(
        clock,
        { whose: `the exchange ${name}’s`, weight: 'one of many', askedMs },
        answer.headers.get('date'),
      )
      const text = answer.status === 200 ? await limited(answer) : undefined
      if (answer.status !== 200) await answer.body?.cancel()
      if (answer.type === 'opaqueredirect' || (answer.status >= 300 && answer.status < 400))
        return refused('it answered with a redirect, which is never followed', true)
      if (answer.status !== 200) return refused(`it answered with ${answer.status}`, true)
      return text === undefined
        ? refused(`it answered with more than ${maxBytes} bytes`, true)
        : read(name, ticker, text, clock)
    }),
})

/**
 * Runs `ask` until the clock's deadline. Whatever a network does becomes an answer here, for another source
 * is asked as well.
 */
async function withDeadline(
  clock: Clock,
  ask: (signal: AbortSignal) => Promise<Answer<Quote>>,
): Promise<Answer<Quote>> {
  const late = new AbortController()
  const over = new AbortController()
  // A network is as slow as it is, however fast a storm's clock runs.
  void clock.sleep(deadlineMs * (clock.speed ?? 1), over.signal).then(() => late.abort())
  try {
    return await ask(late.signal)
  } catch (error) {
    if (late.signal.aborted) return refused(`it did not answer within ${deadlineMs / 1_000} seconds`, true)
    const { message, cause } = error as Error
    return refused(
      `it could not be asked: ${[message, cause instanceof Error ? cause.message : ''].filter(Boolean).join(': ')}`,
      true,
    )
  } finally {
    over.abort()
  }
}

/** The body as text, or undefined when there is more of it than an answer needs; what is left is not read. */
async function limited(answer: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop cancels the stream.
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > maxBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function read(source: string, { shape }: Ticker, text: string, clock: Clock): Answer<Quote> {
  let json: unknown
  try {
    json = parseJson(text)
  } catch {
    return refused('it answered with what is no JSON', true)
  }
  const result = shape.safeParse(json)
  if (!result.success)
    return refused(
      `it answered in a shape of its own: ${result.error.issues.map(({ path }) => path.join('.') || 'all of it').join(', ')}`,
      true,
    )
  const { price: priceText, atMs = clock.now() } = result.data
  const price = readPrice(priceText)
  if (price === undefined || Number.isNaN(atMs))
    return refused(`it answered with ${price === undefined ? 'a price' : 'a time'} that is none`, true)
  return { is: 'done', value: { source, price, at: instant(atMs) } }
}
