/** Server-sent events: what is told arrives as the browser reads it, and who leaves, or a server that closes, ends it. */
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../../../test/testbed/eventually.ts'
import { serveSmall, type SmallServer } from '../../../test/testbed/smallServer.ts'
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/world.ts'
import type { PageContext } from './show.ts'
import { eventStream, type Send } from './stream.ts'

let server: SmallServer
afterEach(() => server.close())

async function serve(tell: (send: Send, over: AbortSignal) => Promise<void>, clock: Clock = systemClock) {
  const over = new AbortController()
  server = await serveSmall([ctx => eventStream(ctx as unknown as PageContext, { clock, over: over.signal }, tell)])
  return over
}

const aborted = (signal: AbortSignal) => new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

test('events come with name, id and every line of their data, and the stream ends when all is told', async () => {
  await serve(async send => {
    send({ data: 'plain' })
    send({ name: 'changed', id: '7', data: 'one\ntwo' })
  })
  const answer = await fetch(server.url)
  expect(Object.fromEntries(['content-type', 'cache-control', 'x-accel-buffering'].map(name => [name, answer.headers.get(name)]))).toEqual({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  expect(await answer.text()).toBe('retry: 2000\n\ndata: plain\n\nevent: changed\nid: 7\ndata: one\ndata: two\n\n')
})

test('who leaves ends it, and what is told after that goes nowhere', async () => {
  let ended = false
  await serve(async (send, over) => {
    await aborted(over)
    send({ data: 'too late' })
    ended = true
  })
  const leaving = new AbortController()
  const answer = await fetch(server.url, { signal: leaving.signal })
  const reader = answer.body!.getReader()
  await reader.read()
  leaving.abort()
  await eventually(() => ended).toBe(true)
})

test('a server that closes ends it', async () => {
  const over = await serve(async (_, left) => aborted(left))
  const answer = await fetch(server.url)
  over.abort()
  expect(await answer.text()).toBe('retry: 2000\n\n')
})

test('a failure while telling ends it, and is told to whoever keeps the log', async () => {
  await serve(async () => {
    throw new Error('the database is gone')
  })
  expect(await (await fetch(server.url)).text()).toBe('retry: 2000\n\n')
  expect(server.errors).toEqual(['the database is gone'])
})

test('while nothing is told a beat keeps the line open', async () => {
  const beats: (() => void)[] = []
  const clock: Clock = {
    now: () => 0,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        expect(ms).toBe(15_000)
        beats.push(resolve)
        signal?.addEventListener('abort', () => resolve())
      }),
  }
  const over = await serve(async (_, left) => aborted(left), clock)
  const answer = await fetch(server.url)
  beats.shift()!()
  await eventually(() => beats.length).toBe(1)
  over.abort()
  expect(await answer.text()).toBe('retry: 2000\n\n: still here\n\n')
})

test('500 may listen; the next is told to ask later, and may come when one has left', async () => {
  await serve(async (_, left) => aborted(left))
  // Answers that nobody holds are given up by themselves.
  const here: { one: AbortController; answer: Response }[] = []
  const open = async () => {
    const one = new AbortController()
    const answer = await fetch(server.url, { signal: one.signal })
    if (answer.ok) here.push({ one, answer })
    else await answer.arrayBuffer()
    return answer.status
  }
  for (let wave = 0; wave < 10; wave++) {
    const statuses = await Promise.all(Array.from({ length: 50 }, open))
    expect(new Set(statuses)).toEqual(new Set([200]))
  }
  expect(await open()).toBe(503)
  here.pop()!.one.abort()
  await eventually(open).toBe(200)
  for (const { one } of here) one.abort()
})
