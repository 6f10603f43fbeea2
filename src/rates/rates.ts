/**
 * The price of a bitcoin in reais: asked of several sources, written down with source and time, and taken
 * only where they agree.
 */
import { formatDuration } from '../base/duration.ts'
import { instant, later, millis, type Millis, type World } from '../base/world.ts'
import { sql, type Reader, type Db } from '../db/db.ts'
import { decideRate, type Agreement, type NoRate, type Rate } from './decide.ts'
import { pair, type RateSource } from './source.ts'

export { decideRate, type Agreement, type NoRate, type Rate } from './decide.ts'
export { pair, type Quote, type RateSource } from './source.ts'
export { agreementOf, makeSources } from './sources.ts'

/** Quotes are kept this long. A rate that was locked is on its invoice, so none is needed for that. */
const keptMs = 30 * 86_400_000

export interface Refreshed {
  /** Names of the sources that quoted. */
  fresh: string[]
  failed: { source: string; why: string }[]
}

/**
 * Asks every source at once, outside any transaction, and writes down what came. A source that fails is
 * logged and stops no other.
 */
export async function refreshRates(
  db: Db,
  sources: readonly RateSource[],
  { log }: Pick<World, 'log'>,
): Promise<Refreshed> {
  const answers = await Promise.all(
    sources.map(async source => ({ source: source.name, answer: await source.quote() })),
  )
  const quotes = answers.flatMap(({ answer }) => (answer.is === 'done' ? [answer.value] : []))
  const failed = answers.flatMap(({ source, answer }) =>
    answer.is === 'done' ? [] : [{ source, why: answer.why }],
  )
  for (const { source, why } of failed) log.warn({ source, why }, 'a rate could not be had')

  await db.tx(async tx => {
    const fetchedAt = await tx.now()
    for (const { source, price, at } of quotes) {
      // A source whose clock is ahead of ours would stay fresh for too long.
      const seenAt = instant(Math.min(millis(at), millis(fetchedAt)))
      await tx.run(
        sql`insert into rates (pair, source, price_units, at, fetched_at)
          values (${pair}, ${source}, ${price}, ${seenAt}, ${fetchedAt})`,
      )
    }
    await tx.run(sql`delete from rates where pair = ${pair} and fetched_at < ${later(fetchedAt, -keptMs)}`)
  }, 'locks')
  return { fresh: quotes.map(({ source }) => source), failed }
}

/**
 * The rate that holds at `now`, from the last quote of each source in use. `agreement` comes from
 * `agreementOf`.
 */
export const goodRate = (
  reader: Reader,
  now: Millis,
  agreement: Agreement & { sources: readonly string[] },
): Promise<Rate | NoRate> => rateOf(reader, now, agreement)

/** The rate that held at an earlier time, by what was told until then. */
export const goodRateAt = (
  reader: Reader,
  at: Millis,
  now: Millis,
  agreement: Agreement & { sources: readonly string[] },
): Promise<Rate | NoRate> =>
  at >= now - minuteMs ? rateOf(reader, now, agreement) : rateOf(reader, at, agreement, at)

const minuteMs = 60_000

async function rateOf(
  reader: Reader,
  now: Millis,
  agreement: Agreement & { sources: readonly string[] },
  until?: Millis,
): Promise<Rate | NoRate> {
  const told = until === undefined ? sql`` : sql`and fetched_at <= ${instant(until)}`
  const rows = await reader.all<{ source: string; price_units: bigint; at: string }>(sql`
    select source, price_units, at from rates
    where pair = ${pair} and fetched_at >= ${instant(now - agreement.maxAgeMs)} ${told} order by id`)
  // A source that was struck from the settings has no say, however fresh it is.
  const inUse = rows.filter(({ source }) => agreement.sources.includes(source))
  const decided = decideRate(
    inUse.map(({ source, price_units: price, at }) => ({ source, price, at })),
    { ...agreement, now },
  )
  const silent = agreement.sources.filter(name => inUse.every(({ source }) => source !== name))
  if (decided.is === 'rate' || silent.length === 0) return decided
  return {
    is: 'none',
    why: `${decided.why}; nothing within ${formatDuration(agreement.maxAgeMs)} from ${silent.join(', ')}`,
  }
}
