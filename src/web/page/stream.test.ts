/**
 * Server-sent events: what is told arrives as the browser reads it, and who leaves, or a server that closes,
 * ends it.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
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
  server = await serveSmall(
    [
      ctx => {
        const [, part, one] = ctx.path.split('/') as [string, 'shop' | 'console', string]
        eventStream(
          ctx as unknown as PageContext,
          { clock, over: over.signal, part: part === 'console' ? part : 'shop', one: one ?? '' },
          tell,
        )
      },
    ],
    { proxy: true },
  )
  return over
}

const aborted = (signal: AbortSignal) =>
  new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

test('events come with name, id and every line of their data, and the stream ends when all is told', async () => {
  await serve(async send => {
    send({ data: 'plain' })
    send({ name: 'changed', id: '7', data: 'one\ntwo' })
  })
  const answer = await fetch(server.url)
  expect(
    Object.fromEntries(
      ['content-type', 'cache-control', 'x-accel-buffering'].map(name => [name, answer.headers.get(name)]),
    ),
  ).toEqual({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  expect(await answer.text()).toBe(
    'retry: 2000\n\ndata: plain\n\nevent: changed\nid: 7\ndata: one\ndata: two\n\n',
  )
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

describe('how many may listen', () => {
  // Answers that nobody holds are given up by themselves.
  const here: { one: AbortController; answer: Response }[] = []
  afterEach(() => here.splice(0).forEach(({ one }) => one.abort()))
  const open = async (path: string, from: string) => {
    const one = new AbortController()
    const answer = await fetch(`${server.url}${path}`, {
      signal: one.signal,
      headers: { 'x-forwarded-for': from },
    })
    if (answer.ok) here.push({ one, answer })
    else await answer.arrayBuffer()
    return answer.status
  }
  const many = async (count: number, who: (at: number) => [string, string]) => {
    const statuses: number[] = []
    for (let at = 0; at < count; at += 50)
      statuses.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(50, count - at) }, (_, more) => open(...who(at + more))),
        )),
      )
    return statuses.filter(status => status === 200).length
  }
  beforeEach(async () => void (await serve(async (_, left) => aborted(left))))

  test('of one order 12, wherever they come from; another order’s readers are let in', async () => {
    expect(await many(20, at => ['/shop/one', `203.0.113.${at}`])).toBe(12)
    expect(await open('/shop/other', '203.0.113.1')).toBe(200)
    here.shift()!.one.abort()
    await eventually(() => open('/shop/one', '203.0.113.99')).toBe(200)
  })

  test('from one address 60, of IPv6 from one /64, whatever they look at [security A13]', async () => {
    expect(await many(70, at => [`/shop/${at}`, '203.0.113.1'])).toBe(60)
    expect(await many(70, at => [`/shop/six-${at}`, `2001:db8:1:2::${at + 1}`])).toBe(60)
    expect(await open('/shop/one', '203.0.113.2')).toBe(200)
  })

  test('500 in the shop, which leaves the console’s places to people [security A13]', async () => {
    expect(await many(520, at => [`/shop/${at}`, `203.0.${at >> 8}.${at & 255}`])).toBe(500)
    expect(await open('/console/session', '203.0.113.1')).toBe(200)
    expect(await open('/shop/one-more', '198.51.100.1')).toBe(503)
  })
})

test('after five minutes it ends, though there is more to tell [security A13]', async () => {
  let now = 0
  const clock: Clock = { now: () => now, sleep: async ms => void (now += ms) }
  await serve(async (_, left) => aborted(left), clock)
  expect((await (await fetch(server.url)).text()).split(': still here').length - 1).toBe(5 * 4 - 1)
})
