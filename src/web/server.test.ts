/**
 * The receiver over real HTTP: what is genuine is kept before it is answered, what is not leaves nothing behind.
 */
import { createHash, createSign, generateKeyPairSync } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request, type Server } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { done, refused, type Answer } from '../base/answer.ts'
import { seededRandom, systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import type { Bank } from '../rails/starkbank/bank.ts'
import { starkbankRail } from '../rails/starkbank/starkbank.ts'
import { migrate } from '../db/migrate.ts'
import { openDb, sql, DbUnavailable, type Db } from '../db/db.ts'
import { makeInbox, type Inbox } from '../webhooks/webhooks.ts'
import { serveWeb, type Web } from './web.ts'

const keys = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const pem = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const sign = (body: Buffer) => createSign('sha256').update(body).sign(keys.privateKey).toString('base64')
const eventBody = (id: string, more = '') =>
  Buffer.from(
    `{"event": {"created": "2026-11-21T12:00:00.000000+00:00", "id": "${id}", "log": {}, "subscription": "holmes", "workspaceId": "1"${more}}}`,
  )

let db: Db
let web: Web
let keyFetches: number
let keyAnswer: () => Answer<{ content: string }[]>
let room: boolean
let inboxFails: boolean
/** What the server slept to the end, and was not woken from. */
let slept: number[]

beforeEach(async () => {
  const world = { clock: systemClock, random: seededRandom(1), log: silentLog, at: () => undefined }
  db = await openDb('sqlite::memory:', world)
  await migrate(db, systemClock)
  keyFetches = 0
  keyAnswer = () => done([{ content: pem }])
  room = true
  inboxFails = false
  slept = []
  const bank = {
    publicKeys: async () => (keyFetches++, keyAnswer()),
    close: () => undefined,
  } as Partial<Bank> as Bank
  const rail = starkbankRail({ bank, workspaceId: '1', ...world })
  const real = makeInbox(db, world)
  const inbox: Inbox = {
    keep: arrival =>
      inboxFails ? Promise.reject(new DbUnavailable('the disk is full')) : real.keep(arrival),
  }
  const sleep = async (ms: number, signal?: AbortSignal) => {
    await systemClock.sleep(ms, signal)
    if (!signal?.aborted) slept.push(ms)
  }
  const clock = { ...systemClock, sleep }
  web = await serveWeb({ db, rail, inbox, clock, log: silentLog, mayTake: () => room }, '127.0.0.1:0')
})
afterEach(async () => {
  await web.close()
  await db.close()
})

/** Posts and answers the status; `headers` as a flat list, so that a header can come twice. */
function post(
  body: Buffer,
  headers: string[],
  method = 'POST',
  path = '/webhooks/starkbank',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(web.address)
    const lengths = ['host', 'x', 'content-length', String(body.length), 'connection', 'close']
    const sent = request(
      { port, host: '127.0.0.1', method, path, headers: [...lengths, ...headers] as never },
      response => {
        response.resume()
        response.on('end', () => resolve(response.statusCode!))
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
const signed = (body: Buffer) => ['digital-signature', sign(body)]
const kept = async () =>
  (await db.all<{ event_id: string; raw: Uint8Array }>(
    sql`select rail, event_id, raw from inbox order by id`,
  ))!

test('a genuine event is kept byte for byte and answered 200 [security 1]', async () => {
  const body = eventBody('5813904772956160')
  expect(await post(body, signed(body))).toBe(200)
  const [row] = await kept()
  expect(row!.event_id).toBe('5813904772956160')
  expect(Buffer.from(row!.raw).equals(body)).toBe(true)
})

test('the same event twice is kept once and answered 200 both times', async () => {
  const body = eventBody('1')
  expect([await post(body, signed(body)), await post(body, signed(body))]).toEqual([200, 200])
  expect(await kept()).toHaveLength(1)
})

test('one id with another body is kept apart for a person, and still answered 200', async () => {
  const [first, second] = [eventBody('1'), eventBody('1', ', "x": 1')]
  expect([await post(first, signed(first)), await post(second, signed(second))]).toEqual([200, 200])
  expect(await kept()).toHaveLength(1)
  expect(await db.all(sql`select event_id from inbox_conflicts`)).toHaveLength(1)
})

test('genuine bytes that are no event are kept too, under their digest [security 1]', async () => {
  const body = Buffer.from('not json')
  expect(await post(body, signed(body))).toBe(200)
  const digest = createHash('sha256').update(body).digest('hex')
  expect((await kept())[0]!.event_id).toBe(`sha256-${digest.slice(0, 40)}`)
})

test.each([
  ['too long an', 'a'.repeat(65)],
  ['a path for its', '../1'],
  ['a blank in its', 'a b'],
  ['an empty', ''],
])('an event with %s id is kept under its digest [security 1]', async (_, id) => {
  const body = eventBody(id)
  expect(await post(body, signed(body))).toBe(200)
  const digest = createHash('sha256').update(body).digest('hex')
  expect((await kept()).map(({ event_id: key }) => key)).toEqual([`sha256-${digest.slice(0, 40)}`])
})

describe('what is not genuine leaves nothing behind', () => {
  const body = eventBody('1')
  test.each([
    ['no signature', body, []],
    ['another body’s signature', body, signed(eventBody('2'))],
    ['a changed byte', Buffer.from(body.toString().replace('holmes', 'Holmes')), signed(body)],
    ['the header twice', body, [...signed(body), ...signed(body)]],
    ['two signatures in one header', body, ['digital-signature', `${sign(body)}, ${sign(body)}`]],
    ['junk in the base64', body, ['digital-signature', `*${sign(body)}`]],
  ])('%s is answered 401 [security 1 der]', async (_name, sent, headers) => {
    expect(await post(sent, headers)).toBe(401)
    expect(await kept()).toEqual([])
  })

  test('a body over 64 kB is answered 413 [security 1]', async () => {
    const large = Buffer.alloc(64 * 1024 + 1, 'x')
    expect(await post(large, signed(large))).toBe(413)
    expect(await kept()).toEqual([])
  })

  test.each(['PUT', 'GET', 'DELETE', 'OPTIONS'])(
    '%s is answered 405, with what is allowed [security 1]',
    async method => {
      const response = await fetch(`${web.address}/webhooks/starkbank`, { method })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    },
  )

  test.each([
    '/Webhooks/StarkBank',
    '/webhooks/starkbank/',
    '/webhooks//starkbank',
    '/webhooks/%73tarkbank',
    '/webhooks',
    '/WEBHOOKS/starkbank',
  ])('the path %s is another one, and answered 404', async path => {
    expect(await post(body, signed(body), 'POST', path)).toBe(404)
    expect(await kept()).toEqual([])
  })
})

test('a head has 16 kB and ten seconds, and all of a request fifteen [security 8 slow]', async () => {
  const head = (bytes: number) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(web.address).port), '127.0.0.1')
      let told = ''
      socket.on('data', (part: Buffer) => (told += part.toString()))
      socket.once('error', reject).once('close', () => resolve(told.slice(0, 12)))
      socket.write(`GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx: ${'x'.repeat(bytes)}\r\n\r\n`)
    })
  let limits: Pick<Server, 'headersTimeout' | 'requestTimeout'> | undefined
  const see = (message: unknown) => void ({ server: limits } = message as { server: Server })
  subscribe('http.server.request.start', see)
  expect(await head(15_000)).toBe('HTTP/1.1 200')
  unsubscribe('http.server.request.start', see)
  expect(await head(17_000)).toBe('HTTP/1.1 431')
  // Told by the server itself: to wait for it would take a quarter of a minute.
  expect(limits).toMatchObject({ headersTimeout: 10_000, requestTimeout: 15_000 })
})

