/**
 * A worker that is suspended (SIGSTOP) at each point around a call to the bank, for every length around the
 * limits, while another works on: nothing is asked for twice, nothing is paid twice, and both go on
 * afterwards.
 */
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startBank, type BankServer } from '../sim/server.ts'
import { refused } from '../src/base/answer.ts'
import { clockText } from '../src/base/clockFile.ts'
import type { Millis } from '../src/base/world.ts'
import { issueDrafts, resolveUnsureInvoices } from '../src/invoice/invoice.ts'
import { runDueSlots, type App } from '../src/jobs/jobs.ts'
import { runNow } from '../src/schedule/schedule.ts'
import { checkLedger } from '../src/ledger/ledger.ts'
import { resolvePayouts, sendPayouts } from '../src/payout/payout.ts'
import { absenceMs, callMs } from '../src/rails/rail.ts'
import { migrate } from '../src/db/migrate.ts'
import { sql } from '../src/db/db.ts'
import { pollEvents, settleInbox } from '../src/webhooks/webhooks.ts'
import { memoryFolder, postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { attend, nextDue } from './simulation/settled.ts'
import { openStallApp, stallClock, type StallOrder, type StallPlace } from './testbed/stalls.ts'
import { openTrialAccount } from './testbed/trial.ts'
import { addSchedule } from './testbed/acts.ts'

const lengths: Millis[] = [
  ...[0, callMs - 1_000, callMs, callMs + 1_000, absenceMs - 1_000, absenceMs + 1_000],
  ...[2 * absenceMs - 1_000, 2 * absenceMs + 1_000, 3 * absenceMs + 1_000, 3_600_000],
]
const before = (look: number) => ({ look, when: 'before' }) as const
const after = (look: number) => ({ look, when: 'after' }) as const

/**
 * Looks at the deadline: when it is started, before the call, when the request is made, and when its socket
 * is there, just before its bytes leave.
 */
const stops: [act: StallOrder['act'], name: string, stopAt: StallOrder['stopAt']][] = [
  ['issue', 'with its slot claimed', { point: 'slot claimed' }],
  ['issue', 'before its deadline is started', before(1)],
  ['issue', 'when its deadline has started', after(1)],
  ['issue', 'with its invoices claimed', { point: 'invoices claimed' }],
  ['issue', 'on its way to the call', after(2)],
  ['issue', 'with its request made', after(3)],
  ['issue', 'with its socket connected', before(4)],
  ['issue', 'with its answer in its hand', { point: 'invoices asked for' }],
  ['ask again', 'with what the bank has in its hand', { point: 'invoices looked up' }],
  ['ask again', 'with its invoices claimed', { point: 'invoices claimed' }],
  ['ask again', 'with its socket connected', before(6)],
  ['ask again', 'with its answer in its hand', { point: 'invoices asked for' }],
  ['pay', 'with its payouts claimed', { point: 'payouts claimed' }],
  ['pay', 'on its way to the call', after(2)],
  ['pay', 'with its socket connected', before(4)],
  ['pay', 'with its answer in its hand', { point: 'payouts asked for' }],
  ['pay again', 'with what the bank has in its hand', { point: 'payouts looked up' }],
  ['pay again', 'with its socket connected', before(5)],
  ['pay again', 'with its answer in its hand', { point: 'payout asked for again' }],
  ['pay once more', 'with what the bank has in its hand', { point: 'payout looked at' }],
  ['pay once more', 'with leave to order', { point: 'payout may be ordered' }],
  ['pay once more', 'with its payouts claimed', { point: 'payouts claimed' }],
  ['pay once more', 'with its socket connected', before(8)],
]

interface Stalls {
  bank: BankServer['bank']
  /** The worker that goes on. */
  app: App
  /**
   * Stops the other one in `act` for `ms`, while this one works on; then lets it go on, and everything
   * settle.
   */
  stall(
    act: StallOrder['act'],
    stopAt: StallOrder['stopAt'],
    ms: Millis,
    meanwhile?: () => Promise<void>,
  ): Promise<void>
  /**
   * The worker that goes on orders once: the bank takes it on, and its answer is that it did not. Then nobody
   * works for `ms`.
   */
  orderUnheard(ms: Millis): Promise<void>
  /** Works on and hears what the bank has to tell, for `ms`. */
  workAndListen(ms: Millis): Promise<void>
  close(): Promise<void>
}

/** A process that obeys; one is enough for every place. */
interface Other {
  pid: number
  tell(order: StallOrder): void
  /** What it has said since it was last told something. */
  said: string[]
}

function startOther(): Other & { close(): void } {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'testbed/stallWorker.ts')],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const said: string[] = []
  createInterface({ input: child.stdout }).on('line', line => said.push(line))
  return {
    pid: child.pid!,
    said,
    tell(order) {
      said.length = 0
      child.stdin.write(`${JSON.stringify(order)}\n`)
    },
    close: () => void child.kill('SIGKILL'),
  }
}

