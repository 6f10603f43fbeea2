/** Server-sent events: a page that hears by itself. A few at a time; who is too many is told to ask again, which pages can. */
import { PassThrough } from 'node:stream'
import type { Clock } from '../../base/world.ts'
import type { PageContext } from './show.ts'

/** Sends one event. `id` comes back as `Last-Event-ID` when the browser connects again. */
export type Send = (event: { name?: string; id?: string; data: string }) => void

const most = 500
const beatMs = 15_000
/** Told to the browser: how long to wait before it connects again. */
const againMs = 2_000
let open = 0

/**
 * Answers with a stream that `tell` feeds until it returns, the reader leaves or the server closes: `over` aborts then.
 * 503 while too many are open, so a page falls back to asking.
 */
export function eventStream(
  ctx: PageContext,
  { clock, over }: { clock: Clock; over: AbortSignal },
  tell: (send: Send, over: AbortSignal) => Promise<void>,
): void {
  if (open >= most) return ctx.throw(503, 'too many readers')
  open++
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
    stream.write(`${name === undefined ? '' : `event: ${name}\n`}${id === undefined ? '' : `id: ${id}\n`}${lines.join('')}\n`)
  }
  void (async () => {
    while (!done.aborted) {
      await clock.sleep(beatMs, done)
      if (!done.aborted) stream.write(': still here\n\n')
    }
  })()
  void tell(send, done)
    .catch((error: unknown) => ctx.app.emit('error', error, ctx))
    .finally(() => {
      open--
      left.abort()
      stream.end()
    })
}
