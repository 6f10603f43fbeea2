/** How requests leave: to the bank or to one other address, with a deadline over the whole of each, because the SDK has none. */
import type { ClientRequest } from 'node:http'
import { Agent, type RequestOptions } from 'node:https'
import { createRequire } from 'node:module'
import { connect as connectPlain, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { BadInput } from '../../base/answer.ts'
import type { Clock, Millis } from '../../base/world.ts'

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
// Idle connections are dropped before the other side does: a request written to a closing one has no answer, and is `unsure`.
const idleMs = 4_000

/** Errors of connections that were never made: whatever was to be sent on them was not. */
const unconnected = new WeakSet<object>()

/** Whether `error`, or what caused it, shows that nothing was sent. */
export function neverSent(error: unknown): boolean {
  for (let cause = error, depth = 0; typeof cause === 'object' && cause !== null && depth < 5; depth++) {
    if (unconnected.has(cause)) return true
    cause = (cause as { cause?: unknown }).cause
  }
  return false
}

/** The SDK's hook: an https.Agent that picks the target and limits the time. Never follows anything anywhere else. */
export class BankAgent extends Agent {
  readonly #clock: Clock
  readonly #target: Target | undefined
  readonly #connectMs: Millis
  readonly #totalMs: Millis

  constructor({ clock, apiUrl, connectMs = 5_000, totalMs = 15_000, maxSockets = 8 }: AgentOptions) {
    super({ keepAlive: true, maxSockets, maxFreeSockets: maxSockets, timeout: idleMs, scheduling: 'lifo' })
    this.#clock = clock
    this.#target = apiUrl === undefined ? undefined : parseApiUrl(apiUrl)
    this.#connectMs = connectMs
    this.#totalMs = totalMs
  }

  // Node calls this for each request, keep-alive or not; it is not in its types.
  addRequest(request: ClientRequest, ...rest: unknown[]): void {
    const over = new AbortController()
    request.once('close', () => over.abort())
    void this.#clock.sleep(this.#totalMs, over.signal).then(() => {
      if (!over.signal.aborted) request.destroy(coded('ETIMEDOUT', `no whole answer within ${this.#totalMs} ms`))
    })
    const parent = Agent.prototype as unknown as { addRequest(request: ClientRequest, ...rest: unknown[]): void }
    parent.addRequest.call(this, request, ...rest)
  }

  override createConnection(options: RequestOptions, done?: (error: Error | null, stream: Duplex) => void): Duplex {
    const socket = this.#connect(options, done)
    const connected = new AbortController()
    socket.once(this.#target?.tls === false ? 'connect' : 'secureConnect', () => connected.abort())
    socket.once('error', error => {
      if (!connected.signal.aborted) unconnected.add(error)
      connected.abort()
    })
    socket.once('close', () => connected.abort())
    void this.#clock.sleep(this.#connectMs, connected.signal).then(() => {
      if (!connected.signal.aborted) socket.destroy(coded('ETIMEDOUT', `no connection within ${this.#connectMs} ms`))
    })
    return socket
  }

  #connect(options: RequestOptions, done?: (error: Error | null, stream: Duplex) => void): Duplex {
    if (!this.#target) {
      if (!bankHosts.has(options.host ?? '')) throw new Error('the bank rail speaks to no other host')
      return super.createConnection(options, done) as Duplex
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
    new BadInput(`STARKBANK_API_URL must be like http://127.0.0.1:8800 or https://bank.example, got "${withoutLogin(text)}"`)
  if (!URL.canParse(text)) throw wrong()
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(text)
  const tls = protocol === 'https:'
  if (!tls && protocol !== 'http:') throw wrong()
  if (!['/', '/v2', '/v2/'].includes(pathname) || search || hash || username || password) throw wrong()
  return { tls, host: hostname.replace(/^\[|\]$/g, ''), port: port ? Number(port) : tls ? 443 : 80 }
}

const withoutLogin = (url: string) => url.replace(/\/\/[^/@]*@/, '//')

interface Axios {
  defaults: { maxRedirects?: number; maxContentLength?: number; proxy?: unknown }
}

/**
 * The SDK's own axios follows redirects with our credentials, takes a proxy from the environment (around the agent and its deadline)
 * and reads answers of any size. The instance is found from starkcore's own place: an `import` would give another one.
 */
export function tameAxios(): void {
  const fromBank = createRequire(createRequire(import.meta.url).resolve('starkbank'))
  const axios = createRequire(fromBank.resolve('starkcore'))('axios') as Axios & { default: Axios }
  for (const { defaults } of [axios, axios.default])
    Object.assign(defaults, { maxRedirects: 0, maxContentLength: 20_000_000, proxy: false })
}
