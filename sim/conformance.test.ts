/**
 * The simulated bank as the bank's own SDK sees it: the untouched `starkbank` package over real HTTP, and
 * real pushes back.
 */
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { Agent, type RequestOptions } from 'node:https'
import { createRequire } from 'node:module'
import { connect, type AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom } from '../src/base/clock.ts'
import { eventually } from '../test/testbed/eventually.ts'
import { pause } from '../test/testbed/until.ts'
import { startBank, type BankServer } from './server.ts'

type Row = Record<string, unknown> & {
  id: string
  status: string
  tags: string[]
  type: string
  amount: number
}
type Call = (...given: unknown[]) => Promise<never>
type Entity = Record<'create' | 'page' | 'get' | 'update' | 'delete', Call> & {
  log: { page: Call; get: Call }
  attempt: { page: Call }
  parse: Call
  payment: Call
}
// The package's own types lack what is used here (the dossier on the bank lists where), so its shape is told
// again.
type Sdk = Record<
  'invoice' | 'transfer' | 'event' | 'webhook' | 'balance' | 'transaction' | 'workspace',
  Entity
> & {
  Project: new (given: { environment: string; id: string; privateKey: string }) => object
  setUser(user: object): void
  setHttpsAgent(agent: Agent | null): void
  error: { InvalidSignatureError: new () => Error }
}
const starkbank = createRequire(import.meta.url)('starkbank') as Sdk

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const projectId = '5656565656565656'
const arya = { amount: 4000, taxId: '012.345.678-90', name: 'Arya Stärk – ção', tags: ['Run/1'] }
const payee = {
  amount: 100,
  name: 'Stark Bank S.A.',
  taxId: '20.018.183/0001-80',
  bankCode: '20018183',
  branchCode: '0001',
  accountNumber: '6341320293482496',
  accountType: 'payment',
}

let sim: BankServer
let receiver: Server
let receiverUrl: string
const received: { body: Buffer; signature: string }[] = []

class Detour extends Agent {
  override createConnection(
    _: RequestOptions,
    connected: (error: Error | null, socket: Duplex) => void,
  ): Duplex {
    const socket = connect(sim.port, '127.0.0.1')
    socket.once('connect', () => connected(null, socket))
    socket.once('error', error => connected(error, socket))
    return undefined as never
  }
}

beforeAll(async () => {
  sim = await startBank({
    random: seededRandom(11),
    settings: {
      payRate: 1,
      fee: 50,
      payDelayMs: [50, 150],
      creditDelayMs: [30, 60],
      transferDelayMs: [30, 60],
      eventDelayMs: [5, 15],
    },
    deliveryTimeoutMs: 300,
  })
  sim.bank.addProject({
    id: projectId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  })
  starkbank.setUser(
    new starkbank.Project({
      environment: 'sandbox',
      id: projectId,
      privateKey: privateKey.export({ type: 'sec1', format: 'pem' }) as string,
    }),
  )
  starkbank.setHttpsAgent(new Detour({ keepAlive: true }))

  receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.url === '/slow') return
      received.push({ body: Buffer.concat(chunks), signature: String(request.headers['digital-signature']) })
      response.writeHead(request.url === '/moved' ? 302 : 200, { Location: '/' }).end()
    })
  })
  await new Promise<void>(resolve => receiver.listen(0, '127.0.0.1', resolve))
  receiverUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
})

afterAll(async () => {
  starkbank.setHttpsAgent(null)
  await sim.close()
  receiver.closeAllConnections()
  receiver.close()
})

const thrown = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) =>
      error as Error & {
        errors?: { code: string }[]
        status?: number
        response?: { status: number }
        code?: string
      },
  )

