/**
 * The simulated bank on a real port: HTTP in, webhook posts out, timers between. A thin shell; all it knows
 * is in bank.ts.
 */
import {
  createServer,
  request as httpRequest,
  Agent,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { Agent as TlsAgent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import type { Clock, Random } from '../src/base/world.ts'
import { makeBank, type Bank, type Delivery, type Faults, type Outcome, type Settings } from './bank.ts'
import { control } from './control.ts'

export interface BankServer {
  url: string
  port: number
  bank: Bank
  /** Stops answering, delivering and paying; open connections are cut. */
  close(): Promise<void>
}

export interface BankServerOptions {
  /** 0 for any that is free. */
  port?: number
  host?: string
  /** A bank made elsewhere; its clock must run in real time. */
  bank?: Bank
  clock?: Pick<Clock, 'now' | 'speed'>
  random?: Random
  settings?: Partial<Settings>
  faults?: Partial<Faults>
  /** How long a webhook's receiver has to answer. */
  deliveryTimeoutMs?: number
}

const longestTimerMs = 2_000_000_000

export async function startBank(options: BankServerOptions = {}): Promise<BankServer> {
  const {
    port = 0,
    host = '127.0.0.1',
    clock = systemClock,
    random = systemRandom,
    settings = {},
    faults = {},
    deliveryTimeoutMs = 5_000,
  } = options
  const bank = options.bank ?? makeBank({ clock, random, settings, faults })
  const post = makePoster(deliveryTimeoutMs)
  let timer: NodeJS.Timeout | undefined
  let closed = false

  /** Does what is due, sends what is ready, and sleeps until there is more. */
  function turn() {
    clearTimeout(timer)
    if (closed) return
    bank.advance()
    for (const delivery of bank.takeDeliveries()) void send(delivery)
    const next = bank.nextDueAt()
    if (next !== undefined)
      timer = setTimeout(
        turn,
        Math.min(longestTimerMs, Math.max(1, (next - clock.now()) / (clock.speed ?? 1))),
      )
  }

  async function send(delivery: Delivery) {
    const outcome = await post.send(delivery)
    if (closed) return
    bank.delivered(delivery.deliveryId, outcome)
    turn()
  }

  const server = createServer((request, response) => {
    readBody(request).then(
      body => {
        const url = new URL(request.url ?? '/', 'http://bank')
        if (url.pathname.startsWith('/sim/')) {
          const { status, answer } = control(
            bank,
            request.method ?? 'GET',
            url.pathname.slice('/sim/'.length),
            body,
          )
          response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer))
        } else answerApi(bank, request, response, url, body)
        turn()
      },
      // The client went away while it was still sending.
      () => response.destroy(),
    )
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  turn()

  const bound = (server.address() as AddressInfo).port
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    bank,
    close() {
      closed = true
      clearTimeout(timer)
      post.close()
      server.closeAllConnections()
      return new Promise(resolve => server.close(() => resolve()))
    },
  }
}

function answerApi(bank: Bank, request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer) {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  )
  const answer = bank.handle({
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers,
    body,
    ip: request.socket.remoteAddress ?? '',
  })
  switch (answer.is) {
    case 'answer':
      return void response
        .writeHead(answer.status, { ...answer.headers, 'Content-Length': Buffer.byteLength(answer.body) })
        .end(answer.body)
    // The connection stays open without a word until the client loses patience or the bank closes.
    case 'hang':
      return
    case 'reset':
      return void request.socket.resetAndDestroy()
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** Posts deliveries over kept-alive connections. Redirects are not followed: only a 200 counts. */
function makePoster(timeoutMs: number) {
  const agents = {
    'http:': new Agent({ keepAlive: true, maxSockets: 64 }),
    'https:': new TlsAgent({ keepAlive: true, maxSockets: 64 }),
  }
  const send = ({ url, body, headers }: Delivery) =>
    new Promise<Outcome>(resolve => {
      const { protocol } = new URL(url)
      const [open, agent] =
        protocol === 'https:' ? [httpsRequest, agents['https:']] : [httpRequest, agents['http:']]
      const request = open(url, {
        method: 'POST',
        agent,
        headers: { ...headers, 'Content-Length': body.length },
      })
      const deadline = setTimeout(() => (resolve('timeout'), request.destroy()), timeoutMs)
      const end = (outcome: Outcome) => (clearTimeout(deadline), resolve(outcome))
      request.on('error', () => end('badConnection'))
      request.on('response', response => {
        response.on('error', () => end('badConnection'))
        response.on('end', () => end({ status: response.statusCode ?? 0 })).resume()
      })
      request.end(body)
    })
  return { send, close: () => (agents['http:'].destroy(), agents['https:'].destroy()) }
}
