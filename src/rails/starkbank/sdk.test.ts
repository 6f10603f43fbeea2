/**
 * The real SDK against a server that hangs, drips, redirects, lies and hangs up: what each failure means, and
 * what never leaks.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { generateKeyPairSync, verify } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pause, until } from '../../../test/testbed/until.ts'
import { systemClock } from '../../base/clock.ts'
import { BankAgent } from './agent.ts'
import type { Bank } from './bank.ts'
import { sdkBank, type SdkParts } from './sdk.ts'

const inTime = { leftMs: () => 20_000 }

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const privateKeyPem = privateKey.export({ type: 'sec1', format: 'pem' }).toString()

interface Seen {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}
let seen: Seen[]
let handle: (request: Seen, response: ServerResponse, socket: Socket) => void
let server: Server
let base: string
let bank: Bank

const listen = async (to: Server): Promise<string> => {
  await new Promise<void>(resolve => to.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(to.address() as AddressInfo).port}`
}
const open = (more: Partial<SdkParts> = {}): Bank =>
  sdkBank({
    environment: 'sandbox',
    projectId: '5656565656565656',
    privateKeyPem,
    apiUrl: base,
    clock: systemClock,
    connectMs: 10_000,
    totalMs: 10_000,
    ...more,
  })
const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

const invoice = {
  id: '5166945473134592',
  amount: 4000,
  nominalAmount: 4000,
  fee: 0,
  status: 'created',
  tags: ['inv_01'],
  brcode: '000201',
  link: 'https://x',
  created: '2026-11-21T03:00:00.000001+00:00',
  name: 'Arya',
  taxId: '012.345.678-90',
  rules: [],
  splits: [],
  discounts: [],
  extra: { new: 1 },
}
const transfer = {
  id: '5107489032896512',
  amount: 3950,
  fee: 0,
  status: 'created',
  tags: ['pay_1-1'],
  taxId: '20.018.183/0001-80',
  bankCode: '20018183',
  branchCode: '0001',
  accountNumber: '6341320293482496',
  created: '2026-11-21T03:00:00.000001+00:00',
}
const due = '2026-11-23T03:00:00.000+00:00'
const body = { amount: 4000, name: 'Arya Stärk', taxId: '012.345.678-90', due, tags: ['inv_01', 'run_01'] }
const transferBody = {
  amount: 3950,
  name: 'Stark',
  taxId: '20.018.183/0001-80',
  bankCode: '20018183',
  branchCode: '0001',
  accountNumber: '6341320293482496',
  accountType: 'payment',
  externalId: 'pay_1-1',
  tags: ['pay_1-1'],
}

beforeEach(async () => {
  seen = []
  server = createServer((request, response) => {
    let text = ''
    request
      .setEncoding('utf8')
      .on('data', chunk => (text += chunk))
      .on('end', () => {
        const one = { method: request.method!, url: request.url!, headers: request.headers, body: text }
        seen.push(one)
        handle(one, response, request.socket)
      })
  })
  base = await listen(server)
  bank = open()
})
afterEach(async () => {
  bank.close()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
})

describe('what is sent', () => {
  test('an invoice goes out signed by our key, and comes back without the fields we do not use [security 15]', async () => {
    handle = (_, response) => json(response, 200, { message: 'ok', invoices: [invoice] })
    const answer = await bank.createInvoices([body], inTime)
    expect(answer).toMatchObject({ is: 'done', value: [{ id: invoice.id, amount: 4000, tags: ['inv_01'] }] })
    expect(JSON.stringify(answer)).not.toMatch(/Arya|012\.345/)

    const [request] = seen as [Seen]
    expect(request).toMatchObject({
      method: 'POST',
      url: '/v2/invoice',
      headers: { host: 'sandbox.api.starkbank.com' },
    })
    expect(JSON.parse(request.body)).toEqual({ invoices: [body] })
    const message = `project/5656565656565656:${String(request.headers['access-time'])}:${request.body}`
    const signature = Buffer.from(String(request.headers['access-signature']), 'base64')
    expect(verify('sha256', Buffer.from(message), publicKey, signature)).toBe(true)
  })

  test('each call goes to its own place with its own filters', async () => {
    const log = { id: '1', created: invoice.created, errors: [], type: 'credited', invoice }
    const transferLog = {
      id: '2',
      created: invoice.created,
      errors: [{ code: 'x', message: 'y' }, 'z'],
      type: 'failed',
      transfer,
    }
    const event = {
      id: '3',
      created: invoice.created,
      subscription: 'invoice',
      workspaceId: '9',
      isDelivered: false,
      log,
    }
    const transaction = {
      id: '4',
      amount: -5,
      balance: 1,
      fee: 0,
      description: 'd',
      source: 'self',
      externalId: 'e',
      tags: [],
      created: invoice.created,
    }
    const webhook = { id: '5', url: 'https://here.example/w', subscriptions: ['invoice'] }
    const answers: Record<string, unknown> = {
      'GET /v2/invoice': { cursor: 'more', invoices: [invoice] },
      'GET /v2/invoice/7': { invoice },
      'PATCH /v2/invoice/7': { invoice: { ...invoice, status: 'canceled' } },
      'GET /v2/invoice/log': { cursor: null, logs: [log] },
      'POST /v2/transfer': { transfers: [transfer] },
      'GET /v2/transfer': { cursor: '', transfers: [transfer] },
      'GET /v2/transfer/8': { transfer },
      'GET /v2/transfer/log': { cursor: null, logs: [transferLog] },
      'GET /v2/event': { cursor: null, events: [event] },
      'PATCH /v2/event/3': { event },
      'GET /v2/balance': {
        cursor: null,
        balances: [{ id: '9', amount: 12, currency: 'BRL', updated: invoice.created }],
      },
      'GET /v2/transaction': { cursor: null, transactions: [transaction] },
      'GET /v2/webhook': { cursor: null, webhooks: [webhook] },
      'POST /v2/webhook': { webhook },
      'GET /v2/public-key': {
        cursor: null,
        publicKeys: [
          { content: 'new', created: invoice.created },
          { content: 'old', created: invoice.created },
        ],
      },
    }
    handle = ({ method, url }, response) => json(response, 200, answers[`${method} ${url.split('?')[0]}`])

    expect(await bank.pageInvoices({ tags: ['run_01'], limit: 100 })).toMatchObject({
      is: 'done',
      value: { cursor: 'more', items: [{ amount: 4000 }] },
    })
    expect(await bank.getInvoice('7')).toMatchObject({ is: 'done', value: { id: invoice.id } })
    expect(await bank.patchInvoice('7', { status: 'canceled' })).toMatchObject({
      is: 'done',
      value: { status: 'canceled' },
    })
    expect(
      await bank.pageInvoiceLogs({ types: ['credited', 'voided'], after: '2026-11-20', cursor: 'c' }),
    ).toMatchObject({
      is: 'done',
      value: { cursor: undefined, items: [{ type: 'credited' }] },
    })
    expect(await bank.createTransfers([transferBody], inTime)).toMatchObject({
      is: 'done',
      value: [{ id: transfer.id }],
    })
    expect(await bank.pageTransfers({ tags: ['pay_1-1'] })).toMatchObject({
      is: 'done',
      value: { cursor: undefined },
    })
    expect(await bank.getTransfer('8')).toMatchObject({ is: 'done', value: { bankCode: '20018183' } })
    expect(await bank.pageTransferLogs({ types: ['failed'] })).toMatchObject({
      is: 'done',
      value: { items: [{ errors: ['x: y', 'z'] }] },
    })
    expect(await bank.pageEvents({ isDelivered: false })).toMatchObject({
      is: 'done',
      value: { items: [{ id: '3', log: { id: '1' } }] },
    })
    expect(await bank.markDelivered('3')).toEqual({ is: 'done', value: undefined })
    expect(await bank.balance()).toMatchObject({ is: 'done', value: { amount: 12 } })
    expect(await bank.pageTransactions({ after: '2026-11-20' })).toMatchObject({
      is: 'done',
      value: { items: [{ amount: -5 }] },
    })
    expect(await bank.webhooks()).toEqual({ is: 'done', value: [webhook] })
    expect(await bank.createWebhook({ url: webhook.url, subscriptions: ['invoice'] })).toEqual({
      is: 'done',
      value: webhook,
    })
    expect(await bank.publicKeys()).toEqual({ is: 'done', value: [{ content: 'new' }, { content: 'old' }] })

    const sent = seen.map(({ method, url }) => `${method} ${url}`)
    expect(sent).toContain('GET /v2/invoice?limit=100&tags=run_01')
    expect(sent).toContain('GET /v2/invoice/log?cursor=c&after=2026-11-20&types=credited%2Cvoided')
    expect(sent).toContain('GET /v2/event?isDelivered=false')
    expect(JSON.parse(seen.find(({ url }) => url === '/v2/event/3')!.body)).toEqual({ isDelivered: true })
    expect(JSON.parse(seen.find(({ url }) => url === '/v2/transfer')!.body)).toEqual({
      transfers: [transferBody],
    })
  })

  test('no more requests are under way at once than there are sockets, and none is late because it had to wait', async () => {
    bank.close()
    // Twenty rounds of 60 ms are longer than one request may take, and one round is far from it.
    bank = open({ maxSockets: 3, totalMs: 1_000 })
    let under = 0
    let most = 0
    const sockets = new Set<Socket>()
    handle = (_, response, socket) => {
      sockets.add(socket)
      most = Math.max(most, ++under)
      void pause(60, 'the bank takes its time over each').then(
        () => (under--, json(response, 200, { invoice })),
      )
    }
    const answers = await Promise.all(Array.from({ length: 60 }, (_, at) => bank.getInvoice(String(at))))
    expect(answers.every(({ is }) => is === 'done')).toBe(true)
    expect(most).toBe(3)
    expect(sockets.size).toBe(3)
  })

  test('a proxy in the environment gets nothing: it would go around the deadline [security 6]', async () => {
    process.env.HTTPS_PROXY = 'http://127.0.0.1:9'
    try {
      handle = (_, response) => json(response, 200, { invoice })
      expect(await bank.getInvoice('7')).toMatchObject({ is: 'done' })
    } finally {
      delete process.env.HTTPS_PROXY
    }
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
function selfSigned(): { key: string; cert: string } {
  const kind = [
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
  ]
  const pem = execFileSync('openssl', ['req', ...kind, '-keyout', '-', '-out', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [key, cert] = ['PRIVATE KEY', 'CERTIFICATE'].map(
    what => pem.slice(pem.indexOf(`-----BEGIN ${what}`)).split(/(?<=-----END [A-Z ]+-----)/)[0]!,
  )
  return { key: key!, cert: cert! }
}

describe('a deadline', () => {
  /**
   * What is left of one at each look: the first is when the request is made, the second when its socket is
   * there.
   */
  const looks = (...left: number[]) => ({ leftMs: () => left.shift() ?? 0 })

  test('that has passed keeps every byte here, on a new connection and on a kept one [security 6]', async () => {
    handle = (_, response) => json(response, 200, { message: 'ok', invoices: [invoice] })
    expect(await bank.createInvoices([body], looks(1_000))).toEqual({
      is: 'refused',
      again: true,
      why: 'too late to ask the bank: nothing was sent',
    })
    expect(await bank.createInvoices([body], inTime)).toMatchObject({ is: 'done' })
    expect(await bank.createInvoices([body], looks(1_000))).toMatchObject({ is: 'refused', again: true })
    expect(await bank.createTransfers([transferBody], looks(1_000))).toMatchObject({
      is: 'refused',
      again: true,
    })
    expect(seen).toHaveLength(1)
  })

  test('that passes while others are under way keeps what waits for its turn', async () => {
    bank.close()
    bank = open({ maxSockets: 1, totalMs: 10_000 })
    let left = 1_000
    const answers: (() => void)[] = []
    handle = (_, response) => answers.push(() => json(response, 200, { message: 'ok', invoices: [invoice] }))
    const first = bank.createInvoices([body], inTime)
    const second = bank.createInvoices([body], { leftMs: () => left })
    await until(() => answers.length === 1, 'the first being asked')
    left = 0
    answers[0]!()
    expect(await first).toMatchObject({ is: 'done' })
    expect(await second).toMatchObject({ is: 'refused', again: true })
    expect(seen).toHaveLength(1)
  })

  test('gives the socket no longer than what is left', async () => {
    bank.close()
    bank = open({ totalMs: 600_000 })
    handle = () => {}
    expect(await bank.createInvoices([body], looks(1_000, 1_000))).toMatchObject({
      is: 'unsure',
      why: expect.stringContaining('ETIMEDOUT'),
    })
    expect(seen).toHaveLength(1)
  })

  test.skipIf(!hasOpenssl)(
    'over TLS is looked at after the handshake, before anything that it carries',
    async () => {
      bank.close()
      const secure = createHttpsServer(selfSigned(), (_, response) =>
        json(response, 200, { message: 'ok', invoices: [invoice] }),
      )
      const asked: string[] = []
      secure.on('request', ({ url }) => asked.push(url!))
      const secureBase = (await listen(secure)).replace('http:', 'https:')
      const looked: number[] = []
      let shaken = 0
      secure.on('secureConnection', () => shaken++)
      bank = open({ apiUrl: secureBase, connectMs: 10_000, totalMs: 10_000 })
      const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
      try {
        const deadline = { leftMs: () => (looked.push(shaken), looked.length === 1 ? 1_000 : 0) }
        expect(await bank.createInvoices([body], deadline)).toMatchObject({ is: 'refused', again: true })
        expect(await bank.createInvoices([body], inTime)).toMatchObject({ is: 'done' })
      } finally {
        if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
        else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
        secure.closeAllConnections()
        await new Promise(resolve => secure.close(resolve))
      }
      expect(asked).toEqual(['/v2/invoice'])
      expect(looked).toHaveLength(2)
    },
  )
})

