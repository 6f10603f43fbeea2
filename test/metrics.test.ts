/**
 * The figures Prometheus reads: each moves when its cause does, on both databases, and docs/metrics.md
 * explains every one.
 */
import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '../sim/port.ts'
import { because } from '../src/base/reasons.ts'
import { seededRandom } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { instant, type World } from '../src/base/world.ts'
import { keepNodeHeight, setTrouble } from '../src/chain/chain.ts'
import { run } from '../src/jobs/jobs.ts'
import { materialise } from '../src/schedule/schedule.ts'
import { checkBooks } from '../src/reconcile/reconcile.ts'
import { runSlot } from '../src/jobs/runner.ts'
import { claimSlot } from '../src/schedule/slots.ts'
import { keepReconciled } from '../src/ledger/ledger.ts'
import { stopPayouts } from '../src/payout/payout.ts'
import { refreshRates, type RateSource } from '../src/rates/rates.ts'
import { migrate } from '../src/db/migrate.ts'
import { openDb, sql, type Db } from '../src/db/db.ts'
import { exportedFigures } from '../src/web/exportedFigures.ts'
import { serveMetrics, type Metrics } from '../src/web/metrics.ts'
import { makeInbox } from '../src/webhooks/webhooks.ts'
import { virtualClock, type VirtualClock } from './simulation/clock.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation } from './testbed/testInstallation.ts'
import { openTrialAccount } from './testbed/trial.ts'
import { addSchedule } from './testbed/acts.ts'

const second = 1_000
const minute = 60 * second

