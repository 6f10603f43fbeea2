/**
 * Server-sent events: a page that hears by itself, for five minutes. A few at a time; who is too many is told
 * to ask again, which pages can.
 */
import { PassThrough } from 'node:stream'
import { networkOf } from '../../base/network.ts'
import type { Clock } from '../../base/world.ts'
import type { PageContext } from './show.ts'

/** Sends one event. `id` comes back as `Last-Event-ID` when the browser connects again. */
export type Send = (event: { name?: string; id?: string; data: string }) => void

/**
 * How many may be open in this process: of each part, so that nobody in the shop takes a person's place in
 * the console, and of each reader.
 */
const most = { shop: 500, console: 100 }
/**
 * Of one order, or one session: browsers open six connections to a host at most, and people have two
 * browsers.
 */
const maxOfOne = 12
/** Of one address, behind which a whole office or a mobile network may be. */
const maxOfAddress = 60
const beatMs = 15_000
/** Then the reader connects again, and is asked who they are once more. */
const lifeMs = 5 * 60_000
/** Told to the browser: how long to wait before it connects again. */
const againMs = 2_000
const open = new Map<string, number>()

/**
 * Answers with a stream that `tell` feeds until it returns, the reader leaves or the server closes: `over`
 * aborts then. `one`: whose it is, an order's token or a session. 503 while too many are open, so a page
 * falls back to asking.
 */
export function eventStream(
  ctx: PageContext,
  { clock, over, part, one }: { clock: Clock; over: AbortSignal; part: keyof typeof most; one: string },
  tell: (send: Send, over: AbortSignal) => Promise<void>,
): void {
  const leave = enter({
    [part]: most[part],
    [`${part} ${one}`]: maxOfOne,
    [`${part} from ${networkOf(ctx.ip)}`]: maxOfAddress,
  })
  if (!leave) return ctx.throw(503, 'too many readers')
  const stream = new PassThrough()
  const left = new AbortController()
  const done = AbortSignal.any([left.signal, over])
  ctx.req.on('close', () => left.abort())
  stream.on('close', () => left.abort())
  ctx.status = 200
  ctx.type = 'text/event-stream; charset=utf-8'
  ctx.set('cache-control', 'no-store')
  ctx.set('x-accel-buffering', 'no')
  // Across a redeploy the browser is to connect to the new process.
  ctx.set('connection', 'close')
  ctx.body = stream
  stream.write(`retry: ${againMs}\n\n`)
  const send: Send = ({ name, id, data }) => {
    if (done.aborted) return
    const lines = data.split('\n').map(line => `data: ${line}\n`)
    stream.write(
      `${name === undefined ? '' : `event: ${name}\n`}${id === undefined ? '' : `id: ${id}\n`}${lines.join('')}\n`,
    )
  }
  void (async () => {
    const begun = clock.now()
    while (!done.aborted) {
      await clock.sleep(beatMs, done)
      if (clock.now() - begun >= lifeMs) left.abort()
      if (!done.aborted) stream.write(': still here\n\n')
    }
  })()
  void tell(send, done)
    .catch((error: unknown) => ctx.app.emit('error', error, ctx))
    .finally(() => {
      leave()
      left.abort()
      stream.end()
    })
}

/** Counts one more of each kind, where none is full; answers how to leave. */
function enter(limits: Record<string, number>): (() => void) | undefined {
  const kinds = Object.entries(limits)
  if (kinds.some(([kind, limit]) => (open.get(kind) ?? 0) >= limit)) return undefined
  for (const [kind] of kinds) open.set(kind, (open.get(kind) ?? 0) + 1)
  return () => {
    for (const [kind] of kinds) {
      const left = open.get(kind)! - 1
      if (left === 0) open.delete(kind)
      else open.set(kind, left)
    }
  }
}