test('a bank that is closed leaves one that was opened before it open', async () => {
  handle = (_, response) => json(response, 200, { message: 'ok', invoices: [invoice] })
  open().close()
  expect(await bank.createInvoices([body], inTime)).toMatchObject({ is: 'done' })
})

test('a bank that is closed while it connects sends nothing', async () => {
  let taken: Socket | undefined
  const silent = createTcpServer(socket => void (taken = socket))
  const silentBase = (await listen(silent as unknown as Server)).replace('http:', 'https:')
  bank.close()
  bank = open({ apiUrl: silentBase, connectMs: 60_000, totalMs: 60_000 })
  const answer = bank.createInvoices([body], inTime)
  await until(() => taken !== undefined, 'the connection to be taken')
  bank.close()
  expect(await answer).toMatchObject({ is: 'refused', again: true })
  expect(await bank.createInvoices([body], inTime)).toMatchObject({ is: 'refused', again: true })
  taken!.destroy()
  await new Promise(resolve => silent.close(resolve))
})

describe('where it is sent', () => {
  test("without another address only the bank's own two hosts are spoken to [security 6]", () => {
    const agent = new BankAgent({ clock: systemClock })
    for (const host of ['evil.example', 'api.starkbank.com.evil.example', '127.0.0.1', undefined])
      expect(() => agent.createConnection({ ...(host && { host }), port: 443 }, () => undefined)).toThrow(
        'no other host',
      )
  })
})