async function openStalls(database: string, folder: string, other: Other): Promise<Stalls> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const projectId = '5656565656565656'
  const clockFile = join(folder, 'clock')
  let nowMs = Date.parse('2026-11-21T03:00:00Z')
  const began = nowMs
  const kept = openSync(clockFile, 'w')
  const keep = () => writeSync(kept, clockText({ nowMs, uptimeMs: nowMs - began }), 0)
  keep()
  // It judges no signatures: nobody here signs wrongly, and each costs the bank more than its answer.
  const settings = { skipAuth: true, payRate: 0, fee: 50, startingBalance: 0 }
  const { url: bankUrl, bank, close: closeBank } = await startBank({ clock: stallClock(clockFile), settings })
  bank.addProject({
    id: projectId,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  })
  const privateKeyPem = privateKey.export({ type: 'sec1', format: 'pem' }) as string
  const place: StallPlace = {
    database,
    bankUrl,
    workspaceId: bank.settings.workspaceId,
    projectId,
    privateKeyPem,
    clockFile,
    seed: 1,
  }

  const app = await openStallApp(place)
  const { db, world } = app
  const bankRail = app.rails.starkbank!
  let refusal: 'untaken' | 'taken' | undefined
  const rail: typeof bankRail = {
    ...bankRail,
    async pay(orders, deadline) {
      const answer = refusal === 'untaken' ? undefined : await bankRail.pay(orders, deadline)
      return refusal === undefined ? answer! : refused('too many requests', true)
    },
  }
  await migrate(db, world.clock)
  await openTrialAccount(db, world)
  const when = {
    cron: '0 0 1 1 *',
    timeZone: 'Etc/UTC',
    startsAt: undefined,
    endsAt: undefined,
    dueInMs: 172_800_000,
  }
  const what = {
    countLow: 2,
    countHigh: 2,
    unitsLow: 10_000n,
    unitsHigh: 10_000n,
    roster: undefined,
    payTo: 'main',
  }
  const rule = {
    name: 'trial',
    rail: 'starkbank',
    commissionBp: 150n,
    minPayoutUnits: 0n,
    catchUp: 'none',
  } as const
  const schedule = await addSchedule(db, world, { ...rule, ...when, ...what }, 'maker')

  let seed = 1
  const { said } = other

  const advance = (ms: Millis) => {
    nowMs += ms
    keep()
    bank.advance()
  }
  /** Lets time pass as long as it takes: whoever waits to try again waits by this clock. */
  async function meanwhile<T>(work: Promise<T>): Promise<T> {
    const pump = setInterval(() => advance(40), 4)
    try {
      return await work
    } finally {
      clearInterval(pump)
    }
  }
  const isSaid = (word: RegExp) =>
    vi.waitUntil(() => said.some(line => word.test(line)), { timeout: 240_000, interval: 2 })
  const isStopped = () => / T /.test(readFileSync(`/proc/${other.pid}/stat`, 'utf8'))

  /** What the timetable does, by this worker. */
  async function work(): Promise<void> {
    await runDueSlots(app)
    await resolveUnsureInvoices(db, rail, world)
    await issueDrafts(db, rail, world)
    await settleInbox(app)
    await sendPayouts(db, rail, world)
    await resolvePayouts(db, rail, world)
  }
  /** In steps, of which those with nothing due by the books only pass: working then finds nothing to do. */
  async function workFor(ms: Millis, stepMs: Millis): Promise<void> {
    let dueMs = 0
    for (let leftMs = ms; leftMs > 0; leftMs -= stepMs) {
      advance(Math.min(stepMs, leftMs))
      if (nowMs < dueMs && leftMs > stepMs) continue
      await meanwhile(work())
      const next = await nextDue(db)
      dueMs = next === undefined ? Infinity : Date.parse(next)
    }
  }
  async function listen(): Promise<void> {
    await meanwhile(pollEvents(db, rail, app.inbox, world))
    await workFor(2_000, 1_000)
  }

  async function prepare(act: StallOrder['act']): Promise<void> {
    await db.tx(tx => runNow(tx, world, schedule, 'maker'))
    if (act === 'issue') return
    if (act === 'ask again') bank.setFaults({ resetBefore: 1 })
    await meanwhile(runDueSlots(app))
    if (act === 'ask again') {
      bank.setFaults({ resetBefore: 0 })
      advance(absenceMs + 1_000)
      await meanwhile(resolveUnsureInvoices(db, rail, world))
      advance(absenceMs + 1_000)
      return
    }
    const slot = (await db.one<{ id: string }>(
      sql`select slot_id as id from invoices order by added_at desc, id desc limit 1`,
    ))!.id
    for (const { id, tags } of bank.invoices()) if (tags.includes(slot.toLowerCase())) bank.pay(id)
    advance(10_000)
    await meanwhile(pollEvents(db, rail, app.inbox, world))
    await meanwhile(settleInbox(app))
    if (act === 'pay') return
    if (act === 'pay once more') {
      refusal = 'untaken'
      await meanwhile(sendPayouts(db, rail, world))
      refusal = undefined
      advance(61_000)
      return
    }
    bank.setFaults({ resetBefore: 1 })
    await meanwhile(sendPayouts(db, rail, world))
    bank.setFaults({ resetBefore: 0 })
    advance(absenceMs + 1_000)
    await meanwhile(resolvePayouts(db, rail, world))
    advance(absenceMs + 1_000)
  }

  return {
    bank,
    app,
    async orderUnheard(ms) {
      refusal = 'taken'
      await meanwhile(sendPayouts(db, rail, world))
      refusal = undefined
      advance(ms)
    },
    async workAndListen(ms) {
      await workFor(ms, 20_000)
      await listen()
    },
    async stall(act, stopAt, ms, also = async () => undefined) {
      await prepare(act)
      other.tell({ place: { ...place, seed: ++seed }, act, stopAt })
      await meanwhile(isSaid(/^stopped|^done|^failed/))
      expect(said, 'it did not come to that point').toEqual(['stopped'])
      await vi.waitUntil(isStopped, { timeout: 240_000, interval: 2 })
      await workFor(Math.min(ms, 4 * absenceMs), 20_000)
      if (ms > 4 * absenceMs) await workFor(ms - 4 * absenceMs, 600_000)
      await also()
      process.kill(other.pid, 'SIGCONT')
      await meanwhile(isSaid(/^done|^failed/))
      expect(said).toEqual(['stopped', 'done'])
      // Nothing is claimed again before an absence is over, so one look after each finds as much as four.
      await workFor(3 * absenceMs, absenceMs)
      await listen()
    },
    async close() {
      await app.close()
      await closeBank()
      closeSync(kept)
    },
  }
}

