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
import { openTown, type Town } from './testbed/town.ts'

const second = 1_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let town: Town
      beforeAll(
        async () =>
          void (postgres = engine === 'PostgreSQL' ? await startPostgres({ durable: false }) : undefined),
      )
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        town = await openTown({
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
        })
        town.bank.pay(town.atBank.id)
        town.pass(5 * second)
        await town.hear(town.event('invoice.paid'), town.event('invoice.credited'))
        await town.send()
        town.pass(60 * second)
        await town.hear(town.event('transfer.success'))
      })
      afterEach(() => town.close())

      const changes = async () =>
        Number(
          (await town.db.one<{ count: bigint }>(sql`select count(*) as count from tally_changes`))!.count,
        )
      const seen = async () => [
        await balances(town.db),
        await totals(town.db),
        { ...(await status(town.db)), needsPerson: [] },
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
        expect(await tallyFaults(town.db)).toEqual([])

        expect(await changes()).toBeGreaterThan(0)
        await addUpTallies(town.db)
        expect(await changes()).toBe(0)
        expect(await seen()).toEqual(before)
        expect(await tallyFaults(town.db)).toEqual([])
        expect(await addUpTallies(town.db)).toBe(0)
      })

      test('a transaction that is undone is not in them', async () => {
        const before = await seen()
        const undone = town.db.tx(async tx => {
          await tx.run(sql`update invoices set state = 'reversed'`)
          throw new Error('thought better of it')
        })
        await expect(undone).rejects.toThrow('thought better of it')
        expect(await seen()).toEqual(before)
      })

      test('a row that somebody changes past every trigger is found by the whole check, which mends the sum and says so', async () => {
        await addUpTallies(town.db)
        await town.db.script(
          engine === 'SQLite'
            ? `drop trigger invoices_moved; update invoices set units = units + 1`
            : `alter table invoices disable trigger user; update invoices set units = units + 1; alter table invoices enable trigger user`,
        )
        expect(await tallyFaults(town.db)).toEqual([
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
        expect(await checkBooks(town.db, { ...town.app.world, log })).toEqual([])
        expect(said).toEqual(['a sum kept aside was not what its rows come to: it is mended'])
        expect(await tallyFaults(town.db)).toEqual([])
        expect(await tally(town.db, 'invoices')).toEqual([
          { parts: ['BRL', 'credited'], count: 1n, units: 10_001n },
        ])
      })

      test('status and balances read no row of the ledger, of invoices, of payouts or of settled events', async () => {
        await addUpTallies(town.db)
        const asked: string[] = []
        const noted = {
          all: (statement: Parameters<typeof town.db.all>[0]) => (
            asked.push(statement.texts.join('?')),
            town.db.all(statement)
          ),
          one: (statement: Parameters<typeof town.db.one>[0]) => (
            asked.push(statement.texts.join('?')),
            town.db.one(statement)
          ),
        } as typeof town.db
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
