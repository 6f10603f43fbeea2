/**
 * Clocks that jump, on both databases: nothing is done by a time that is wrong, and what a wrong time wrote
 * down is mended.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startNode } from '../sim/chain/server.ts'
import { judgedClock } from '../src/base/clockJudge.ts'
import { seededRandom, systemClock } from '../src/base/clock.ts'
import { instant, later } from '../src/base/world.ts'
import { runDueSlots, timetable, wake } from '../src/jobs/jobs.ts'
import { runNow, needSchedule } from '../src/schedule/schedule.ts'
import { bringBack, mendNextTimes, waiting } from '../src/jobs/clock.ts'
import { listAlarms } from '../src/ledger/ledger.ts'
import { openDb, sql } from '../src/db/db.ts'
import { readiness, status } from '../src/queries/status.ts'
import { wallClock } from './simulation/jumps.ts'
import { openChainInstallation } from './testbed/chainInstallation.ts'
import { owing } from './testbed/owing.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { restate } from './testbed/restate.ts'
import { setScheduleState } from './testbed/acts.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

test('every table whose rows wait for a time is brought back from one that was told wrong', async () => {
  const installation = await openTestInstallation()
  const tables = await installation.db.all<{ name: string }>(
    sql`select m.name from sqlite_master m join pragma_table_info(m.name) c on c.name = 'next_at'
      where m.type = 'table' order by m.name`,
  )
  await installation.close()
  // A schedule's own time is brought back with the slots that it was looked at for.
  expect(tables.map(({ name }) => name).filter(name => name !== 'schedules')).toEqual(
    waiting.map(({ table }) => table).toSorted(),
  )
})

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      const wall = { offsetMs: 0 }
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      const open = async (judged: boolean) => {
        const databaseUrl = await postgres?.migratedDatabase()
        wall.offsetMs = 0
        installation = await openTestInstallation({
          databaseUrl,
          cron: '0 * * * *',
          appClock: clock => wallClock(clock, wall, { judged }),
        })
      }
      beforeEach(() => open(true))
      afterEach(() => installation.close())

      /** Every job, as often as it is said, and the events that came. */
      const work = async (times = 3) => {
        for (let time = 0; time < times; time++) {
          for (const job of timetable(installation.app)) await wake(installation.app, job)
          installation.pass(2 * minute)
        }
      }
      const count = async (table: string) =>
        Number(
          (await installation.db.one<{ count: bigint }>({
            texts: [`select count(*) as count from ${table}`],
            values: [],
          }))!.count,
        )
      const needs = async () =>
        (await status(installation.db, { now: instant(installation.clock.now()) })).needsPerson.join('\n')
      const late = async () =>
        (
          await installation.db.all<{ due_at: string }>(
            sql`select due_at from slots where cause = 'cron' order by due_at`,
          )
        ).map(row => row.due_at)

      test('six days ahead: nothing is issued or paid, it is said, and it goes on as if nothing had been', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5_000)
        await work(1)
        const before = {
          slots: await count('slots'),
          invoices: installation.bank.invoices().length,
          transfers: installation.transfers().length,
        }
        wall.offsetMs = 6 * day
        await installation.db.tx(async tx =>
          runNow(tx, installation.app.world, await needSchedule(tx, 'trial'), 'maker'),
        )
        await work(3)
        expect([
          await count('slots'),
          installation.bank.invoices().length,
          installation.transfers().length,
        ]).toEqual([before.slots + 1, before.invoices, before.transfers])
        expect((await listAlarms(installation.db)).map(({ name }) => name)).toEqual(['clock of installation'])
        expect(await needs()).toContain('the clocks disagree on installation')
        expect((await readiness(installation.db)).checks['clock']).toContain('off')

        wall.offsetMs = 0
        installation.pass(hour)
        await work(3)
        expect(await listAlarms(installation.db)).toEqual([])
        expect((await late()).filter(at => at > instant(installation.clock.now()))).toEqual([])
        // The slot of the hour that passed, and the one that a person asked for while the clock was ahead.
        expect(installation.bank.invoices().length).toBe(before.invoices + 2)
        expect(installation.transfers().filter(({ status: shown }) => shown === 'success')).toHaveLength(1)
        expect(await installation.audit()).toEqual([])
      })

      test('a process that begins with its clock ahead asks the bank for the time before it issues or pays', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5_000)
        await installation.hear(installation.event('invoice.credited'))
        const invoices = installation.bank.invoices().length
        wall.offsetMs = 6 * day
        const begun = installation.another('begun')
        for (const name of ['send-payouts', 'slots'])
          await wake(
            begun,
            timetable(begun).find(job => job.name === name)!,
          )
        expect(installation.bank.invoices()).toHaveLength(invoices)
        expect(installation.transfers()).toEqual([])
        expect((await listAlarms(installation.db)).map(({ name }) => name)).toEqual(['clock of begun'])
      })

      test('set back by a day it waits too, and what was due is not issued twice', async () => {
        installation.pass(hour)
        await work(1)
        const invoices = installation.bank.invoices().length
        wall.offsetMs = -day
        await work(2)
        expect(installation.bank.invoices().length).toBe(invoices)
        expect(await listAlarms(installation.db)).toHaveLength(1)
        wall.offsetMs = 0
        await work(2)
        expect(installation.bank.invoices().length).toBe(invoices)
        expect(await listAlarms(installation.db)).toEqual([])
      })

      test('a clock that ran wrong unwatched has poisoned what waits: set right, the schedule and the payouts go on from now', async () => {
        await installation.close()
        await open(false)
        installation.bank.pay(installation.atBank.id)
        installation.pass(5_000)
        await installation.hear(installation.event('invoice.credited'))
        wall.offsetMs = 6 * day
        await restate(installation.db, sql`update schedules set catch_up = 'latest'`)
        await work(2)
        const until = async () => (await needSchedule(installation.db, 'trial')).materialised_until
        expect((await until()) > instant(installation.clock.now() + 5 * day)).toBe(true)
        // A worker that died then holds its lease for six days more.
        const held = instant(installation.clock.now() + 6 * day + minute)
        await installation.db.tx(tx =>
          tx.run(sql`update leases set lease_until = ${held} where name = 'resolve-payouts'`),
        )

        wall.offsetMs = 0
        await setScheduleState(installation.db, 'trial', 'paused', 'maker', 'silent')
        await setScheduleState(installation.db, 'trial', 'active', 'maker', 'silent')
        const invoices = installation.bank.invoices().length
        installation.pass(2 * hour)
        await work(3)
        expect((await until()) <= instant(installation.clock.now())).toBe(true)
        expect(installation.bank.invoices().length).toBe(invoices + 1)
        expect(
          await installation.db.all(
            sql`select id from payouts where next_at > ${instant(installation.clock.now() + hour)}`,
          ),
        ).toEqual([])
        expect(
          await installation.db.all(
            sql`select name from leases where lease_until > ${instant(installation.clock.now() + hour)}`,
          ),
        ).toEqual([])
      })

      test.each([
        ['in years', '2099-01-01T00:00:00.000Z'],
        ['never', null],
      ])('an active schedule whose row says that it falls due %s falls due in its time', async (_, next) => {
        const { db, app } = installation
        await db.tx(tx => tx.run(sql`update schedules set next_at = ${next}`))
        installation.pass(hour)
        await runDueSlots(app)
        expect(await db.all(sql`select state from slots order by due_at`)).toEqual([
          { state: 'done' },
          { state: 'done' },
        ])
        expect(await mendNextTimes(db, app.world)).toBe(0)
      })

      test('what has lasted since a time that never came lasts since now', async () => {
        const now = instant(installation.clock.now())
        const ahead = later(now, 6 * day)
        await installation.db.tx(async tx => {
          await tx.run(sql`
          insert into invoice_reversals (invoice_id, returned_units, logs_seen, under_way_since, holds_payout)
            values (${installation.id}, 0, 0, ${ahead}, 0)`)
          await tx.run(sql`insert into rails_heard (rail, failing_since) values ('starkbank', ${ahead})`)
        })
        expect(await bringBack(installation.db, installation.app.world)).toBe(2)
        expect(
          await installation.db.all(sql`select under_way_since as since from invoice_reversals`),
        ).toEqual([{ since: now }])
        expect(await installation.db.all(sql`select failing_since as since from rails_heard`)).toEqual([
          { since: now },
        ])
      })

      test('a schedule whose window begins later is left where it is', async () => {
        const starts = instant(installation.clock.now() + 10 * day)
        const until = instant(installation.clock.now() + 10 * day - 1)
        await restate(
          installation.db,
          sql`update schedules set starts_at = ${starts}, materialised_until = ${until}, next_at = ${starts}
            where name = 'trial'`,
        )
        installation.pass(2 * minute)
        await work(2)
        expect(await needSchedule(installation.db, 'trial')).toMatchObject({
          materialised_until: until,
          next_at: starts,
        })
      })
    },
  )
})

