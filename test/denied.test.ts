/**
 * A bank that does not know us any more, on both databases: everything waits, an alarm says so, nothing is
 * used up, and it goes on by itself.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { denied, unsure, type Answer } from '../src/base/answer.ts'
import { issueDrafts } from '../src/invoice/invoice.ts'
import { runDueSlots } from '../src/jobs/jobs.ts'
import { runNow, needSchedule } from '../src/schedule/schedule.ts'
import { listAlarms } from '../src/ledger/ledger.ts'
import { resolvePayouts, sendPayouts } from '../src/payout/payout.ts'
import { sql } from '../src/db/db.ts'
import { readiness, status } from '../src/queries/status.ts'
import { settleInbox } from '../src/webhooks/webhooks.ts'
import { eventually } from './testbed/eventually.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const minute = 60_000
const day = 24 * 60 * minute

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        installation = await openTestInstallation({
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
        })
      })
      afterEach(() => installation.close())

      const states = async (table: 'invoices' | 'payouts' | 'slots') =>
        (
          await installation.db.all<{ state: string }>(
            sql`select state from ${{ texts: [table], values: [] }} order by id`,
          )
        ).map(row => row.state)
      const work = async () => {
        const { db, rails, world } = installation.app
        await runDueSlots(installation.app)
        await issueDrafts(db, rails.starkbank!, world)
        await sendPayouts(db, rails.starkbank!, world)
        await resolvePayouts(db, rails.starkbank!, world)
      }
      const runAgain = () =>
        installation.db.tx(async tx =>
          runNow(tx, installation.app.world, await needSchedule(tx, 'trial'), 'maker'),
        )
      const tries = async () =>
        (await installation.db.one<{ tries: bigint }>(sql`select tries from payouts`))!.tries

      test.each<[string, Answer<never>]>([
        ['does not know us', denied('invalidCredentials')],
        ['does not show an invoice', unsure('the bank answered 502')],
      ])('it %s for five hours: an event waits for as long, and is applied then', async (_, answer) => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5_000)
        const credited = installation.event('invoice.credited')
        const rail = installation.app.rails.starkbank!
        installation.app.rails.starkbank = { ...rail, readInvoice: async () => answer }
        await installation.hear(credited)
        for (let round = 0; round < 60; round++) {
          installation.pass(5 * minute)
          await settleInbox(installation.app)
        }
        expect(await installation.fate(credited)).toBe(
          `waiting: the bank did not confirm it: ${(answer as { why: string }).why}`,
        )
        installation.app.rails.starkbank = rail
        installation.pass(5 * minute)
        await settleInbox(installation.app)
        expect(await installation.fate(credited)).toBe('done: credited')
      })

      test.each(['invalidCredentials', 'invalidProject', 'invalidIp'] as const)(
        'it answers %s for three days: no invoice is refused, no payout held, no order used up',
        async code => {
          installation.bank.pay(installation.atBank.id)
          installation.pass(5_000)
          await installation.hear(installation.event('invoice.credited'))
          await runAgain()
          installation.bank.setSettings({ refuseAll: code })
          // An order may be claimed before anybody knows: it is given back whole.
          await sendPayouts(installation.db, installation.app.rails.starkbank!, installation.app.world)
          await work()
          await eventually(async () => (await listAlarms(installation.db)).map(({ name }) => name)).toEqual([
            'bank credentials',
          ])
          await runAgain()
          for (let round = 0; round < 24; round++) {
            installation.pass(180 * minute)
            await work()
          }
          expect((await states('invoices')).filter(state => state !== 'draft')).toEqual(['credited'])
          expect(await states('payouts')).toEqual(['owed'])
          expect(await tries()).toBe(0n)
          const { count } = (await installation.db.one<{ count: bigint }>(
            sql`select count(*) as count from attempts`,
          ))!
          expect(Number(count)).toBeLessThanOrEqual(1)
          expect((await status(installation.db)).needsPerson.join('\n')).toContain(
            'the bank does not know us',
          )
          expect((await readiness(installation.db)).checks['bank']).toContain('does not know us')

          installation.bank.setSettings({ refuseAll: undefined })
          installation.bank.deposit(10_000)
          const isPaid = () => installation.transfers().some(({ status: shown }) => shown === 'success')
          // An order that was given back is looked for at the bank before the next one is made, which takes
          // its time.
          for (let round = 0; round < 5 || (round < 40 && !isPaid()); round++) {
            installation.pass(2 * minute)
            await work()
          }
          await eventually(async () => listAlarms(installation.db)).toEqual([])
          // Those that waited beyond their due time are due as long from now as they were meant to be.
          expect(new Set(await states('invoices'))).toEqual(new Set(['credited', 'issued']))
          expect(new Set(await states('slots'))).toEqual(new Set(['done']))
          expect(installation.transfers().map(({ status: shown }) => shown)).toEqual(['success'])
          expect((await status(installation.db)).needsPerson).toEqual([])
          const early = await installation.db.all(
            sql`select id from invoices where state = 'issued'
              and due_at < ${new Date(installation.clock.now() + day).toISOString()}`,
          )
          expect(early).toEqual([])
        },
      )

      test('a process that starts while it stands asks first, and claims nothing', async () => {
        installation.bank.pay(installation.atBank.id)
        installation.pass(5_000)
        await installation.hear(installation.event('invoice.credited'))
        installation.bank.setSettings({ refuseAll: 'invalidCredentials' })
        await work()
        await eventually(async () => (await listAlarms(installation.db)).length).toBe(1)
        installation.pass(2 * minute)
        const before = await installation.db.all(sql`select * from attempts`)
        await work()
        expect(await installation.db.all(sql`select * from attempts`)).toEqual(before)
      })
    },
  )
})
