/**
 * Bitcoin Core's JSON-RPC: every answer judged by a shape, a deadline on the whole of it, and a node that
 * restarts survived by asking again.
 */
import { z } from 'zod'
import { done, refused, denied, unsure, type Answer } from '../../base/answer.ts'
import { parseUnits } from '../../base/money.ts'
import { hearDate, type Clock, type Millis } from '../../base/world.ts'
import { codeOf, denial, readCredentials, type CredentialOptions } from './credentials.ts'

export interface RpcOptions extends CredentialOptions {
  clock: Clock
  fetch?: typeof fetch
  /** For a whole request, answer included. Default 30 s. */
  deadlineMs?: Millis
}

/** The node heard, and says no: its own code and words (Bitcoin Core, rpc/protocol.h). */
export interface Fault {
  is: 'fault'
  code: number
  message: string
}

/**
 * `refused`: it was not asked, or is not ready. `unsure`: it was asked, and no answer came that we
 * understand.
 */
export type Reply<T> = Answer<T> | Fault
/** One of a batch. */
export type Item<T> = { is: 'done'; value: T } | Fault

export interface Call {
  method: string
  params?: unknown[]
}

export interface CallOptions {
  /** Asks this wallet of the node. */
  wallet?: string
  /** Instead of the client's own. */
  deadlineMs?: Millis
}

export interface RpcClient {
  /** Host and port, for messages; never credentials. */
  readonly place: string
  /**
   * Asks once more by itself where the connection or the cookie turns out to be of a node that was restarted:
   * what is asked here may be asked twice.
   */
  call<S extends z.ZodType>(shape: S, call: Call, options?: CallOptions): Promise<Reply<z.output<S>>>
  /** One request for all; answers in the order of the calls, which the node works through one by one. */
  batch<S extends z.ZodType>(
    shape: S,
    calls: Call[],
    options?: CallOptions,
  ): Promise<Answer<Item<z.output<S>>[]>>
}

/**
 * An amount in BTC as satoshis, from the digits the node wrote: a float is never made of them. `read` hands
 * numbers with a point on as text, so this sees `"0.00001234"`; more than eight decimals do not pass.
 */
export const satoshis = z
  .union([z.string(), z.int().transform(String)])
  .transform((text, context): bigint => {
    const units = parseUnits(text, 'BTC')
    if (units !== undefined) return units
    context.addIssue('an amount in BTC has at most eight decimals')
    return z.NEVER
  })

/** Throws `BadInput` where the URL or the credentials cannot be used; asks nothing yet. */
export function rpcClient(options: RpcOptions): RpcClient {
  const { clock, fetch: send = fetch, deadlineMs = 30_000 } = options
  const { base, place, credentials } = readCredentials(options)

  /** The JSON the node answers to `body`, whatever it is, once someone let us in. */
  async function post(
    body: string,
    { wallet, deadlineMs: limitMs = deadlineMs }: CallOptions,
  ): Promise<Answer<unknown>> {
    const url = wallet === undefined ? base : `${base}wallet/${encodeURIComponent(wallet)}`
    const known = await credentials.get()
    if (known.is !== 'done') return known
    const heard = { clock, askedMs: clock.uptimeMs?.() ?? 0 }
    const first = await within(clock, limitMs, signal =>
      exchange(send, url, known.value, body, signal, heard),
    )
    if (first.is !== 'denied' && first.is !== 'stale') return first
    // A restarted node has closed our connection and written another cookie.
    const renewed = first.is === 'denied' ? await credentials.renew(known.value) : known
    if (renewed.is !== 'done') return renewed
    const second = await within(clock, limitMs, signal =>
      exchange(send, url, renewed.value, body, signal, heard),
    )
    if (second.is === 'denied') return denial(credentials.fromFile)
    return second.is === 'stale' ? unsure(second.why) : second
  }

  return {
    place,
    call: async (shape, { method, params = [] }, callOptions = {}) => {
      const answer = await post(JSON.stringify({ jsonrpc: '1.0', id: 0, method, params }), callOptions)
      return answer.is === 'done' ? judged(shape, answer.value, method) : answer
    },
    batch: async (shape, calls, callOptions = {}) => {
      if (calls.length === 0) return done([])
      const body = calls.map(({ method, params = [] }, id) => ({ jsonrpc: '1.0', id, method, params }))
      const answer = await post(JSON.stringify(body), callOptions)
      if (answer.is !== 'done') return answer
      const list = z.array(z.looseObject({ id: z.int() })).safeParse(answer.value)
      if (!list.success) {
        // A node that is not ready answers a batch with one error for all.
        const single = judged(z.never(), answer.value, 'a batch')
        return single.is === 'fault' ? refused(`the node: ${single.message} (${single.code})`) : single
      }
      const byId = new Map(list.data.map(item => [item.id, item]))
      const items: Item<z.output<typeof shape>>[] = []
      for (const [id, { method }] of calls.entries()) {
        const item = judged(shape, byId.get(id), method)
        if (item.is === 'refused' || item.is === 'unsure') return item
        items.push(item)
      }
      return done(items)
    },
  }
}

