/**
 * The shop's pages as a browser waits for them: the first page of a list of 50 products and an order's page,
 * against a bare Koa that answers a constant of the same size.
 */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairSync } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { pictures } from '../sim/pictures.ts'
import { freePort } from '../sim/port.ts'
import { startBank } from '../sim/server.ts'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { placeOrder } from '../src/jobs/orders.ts'
import { starkbankRail } from '../src/rails/starkbank/starkbank.ts'
import { newKey } from '../src/shop/shop.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb } from '../src/db/db.ts'
import { openTrialAccount } from '../test/testbed/trial.ts'
import { fakeBank } from './fakeBank.ts'
import { median, type BenchOptions, type Figure } from './figure.ts'
import { addProduct, payShopTo } from '../test/testbed/acts.ts'

const program = fileURLToPath(new URL('../bin/repasse', import.meta.url))
const projectId = '5656565656565656'
const productCount = 50
/** As long as the bank writes them. */
const brcode = `00020101021226890014br.gov.bcb.pix2567brcode-h.sandbox.starkinfra.com/v2/${'a1'.repeat(16)}5204000053039865802BR5925Stark Bank S.A. - Institu6009Sao Paulo62070503***6304ABCD`

export async function shop({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'repasse-bench-'))
  const bank = await startBank()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const stop: (() => Promise<unknown>)[] = [() => bank.close()]
  try {
    const database = `sqlite:${join(folder, 'repasse.db')}`
    const orderPath = await stock(database, bank.bank.settings.workspaceId)
    const ours = await serve({ folder, database, bank, stop })
    const pages = await Promise.all(
      [
        ['first page of 50 products', '/'],
        ['page of an order', orderPath],
      ].map(async ([name, path]) => {
        const { bytes } = await load(agent, `${ours}${path}`)
        return { name: name!, ours: `${ours}${path}`, bare: await serveBare(bytes, stop), bytes }
      }),
    )
    const rounds = tiny ? 1 : quick ? 3 : 7
    const loads = tiny ? 5 : quick ? 100 : 400
    const figures: Figure[] = []
    for (const { name, ours, bare, bytes } of pages) {
      const times: Record<'ours' | 'bare', { p50: number[]; p95: number[] }> = {
        ours: { p50: [], p95: [] },
        bare: { p50: [], p95: [] },
      }
      // The first round warms up caches and the compiler, and is not counted; each has its turn in each, so
      // that a busy minute meets both.
      for (let round = 0; round <= rounds; round++)
        for (const [whose, url] of [
          ['ours', ours],
          ['bare', bare],
        ] as const) {
          const ms: number[] = []
          for (let one = 0; one < loads; one++) ms.push((await load(agent, url)).ms)
          if (round === 0) continue
          ms.sort((a, b) => a - b)
          times[whose].p50.push(ms[Math.floor(loads * 0.5)]!)
          times[whose].p95.push(ms[Math.floor(loads * 0.95)]!)
        }
      const middle = (whose: 'ours' | 'bare', part: 'p50' | 'p95') => median(times[whose][part])
      say(
        `  ${name}, ${Math.round(bytes / 1_024)} kB: p50 ${middle('ours', 'p50').toFixed(2)} ms, bare Koa ${middle('bare', 'p50').toFixed(2)} ms`,
      )
      figures.push(
        { bench: 'shop', name: `${name}: p50`, value: middle('ours', 'p50'), unit: 'ms' },
        {
          bench: 'shop',
          name: `${name}: p95`,
          value: middle('ours', 'p95'),
          unit: 'ms',
          target: { most: 50 },
        },
        {
          bench: 'shop',
          name: `${name}: p50 against bare Koa`,
          value: middle('ours', 'p50') / middle('bare', 'p50'),
          unit: '×',
        },
        {
          bench: 'shop',
          name: `${name}: p95 against bare Koa`,
          value: middle('ours', 'p95') / middle('bare', 'p95'),
          unit: '×',
        },
      )
    }
    return figures
  } finally {
    agent.destroy()
    for (const step of stop.reverse()) await step()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Products, and an order that waits for its Pix. Answers where the order is. */
async function stock(database: string, workspaceId: string): Promise<string> {
  const world = { clock: systemClock, random: systemRandom, log: silentLog, at: () => undefined }
  const db = await openDb(database, world)
  try {
    await migrate(db, world.clock)
    await openTrialAccount(db, world)
    await payShopTo(
      db,
      { rail: 'starkbank', account: 'main', commissionBp: 150n, minPayoutUnits: 0n },
      'maker',
    )
    const photo = pictures.mug()
    const ids: string[] = []
    for (let one = 1; one <= productCount; one++) {
      const what = {
        name: `Caneca de cerâmica no. ${one}`,
        description: 'Feita à mão; cada uma é um pouco diferente.',
        photo,
      }
      ids.push(
        (await addProduct(db, world, { ...what, units: 5_500n + BigInt(one), stock: BigInt(one) }, 'maker'))
          .id,
      )
    }
    const bank = fakeBank({ remember: true })
    const { createInvoices } = bank
    bank.createInvoices = async (bodies, deadline) => {
      const answer = await createInvoices(bodies, deadline)
      if (answer.is === 'done') for (const invoice of answer.value) invoice.brcode = brcode
      return answer
    }
    const rail = starkbankRail({ bank, workspaceId, ...world })
    const placed = await placeOrder(
      { db, world, rails: { starkbank: rail } },
      {
        ...{ basketKey: newKey(world), rail: 'starkbank', language: 'pt-BR' },
        lines: ids.slice(0, 3).map(productId => ({ productId, quantity: 1n })),
        buyer: { name: 'Ana Prado', email: 'ana@example.com', taxId: '012.345.678-90' },
      },
    )
    if (placed.is !== 'placed') throw new Error('the order of the bench was not placed')
    return `/orders/${placed.order.token}`
  } finally {
    await db.close()
  }
}

export interface Serving {
  folder: string
  database: string
  bank: Awaited<ReturnType<typeof startBank>>
  stop: (() => Promise<unknown>)[]
}

/** The program as it is shipped, serving pages alone. */
export async function serve({ folder, database, bank, stop }: Serving): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const key = join(folder, 'project.pem')
  writeFileSync(key, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o400 })
  bank.bank.addProject({
    id: projectId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  })
  const listen = `127.0.0.1:${await freePort()}`
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    DATABASE_URL: database,
    LISTEN: listen,
    LOG_LEVEL: 'silent',
    STARKBANK_PROJECT_ID: projectId,
    STARKBANK_WORKSPACE_ID: bank.bank.settings.workspaceId,
    STARKBANK_PRIVATE_KEY_FILE: key,
    STARKBANK_API_URL: bank.url,
  }
  const server = spawn(program, ['serve', '--roles', 'web'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const gone = once(server, 'exit')
  stop.push(async () => (server.kill('SIGTERM'), gone))
  const url = `http://${listen}`
  for (const end = performance.now() + 30_000; ;) {
    const alive = await fetch(`${url}/health`).then(
      async answer => (await answer.arrayBuffer(), answer.ok),
      () => false,
    )
    if (alive) return url
    if (server.exitCode !== null || performance.now() > end) throw new Error('repasse serve did not start')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** In a process of its own, as ours is. */
async function serveBare(bytes: number, stop: (() => Promise<unknown>)[]): Promise<string> {
  const server = fork(fileURLToPath(new URL('shopBare.ts', import.meta.url)), [`${bytes}`])
  const gone = once(server, 'exit')
  stop.push(async () => (server.kill('SIGTERM'), gone))
  const [{ port }] = (await once(server, 'message')) as [{ port: number }]
  return `http://127.0.0.1:${port}/`
}

/** One page over a kept-alive connection: how long until its last byte, and how many there were. */
const load = (agent: Agent, url: string): Promise<{ ms: number; bytes: number }> =>
  new Promise((resolve, reject) => {
    const startedAt = performance.now()
    get(url, { agent }, answer => {
      let bytes = 0
      answer.on('data', (part: Buffer) => (bytes += part.length))
      answer.on('end', () =>
        answer.statusCode === 200
          ? resolve({ ms: performance.now() - startedAt, bytes })
          : reject(new Error(`${url} answered ${answer.statusCode}`)),
      )
    }).on('error', reject)
  })