test.skipIf(!postgresAvailable())(
  'a database whose clock is six days from ours is not believed, and neither are we',
  async () => {
    const postgres = await startPostgres({ durable: false })
    const clock = judgedClock({ ...systemClock, now: () => systemClock.now() + 6 * day })
    const db = await openDb(await postgres.migratedDatabase(), { clock, random: seededRandom(1) })
    try {
      expect(clock.trouble!()).toBeUndefined()
      await db.tx(tx => tx.now())
      expect(clock.trouble!()).toMatch(/^our clock is (5d23h59m.*|6d) ahead of the database’s$/)
    } finally {
      await db.close()
      await postgres.stop()
    }
  },
)

test('a payout in bitcoin that was owed under a clock that was ahead goes out once the clock is right', async () => {
  const { chain, url, cookieFile, close } = await startNode({ settings: { premined: 0 } })
  const rpc = async <T>(method: string, params: unknown[] = [], wallet?: string) =>
    chain.rpc<T>(method, params, wallet)
  const installation = await openChainInstallation({ node: { url, cookieFile, rpc } as never })
  installation.bitcoin.bundles.gatherMs = 20 * minute
  await owing(installation, [{ units: 90_000n }])
  expect(await installation.send()).toMatchObject({ bundled: 0 })
  await installation.db.tx(async tx =>
    tx.run(sql`update payouts set added_at = ${later(await tx.now(), 6 * day)}`),
  )
  expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
  // And what was looked at under such a clock is looked at again in its time, though it did not move.
  await installation.db.tx(async tx =>
    tx.run(sql`update bundles set next_at = ${later(await tx.now(), 3 * hour)}`),
  )
  expect(await bringBack(installation.db, installation.world)).toBe(1)
  await installation.close()
  await close()
})
