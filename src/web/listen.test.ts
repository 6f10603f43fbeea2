/** The socket's name passes from one server to the next: nobody who asks meanwhile is refused. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type Server } from 'node:http'
import { createServer as createPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { listenOn } from './listen.ts'

const world = { clock: systemClock, log: silentLog }
let folder: string
let path: string
let servers: Server[]
let over: AbortController

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'repasse-listen-'))
  path = join(folder, 'web.sock')
  servers = []
  over = new AbortController()
})
afterEach(async () => {
  over.abort()
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  rmSync(folder, { recursive: true, force: true })
})

/** A server that answers its own name, after `ms`. */
async function open(name: string, ready: () => Promise<boolean> = async () => true, ms = 0): Promise<Server> {
  const server = createServer((_, answer) => void systemClock.sleep(ms).then(() => answer.end(name)))
  servers.push(server)
  await listenOn(server, `unix:${path}`, ready, world, over.signal)
  return server
}

const ask = (): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ socketPath: path, path: '/', agent: false }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })

test('the newest ready server has the name, and the one before finishes what it had taken', async () => {
  const first = await open('first', undefined, 200)
  const slow = ask()
  await systemClock.sleep(50)
  await open('second')
  expect(await ask()).toBe('second')
  const closed = new Promise(resolve => first.close(resolve))
  expect(await slow).toBe('first')
  await closed
  // Closing removes a socket's file: it must be its own and not the other's.
  expect(await ask()).toBe('second')
})

test('five hundred requests while the name passes four times are all answered', async () => {
  await open('0')
  const answers: string[] = []
  const asking = (async () => {
    for (let count = 0; count < 500; count++) answers.push(await ask())
  })()
  for (const name of ['1', '2', '3', '4']) {
    const before = servers.at(-1)!
    await systemClock.sleep(20)
    await open(name)
    // As the web server does: what connected before the name passed is accepted first.
    await systemClock.sleep(100)
    await new Promise(resolve => before.close(resolve))
    servers.splice(servers.indexOf(before), 1)
  }
  await asking
  expect(answers).toHaveLength(500)
  expect(new Set(answers).size).toBeGreaterThan(1)
})

test('a server that is not ready leaves the name, and takes it when it is', async () => {
  await open('old')
  let is = false
  await open('new', async () => is)
  expect(await ask()).toBe('old')
  is = true
  await expect.poll(ask, { timeout: 5_000 }).toBe('new')
})

test('sockets that nobody answers at are removed, and those of the living stay', async () => {
  await open('living')
  const dead = `${path}.0123abcd`
  await new Promise<void>(resolve => {
    const plain = createPlain().listen(dead, () => {
      plain.close(() => resolve())
    })
  })
  writeFileSync(dead, '')
  writeFileSync(`${path}.notes`, 'not ours')
  await open('next')
  expect(existsSync(dead)).toBe(false)
  expect(readdirSync(folder).filter(name => name !== 'web.sock.notes')).toHaveLength(3)
})

test('a port is told as a client would write it, and one that is taken is an error', async () => {
  const [one, two] = [createServer(), createServer()]
  servers.push(one)
  const address = await listenOn(one, '127.0.0.1:0', async () => true, world, over.signal)
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  await expect(listenOn(two, `127.0.0.1:${new URL(address).port}`, async () => true, world, over.signal)).rejects.toThrow('EADDRINUSE')
})
