/**
 * The console's pages among a hundred thousand and a million invoices, on both databases: each list by each
 * filter, details, the overview.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBank } from '../sim/server.ts'
import { systemClock, systemRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import type { World } from '../src/base/world.ts'
import { acceptInvitation, newToken, openInvitation, signIn } from '../src/people/people.ts'
import { codeAt, stepAt } from '../src/people/totp.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb, type Db } from '../src/db/db.ts'
import { postgresAvailable, startPostgres } from '../test/testbed/postgres.ts'
import type { BenchOptions, Figure } from './figure.ts'
import { accounts, addedAt, idOf, schedules, writePast } from './pagesPast.ts'
import { serve } from './shop.ts'
import { addUser } from '../test/testbed/acts.ts'

const bench = 'pages'
const maxMs = 50

export async function pages({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  const figures: Figure[] = []
  const looks = tiny ? 3 : quick ? 40 : 100
  for (const count of tiny ? [1_000] : quick ? [10_000, 100_000] : [100_000, 1_000_000]) {
    const folder = mkdtempSync(join(tmpdir(), 'repasse-pages-'))
    try {
      figures.push(...(await measure('SQLite', `sqlite:${join(folder, 'repasse.db')}`, count, looks, say)))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    if (!postgresAvailable()) say('  no PostgreSQL here')
    else {
      const postgres = await startPostgres({ durable: false })
      try {
        figures.push(...(await measure('PostgreSQL', await postgres.freshDatabase(), count, looks, say)))
      } finally {
        await postgres.stop()
      }
    }
  }
  return figures
}

async function measure(
  engine: string,
  database: string,
  count: number,
  looks: number,
  say: BenchOptions['say'],
): Promise<Figure[]> {
  const ahead = { ms: 0 }
  const clock = { ...systemClock, now: () => systemClock.now() + ahead.ms }
  const world: World = { clock, random: systemRandom, log: silentLog, at: () => undefined }
  const db = await openDb(database, { ...world, virtual: true })
  let cookie: string
  try {
    await migrate(db, clock)
    const started = performance.now()
    await writePast(db, world, count)
    say(
      `  ${engine}: ${shown(count)} invoices written in ${((performance.now() - started) / 1000).toFixed(0)} s`,
    )
    cookie = `console=${await session(db, world, ahead)}`
  } finally {
    await db.close()
  }
  const folder = mkdtempSync(join(tmpdir(), 'repasse-pages-key-'))
  const bank = await startBank()
  const stop: (() => Promise<unknown>)[] = [() => bank.close()]
  try {
    const origin = await serve({ folder, database, bank, stop })
    return await ask(origin, cookie, { engine, count, looks, now: clock.now(), say })
  } finally {
    for (const step of stop.reverse()) await step()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function session(db: Db, world: World, ahead: { ms: number }): Promise<string> {
  const { token } = await addUser(db, world, { name: 'ana', role: 'checker', language: 'pt-BR' }, 'bench')
  const browser = newToken(world)
  const opening = await openInvitation(db, world, token, browser)
  if (opening.is !== 'open') throw new Error(`the invitation is ${opening.is}`)
  const secret = opening.secret!
  const code = () => codeAt(secret, stepAt(world.clock.now()))
  const password = 'doze palavras ou mais'
  await acceptInvitation(db, world, { token, browser, password, code: code() })
  // A code works once.
  ahead.ms += 30_000
  const answer = await signIn(db, world, {
    name: 'ana',
    password,
    code: code(),
    address: '127.0.0.1',
    agent: 'bench',
  })
  if (answer.is !== 'in') throw new Error(`could not sign in: ${answer.is}`)
  return answer.token
}

interface Asking {
  engine: string
  count: number
  /** How often each kind of page is looked at. */
  looks: number
  now: number
  say: BenchOptions['say']
}