describe('the SDK', () => {
  let webhook: Row

  test('registers a webhook, lists it and removes it', async () => {
    const extra: Row = await starkbank.webhook.create({
      url: `${receiverUrl}/extra`,
      subscriptions: ['transfer'],
    })
    webhook = await starkbank.webhook.create({ url: receiverUrl, subscriptions: ['invoice', 'transfer'] })
    expect(await starkbank.webhook.page()).toMatchObject([
      [
        { id: webhook.id, url: receiverUrl },
        { id: extra.id, subscriptions: ['transfer'] },
      ],
      null,
    ])
    await starkbank.webhook.delete(extra.id)
    expect(await starkbank.webhook.get(webhook.id)).toMatchObject({ subscriptions: ['invoice', 'transfer'] })
    expect((await thrown(starkbank.webhook.get('1'))).errors).toMatchObject([{ code: 'invalidWebhookId' }])
  })

  test('creates invoices, hears of each log, and its own parse accepts every push', async () => {
    const invoices: Row[] = await starkbank.invoice.create([
      arya,
      { ...arya, due: new Date(Date.now() + 86_400_000).toISOString() },
      { ...arya, tags: [] },
    ])
    expect(invoices).toMatchObject([
      { amount: 4000, status: 'created', tags: ['run/1'] },
      { name: arya.name },
      {},
    ])
    expect(invoices[0]!.id).toMatch(/^\d{16}$/)
    await eventually(() => received.length).toBe(9)

    for (const { body, signature } of received) {
      const event: Row & { log: Row } = await starkbank.event.parse({ content: body, signature })
      expect(event).toMatchObject({ subscription: 'invoice', workspaceId: sim.bank.settings.workspaceId })
      expect(['created', 'paid', 'credited']).toContain(event.log.type)
    }
    const { body, signature } = received[0]!
    const changed = Buffer.from(body.toString().replace('4000', '4001'))
    expect(await thrown(starkbank.event.parse({ content: changed, signature }))).toBeInstanceOf(
      starkbank.error.InvalidSignatureError,
    )

    const [found]: Row[][] = await starkbank.invoice.page({ tags: ['run/1'], limit: 100 })
    expect(found!.map(({ id, status, fee }) => ({ id, status, fee }))).toEqual(
      [1, 0].map(place => ({ id: invoices[place]!.id, status: 'paid', fee: 50 })),
    )
    const [logs]: Row[][] = await starkbank.invoice.log.page({
      invoiceIds: [invoices[0]!.id],
      types: ['credited'],
    })
    expect(logs).toMatchObject([{ type: 'credited', invoice: { id: invoices[0]!.id, fee: 50 } }])
    expect(await starkbank.invoice.log.get(logs![0]!.id)).toMatchObject({ type: 'credited' })
    expect(await starkbank.invoice.payment(invoices[0]!.id)).toMatchObject({ amount: 4000, method: 'pix' })
    // axios hands back numbers: 3 × (4000 - 50).
    expect(await starkbank.balance.get()).toMatchObject({ amount: 11_850, currency: 'BRL' })
  })

  test('orders transfers, and reads their end in logs, on the statement and in the list of events', async () => {
    const orders = [1, 2].map(() => ({ ...payee, externalId: 'pay-1', tags: ['pay-1'] }))
    const transfers: Row[] = await starkbank.transfer.create(orders)
    expect(transfers).toMatchObject([{ status: 'created', externalId: 'pay-1' }, { status: 'created' }])
    await eventually(async () =>
      ((await starkbank.transfer.page({ tags: ['pay-1'] })) as Row[][])[0]!
        .map(({ status }) => status)
        .sort(),
    ).toEqual(['failed', 'success'])

    const [logs]: Row[][] = await starkbank.transfer.log.page({ types: ['failed', 'success'] })
    expect(Object.fromEntries(logs!.map(({ type, errors }) => [type, errors]))).toEqual({
      failed: ['Duplicated transfer'],
      success: [],
    })
    const [lines]: Row[][] = await starkbank.transaction.page({ tags: ['pay-1'] })
    expect(lines).toMatchObject([
      { amount: -100, externalId: 'pay-1', source: expect.stringMatching(/^transfer\/\d{16}$/) as string },
    ])

    // Nine of the invoices, and created, sending, processing, success and created, failed of the transfers.
    await eventually(() => received.length).toBe(15)
    await eventually(
      async () => ((await starkbank.event.page({ isDelivered: false })) as Row[][])[0]!.length,
    ).toBe(0)
    const [events, cursor]: [Row[], string | null] = await starkbank.event.page({
      isDelivered: true,
      limit: 14,
    })
    expect(events).toHaveLength(14)
    const [rest, end]: [Row[], string | null] = await starkbank.event.page({
      isDelivered: true,
      limit: 14,
      cursor,
    })
    expect([rest.length, end]).toEqual([1, null])
    expect(await starkbank.event.update(events[0]!.id, { isDelivered: false })).toMatchObject({
      isDelivered: false,
    })
    expect(await starkbank.event.delete(events[0]!.id)).toMatchObject({ id: events[0]!.id })
    expect((await thrown(starkbank.event.get(events[0]!.id))).errors).toMatchObject([
      { code: 'invalidEvent' },
    ])
  })

  test('cancels an invoice, and is refused what cannot be', async () => {
    sim.bank.setSettings({ payRate: 0 })
    const [invoice]: Row[] = await starkbank.invoice.create([arya])
    expect(await starkbank.invoice.update(invoice!.id, { status: 'canceled' })).toMatchObject({
      status: 'canceled',
    })
    const refused = await thrown(starkbank.invoice.update(invoice!.id, { status: 'canceled' }))
    expect([refused.constructor.name, refused.errors!.map(({ code }) => code)]).toEqual([
      'InputErrors',
      ['invalidOperation'],
    ])
    const wrong = await thrown(
      starkbank.invoice.create([{ ...arya, taxId: 'abc' }, arya, { ...arya, amount: '1' }]),
    )
    expect(wrong.errors!.map(({ code }) => code)).toEqual(['invalidTaxId', 'invalidAmount'])
    expect((await thrown(starkbank.transfer.create([{ ...payee, amount: 0 }]))).errors).toMatchObject([
      { code: 'invalidAmount' },
    ])
  })

  test('reads its workspace', async () => {
    expect(await starkbank.workspace.page()).toMatchObject([[{ id: sim.bank.settings.workspaceId }], null])
  })

  test('sees each fault as it sees the real one', async () => {
    const balance = () => thrown(starkbank.balance.get())
    const { bank } = sim
    bank.failNext('status500')
    expect((await balance()).constructor.name).toBe('InternalServerError')
    bank.failNext('status429')
    expect((await balance()).response).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
    bank.failNext('status502Html')
    expect((await balance()).response!.status).toBe(502)
    bank.failNext('error400WithoutErrors')
    expect((await balance()).message).toMatch(/errors is not iterable/)
    bank.failNext('html200')
    expect(await balance()).toBeInstanceOf(TypeError)
    bank.failNext('resetBefore')
    expect((await balance()).code).toBe('ECONNRESET')
    const before = bank.invoices().length
    bank.failNext('resetAfterCommit', '^POST')
    expect((await thrown(starkbank.invoice.create([arya]))).code).toBe('ECONNRESET')
    expect(bank.invoices()).toHaveLength(before + 1)
  })

  test('waits for ever on an answer that never comes', async () => {
    sim.bank.failNext('hangAfterCommit')
    let settled = false
    const call = (starkbank.balance.get() as Promise<unknown>)
      .catch(() => undefined)
      .finally(() => (settled = true))
    await pause(200, 'that nothing comes can only be waited for')
    expect(settled).toBe(false)
    starkbank.setHttpsAgent(new Detour())
    void call
  })

  test.each([
    ['invalidProject', { id: '1' }, {}],
    [
      'invalidCredentials',
      {
        privateKey: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({
          type: 'sec1',
          format: 'pem',
        }) as string,
      },
      {},
    ],
    ['invalidAccessTime', {}, { skewSeconds: -1 }],
    ['invalidIp', {}, { allowedIp: '35.199.76.124' }],
  ])('is refused with %s', async (code, credentials, settings) => {
    const user = new starkbank.Project({
      environment: 'sandbox',
      id: projectId,
      privateKey: privateKey.export({ type: 'sec1', format: 'pem' }) as string,
      ...credentials,
    })
    sim.bank.setSettings(settings)
    const refused = await thrown(starkbank.balance.get({ user }))
    sim.bank.setSettings({ skewSeconds: 300, allowedIp: undefined })
    expect([refused.status, refused.errors!.map(error => error.code)]).toEqual([400, [code]])
  })
})