/** What a scrape says: `repasse_payouts{state="owed",asset="BRL"}` and its value. */
async function scrape(address: string): Promise<Map<string, number>> {
  const response = await fetch(`${address}/metrics`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'tells' : 'is not to be had on this machine', () => {
    let server: Postgres | undefined
    let db: Db
    let clock: VirtualClock
    let world: World
    let metrics: Metrics
    let open = true

    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
    })
    afterAll(() => server?.stop())
    beforeEach(async () => {
      clock = virtualClock(Date.UTC(2026, 10, 21, 12))
      const random = seededRandom(3)
      world = { clock, random, log: silentLog, at: () => undefined }
      db = await openDb(server ? await server.migratedDatabase() : 'sqlite::memory:', {
        clock,
        random,
        virtual: true,
      })
      await migrate(db, clock)
      open = true
      const agreement = { maxAgeMs: 5 * minute, maxDeviation: 200n, least: 2, sources: ['one', 'two'] }
      const parts = { db, roles: ['web', 'worker'], clock, log: silentLog, mayTake: () => open, agreement }
      metrics = await serveMetrics(parts, `127.0.0.1:${await freePort()}`)
    })
    afterEach(async () => {
      await metrics.close()
      if (open) await db.close()
    })

    const pass = (ms: number) => clock.moveTo(clock.now() + ms)
    const now = () => instant(clock.now())
    const told = async (...names: string[]) => {
      const all = await scrape(metrics.address)
      return names.map(name => all.get(`repasse_${name}`))
    }
    const write = (statement: ReturnType<typeof sql>) => db.tx(tx => tx.run(statement))

    async function addDaily() {
      await openTrialAccount(db, world)
      const when = {
        cron: '1 12 * * *',
        timeZone: 'Etc/UTC',
        startsAt: undefined,
        endsAt: undefined,
        dueInMs: 86_400_000,
      }
      const what = {
        countLow: 1,
        countHigh: 1,
        unitsLow: 10_000n,
        unitsHigh: 10_000n,
        roster: undefined,
        payTo: 'main',
      }
      const rule = {
        name: 'daily',
        rail: 'starkbank',
        commissionBp: 0n,
        minPayoutUnits: 0n,
        catchUp: 'all',
      } as const
      await addSchedule(db, world, { ...rule, ...when, ...what }, 'maker')
    }

    /** An invoice and its payout, in these states since now. */
    async function addPair(name: string, invoiceState: string, payoutState: string, asset = 'BRL') {
      const [schedule] = await db.all<{ id: string }>(sql`select id from schedules`)
      const [account] = await db.all<{ id: string }>(sql`select id from accounts`)
      const [invoice, slot] = [`inv_${name}`, `slot_${name}`]
      await write(sql`
        insert into slots (id, schedule_id, schedule_version, due_at, cause, state, next_at, changed_at)
        values (${slot}, ${schedule!.id}, 1, ${`of ${name}`}, 'manual', 'done', ${now()}, ${now()})`)
      await write(sql`
        insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id,
          description, due_at, account_id,
          commission_bp, min_payout_units, state, batch_tag, added_at, changed_at)
        values (${invoice}, 'sto_default', ${slot}, 1, 'starkbank', ${asset}, 100, 'Ana', '1', '', ${now()},
          ${account!.id}, 0, 0,
          ${invoiceState}, ${slot}, ${now()}, ${now()})`)
      await write(sql`
        insert into payouts (id, store_id, invoice_id, rule, account_id, asset, units, withheld_units, state,
          next_at, added_at, changed_at)
        values (${`pay_${name}`}, 'sto_default', ${invoice}, 'net', ${account!.id}, ${asset}, 100, 0,
          ${payoutState}, ${now()}, ${now()}, ${now()})`)
    }

    test('of an empty installation that all is well, and of what it has none nothing', async () => {
      const all = await scrape(metrics.address)
      expect(all.get(`repasse_info{engine="${engine}",roles="web,worker"}`)).toBe(1)
      const quiet = {
        ...{
          database_up: 1,
          intake_open: 1,
          books_in_balance: 1,
          slots_late: 0,
          slots_late_seconds: 0,
          inbox_quarantined: 0,
        },
        ...{ 'inbox_open{state="new"}': 0, 'inbox_open{state="waiting"}': 0, inbox_lag_seconds: 0 },
        ...{ 'unsure{kind="invoice"}': 0, 'unsure{kind="payout"}': 0, 'unsure_seconds{kind="payout"}': 0 },
        ...Object.fromEntries(
          ['hold', 'books', 'bank', 'chain'].map(reason => [`payouts_stopped{reason="${reason}"}`, 0]),
        ),
        rate_usable: 0,
      }
      for (const [name, value] of Object.entries(quiet)) expect(all.get(`repasse_${name}`), name).toBe(value)
      for (const name of ['chain_height', 'provider_balance_units', 'runs_failed', 'payouts{'])
        expect([...all.keys()].filter(key => key.startsWith(`repasse_${name}`))).toEqual([])
      expect(all.get('process_cpu_seconds_total')).toBeGreaterThan(0)
      expect(all.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
    })

    test('how late slots are: a schedule nobody looks at, a slot nobody claims, a worker that is gone', async () => {
      await addDaily()
      const late = () => told('slots_late', 'slots_late_seconds')
      expect(await late()).toEqual([0, 0])
      pass(90 * second)
      expect(await late()).toEqual([1, 30])

      await materialise(db, world)
      pass(60 * second)
      expect(await late()).toEqual([1, 90])
      const slot = await db.tx(claimSlot)
      expect(await late()).toEqual([0, 0])
      pass(75 * second)
      expect(await late()).toEqual([1, 15])

      const runner = { db, world, worker: 'w' }
      await runSlot(
        runner,
        slot!.id,
        minute,
        async () => 'issued',
        async tx => tx.run(sql`update slots set state = 'done' where id = ${slot!.id}`),
      )
      expect(await late()).toEqual([0, 0])
    })

    test('how far the inbox lags, and what in it only a person can settle', async () => {
      const inbox = makeInbox(db, world)
      const keep = (eventId: string) =>
        inbox.keep({ rail: 'starkbank', eventId, raw: Buffer.from('{}'), via: 'push' })
      await keep('a')
      pass(20 * second)
      await keep('b')
      pass(5 * second)
      const lag = () =>
        told(
          'inbox_open{state="new"}',
          'inbox_open{state="waiting"}',
          'inbox_lag_seconds',
          'inbox_quarantined',
        )
      expect(await lag()).toEqual([2, 0, 25, 0])
      await write(sql`update inbox set state = 'waiting' where event_id = 'a'`)
      expect(await lag()).toEqual([1, 1, 25, 0])
      await write(sql`update inbox set state = 'quarantined' where event_id = 'a'`)
      expect(await lag()).toEqual([1, 0, 5, 1])
      await write(sql`update inbox set state = 'done'`)
      expect(await lag()).toEqual([0, 0, 0, 0])
    })

    test('payouts by state and asset, those that ended every five minutes, and how long anything is unsure', async () => {
      await addDaily()
      await addPair('a', 'credited', 'owed')
      await addPair('b', 'credited', 'owed', 'BTC')
      await addPair('c', 'credited', 'paid')
      const payouts = () =>
        told(
          'payouts{state="owed",asset="BRL"}',
          'payouts{state="owed",asset="BTC"}',
          'payouts{state="paid",asset="BRL"}',
        )
      expect(await payouts()).toEqual([1, 1, 1])
      await write(sql`update payouts set state = 'paid' where id = 'pay_a'`)
      expect(await payouts()).toEqual([undefined, 1, 1])
      pass(5 * minute)
      expect(await payouts()).toEqual([undefined, 1, 2])

      const unsure = () =>
        told(
          'unsure{kind="invoice"}',
          'unsure_seconds{kind="invoice"}',
          'unsure{kind="payout"}',
          'unsure_seconds{kind="payout"}',
        )
      await addPair('d', 'unsure', 'held')
      pass(minute)
      await addPair('e', 'credited', 'unsure')
      pass(minute)
      expect(await unsure()).toEqual([1, 120, 1, 60])
      await write(sql`update invoices set state = 'issued' where state = 'unsure'`)
      expect(await unsure()).toEqual([0, 0, 1, 60])
    })

    test('why payouts are stopped, and whether the books are in balance', async () => {
      const stopped = () =>
        told(
          'payouts_stopped{reason="hold"}',
          'payouts_stopped{reason="books"}',
          'payouts_stopped{reason="bank"}',
          'payouts_stopped{reason="chain"}',
          'books_in_balance',
        )
      await db.tx(tx => stopPayouts(tx, because('said', { said: 'a person said so' })))
      expect(await stopped()).toEqual([1, 0, 0, 0, 1])
      // Half of a movement: what no program of ours can write.
      await write(
        sql`insert into ledger_transactions (id, movement, source, at, memo)
          values ('txn_half', 'commission', 'x', ${now()}, '')`,
      )
      await write(
        sql`insert into ledger_entries (transaction_id, line, account, asset, units)
          values ('txn_half', 1, 'bank', 'BRL', 5)`,
      )
      expect(await checkBooks(db, world)).not.toEqual([])
      expect(await stopped()).toEqual([1, 1, 0, 0, 0])
      for (const name of ['bank', 'chain'])
        await write(sql`insert into settings (name, value) values (${name}, 'they differ')`)
      expect(await stopped()).toEqual([1, 1, 1, 1, 0])
      await write(sql`delete from settings where name in ('hold', 'books', 'bank', 'chain')`)
      expect(await stopped()).toEqual([0, 0, 0, 0, 1])
    })

    test('runs that failed within the last hour, by job', async () => {
      const runner = { db, world, worker: 'w' }
      const fail = () => run(runner, 'settle', minute, () => Promise.reject(new Error('a surprise')))
      await fail()
      pass(40 * minute)
      await fail()
      await run(runner, 'settle', minute, async () => 'one settled')
      const failed = () => told('runs_failed{job="settle"}')
      expect(await failed()).toEqual([2])
      pass(30 * minute)
      expect(await failed()).toEqual([1])
      pass(31 * minute)
      expect(await failed()).toEqual([undefined])
    })

    test('what the providers had when last held against the books, and how long ago', async () => {
      await db.tx(tx =>
        keepReconciled(tx, 'starkbank', {
          providerUnits: 5_000n,
          bookUnits: 4_200n,
          inFlightUnits: 1_000n,
          at: now(),
        }),
      )
      await db.tx(tx =>
        keepReconciled(tx, 'bitcoin', { providerUnits: 70n, bookUnits: 80n, inFlightUnits: 0n, at: now() }),
      )
      pass(90 * second)
      const of = (rail: string) => {
        const figures = ['provider_balance_units', 'drift_units', 'in_flight_units', 'reconciled_age_seconds']
        return told(...figures.map(name => `${name}{${rail}}`))
      }
      expect(await of('rail="starkbank",asset="BRL"')).toEqual([5_000, 800, 1_000, 90])
      expect(await of('rail="bitcoin",asset="BTC"')).toEqual([70, -10, 0, 90])
      await db.tx(tx =>
        keepReconciled(tx, 'starkbank', {
          providerUnits: 4_200n,
          bookUnits: 4_200n,
          inFlightUnits: 0n,
          at: now(),
        }),
      )
      expect(await of('rail="starkbank",asset="BRL"')).toEqual([4_200, 0, 0, 0])
    })

    test('how far behind the chain we are, and whether it is followed', async () => {
      const block = (hash: string, height: number) =>
        write(
          sql`insert into chain_blocks (hash, height, previous, at, active)
            values (${hash}, ${height}, '', ${now()}, 1)`,
        )
      await block('a', 100)
      const chain = () =>
        told('chain_height', 'chain_behind_blocks', 'chain_tip_age_seconds', 'chain_followed')
      expect(await chain()).toEqual([100, 0, 0, 1])
      await keepNodeHeight(db, 103)
      await keepNodeHeight(db, 103)
      await setTrouble(db, 'the node does not answer')
      pass(10 * minute)
      expect(await chain()).toEqual([100, 3, 600, 0])
      await block('b', 103)
      await setTrouble(db, undefined)
      expect(await chain()).toEqual([103, 0, 0, 1])
    })

    test('how old the rate is, and whether it can be used', async () => {
      const source = (name: string, price: bigint): RateSource => ({
        name,
        quote: async () => ({ is: 'done', value: { source: name, price, at: now() } }),
      })
      await refreshRates(db, [source('one', 60_000_000n)], world)
      pass(10 * second)
      const rate = () => told('rate_age_seconds', 'rate_usable')
      expect(await rate()).toEqual([10, 0])
      await refreshRates(db, [source('two', 60_100_000n)], world)
      pass(20 * second)
      expect(await rate()).toEqual([30, 1])
      pass(10 * minute)
      expect(await rate()).toEqual([620, 0])
    })

    test('nothing of a database that is gone, which it says, and that intake is closed', async () => {
      await addDaily()
      open = false
      expect(await told('intake_open', 'database_up')).toEqual([0, 1])
      await db.close()
      const all = await scrape(metrics.address)
      expect([all.get('repasse_database_up'), all.get('repasse_intake_open')]).toEqual([0, 0])
      expect(
        [...all.keys()].filter(key => key.startsWith('repasse_slots') || key.startsWith('repasse_payouts')),
      ).toEqual([])
    })

    test('the figures to whoever asks for them, and 404 and 405 to all else', async () => {
      const ask = async (path: string, method = 'GET') => {
        const response = await fetch(`${metrics.address}${path}`, { method })
        return [response.status, (await response.text()).length > 0]
      }
      expect(await ask('/metrics?x=1')).toEqual([200, true])
      expect(await ask('/metrics', 'HEAD')).toEqual([200, false])
      expect(await ask('/metrics', 'POST')).toEqual([405, false])
      for (const path of ['/', '/metrics/', '/console', '/ready', '/webhooks/starkbank'])
        expect(await ask(path), path).toEqual([404, false])
      const together = await Promise.all(Array.from({ length: 20 }, () => ask('/metrics')))
      expect(new Set(together.map(String))).toEqual(new Set(['200,true']))
    })
  })
})

