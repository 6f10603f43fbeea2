/**
 * The real receiver behind a socket, with a bank whose key the test holds: for what is between it and the
 * world.
 */
import { createHash, createSign, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { done } from '../../src/base/answer.ts'
import { seededRandom, systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import type { Bank } from '../../src/rails/starkbank/bank.ts'
import { starkbankRail } from '../../src/rails/starkbank/starkbank.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openDb, sql } from '../../src/db/db.ts'
import { serveWeb, type Web } from '../../src/web/web.ts'
import { makeInbox } from '../../src/webhooks/webhooks.ts'
import { letNginxIn } from './nginx.ts'

export interface SignedEvent {
  id: string
  body: Buffer
  signature: string
}

type Pages = NonNullable<Parameters<typeof serveWeb>[0]['pages']>

export interface Receiver {
  socket: string
  /** A genuine event of its own id; `more` goes into its body. */
  event(more?: string): SignedEvent
  /** Genuine bytes, whatever they are. */
  sign(body: Buffer): SignedEvent
  /** What was kept under this id; undefined when nothing was. */
  kept(id: string): Promise<Buffer | undefined>
  /** One more server beside those there are, which takes the socket's name. */
  serve(): Promise<Web>
  close(): Promise<void>
}

export async function openReceiver(pages?: Pages): Promise<Receiver> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-receiver-'))
  letNginxIn(folder)
  const socket = join(folder, 'web.sock')
  const world = { clock: systemClock, random: seededRandom(1), log: silentLog, at: () => undefined }
  const keys = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const pem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const db = await openDb(`sqlite:${join(folder, 'repasse.db')}`, world)
  await migrate(db, systemClock)
  const bank = {
    publicKeys: async () => done([{ content: pem }]),
    close: () => undefined,
  } as Partial<Bank> as Bank
  const rail = starkbankRail({ bank, workspaceId: '1', ...world })
  const inbox = makeInbox(db, world)
  const open: Web[] = []
  const serve = async () => {
    const web = await serveWeb(
      { db, rail, inbox, clock: systemClock, log: silentLog, ...(pages && { pages }) },
      `unix:${socket}`,
    )
    open.push(web)
    return web
  }
  await serve()

  let number = 0
  const sign = (body: Buffer): SignedEvent => ({
    id: `sha256-${createHash('sha256').update(body).digest('hex').slice(0, 40)}`,
    body,
    signature: createSign('sha256').update(body).sign(keys.privateKey).toString('base64'),
  })
  return {
    socket,
    sign,
    event(more = '') {
      const id = `event-${++number}`
      return {
        ...sign(
          Buffer.from(
            `{"event": {"id": "${id}", "subscription": "holmes", "workspaceId": "1", "log": {}}${more}}`,
          ),
        ),
        id,
      }
    },
    async kept(id) {
      const row = await db.one<{ raw: Uint8Array }>(
        sql`select rail, event_id, raw from inbox where event_id = ${id}`,
      )
      return row && Buffer.from(row.raw)
    },
    serve,
    async close() {
      for (const web of open) await web.close()
      await db.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
