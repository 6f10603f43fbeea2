/** The client in front of answers no healthy node gives, and deadlines by a clock that is handed in. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/world.ts'
import { asked, rpcClient, satoshis, type RpcOptions } from './rpc.ts'

const folder = mkdtempSync(join(tmpdir(), 'repasse-rpc-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Sent {
  url: string
  authorization: string
  body: unknown
}

/** A client whose node answers these, one after the other. */
function clientOf(answers: (Response | Error)[], more: Partial<RpcOptions> = {}) {
  const sent: Sent[] = []
  const client = rpcClient({
    url: 'http://rita:se%3Acret@127.0.0.1:8332',
    clock: systemClock,
    fetch: (async (url: string, { headers, body }: { headers: Record<string, string>; body: string }) => {
      sent.push({
        url,
        authorization: Buffer.from(headers['authorization']!.replace('Basic ', ''), 'base64').toString(),
        body: JSON.parse(body),
      })
      const answer = answers.shift()
      if (answer instanceof Response) return answer
      throw answer ?? new Error('asked once too often')
    }) as unknown as typeof fetch,
    ...more,
  })
  return { client, sent }
}

const answer = (result: unknown, status = 200) =>
  new Response(JSON.stringify({ result, error: null, id: 0 }), { status })
const fault = (code: number, message: string) =>
  new Response(JSON.stringify({ result: null, error: { code, message }, id: 0 }), { status: 500 })
const broken = (code: string) =>
  Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error('of rita:se:cret'), { code }),
  })
const ask = (client: ReturnType<typeof rpcClient>) => client.call(z.int(), { method: 'getblockcount' })

test('credentials are taken out of the URL and go in the header alone', async () => {
  const { client, sent } = clientOf([answer(7), answer(8)])
  expect(await ask(client)).toEqual({ is: 'done', value: 7 })
  expect(await client.call(z.int(), { method: 'getbalance' }, { wallet: 'the shop/1' })).toEqual({
    is: 'done',
    value: 8,
  })
  expect(sent).toEqual([
    {
      url: 'http://127.0.0.1:8332/',
      authorization: 'rita:se:cret',
      body: { jsonrpc: '1.0', id: 0, method: 'getblockcount', params: [] },
    },
    expect.objectContaining({ url: 'http://127.0.0.1:8332/wallet/the%20shop%2F1' }),
  ])
  expect(client.place).toBe('127.0.0.1:8332')
})

test.each([
  ['no URL', { url: 'rita:se%3Acret@host' }, 'must be http://HOST:PORT'],
  ['another scheme', { url: 'tcp://rita:se%3Acret@host:1' }, 'must be http://HOST:PORT'],
  ['nobody to be', { url: 'http://host:8332' }, 'the node at host:8332 needs a cookie file'],
])('%s is bad input that repeats no password', (_, more, why) => {
  const build = () => rpcClient({ clock: systemClock, ...more })
  expect(build).toThrow(why)
  expect(build).not.toThrow(/cret/)
})

test.each([
  [
    'a fault of the node',
    fault(-5, 'Block not\n found'),
    { is: 'fault', code: -5, message: 'Block not found' },
  ],
  [
    'a node that warms up',
    fault(-28, 'Loading block index…'),
    { is: 'refused', again: true, why: 'the node is starting: Loading block index…' },
  ],
  [
    'a wrong password',
    new Response('', { status: 401 }),
    { is: 'refused', again: true, denied: true, why: 'the node refused the user or the password (401)' },
  ],
  [
    'an address that is not allowed',
    new Response('', { status: 403 }),
    { is: 'refused', again: true, denied: true, why: expect.stringContaining('-rpcallowip') },
  ],
  [
    'a full work queue',
    new Response('Work queue depth exceeded', { status: 503 }),
    { is: 'refused', again: true },
  ],
  [
    'a redirect',
    new Response('', { status: 302, headers: { location: 'http://elsewhere/' } }),
    { is: 'refused', again: false, why: expect.stringContaining('redirects (302)') },
  ],
  [
    'a page',
    new Response('<html>', { status: 200 }),
    { is: 'unsure', why: 'the node answered 200 and no JSON' },
  ],
  [
    'JSON of something else',
    new Response('[1]', { status: 200 }),
    { is: 'unsure', why: expect.stringContaining('none of JSON-RPC') },
  ],
  [
    'another shape',
    answer({ height: 7 }),
    { is: 'unsure', why: expect.stringContaining('getblockcount in a shape we do not know') },
  ],
  [
    'nobody there',
    broken('ECONNREFUSED'),
    { is: 'refused', again: true, why: 'the node could not be reached (ECONNREFUSED)' },
  ],
  [
    'an unknown break',
    broken('ESTRANGE'),
    { is: 'unsure', why: 'the connection to the node broke (ESTRANGE)' },
  ],
])('%s is read for what it means', async (_, given, expected) => {
  const { client } = clientOf(
    given instanceof Response && given.status === 401 ? [given, given.clone()] : [given],
  )
  const reply = await ask(client)
  expect(reply).toMatchObject(expected)
  expect(JSON.stringify(reply)).not.toMatch(/cret/)
})

test('a connection that a restarted node closed is asked over once, and a second break is unsure', async () => {
  const healed = clientOf([broken('UND_ERR_SOCKET'), answer(7)])
  expect(await ask(healed.client)).toEqual({ is: 'done', value: 7 })
  const cut = clientOf([broken('ECONNRESET'), broken('ECONNRESET'), answer(7)])
  expect(await ask(cut.client)).toEqual({
    is: 'unsure',
    why: 'the connection to the node broke (ECONNRESET)',
  })
})