/**
 * What the bank has under each of our tags: exactly one invoice, of which no second was ever made, and one
 * paid transfer, as the books say.
 */
async function expectOnce({ bank, app: { db } }: Stalls, how: string, made = bank.invoices()): Promise<void> {
  const byTag = Map.groupBy(made, ({ tags }) => tags.find(tag => tag.startsWith('inv_')))
  const rows = await db.all<{ id: string; state: string; provider_id: string | null }>(
    sql`select id, state, provider_id from invoices`,
  )
  for (const { id, state, provider_id: ours } of rows) {
    const there = byTag.get(id.toLowerCase()) ?? []
    expect(there, `${how}: ${id} is ${state}`).toHaveLength(1)
    expect(ours, `${how}: ${id} is ${state}`).toBe(there[0]!.id)
  }
  const paid = Map.groupBy(
    bank.transfers().filter(({ status }) => status !== 'failed' && status !== 'canceled'),
    ({ tags }) => tags.find(tag => tag.startsWith('inv_')),
  )
  const payouts = await db.all<{ invoice_id: string; state: string }>(
    sql`select invoice_id, state from payouts`,
  )
  for (const { invoice_id: id, state } of payouts) {
    expect(paid.get(id.toLowerCase()), `${how}: the payout of ${id} is ${state}`).toHaveLength(1)
    expect(state, how).toBe('paid')
  }
  expect(await checkLedger(db), how).toEqual([])
}

