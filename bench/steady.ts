/**
 * The default deployment, web and worker in one process, at a steady rate: events come at their own times,
 * whether the last was answered or not.
 */
import { fork, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../sim/port.ts'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import type { World } from '../src/base/world.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb, sql } from '../src/db/db.ts'
import { creditOf, writeIssued } from './credits.ts'
import { workspaceId } from './events.ts'
import { median, type BenchOptions, type Figure } from './figure.ts'

const program = fileURLToPath(new URL('../bin/repasse', import.meta.url))
const world: World = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }
const perSecond = 400
const bench = 'steady'
const warmMs = 2_000

interface Steady {
  p50Ms: number
  p99Ms: number
  mostMs: number
  /** Of what came, settled when the last was answered. */
  settled: number
}

export async function steady({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  const [seconds, rounds] = tiny ? [3, 1] : quick ? [10, 1] : [20, 3]
  const results = new Map<string, Steady[]>([
    ['web alone', []],
    ['web and worker', []],
  ])
  for (let round = 1; round <= rounds; round++)
    for (const [name, list] of results) {
      const found = await measure(name === 'web alone' ? 'web' : 'web,worker', seconds)
      list.push(found)
      const { p50Ms, p99Ms, mostMs, settled } = found
      say(
        `  round ${round} of ${rounds}: ${name}: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)}, most ${mostMs.toFixed(0)}, ${(100 * settled).toFixed(0)} % settled`,
      )
    }
  const middle = (name: string, part: keyof Steady) => median(results.get(name)!.map(result => result[part]))
  const at = `${perSecond} events/s`
  const [alone, both] = [middle('web alone', 'p99Ms'), middle('web and worker', 'p99Ms')]
  return [
    { bench, name: `web alone, ${at}: p50`, value: middle('web alone', 'p50Ms'), unit: 'ms' },
    { bench, name: `web alone, ${at}: p99`, value: alone, unit: 'ms' },
    { bench, name: `web and worker, ${at}: p50`, value: middle('web and worker', 'p50Ms'), unit: 'ms' },
    { bench, name: `web and worker, ${at}: p99`, value: both, unit: 'ms', target: { most: 50 } },
    { bench, name: 'with the worker against without, p99', value: both / alone, unit: '×' },
    {
      bench,
      name: 'settled by the last answer',
      value: 100 * middle('web and worker', 'settled'),
      unit: '%',
    },
  ]
}

async function measure(roles: string, seconds: number): Promise<Steady> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-steady-'))
  const stop: (() => Promise<unknown>)[] = []
  try {
    const count = perSecond * seconds
    const database = `sqlite:${join(folder, 'repasse.db')}`
    const db = await openDb(database, world)
    await migrate(db, world.clock)
    await writeIssued(db, world, count)
    await db.close()
    const address = await serve(folder, database, roles, stop)
    const requests = Array.from({ length: count }, (_, number) => creditOf(number))
    const waits = await load(address, requests)
    const after = await openDb(database, { ...world, readOnly: true })
    const row = await after.one<{ settled: bigint }>(
      sql`select count(*) as settled from invoices where state = 'credited'`,
    )
    await after.close()
    const sorted = waits.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
    return { p50Ms: at(0.5), p99Ms: at(0.99), mostMs: sorted.at(-1)!, settled: Number(row!.settled) / count }
  } finally {
    for (const step of stop.reverse()) await step()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The program as it is shipped, and a bank for it. Answers its port. */
async function serve(
  folder: string,
  database: string,
  roles: string,
  stop: (() => Promise<unknown>)[],
): Promise<number> {
  const bank = fork(fileURLToPath(new URL('bankServer.ts', import.meta.url)))
  stop.push(async () => bank.kill())
  const [{ port: bankPort }] = (await once(bank, 'message')) as [{ port: number }]
  const key = join(folder, 'project.pem')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  writeFileSync(key, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  const port = await freePort()
  const env = {
    ...{
      PATH: process.env['PATH'],
      HOME: folder,
      DATABASE_URL: database,
      LISTEN: `127.0.0.1:${port}`,
      LOG_LEVEL: 'warn',
    },
    ...{
      STARKBANK_PROJECT_ID: '5656565656565656',
      STARKBANK_WORKSPACE_ID: workspaceId,
      STARKBANK_PRIVATE_KEY_FILE: key,
    },
    STARKBANK_API_URL: `http://127.0.0.1:${bankPort}`,
  }
  const server = spawn(program, ['serve', '--roles', roles], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const gone = once(server, 'exit')
  stop.push(async () => (server.kill('SIGTERM'), gone))
  for (const end = performance.now() + 30_000; ;) {
    const alive = await fetch(`http://127.0.0.1:${port}/health`).then(
      async answer => (await answer.arrayBuffer(), answer.ok),
      () => false,
    )
    // What a start costs is not what is measured.
    if (alive) return (await systemClock.sleep(3_000), port)
    if (server.exitCode !== null || performance.now() > end) throw new Error('repasse serve did not start')
    await systemClock.sleep(20)
  }
}

/**
 * Sends each at its own time, counted from which its wait is: who must stand in line for a connection has
 * waited too.
 */
async function load(port: number, events: readonly { body: Buffer; signature: string }[]): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 128 })
  const waits: number[] = []
  const startedAt = performance.now() + 100
  const send = ({ body, signature }: { body: Buffer; signature: string }, dueAt: number) =>
    new Promise<void>((resolve, reject) => {
      const headers = {
        'content-type': 'application/json',
        'content-length': body.length,
        'digital-signature': signature,
      }
      const asked = request(
        { agent, host: '127.0.0.1', port, method: 'POST', path: '/webhooks/starkbank', headers },
        answer => {
          answer.resume()
          answer.on('end', () => {
            // A program that has just started compiles what it meets first.
            if (dueAt - startedAt >= warmMs) waits.push(performance.now() - dueAt)
            if (answer.statusCode === 200) resolve()
            else reject(new Error(`an event was answered with ${answer.statusCode}`))
          })
        },
      )
      asked.on('error', reject)
      asked.end(body)
    })
  const sending: Promise<void>[] = []
  for (const [number, event] of events.entries()) {
    const dueAt = startedAt + (number * 1_000) / perSecond
    const leftMs = dueAt - performance.now()
    if (leftMs > 0) await systemClock.sleep(leftMs)
    sending.push(send(event, dueAt))
  }
  await Promise.all(sending)
  agent.destroy()
  return waits
}