test('a question after the path changes nothing', async () => {
  const body = eventBody('1')
  expect(await post(body, signed(body), 'POST', '/webhooks/starkbank?from=bank')).toBe(200)
})

test('a flood of forgeries causes no more than a key fetch a minute; what came after it cannot be judged yet', async () => {
  const body = eventBody('1')
  const statuses = await Promise.all(Array.from({ length: 50 }, () => post(body, signed(eventBody('2')))))
  expect(statuses).toContain(401)
  expect(statuses.every(status => status === 401 || status === 503)).toBe(true)
  expect(keyFetches).toBeLessThanOrEqual(1 + 1)
})

test('while no key can be had an event is answered 503, never 401 [security A12]', async () => {
  keyAnswer = () => refused('the bank could not be reached', true)
  const body = eventBody('1')
  expect(await post(body, signed(body))).toBe(503)
})

test('what the store cannot keep is answered 503 [security 18]', async () => {
  const body = eventBody('1')
  inboxFails = true
  expect(await post(body, signed(body))).toBe(503)
  inboxFails = false
  room = false
  expect(await post(body, signed(body))).toBe(503)
  room = true
  expect(await post(body, signed(body))).toBe(200)
})

test('health and readiness say how the installation stands, and no more [security 19]', async () => {
  expect(await (await fetch(`${web.address}/health`)).json()).toEqual({ alive: true })
  const ready = await fetch(`${web.address}/ready`)
  expect([ready.status, await ready.json()]).toEqual([
    200,
    { ready: true, checks: { database: 'ok', schema: 'ok', payouts: 'ok' } },
  ])
  await db.tx(tx => tx.run(sql`insert into settings (name, value) values ('hold', 'a person looks')`))
  expect(await (await fetch(`${web.address}/ready`)).json()).toMatchObject({
    ready: true,
    checks: { payouts: 'stopped: see repasse status' },
  })
})

test('the end waits for no connection on which nothing was asked, as browsers open them ahead of need', async () => {
  const { port } = new URL(web.address)
  const [silent, slow] = [connect(Number(port), '127.0.0.1'), connect(Number(port), '127.0.0.1')]
  await Promise.all([once(silent, 'connect'), once(slow, 'connect')])
  const gone = Promise.all(
    [silent, slow].map(
      socket => new Promise(resolve => socket.on('error', () => undefined).once('close', resolve)),
    ),
  )
  slow.write('GET /health HTTP/1.1\r\nHost: x\r\n')
  await web.close()
  await gone
  // A second for what was silent, and none of the fifteen that a request may take.
  expect(slept).toEqual([1_000])
})
