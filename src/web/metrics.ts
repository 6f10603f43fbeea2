/**
 * The figures for Prometheus, on a listener of their own that no visitor reaches. What each means and when to
 * wake somebody: docs/metrics.md.
 */
import { createServer } from 'node:http'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Millis, World } from '../base/world.ts'
import type { Agreement } from '../rates/rates.ts'
import type { Db } from '../db/db.ts'
import { readEndedPayouts, readFigures, type Figures } from '../queries/figures.ts'
import { exportedFigures } from './exportedFigures.ts'
import { listenOn } from './listen.ts'

export interface MetricsParts extends Pick<World, 'clock' | 'log'> {
  db: Db
  roles: string[]
  /** Which quotes make a rate; there with the Bitcoin rail. */
  agreement?: Agreement & { sources: readonly string[] }
  /** False while events are refused for want of room on the disk. */
  mayTake?: () => boolean
}

export interface Metrics {
  /** Where it listens, as a client would write it. */
  address: string
  close(): Promise<void>
}

/** Ended payouts are counted along an index, all of them: at a million that is some 0.1 s, so this seldom. */
const endedAgainMs = 5 * 60_000

/** Answers `GET /metrics` on `host:port` or `unix:/path`, and 404 to all else. */
export async function serveMetrics(parts: MetricsParts, listen: string): Promise<Metrics> {
  const expose = exposition(parts)
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8 * 1024 },
    (request, response) => {
      const [path] = (request.url ?? '').split('?')
      if (path !== '/metrics') return void response.writeHead(404).end()
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return void response.writeHead(405, { Allow: 'GET, HEAD' }).end()
      expose().then(
        ({ type, text }) =>
          response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(text),
        (error: unknown) => {
          parts.log.error(
            { why: error instanceof Error ? error.message : 'unknown' },
            'the figures could not be told',
          )
          response.writeHead(500).end()
        },
      )
    },
  )
  const over = new AbortController()
  const { address } = await listenOn(server, listen, () => Promise.resolve(true), parts, over.signal)
  return {
    address,
    close: () =>
      new Promise(resolve => {
        over.abort()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What a scrape is answered with. Scrapes that come together share one reading. */
export function exposition({
  db,
  roles,
  agreement,
  mayTake,
  clock,
  log,
}: MetricsParts): () => Promise<{ type: string; text: string }> {
  const process = new Registry()
  collectDefaultMetrics({ register: process })
  const gauge = (name: string, help: string, labelNames: readonly string[], registry: Registry) =>
    new Gauge({ name: `repasse_${name}`, help, labelNames, registers: [registry] })
  gauge(
    'info',
    'Which engine keeps the books, and what this process does.',
    ['engine', 'roles'],
    process,
  ).set({ engine: db.engine, roles: roles.join(',') }, 1)
  const databaseUp = gauge(
    'database_up',
    '1 while the figures could be read; where not, those of the database are left out.',
    [],
    process,
  )
  const intakeOpen = gauge(
    'intake_open',
    '0 while events are refused with 503 because the disk is nearly full.',
    [],
    process,
  )

  let ended: { at: Millis; payouts: Figures['payouts'] } | undefined
  async function figures(): Promise<string> {
    const open = await readFigures(db, agreement)
    if (!ended || clock.now() - ended.at >= endedAgainMs)
      ended = { at: clock.now(), payouts: await readEndedPayouts(db) }
    const all = { ...open, payouts: [...open.payouts, ...ended.payouts] }
    // A registry of its own each time: what is gone is not told on.
    const registry = new Registry()
    for (const { name, help, labels, samples } of exportedFigures) {
      const told = gauge(name, help, labels, registry)
      if (labels.length === 0) told.remove()
      for (const { labels: of, value } of samples(all)) told.set(of, value)
    }
    return registry.metrics()
  }

  async function collect() {
    intakeOpen.set(mayTake?.() === false ? 0 : 1)
    const told = await figures().catch((error: unknown) => {
      log.warn(
        { why: error instanceof Error ? error.message : 'unknown' },
        'the figures could not be read from the database',
      )
      return undefined
    })
    databaseUp.set(told === undefined ? 0 : 1)
    return { type: process.contentType, text: `${await process.metrics()}${told ?? ''}` }
  }

  let reading: ReturnType<typeof collect> | undefined
  return () => (reading ??= collect().finally(() => (reading = undefined)))
}