describe('what a failure means', () => {
  const errors = [{ code: 'invalidTaxId', message: 'Element 0: 012.345.678-90 is not valid' }]
  const html = '<html>Bad Gateway</html>'
  type Handle = typeof handle
  const text =
    (status: number, type = 'text/html', headers = {}): Handle =>
    (_, response) =>
      response.writeHead(status, { 'content-type': type, ...headers }).end(html)
  const timed =
    (seconds: string): Handle =>
    (_, response) =>
      json(response, 429, {}, { 'retry-after': seconds })

  const cases: [string, Handle, object][] = [
    ['400 with errors', (_, response) => json(response, 400, { errors }), { is: 'refused', again: false }],
    [
      '400 invalidIp',
      (_, response) => json(response, 400, { errors: [{ code: 'invalidIp', message: '' }] }),
      { is: 'refused', again: true, denied: true },
    ],
    [
      '400 for a skewed clock',
      (_, response) =>
        json(response, 400, { errors: [{ code: 'invalidAccessTime', message: 'it is too old' }] }),
      { is: 'refused', again: true, denied: true },
    ],
    [
      '400 invalidCredentials',
      (_, response) =>
        json(response, 400, {
          errors: [{ code: 'invalidCredentials', message: 'the signature does not check out' }],
        }),
      { is: 'refused', again: true, denied: true },
    ],
    [
      '400 invalidProject',
      (_, response) => json(response, 400, { errors: [{ code: 'invalidProject', message: '' }] }),
      { is: 'refused', again: true, denied: true },
    ],
    ['400 without errors', (_, response) => json(response, 400, { message: 'no' }), { is: 'unsure' }],
    ['400 of HTML', text(400), { is: 'unsure' }],
    ['401', (_, response) => json(response, 401, {}), { is: 'refused', again: true, denied: true }],
    ['403 of HTML', text(403), { is: 'refused', again: true, denied: true }],
    ['404', (_, response) => json(response, 404, {}), { is: 'refused', again: false }],
    ['408', text(408), { is: 'unsure' }],
    ['429 with seconds', timed('7'), { is: 'refused', again: true, afterMs: 7_000 }],
    [
      '429 with a date long gone',
      timed('Sun, 06 Nov 1994 08:49:37 GMT'),
      { is: 'refused', again: true, afterMs: 0 },
    ],
    ['429 with nothing', text(429), { is: 'refused', again: true }],
    [
      '500 of JSON',
      (_, response) => json(response, 500, { errors: [{ code: 'internalServerError' }] }),
      { is: 'unsure' },
    ],
    ['500 of HTML', text(500), { is: 'unsure' }],
    ['502 of HTML', text(502), { is: 'unsure' }],
    ['503', text(503), { is: 'unsure' }],
    ['200 of HTML', text(200), { is: 'unsure' }],
    ['200 of HTML that says it is JSON', text(200, 'application/json'), { is: 'unsure' }],
    ['200 of another shape', (_, response) => json(response, 200, { hello: 1 }), { is: 'unsure' }],
    ['200 of null', (_, response) => json(response, 200, null), { is: 'unsure' }],
    [
      '200 with an amount too big to count',
      (_, response) =>
        json(response, 200, {
          invoice: { ...invoice, amount: 2 ** 60 },
          invoices: [{ ...invoice, amount: 2 ** 60 }],
        }),
      { is: 'unsure' },
    ],
    ['a hang', () => {}, { is: 'unsure' }],
    [
      'a drip',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const timer = setInterval(() => response.write(' '), 40)
        response.on('close', () => clearInterval(timer))
      },
      { is: 'unsure' },
    ],
    ['a reset after the request was read', (_, __, socket) => socket.resetAndDestroy(), { is: 'unsure' }],
    [
      'an end after half an answer',
      (_, response, socket) => {
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
          .write('{"inv', () => socket.destroy())
      },
      { is: 'unsure' },
    ],
    ['bytes that are not HTTP', (_, __, socket) => socket.end('SSH-2.0-x\r\n'), { is: 'unsure' }],
  ]

  /** What ends by our own limit alone. */
  const endless = new Set(['a hang', 'a drip'])
  for (const [name, answer, meaning] of cases)
    test(`${name} is ${Object.values(meaning).join(', ')}, for a write and for a read`, async () => {
      handle = answer
      if (endless.has(name)) {
        bank.close()
        bank = open({ totalMs: 700 })
      }
      const [write, read, keys] = await Promise.all([
        bank.createInvoices([body], inTime),
        bank.getInvoice('7'),
        bank.publicKeys(),
      ])
      expect(write).toMatchObject(meaning)
      expect(read).toMatchObject(meaning)
      expect(keys.is).not.toBe('done')
      for (const one of [write, read, keys])
        expect(JSON.stringify(one)).not.toMatch(/012\.345|Arya|Bad Gateway|MEQ|MEU|project\/|html/)
    })

  test('the code of a refusal is told, and what it says of a payer is not [security 14]', async () => {
    handle = (_, response) =>
      json(response, 400, { errors: [...errors, { code: 'invalidAmount', message: 'too small' }] })
    expect(await bank.createInvoices([body], inTime)).toEqual({
      is: 'refused',
      again: false,
      why: 'invalidTaxId: Element 0: … is not valid; invalidAmount: too small',
    })
  })

  for (const status of [301, 302, 303, 307, 308])
    test(`${status} is refused, and nothing goes where it points [security 6]`, async () => {
      const hits: string[] = []
      const elsewhere = createServer((request, response) => (hits.push(request.url!), response.end('{}')))
      const location = `${await listen(elsewhere)}/v2/invoice`
      handle = (_, response) => response.writeHead(status, { location }).end()
      expect(await bank.createInvoices([body], inTime)).toMatchObject({
        is: 'refused',
        again: false,
        why: expect.stringContaining('redirect'),
      })
      expect(await bank.getInvoice('7')).toMatchObject({ is: 'refused', again: false })
      expect(hits).toEqual([])
      await new Promise(resolve => elsewhere.close(resolve))
    })

  test('a server that is not there is refused, to be tried again', async () => {
    bank.close()
    const gone = createServer()
    const apiUrl = await listen(gone)
    await new Promise(resolve => gone.close(resolve))
    bank = open({ apiUrl })
    const why = expect.stringContaining('ECONNREFUSED') as string
    expect(await bank.createTransfers([transferBody], inTime)).toMatchObject({
      is: 'refused',
      again: true,
      why,
    })
    expect(await bank.getInvoice('7')).toMatchObject({ is: 'refused', again: true, why })
  })

  test('a name that does not exist, and a server that does not speak TLS, are refused before anything is sent', async () => {
    bank.close()
    bank = open({ apiUrl: 'http://bank.invalid', connectMs: 5_000, totalMs: 5_000 })
    expect(await bank.createInvoices([body], inTime)).toMatchObject({ is: 'refused', again: true })
    bank.close()
    bank = open({ apiUrl: base.replace('http:', 'https:') })
    expect(await bank.createInvoices([body], inTime)).toMatchObject({ is: 'refused', again: true })
    expect(seen).toEqual([])
  })

  test('a connection that is never finished is refused within the time to connect [security 6]', async () => {
    bank.close()
    // Taken by TCP and then silent: a TLS handshake with it never ends.
    const taken: Socket[] = []
    const silent = createTcpServer(socket => taken.push(socket))
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    // Were it not for the time to connect, this would last longer than a test may.
    bank = open({
      apiUrl: `https://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      connectMs: 150,
      totalMs: 120_000,
    })
    expect(await bank.createInvoices([body], inTime)).toMatchObject({
      is: 'refused',
      again: true,
      why: expect.stringContaining('ETIMEDOUT'),
    })
    for (const socket of taken) socket.destroy()
    await new Promise(resolve => silent.close(resolve))
  })
})
