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
import { openTown, type Town } from './testbed/town.ts'

const minute = 60_000
const day = 24 * 60 * minute

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let town: Town
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
      })
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        town = await openTown({
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
        })
      })
      afterEach(() => town.close())

      const states = async (table: 'invoices' | 'payouts' | 'slots') =>
        (
          await town.db.all<{ state: string }>(
            sql`select state from ${{ texts: [table], values: [] }} order by id`,
          )
        ).map(row => row.state)
      const work = async () => {
        const { db, rails, world } = town.app
        await runDueSlots(town.app)
        await issueDrafts(db, rails.starkbank!, world)
        await sendPayouts(db, rails.starkbank!, world)
        await resolvePayouts(db, rails.starkbank!, world)
      }
      const runAgain = () =>
        town.db.tx(async tx => runNow(tx, town.app.world, await needSchedule(tx, 'trial'), 'maker'))
      const tries = async () => (await town.db.one<{ tries: bigint }>(sql`select tries from payouts`))!.tries

      test.each<[string, Answer<never>]>([
        ['does not know us', denied('invalidCredentials')],
        ['does not show an invoice', unsure('the bank answered 502')],
      ])('it %s for five hours: an event waits for as long, and is applied then', async (_, answer) => {
        town.bank.pay(town.atBank.id)
        town.pass(5_000)
        const credited = town.event('invoice.credited')
        const rail = town.app.rails.starkbank!
        town.app.rails.starkbank = { ...rail, readInvoice: async () => answer }
        await town.hear(credited)
        for (let round = 0; round < 60; round++) {
          town.pass(5 * minute)
          await settleInbox(town.app)
        }
        expect(await town.fate(credited)).toBe(
          `waiting: the bank did not confirm it: ${(answer as { why: string }).why}`,
        )
        town.app.rails.starkbank = rail
        town.pass(5 * minute)
        await settleInbox(town.app)
        expect(await town.fate(credited)).toBe('done: credited')
      })

      test.each(['invalidCredentials', 'invalidProject', 'invalidIp'] as const)(
        'it answers %s for three days: no invoice is refused, no payout held, no order used up',
        async code => {
          town.bank.pay(town.atBank.id)
          town.pass(5_000)
          await town.hear(town.event('invoice.credited'))
          await runAgain()
          town.bank.setSettings({ refuseAll: code })
          // An order may be claimed before anybody knows: it is given back whole.
          await sendPayouts(town.db, town.app.rails.starkbank!, town.app.world)
          await work()
          await eventually(async () => (await listAlarms(town.db)).map(({ name }) => name)).toEqual([
            'bank credentials',
          ])
          await runAgain()
          for (let round = 0; round < 24; round++) {
            town.pass(180 * minute)
            await work()
          }
          expect((await states('invoices')).filter(state => state !== 'draft')).toEqual(['credited'])
          expect(await states('payouts')).toEqual(['owed'])
          expect(await tries()).toBe(0n)
          const { count } = (await town.db.one<{ count: bigint }>(
            sql`select count(*) as count from attempts`,
          ))!
          expect(Number(count)).toBeLessThanOrEqual(1)
          expect((await status(town.db)).needsPerson.join('\n')).toContain('the bank does not know us')
          expect((await readiness(town.db)).checks['bank']).toContain('does not know us')

          town.bank.setSettings({ refuseAll: undefined })
          town.bank.deposit(10_000)
          const isPaid = () => town.transfers().some(({ status: shown }) => shown === 'success')
          // An order that was given back is looked for at the bank before the next one is made, which takes
          // its time.
          for (let round = 0; round < 5 || (round < 40 && !isPaid()); round++) {
            town.pass(2 * minute)
            await work()
          }
          await eventually(async () => listAlarms(town.db)).toEqual([])
          // Those that waited beyond their due time are due as long from now as they were meant to be.
          expect(new Set(await states('invoices'))).toEqual(new Set(['credited', 'issued']))
          expect(new Set(await states('slots'))).toEqual(new Set(['done']))
          expect(town.transfers().map(({ status: shown }) => shown)).toEqual(['success'])
          expect((await status(town.db)).needsPerson).toEqual([])
          const early = await town.db.all(
            sql`select id from invoices where state = 'issued'
              and due_at < ${new Date(town.clock.now() + day).toISOString()}`,
          )
          expect(early).toEqual([])
        },
      )

      test('a process that starts while it stands asks first, and claims nothing', async () => {
        town.bank.pay(town.atBank.id)
        town.pass(5_000)
        await town.hear(town.event('invoice.credited'))
        town.bank.setSettings({ refuseAll: 'invalidCredentials' })
        await work()
        await eventually(async () => (await listAlarms(town.db)).length).toBe(1)
        town.pass(2 * minute)
        const before = await town.db.all(sql`select * from attempts`)
        await work()
        expect(await town.db.all(sql`select * from attempts`)).toEqual(before)
      })
    },
  )
})
