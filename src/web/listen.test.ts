/** The socket's name passes from one server to the next: nobody who asks meanwhile is refused. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { spawn } from 'node:child_process'
import { createServer, request, type Server } from 'node:http'
import { createServer as createPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '../../test/testbed/eventually.ts'
import { until } from '../../test/testbed/until.ts'
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

/** A server that answers its own name, once it may; `asked` hears of each request before that. */
async function open(
  name: string,
  ready: () => Promise<boolean> = async () => true,
  { mayAnswer = Promise.resolve(), asked = () => {} }: { mayAnswer?: Promise<void>; asked?: () => void } = {},
): Promise<Server> {
  const server = createServer((_, answer) => (asked(), void mayAnswer.then(() => answer.end(name))))
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
  let answerNow = () => {}
  let taken = 0
  const mayAnswer = new Promise<void>(resolve => (answerNow = resolve))
  const first = await open('first', undefined, { mayAnswer, asked: () => taken++ })
  const slow = ask()
  await until(() => taken, 'the first request being taken')
  await open('second')
  expect(await ask()).toBe('second')
  answerNow()
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
    while (answers.length < 500 || servers.length > 1 || answers.at(-1) !== '4') answers.push(await ask())
  })()
  for (const name of ['1', '2', '3', '4']) {
    const before = servers.at(-1)!
    await open(name)
    // As the web server does: what connected before the name passed is accepted first. One asks at a time, so
    // none is left then.
    await until(() => answers.at(-1) === name, `an answer of ${name}`)
    await new Promise(resolve => before.close(resolve))
    servers.splice(servers.indexOf(before), 1)
  }
  await asking
  expect(answers.length).toBeGreaterThanOrEqual(500)
  expect([...new Set(answers)]).toEqual(['0', '1', '2', '3', '4'])
})

test('a server that is not ready leaves the name, and takes it when it is', async () => {
  await open('old')
  let is = false
  await open('new', async () => is)
  expect(await ask()).toBe('old')
  is = true
  await eventually(ask).toBe('new')
})

test('one that goes soon gives the name back to who had it, and leaves it with nobody who is gone', async () => {
  const first = await open('first')
  const second = createServer((_, answer) => answer.end('second'))
  servers.push(second)
  const { giveBack } = await listenOn(second, `unix:${path}`, async () => true, world, over.signal)
  expect(await ask()).toBe('second')
  await giveBack()
  expect(await ask()).toBe('first')
  // Twice, and after somebody else took it: the name is not ours to give.
  await open('third')
  await giveBack()
  expect(await ask()).toBe('third')

  const fourth = createServer((_, answer) => answer.end('fourth'))
  servers.push(fourth)
  const last = await listenOn(fourth, `unix:${path}`, async () => true, world, over.signal)
  for (const gone of servers.splice(0).filter(server => server !== fourth))
    await new Promise(resolve => gone.close(resolve))
  servers.push(fourth)
  await last.giveBack()
  expect(await ask()).toBe('fourth')
  expect(first.listening).toBe(false)
})

test('one that is told to go while it is asked whether it is ready takes no name', async () => {
  await open('old')
  let answer: (is: boolean) => void = () => {}
  let asked = 0
  await open('new', () =>
    ++asked === 1 ? Promise.resolve(false) : new Promise(resolve => (answer = resolve)),
  )
  await until(() => asked === 2, 'the new one being asked again')
  over.abort()
  answer(true)
  await new Promise(resolve => setImmediate(resolve))
  expect(await ask()).toBe('old')
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
  const { address } = await listenOn(one, '127.0.0.1:0', async () => true, world, over.signal)
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  await expect(
    listenOn(two, `127.0.0.1:${new URL(address).port}`, async () => true, world, over.signal),
  ).rejects.toThrow('EADDRINUSE')
})

test('only its owner and its group may connect, and a folder that is open to others is said [security A10]', async () => {
  const modes: string[] = []
  const said: unknown[] = []
  const log = { ...silentLog, warn: (fields: unknown) => void said.push(fields) }
  const server = createServer((_, answer) => answer.end('here'))
  servers.push(server)
  chmodSync(folder, 0o750)
  const group = process.getuid!() === 0 ? '65534' : `${process.getgid!()}`
  await listenOn(server, `unix:${path}`, async () => true, { ...world, log }, over.signal, group)
  const { mode, gid } = statSync(path)
  modes.push((mode & 0o777).toString(8))
  expect([modes, `${gid}`, said]).toEqual([['660'], group, []])

  chmodSync(folder, 0o755)
  const next = createServer((_, answer) => answer.end('next'))
  servers.push(next)
  await listenOn(next, `unix:${path}`, async () => true, { ...world, log }, over.signal)
  expect(said).toEqual([{ folder }])
  expect([(statSync(path).mode & 0o777).toString(8), statSync(path).gid]).toEqual([
    '660',
    statSync(folder).gid,
  ])
})

test('a group that this machine does not have is told by the setting’s name', async () => {
  const server = createServer()
  servers.push(server)
  await expect(
    listenOn(server, `unix:${path}`, async () => true, world, over.signal, 'no-such-group'),
  ).rejects.toThrow('LISTEN_GROUP')
})

test.skipIf(process.getuid!() !== 0)(
  'another user of the machine cannot connect, and one of the group can [security A10]',
  async () => {
    await open('here')
    chownSync(folder, 0, 65_534)
    chmodSync(folder, 0o750)
    const server = createServer((_, answer) => answer.end('here'))
    servers.push(server)
    await listenOn(server, `unix:${path}`, async () => true, world, over.signal)
    const asUser = (uid: number, gid: number) => {
      const program = `require('net').connect(${JSON.stringify(path)}).on('connect', () => process.exit(0)).on('error', error => { console.log(error.code); process.exit(1) })`
      return new Promise<string>(resolve => {
        const child = spawn(process.execPath, ['-e', program], { uid, gid, cwd: '/' })
        let said = ''
        child.stdout.on('data', (part: Buffer) => (said += part.toString()))
        child.on('close', code => resolve(code === 0 ? 'connected' : said.trim()))
      })
    }
    expect([await asUser(12_345, 12_345), await asUser(12_345, 65_534)]).toEqual(['EACCES', 'connected'])
  },
)
