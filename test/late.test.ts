/**
 * Paying late or early, on both databases: the terms go to the bank in full, and what is paid, more or less
 * than asked, is what is booked and passed on.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { plainTerms, usualExpiresInMs, type PayTerms } from '../src/base/payTerms.ts'
import { runDueSlots } from '../src/jobs/jobs.ts'
import { changeSchedule, findSchedule, type NewSchedule } from '../src/schedule/schedule.ts'
import { sql } from '../src/db/db.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const day = 86_400_000
const terms: PayTerms = {
  fineBp: 200n,
  interestBp: 300n,
  expiresInMs: 10 * day,
  discounts: [{ basisPoints: 1_000n, beforeMs: day }],
}

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
      afterEach(() => installation.close())
      const open = async () => {
        installation = await openTestInstallation({
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
          commissionBp: 0n,
        })
      }

      test('where nothing is said nothing is added, and it can be paid for 59 days: both are said to the bank', async () => {
        await open()
        expect(installation.atBank).toMatchObject({
          fine: 0,
          interest: 0,
          discounts: [],
          expiration: usualExpiresInMs / 1_000,
        })
        installation.pass(4 * day)
        installation.bank.pay(installation.atBank.id)
        installation.pass(5_000)
        await installation.hear(installation.event('invoice.credited'))
        expect(await installation.invoice()).toMatchObject({ state: 'credited', paid_units: 10_000n })
        expect(await installation.audit()).toEqual([])
      })

      /** The schedule's next version has the terms; answers the next slot's invoice as the bank has it. */
      async function withTerms(pay: PayTerms, more: Partial<NewSchedule> = {}) {
        const row = (await findSchedule(installation.db, 'trial'))!
        const rule: NewSchedule = {
          ...{
            name: row.name,
            rail: row.rail,
            cron: row.cron,
            timeZone: row.time_zone,
            startsAt: undefined,
            endsAt: undefined,
          },
          ...{
            countLow: 1,
            countHigh: 1,
            unitsLow: 10_000n,
            unitsHigh: 10_000n,
            roster: undefined,
            dueInMs: 2 * day,
            payTo: 'main',
          },
          ...{ commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all', pay },
          ...more,
        }
        const changed = await changeSchedule(installation.db, installation.app.world, undefined, {
          id: row.id,
          version: row.version,
          rule,
          by: 'ana',
        })
        expect(changed.is).toBe('changed')
        installation.pass(day)
        await runDueSlots(installation.app)
        const made = installation.bank.invoices().at(-1)!
        expect(made.id).not.toBe(installation.atBank.id)
        return made
      }
      const creditOf = (id: string) =>
        installation.db.one<{ state: string; paid_units: bigint; units: bigint; owed: bigint }>(sql`
        select i.state, i.paid_units, i.units, p.units as owed from invoices i
          join payouts p on p.invoice_id = i.id where i.provider_id = ${id}`)

      test.each([
        { when: 'three days late', after: 5 * day - 3_600_000, paid: 10_000n + 200n + 30n },
        { when: 'early', after: 3_600_000, paid: 9_000n },
        { when: 'in time', after: day + 3_600_000, paid: 10_000n },
      ])(
        'paid $when, what came is booked and passed on, and the books agree with the bank',
        async ({ after, paid }) => {
          await open()
          const made = await withTerms(terms)
          expect(made).toMatchObject({
            fine: 2,
            interest: 3,
            expiration: (10 * day) / 1_000,
            discounts: [{ percentage: 10 }],
          })
          expect(made.descriptions).toContainEqual({ key: 'Multa após o vencimento', value: '2,00%' })
          installation.pass(after)
          installation.bank.pay(made.id)
          installation.pass(5_000)
          await installation.hear(installation.event('invoice.credited'))
          expect(await creditOf(made.id)).toEqual({
            state: 'credited',
            units: 10_000n,
            paid_units: paid,
            owed: paid - 50n,
          })
          await installation.send()
          installation.pass(10_000)
          await installation.hear(installation.event('transfer.success'))
          expect(await installation.audit()).toEqual([])

          // And what is given back is what was paid.
          expect(installation.bank.reverse(made.id)).toBe(true)
          installation.pass(10_000)
          await installation.hear(installation.event('invoice.reversed'))
          expect(await creditOf(made.id)).toMatchObject({ state: 'reversed', paid_units: paid })
          expect(await installation.audit()).toEqual([])
        },
      )

      test('a row of a roster that says its day is due then, at its last second; one whose day has passed has the usual time', async () => {
        await open()
        const roster =
          'nome;cpf;valor;descrição;vencimento\nAna;12345678909;10,00;;30/11/2026\nBia;12345678909;10,00;;01/01/2026\nCaio;12345678909;10,00;;\n'
        await withTerms(plainTerms, {
          roster,
          countLow: 3,
          countHigh: 3,
          unitsLow: 1_000n,
          unitsHigh: 1_000n,
        })
        const due = new Map(
          installation.bank
            .invoices()
            .map(({ name, due }) => [name, Date.parse(due) - installation.clock.now()]),
        )
        expect(installation.bank.invoices().find(({ name }) => name === 'Ana')?.due).toContain(
          '2026-12-01T02:59:59',
        )
        for (const name of ['Bia', 'Caio']) expect(due.get(name)).toBe(2 * day)
      })

      test('an edit of the terms alone is a version, with what changed in the audit log, and the same again is none', async () => {
        await open()
        await withTerms(terms)
        const log = await installation.db.one<{ detail: string }>(
          sql`select detail from audit where act = 'schedule changed'`,
        )
        expect(JSON.parse(log!.detail)).toMatchObject({
          ...{
            fineBp: '0 -> 200',
            interestBp: '0 -> 300',
            discounts: ' -> 10.00%@1d',
            expiresInMs: `${usualExpiresInMs} -> ${10 * day}`,
          },
        })
      })
    },
  )
})