/** Each kind of page with another address at every look, so that nothing is told from memory. */
function kindsOf({ count, now }: Asking): Record<string, Record<string, (look: number) => string>> {
  // Far apart and never the same, whatever the look.
  const some = (look: number) => 1 + ((look * 7_368_787 + 12_345) % (count - 1))
  const paid = (look: number) => some(look) - (some(look) % 100) + 50
  const after = (look: number, kind: string) =>
    encodeURIComponent(`${addedAt(count, some(look), now)}~${idOf(kind, some(look))}`)
  const account = (look: number) => `account=conta-${look % accounts}`
  const day = (look: number) => addedAt(count, some(look), now).slice(0, 10)
  return {
    overview: { '': () => '/console' },
    invoices: {
      'first page': () => '/console/invoices',
      'deep page': look => `/console/invoices?after=${after(look, 'inv')}`,
      state: look => `/console/invoices?state=${['refused', 'issued', 'credited', 'unsure'][look % 4]}`,
      rail: look => `/console/invoices?rail=${['bitcoin', 'starkbank'][look % 2]}`,
      account: look => `/console/invoices?${account(look)}`,
      'account and state': look =>
        `/console/invoices?${account(look)}&state=${['reversed', 'credited'][look % 2]}`,
      schedule: look => `/console/invoices?schedule=agenda-${look % schedules}`,
      'schedule, deep': look =>
        `/console/invoices?schedule=agenda-${look % schedules}&after=${after(look, 'inv')}`,
      days: look => `/console/invoices?from=${day(look)}&to=${day(look)}`,
      'any id': look =>
        `/console/invoices?q=${['bank-', idOf('inv', 0).slice(0, -7)][look % 2]}${look % 2 ? String(some(look)).padStart(7, '0') : some(look)}`,
      amount: look => `/console/invoices?q=${20 + (look % 900)},${10 + (look % 90)}`,
      'tax id': look => `/console/invoices?q=${['111.444.777-35', '318.274.950-14'][look % 2]}`,
    },
    payouts: {
      'first page': () => '/console/payouts',
      'deep page': look => `/console/payouts?after=${after(look, 'pay')}`,
      state: look => `/console/payouts?state=${['held', 'paid', 'unsure'][look % 3]}`,
      rail: look => `/console/payouts?rail=${['bitcoin', 'starkbank'][look % 2]}`,
      account: look => `/console/payouts?${account(look)}`,
      'any id': look => `/console/payouts?q=transfer-${paid(look)}`,
      amount: look => `/console/payouts?q=${20 + (look % 900)},${10 + (look % 90)}`,
    },
    events: {
      'first page': () => '/console/events',
      'deep page': look =>
        `/console/events?after=${encodeURIComponent(`${addedAt(count, some(look), now)}~${some(look)}`)}`,
      state: look => `/console/events?state=${['ignored', 'quarantined', 'done', 'waiting'][look % 4]}`,
      rail: look => `/console/events?rail=${['bitcoin', 'starkbank'][look % 2]}`,
      kind: look => `/console/events?kind=${['transfer.failed', 'invoice.credited'][look % 2]}`,
      via: look => `/console/events?via=${['poll', 'push'][look % 2]}`,
      'what it moved': look => `/console/events?q=${idOf('inv', some(look))}`,
    },
    runs: {
      'first page': () => '/console/runs',
      job: look => `/console/runs?job=${['poll', 'settle'][look % 2]}`,
      schedule: look => `/console/runs?schedule=agenda-${look % schedules}`,
      outcome: look => `/console/runs?state=${['failed', 'done', 'running'][look % 3]}`,
    },
    details: {
      invoice: look => `/console/invoices/${idOf('inv', paid(look))}`,
      payout: look => `/console/payouts/${idOf('pay', paid(look))}`,
      event: look => `/console/events/${some(look)}`,
      posting: look => `/console/postings/${idOf('txn', paid(look))}`,
      run: look => `/console/runs/${idOf('run', 1 + (some(look) % Math.floor(count / 5)))}`,
      search: look => `/console/search?any=bank-${some(look)}`,
    },
    'what is configured': {
      schedules: () => '/console/schedules',
      'a schedule': look => `/console/schedules/agenda-${look % schedules}`,
      'its dry run': look => `/console/schedules/agenda-${look % schedules}/dry-run`,
      accounts: () => '/console/accounts',
      'an account': look => `/console/accounts/conta-${look % accounts}`,
      products: () => '/console/products',
      audit: () => '/console/audit',
    },
  }
}

async function ask(origin: string, cookie: string, asking: Asking): Promise<Figure[]> {
  const { engine, count, looks, say } = asking
  const get = async (path: string) => {
    const started = performance.now()
    const answer = await fetch(`${origin}${path}`, { headers: { cookie }, redirect: 'manual' })
    const text = await answer.text()
    if (answer.status >= 400) throw new Error(`${path} was answered with ${answer.status}`)
    return { ms: performance.now() - started, text }
  }
  const counting = performance.now()
  while (/Ainda somando/.test((await get('/console')).text)) await systemClock.sleep(200)
  const counted = (performance.now() - counting) / 1000
  const figures: Figure[] = [
    {
      bench,
      name: `${engine}, ${shown(count)}: totals counted for the first time`,
      value: counted,
      unit: 's',
    },
  ]
  // The smallest answer of the same process, in turns with each page: what of a page's time is the machine's
  // own.
  const bare: number[] = []
  for (const [group, kinds] of Object.entries(kindsOf(asking))) {
    let worst = { name: '', ms: 0 }
    for (const [name, path] of Object.entries(kinds)) {
      await get(path(0))
      const times: number[] = []
      for (let look = 1; look <= looks; look++) {
        times.push((await get(path(look))).ms)
        bare.push((await get('/health')).ms)
      }
      const ms = share(times, 0.95)
      say(
        `  ${engine}, ${shown(count)}: ${group}${name && `, ${name}`}: ${ms.toFixed(1)} ms, half within ${share(times, 0.5).toFixed(1)}`,
      )
      if (ms > worst.ms) worst = { name, ms }
    }
    const most = worst.name === '' ? '' : `, slowest of ${Object.keys(kinds).length}: ${worst.name}`
    figures.push({
      bench,
      name: `${engine}, ${shown(count)}: ${group}${most}, p95`,
      value: worst.ms,
      unit: 'ms',
      target: { most: maxMs },
    })
  }
  figures.push({
    bench,
    name: `${engine}, ${shown(count)}: /health beside them, p95`,
    value: share(bare, 0.95),
    unit: 'ms',
  })
  return figures
}

const share = (times: readonly number[], part: number): number =>
  times.toSorted((a, b) => a - b)[Math.ceil(times.length * part) - 1]!
const shown = (count: number) => count.toLocaleString('en-US')