test('an installation that reconciles keeps what the bank had, and tells it', async () => {
  const installation = await openTestInstallation({ settings: { startingBalance: 12_345 } })
  try {
    expect(await installation.audit()).toEqual([])
    const metrics = await serveMetrics(
      { db: installation.db, roles: ['worker'], clock: installation.clock, log: silentLog },
      `127.0.0.1:${await freePort()}`,
    )
    const all = await scrape(metrics.address)
    expect(all.get('repasse_provider_balance_units{rail="starkbank",asset="BRL"}')).toBe(12_345)
    expect(all.get('repasse_drift_units{rail="starkbank",asset="BRL"}')).toBe(0)
    await metrics.close()
  } finally {
    await installation.close()
  }
})

test('docs/metrics.md explains every figure, and none that is not there', () => {
  const text = readFileSync(new URL('../docs/metrics.md', import.meta.url), 'utf8')
  const told = [...exportedFigures.map(({ name }) => name), 'info', 'database_up', 'intake_open']
    .map(name => `repasse_${name}`)
    .sort()
  const rows = [...text.matchAll(/^\| `(repasse_\w+)/gm)].map(match => match[1]!).sort()
  expect(rows).toEqual(told)
  const used = new Set([...text.matchAll(/repasse_\w+/g)].map(([name]) => name))
  expect([...used].filter(name => !told.includes(name))).toEqual([])
})