describe('pushes', () => {
  test('a receiver that is slow, gone, or answers something else than 200 is told apart', async () => {
    for (const { id } of ((await starkbank.webhook.page()) as Row[][])[0]!) await starkbank.webhook.delete(id)
    const spare = createServer()
    await new Promise<void>(resolve => spare.listen(0, '127.0.0.1', resolve))
    const gone = `http://127.0.0.1:${(spare.address() as AddressInfo).port}/`
    await new Promise(resolve => spare.close(resolve))
    const urls = [`${receiverUrl}/slow`, `${receiverUrl}/moved`, gone]
    const hooks = urls.map(url => sim.bank.addWebhook(url).id)

    await starkbank.invoice.create([arya])
    await eventually(() => sim.bank.attempts().length).toBe(3)
    const [attempts]: Row[][] = await starkbank.event.attempt.page({ webhookIds: hooks })
    expect(new Map(attempts!.map(({ webhookId, code }) => [webhookId, code]))).toEqual(
      new Map(hooks.map((id, place) => [id, ['timeout', 'badHttpStatus', 'badConnection'][place]])),
    )
  })
})

describe('the levers', () => {
  const lever = async (path: string, body?: object) => {
    const response = await fetch(
      `${sim.url}/sim/${path}`,
      body ? { method: 'POST', body: JSON.stringify(body) } : {},
    )
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> }
  }

  test('pay, reverse, deposit, rotate the key, and show the books', async () => {
    const [invoice]: Row[] = await starkbank.invoice.create([arya])
    const { balance } = (await lever('state')).answer as { balance: number }
    expect(await lever(`pay/${invoice!.id}`, {})).toEqual({ status: 200, answer: { paid: true } })
    await eventually(async () => (await lever('state')).answer.creditedIds).toContain(invoice!.id)
    expect((await lever('deposit', { amount: 5 })).answer).toEqual({ balance: balance + 3955 })
    expect((await lever(`reverse/${invoice!.id}`, {})).answer).toEqual({ reversing: true })
    await eventually(() => sim.bank.balanceUnits()).toBe(BigInt(balance) - 45n)
    const old = sim.bank.publicKeyPem
    expect((await lever('rotate-key', {})).answer.publicKey).toBe(sim.bank.publicKeyPem)
    expect(sim.bank.publicKeyPem).not.toBe(old)
  })

  test('faults and settings are set by name, and a name nobody knows is refused', async () => {
    expect((await lever('faults', { drop: 0.5 })).answer).toMatchObject({ drop: 0.5, duplicate: 0 })
    expect((await lever('settings', { fee: 7 })).answer).toMatchObject({ fee: 7 })
    expect((await lever('faults', { dorp: 1 })).status).toBe(400)
    expect((await lever('fail-next', { fault: 'status429' })).status).toBe(200)
    expect((await thrown(starkbank.balance.get())).response!.status).toBe(429)
    expect((await lever('fail-next', { fault: 'drop' })).status).toBe(400)
    expect((await lever('nothing')).status).toBe(404)
  })
})
