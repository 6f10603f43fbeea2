/**
 * One receiver in a process of its own: `ours`, `plain` or `bare`. Tells its port (0 where it has a socket),
 * and its processor time when asked.
 */
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import Database from 'better-sqlite3'
import Koa from 'koa'
import getRawBody from 'raw-body'
import { done } from '../src/base/answer.ts'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import type { Bank } from '../src/rails/starkbank/bank.ts'
import { provingBeside } from '../src/rails/starkbank/proving.ts'
import { starkbankRail } from '../src/rails/starkbank/starkbank.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb } from '../src/db/db.ts'
import { serveWeb } from '../src/web/server.ts'
import { makeInbox } from '../src/webhooks/webhooks.ts'
import { publicKeyPem, workspaceId } from './events.ts'

const [kind, file, where] = process.argv.slice(2) as ['ours' | 'plain' | 'bare', string, string]
const world = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }

/** What `repasse serve --roles web` puts together, with a bank that only knows its key. */
async function ours(): Promise<number> {
  const db = await openDb(`sqlite:${file}`, world)
  await migrate(db, world.clock)
  const bank = {
    publicKeys: async () => done([{ content: publicKeyPem }]),
    close: () => undefined,
  } as unknown as Bank
  const rail = starkbankRail({
    bank,
    workspaceId,
    ...world,
    keys: { initial: [{ pem: publicKeyPem }], proving: provingBeside(world) },
  })
  const web = await serveWeb(
    { db, rail, inbox: makeInbox(db, world), clock: world.clock, log: world.log },
    where,
  )
  return where.startsWith('unix:') ? 0 : Number(new URL(web.address).port)
}

/**
 * The usual way: the SDK verifies and parses, and each event is one insert in one commit. As durable as ours.
 */
function plain(): Promise<number> {
  const require = createRequire(import.meta.url)
  const starkbank = require('starkbank') as {
    event: { parse(given: { content: string; signature: string }): Promise<{ id: string }> }
  }
  const ellipticcurve = require('starkbank-ecdsa') as { PublicKey: { fromPem(pem: string): unknown } }
  ;(require('starkbank') as { cache: Record<string, unknown> }).cache['starkbank-public-key'] =
    ellipticcurve.PublicKey.fromPem(publicKeyPem)

  const db = new Database(file)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.exec('create table events (id text primary key, body text not null, received_at text not null) strict')
  const insert = db.prepare('insert or ignore into events values (?, ?, ?)')
  const app = new Koa()
  app.use(async ctx => {
    const content = (await getRawBody(ctx.req)).toString('utf8')
    try {
      const event = await starkbank.event.parse({ content, signature: ctx.get('Digital-Signature') })
      insert.run(event.id, content, new Date().toISOString())
      ctx.body = 'ok'
    } catch {
      ctx.status = 401
      ctx.body = 'signature'
    }
  })
  return listen(app)
}

/** The most Koa can do: reads the body and forgets it. */
function bare(): Promise<number> {
  const app = new Koa()
  app.use(async ctx => {
    await getRawBody(ctx.req)
    ctx.body = 'ok'
  })
  return listen(app)
}

const listen = (app: Koa): Promise<number> =>
  new Promise(resolve => {
    const server = app.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

process.on('message', () =>
  process.send!({
    cpuUs: process.cpuUsage().user + process.cpuUsage().system,
    rssBytes: process.memoryUsage.rss(),
  }),
)
process.on('disconnect', () => process.exit(0))
process.send!({ port: await { ours, plain, bare }[kind]() })