test('a cookie is read again when the node refuses it, and a node that wrote none yet is waited for', async () => {
  const cookieFile = join(folder, 'cookie')
  const { client, sent } = clientOf(
    [answer(1), new Response('', { status: 401 }), answer(2), new Response('', { status: 401 }), answer(3)],
    {
      url: 'http://127.0.0.1:8332',
      cookieFile,
    },
  )
  expect(await ask(client)).toMatchObject({
    is: 'refused',
    again: true,
    why: expect.stringContaining('(ENOENT)'),
  })
  writeFileSync(cookieFile, '__cookie__:one')
  expect(await ask(client)).toEqual({ is: 'done', value: 1 })
  writeFileSync(cookieFile, '__cookie__:two\n')
  expect(await ask(client)).toEqual({ is: 'done', value: 2 })
  expect(sent.map(({ authorization }) => authorization)).toEqual([
    '__cookie__:one',
    '__cookie__:one',
    '__cookie__:two',
  ])
  // The file has not changed: it is of another node, or this one is about to write a new one.
  expect(await ask(client)).toMatchObject({
    is: 'refused',
    again: true,
    why: expect.stringContaining('refused its cookie'),
  })
})

describe('a deadline', () => {
  /** One whose every sleep is over when told. */
  const clockOf = () => {
    const wakes: (() => void)[] = []
    const asleep: number[] = []
    const clock: Clock = {
      now: () => 0,
      sleep: ms => (asleep.push(ms), new Promise(wake => void wakes.push(wake))),
    }
    return { clock, asleep, wake: () => wakes.forEach(wake => wake()) }
  }

  test('of the clock handed in ends a request whose node never answers: unsure, and for a question to be asked again', async () => {
    const silent = createServer(socket => socket.on('error', () => {}))
    await new Promise<void>(up => silent.listen(0, '127.0.0.1', up))
    const { port } = silent.address() as { port: number }
    const { clock, asleep, wake } = clockOf()
    try {
      const client = rpcClient({ url: `http://a:b@127.0.0.1:${port}`, clock, deadlineMs: 5_000 })
      const connected = new Promise(resolve => silent.once('connection', resolve))
      const pending = ask(client)
      await connected
      wake()
      const reply = await pending
      expect(reply).toEqual({ is: 'unsure', why: 'the node did not answer in time' })
      expect(asked(reply)).toEqual({ is: 'refused', again: true, why: 'the node did not answer in time' })
      expect(asleep).toEqual([5_000])
    } finally {
      silent.close()
    }
  })

  test('that comes when the answer is there changes nothing, and its sleep is called off', async () => {
    const signals: AbortSignal[] = []
    const { client } = clientOf([answer(7)], {
      clock: { now: () => 0, sleep: (_, signal) => (signals.push(signal!), new Promise(() => {})) },
    })
    expect(await ask(client)).toEqual({ is: 'done', value: 7 })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })
})

describe('a batch', () => {
  const calls = [
    { method: 'getblockhash', params: [1] },
    { method: 'getblockhash', params: [2] },
  ]

  test('is matched by id, whatever the order, and each has its own fault', async () => {
    const items = [
      { id: 1, result: null, error: { code: -8, message: 'out of range' } },
      { id: 0, result: 5, error: null },
    ]
    const { client, sent } = clientOf([new Response(JSON.stringify(items))])
    expect(await client.batch(z.int(), calls)).toEqual({
      is: 'done',
      value: [
        { is: 'done', value: 5 },
        { is: 'fault', code: -8, message: 'out of range' },
      ],
    })
    expect(sent[0]!.body).toEqual(calls.map((call, id) => ({ jsonrpc: '1.0', id, ...call })))
  })

  test('with an answer missing is unsure, and one refused as a whole says why', async () => {
    const short = clientOf([new Response(JSON.stringify([{ id: 0, result: 5, error: null }]))])
    expect(await short.client.batch(z.int(), calls)).toMatchObject({ is: 'unsure' })
    const warming = clientOf([fault(-28, 'Verifying blocks…')])
    expect(await warming.client.batch(z.int(), calls)).toMatchObject({ is: 'refused', again: true })
    const strange = clientOf([fault(-32700, 'Top-level object parse error')])
    expect(await strange.client.batch(z.int(), calls)).toMatchObject({
      is: 'refused',
      again: false,
      why: expect.stringContaining('parse error'),
    })
  })

  test('of nothing asks nothing', async () => {
    const { client, sent } = clientOf([])
    expect(await client.batch(z.int(), [])).toEqual({ is: 'done', value: [] })
    expect(sent).toEqual([])
  })
})

test('amounts become satoshis from the digits the node wrote, also those no float holds', async () => {
  const text =
    '{"result":{"fee":0.00001234,"total":20999999.97690001,"whole":3,"text":"1.5","odd":1e-8},"error":null,"id":0}'
  const read = async (name: string) =>
    clientOf([new Response(text)]).client.call(z.object({ [name]: satoshis }), { method: 'x' })
  expect(await read('fee')).toEqual({ is: 'done', value: { fee: 1_234n } })
  // As a float and a product, this is one satoshi less.
  expect(await read('total')).toEqual({ is: 'done', value: { total: 2_099_999_997_690_001n } })
  expect(await read('whole')).toEqual({ is: 'done', value: { whole: 300_000_000n } })
  expect(await read('odd')).toMatchObject({ is: 'unsure', why: expect.stringContaining('(odd)') })
  expect(satoshis.safeParse('0.000000001').success).toBe(false)
  expect(satoshis.safeParse('-1.00000000').success).toBe(false)
})