const engines = [
  ['SQLite', true],
  ['PostgreSQL', postgresAvailable()],
] as const

describe.for(engines)('on %s a worker that is suspended', ([engine, available]) => {
  let other: ReturnType<typeof startOther>
  let postgres: Postgres | undefined
  let folder: string
  let stalls: Stalls
  beforeAll(async () => {
    other = startOther()
    if (engine === 'PostgreSQL' && available) postgres = await startPostgres({ durable: false })
  })
  afterAll(async () => {
    other.close()
    await postgres?.stop()
  })
  beforeEach(async () => {
    folder = mkdtempSync(join(memoryFolder() ?? tmpdir(), 'repasse-stalled-'))
    stalls = await openStalls(
      postgres ? await postgres.migratedDatabase() : `sqlite:${join(folder, 'repasse.db')}`,
      folder,
      other,
    )
  })
  afterEach(async () => {
    await stalls.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.skipIf(!available).for(stops)('to %s, %s', { timeout: 300_000 }, async ([act, name, stopAt]) => {
    for (const ms of lengths) {
      await stalls.stall(act, stopAt, ms)
      await expectOnce(stalls, `${act}, ${name}, for ${ms} ms`)
    }
  })

  // The key of a failed transfer is free again: the late order would be paid beside the one that took its
  // place.
  test.skipIf(!available)(
    'to pay, while its key fails in other hands and the next one is paid',
    { timeout: 300_000 },
    async () => {
      const { bank, app, stall, workAndListen } = stalls
      await stall('pay', before(4), 0, async () => {
        bank.setSettings({ transferFailRate: 1 })
        await workAndListen(4 * absenceMs)
        bank.setSettings({ transferFailRate: 0 })
        expect(bank.transfers().map(({ status }) => status)).toEqual(['failed', 'failed'])
        await attend(app.db)
        await workAndListen(4 * absenceMs)
        expect(bank.transfers().filter(({ status }) => status === 'success')).toHaveLength(2)
      })
      expect(bank.transfers()).toHaveLength(4)
      await expectOnce(stalls, 'with a free key')
    },
  )

  test.skipIf(!available).for(['payout looked at', 'payout may be ordered'])(
    'at "%s", while the bank takes an order in other hands and says that it did not',
    { timeout: 300_000 },
    async point => {
      for (const ms of [0, 19_000, 61_000, 180_000, 3_600_000]) {
        await stalls.stall('pay once more', { point }, 0, () => stalls.orderUnheard(ms))
        await expectOnce(stalls, `${point}, for ${ms} ms`)
      }
    },
  )

  // Nobody can look between the last look at the deadline and the bytes: what remains of the window is closed
  // by what comes after it.
  test.skipIf(!available)(
    'to issue, between its last look and its first byte: the second invoice is canceled',
    { timeout: 300_000 },
    async () => {
      for (const ms of lengths) await stalls.stall('issue', after(4), ms)
      const made = stalls.bank.invoices()
      const second = made.filter(({ status }) => status === 'canceled')
      expect(second.length).toBeGreaterThan(0)
      expect(made).toHaveLength(2 * lengths.length + second.length)
      await expectOnce(
        stalls,
        'in the window',
        made.filter(invoice => !second.includes(invoice)),
      )
    },
  )
})
