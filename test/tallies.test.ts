/**
 * Sums kept aside on both databases: the same as what their rows come to, whatever happens, and mended where
 * somebody wrote past the program.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Log } from '../src/base/log.ts'
import { checkBooks } from '../src/reconcile/reconcile.ts'
import { addUpTallies, balances, tally, tallyFaults, totals } from '../src/ledger/ledger.ts'
import { sql } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const second = 1_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      beforeAll(
        async () =>
          void (postgres = engine === 'PostgreSQL' ? await startPostgres({ durable: false }) : undefined),
      )
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        installation = await openTestInstallation({
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
        })
        installation.bank.pay(installation.atBank.id)
        installation.pass(5 * second)
        await installation.hear(installation.event('invoice.paid'), installation.event('invoice.credited'))
        await installation.send()
        installation.pass(60 * second)
        await installation.hear(installation.event('transfer.success'))
      })
      afterEach(() => installation.close())

      const changes = async () =>
        Number(
          (await installation.db.one<{ count: bigint }>(sql`select count(*) as count from tally_changes`))!
            .count,
        )
      const seen = async () => [
        await balances(installation.db),
        await totals(installation.db),
        { ...(await status(installation.db)), needsPerson: [] },
      ]

      test('an invoice paid and passed on is in them once, before they are added up and after', async () => {
        const before = await seen()
        expect(before[0]).toMatchObject({ bank: 150n, commission: -150n, payable: 0n })
        expect(before[1]).toMatchObject({ 'invoice credited': 10_000n, 'payout settled': 9_800n })
        expect(before[2]).toMatchObject({
          invoices: { counts: { credited: 1 } },
          payouts: { paid: 1 },
          inbox: { done: 3 },
          addsUp: true,
        })
        expect(await tallyFaults(installation.db)).toEqual([])

        expect(await changes()).toBeGreaterThan(0)
        await addUpTallies(installation.db)
        expect(await changes()).toBe(0)
        expect(await seen()).toEqual(before)
        expect(await tallyFaults(installation.db)).toEqual([])
        expect(await addUpTallies(installation.db)).toBe(0)
      })

      test('a transaction that is undone is not in them', async () => {
        const before = await seen()
        const undone = installation.db.tx(async tx => {
          await tx.run(sql`update invoices set state = 'reversed'`)
          throw new Error('thought better of it')
        })
        await expect(undone).rejects.toThrow('thought better of it')
        expect(await seen()).toEqual(before)
      })

      test('a row that somebody changes past every trigger is found by the whole check, which mends the sum and says so', async () => {
        await addUpTallies(installation.db)
        await installation.db.script(
          engine === 'SQLite'
            ? `drop trigger invoices_moved; update invoices set units = units + 1`
            : `alter table invoices disable trigger user; update invoices set units = units + 1; alter table invoices enable trigger user`,
        )
        expect(await tallyFaults(installation.db)).toEqual([
          { about: 'invoices', part: 'BRL/credited', count: 0n, units: 1n },
        ])
        const said: string[] = []
        const log: Log = {
          debug() {},
          info() {},
          warn() {},
          error: (_, message) => void said.push(message),
          child: () => log,
        }
        expect(await checkBooks(installation.db, { ...installation.app.world, log })).toEqual([])
        expect(said).toEqual(['a sum kept aside was not what its rows come to: it is mended'])
        expect(await tallyFaults(installation.db)).toEqual([])
        expect(await tally(installation.db, 'invoices')).toEqual([
          { parts: ['BRL', 'credited'], count: 1n, units: 10_001n },
        ])
      })

      test('status and balances read no row of the ledger, of invoices, of payouts or of settled events', async () => {
        await addUpTallies(installation.db)
        const asked: string[] = []
        const noted = {
          all: (statement: Parameters<typeof installation.db.all>[0]) => (
            asked.push(statement.texts.join('?')),
            installation.db.all(statement)
          ),
          one: (statement: Parameters<typeof installation.db.one>[0]) => (
            asked.push(statement.texts.join('?')),
            installation.db.one(statement)
          ),
        } as typeof installation.db
        await status(noted)
        await balances(noted)
        // What payees owe is found from a list of its own, which is short.
        expect(
          asked.filter(
            text => /(from|join) ledger_entries/.test(text) && !text.includes('from receivable_moves'),
          ),
        ).toEqual([])
        expect(
          asked.filter(text => /from (invoices|payouts|inbox)( where asset = 'B..')? group by/.test(text)),
        ).toEqual([])
      })
    },
  )
})
