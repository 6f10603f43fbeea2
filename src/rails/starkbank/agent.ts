/**
 * How requests leave: to the bank or to one other address, with a deadline over the whole of each, because
 * the SDK has none.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientRequest } from 'node:http'
import { Agent, type RequestOptions } from 'node:https'
import { createRequire } from 'node:module'
import { connect as connectPlain, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { BadInput } from '../../base/answer.ts'
import type { Deadline } from '../../base/deadline.ts'
import { hearDate, type Clock, type Millis } from '../../base/world.ts'

export interface AgentOptions {
  clock: Clock
  /** Another base URL than the bank's own, http or https. */
  apiUrl?: string
  connectMs?: Millis
  totalMs?: Millis
  maxSockets?: number
}

interface Target {
  tls: boolean
  host: string
  port: number
}

const bankHosts = new Set(['api.starkbank.com', 'sandbox.api.starkbank.com'])
// Idle connections are dropped before the other side does: a request written to a closing one has no answer,
// and is `unsure`.
const idleMs = 4_000

/** Errors of requests of which no byte left: the connection was never made, or the deadline had passed. */
const unsent = new WeakSet<object>()
const nothingSent = (error: Error): Error => (unsent.add(error), error)

const deadlines = new AsyncLocalStorage<Deadline>()
/** Every request that `send` makes obeys `deadline`: the SDK has no way of handing one down. */
export const within = <T>(deadline: Deadline, send: () => T): T => deadlines.run(deadline, send)

/** Whether `error`, or what caused it, shows that nothing was sent. */
export function neverSent(error: unknown): boolean {
  for (let cause = error, depth = 0; typeof cause === 'object' && cause !== null && depth < 5; depth++) {
    if (unsent.has(cause)) return true
    cause = (cause as { cause?: unknown }).cause
  }
  return false
}

/**
 * The SDK's hook: an https.Agent that picks the target and limits the time. Never follows anything anywhere
 * else.
 */
export class BankAgent extends Agent {
  readonly #clock: Clock
  readonly #target: Target | undefined
  readonly #connectMs: Millis
  readonly #totalMs: Millis
  /** Node knows a socket from when it is connected. */
  readonly #connecting = new Set<Duplex>()
  #isClosed = false

  constructor({ clock, apiUrl, connectMs = 5_000, totalMs = 15_000, maxSockets = 8 }: AgentOptions) {
    super({ keepAlive: true, maxSockets, maxFreeSockets: maxSockets, timeout: idleMs, scheduling: 'lifo' })
    this.#clock = clock
    this.#target = apiUrl === undefined ? undefined : parseApiUrl(apiUrl)
    this.#connectMs = connectMs
    this.#totalMs = totalMs
  }

  // Node calls this for each request, keep-alive or not; it is not in its types.
  addRequest(request: ClientRequest, ...rest: unknown[]): void {
    const deadline = deadlines.getStore()
    const ms = Math.min(this.#totalMs, deadline?.leftMs() ?? Infinity)
    const over = new AbortController()
    request.once('close', () => over.abort())
    void this.#clock.sleep(ms, over.signal).then(() => {
      if (!over.signal.aborted) request.destroy(coded('ETIMEDOUT', `no whole answer within ${ms} ms`))
    })
    const askedMs = this.#clock.uptimeMs?.() ?? 0
    request.prependOnceListener('response', ({ headers: { date } }) =>
      hearDate(this.#clock, { whose: 'the bank’s', weight: 'surely another', askedMs }, date),
    )
    // The last moment before its bytes leave: sockets come here connected, so the next statement of Node's
    // writes them. A timer is not enough, for a process that was stopped writes to a socket that is ready
    // before it looks at its timers.
    request.prependOnceListener('socket', () => {
      if (deadline && deadline.leftMs() <= 0)
        request.destroy(nothingSent(coded('ETOOLATE', 'too late to send it')))
    })
    const parent = Agent.prototype as unknown as {
      addRequest(request: ClientRequest, ...rest: unknown[]): void
    }
    parent.addRequest.call(this, request, ...rest)
  }

  /**
   * Answers through `done` alone, and only once the socket is connected: what is written to an earlier one
   * leaves when nobody looks.
   */
  override createConnection(
    options: RequestOptions,
    done: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const socket = this.#connect(options)
    this.#connecting.add(socket)
    const over = new AbortController()
    socket.once(this.#target?.tls === false ? 'connect' : 'secureConnect', () => {
      over.abort()
      this.#connecting.delete(socket)
      socket.off('error', failed)
      done(null, socket)
    })
    socket.once('error', failed)
    socket.once('close', () => this.#connecting.delete(socket))
    socket.once('close', () => failed(coded('ECONNABORTED', 'closed before it was connected')))
    void this.#clock.sleep(this.#connectMs, over.signal).then(() => {
      if (!over.signal.aborted)
        socket.destroy(coded('ETIMEDOUT', `no connection within ${this.#connectMs} ms`))
    })

    function failed(error: Error): void {
      if (over.signal.aborted) return
      over.abort()
      done(nothingSent(error), socket)
    }
  }

  /** Closes what is under way too; what was still connecting has sent nothing, and sends nothing. */
  override destroy(): void {
    this.#isClosed = true
    for (const socket of this.#connecting) socket.destroy()
    super.destroy()
  }

  #connect(options: RequestOptions): Duplex {
    if (this.#isClosed) throw nothingSent(coded('ECONNABORTED', 'the connection to the bank is closed'))
    if (!this.#target) {
      if (!bankHosts.has(options.host ?? '')) throw new Error('the bank rail speaks to no other host')
      return super.createConnection(options) as Duplex
    }
    const { tls, host, port } = this.#target
    if (!tls) return connectPlain({ host, port })
    return connectTls({ host, port, servername: isIP(host) ? '' : host, ALPNProtocols: ['http/1.1'] })
  }
}

const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code })

/** Reads STARKBANK_API_URL: http or https, host, port, and at most the path the SDK adds by itself. */
export function parseApiUrl(text: string): Target {
  const wrong = () =>
    new BadInput(
      'STARKBANK_API_URL must be like http://127.0.0.1:8800 or https://bank.example, without a login',
    )
  if (!URL.canParse(text)) throw wrong()
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(text)
  const tls = protocol === 'https:'
  if (!tls && protocol !== 'http:') throw wrong()
  if (!['/', '/v2', '/v2/'].includes(pathname) || search || hash || username || password) throw wrong()
  return { tls, host: hostname.replace(/^\[|\]$/g, ''), port: port ? Number(port) : tls ? 443 : 80 }
}

interface Axios {
  defaults: { maxRedirects?: number; maxContentLength?: number; proxy?: unknown }
}

/**
 * The SDK's own axios follows redirects with our credentials, takes a proxy from the environment (around the
 * agent and its deadline) and reads answers of any size. The instance is found from starkcore's own place: an
 * `import` would give another one.
 */
export function tameAxios(): void {
  const fromBank = createRequire(createRequire(import.meta.url).resolve('starkbank'))
  const axios = createRequire(fromBank.resolve('starkcore'))('axios') as Axios & { default: Axios }
  for (const { defaults } of [axios, axios.default])
    Object.assign(defaults, { maxRedirects: 0, maxContentLength: 20_000_000, proxy: false })
}