/** What a question comes to: nothing was changed by it, so one that was not answered may be asked again. */
export function asked<T>(reply: Reply<T>): Answer<T> {
  switch (reply.is) {
    case 'fault':
      return refused(`the node: ${reply.message} (${reply.code})`, laterCodes.has(reply.code))
    case 'unsure':
      return refused(reply.why, true)
    default:
      return reply
  }
}

// Still loading (-28), out of memory (-7), no connections (-9), initial download (-10).
const warmingUp = -28
export const laterCodes = new Set([warmingUp, -7, -9, -10])

type Exchanged = Answer<unknown> | { is: 'denied' } | { is: 'stale'; why: string }

async function exchange(
  send: typeof fetch,
  url: string,
  credentials: string,
  body: string,
  signal: AbortSignal,
  { clock, askedMs }: { clock: Clock; askedMs: Millis },
): Promise<Exchanged> {
  let status: number, text: string
  try {
    const response = await send(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/json',
      },
      body,
      signal,
    })
    status = response.status
    hearDate(clock, { whose: 'the node’s', weight: 'perhaps ours', askedMs }, response.headers.get('date'))
    text = await response.text()
  } catch (fault) {
    if (signal.aborted) return unsure('the node did not answer in time')
    const code = codeOf(fault)
    if (neverReached.test(code)) return refused(`the node could not be reached${code}`, true)
    const why = `the connection to the node broke${code}`
    return broken.test(code) ? { is: 'stale', why } : unsure(why)
  }
  if (status === 401) return { is: 'denied' }
  if (status === 403) return denied('the node does not allow this machine (403): see its -rpcallowip')
  if (status >= 300 && status < 400) return refused(`what answers is no node: it redirects (${status})`)
  if (status === 503) return refused('the node has too much to do (503)', true)
  try {
    return done(read(text))
  } catch {
    return unsure(`the node answered ${status} and no JSON`)
  }
}

const neverReached = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT/
const broken = /UND_ERR_SOCKET|ECONNRESET|EPIPE/

/** Runs `work` with a signal that comes after `ms` of the clock handed in. */
async function within<T>(clock: Clock, ms: Millis, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const cut = new AbortController()
  const over = new AbortController()
  void clock.sleep(ms, over.signal).then(() => over.signal.aborted || cut.abort())
  try {
    return await work(cut.signal)
  } finally {
    // Nobody reads why, and unsaid, Node makes an error with its stack for it.
    over.abort(null)
  }
}

type Parse = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown

/**
 * JSON with every number that has a point left as the text it was. A text without one, such as a block's four
 * megabytes in hex, is spared the second look.
 */
const read = (text: string): unknown =>
  text.includes('.')
    ? (JSON.parse as Parse)(text, (_key, value, { source }) =>
        typeof value === 'number' && source?.includes('.') ? source : value,
      )
    : JSON.parse(text)

const envelope = z.object({
  result: z.unknown(),
  error: z.object({ code: z.int(), message: z.string() }).nullish(),
})

/** The result in its shape, or what the node says instead. */
function judged<S extends z.ZodType>(shape: S, answer: unknown, method: string): Reply<z.output<S>> {
  const outer = envelope.safeParse(answer)
  if (!outer.success) return unsure(`the node’s answer to ${method} is none of JSON-RPC`)
  const { result, error } = outer.data
  if (error) {
    const message = error.message.replace(/\s+/g, ' ').slice(0, 300)
    return error.code === warmingUp
      ? refused(`the node is starting: ${message}`, true)
      : { is: 'fault', code: error.code, message }
  }
  const inner = shape.safeParse(result)
  if (inner.success) return done(inner.data)
  return unsure(
    `the node answered ${method} in a shape we do not know (${inner.error.issues[0]!.path.join('.') || 'whole'})`,
  )
}
