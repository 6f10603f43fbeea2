/**
 * After a restore, on both databases: what was asked for at the bank since the backup is found before
 * anything is issued, and nobody is billed twice unasked.
 */
import { because } from '../src/base/reasons.ts'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { refused } from '../src/base/answer.ts'
import { instant, millis } from '../src/base/world.ts'
import { runDueSlots, setAsideAfterRestore } from '../src/jobs/jobs.ts'
import { changeSchedule, needSchedule, runNow, type NewSchedule } from '../src/schedule/schedule.ts'
import { remember, sql } from '../src/db/db.ts'
import { readiness, status } from '../src/queries/status.ts'
import { findForgotten, forgottenInvoices } from '../src/webhooks/webhooks.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { restate } from './testbed/restate.ts'
import { changePayers, decideCatchUp, lookAtForgotten } from './testbed/acts.ts'

const day = 86_400_000

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

      const rail = () => installation.app.rails.starkbank!
      const find = (over: object = {}) =>
        findForgotten({ db: installation.db, rail: { ...rail(), ...over }, world: installation.app.world })
      const atBank = () => installation.bank.invoices().length
      const run = async () => {
        installation.pass(1_000)
        const slot = await installation.db.tx(async tx =>
          runNow(tx, installation.app.world, await needSchedule(tx, 'trial'), 'ana'),
        )
        await runDueSlots(installation.app)
        return slot
      }
      const stateOf = (slot: string) =>
        installation.db.one<{ state: string; held: string | null }>(
          sql`select state, held from slots where id = ${slot}`,
        )
      /** As the backup has it. */
      const forget = async (slot: string) => {
        for (const gone of [
          sql`delete from run_lines where run_id in (select id from runs where slot_id = ${slot})`,
          sql`delete from runs where slot_id = ${slot}`,
          sql`delete from invoices where slot_id = ${slot}`,
          sql`delete from slots where id = ${slot}`,
        ])
          await installation.db.tx(tx => tx.run(gone))
        await setAsideAfterRestore(installation.db, installation.app.world)
      }
      const asked = async () =>
        (await status(installation.db, { now: await installation.db.tx(tx => tx.now()) })).needsPerson

      test('a slot that is run again by hand waits until the bank was read, and then for a person', async () => {
        await forget(await run())
        expect(atBank()).toBe(2)
        const again = await run()
        expect([await stateOf(again), atBank()]).toMatchObject([{ state: 'due', held: null }, 2])
        expect(await find({ invoicesSince: async () => refused('away', true) })).toBe(0)
        await runDueSlots(installation.app)
        expect(atBank()).toBe(2)

        expect(await find()).toBe(1)
        await runDueSlots(installation.app)
        expect(await stateOf(again)).toMatchObject({
          state: 'due',
          held: expect.stringMatching(
            /^since the backup restored here 1 invoice of 1 batch, R\$ 100\.00 in all, was /,
          ),
        })
        const later = await run()
        expect([await stateOf(later), atBank()]).toMatchObject([
          { state: 'due', held: expect.any(String) },
          2,
        ])
        expect(await asked()).toEqual(
          expect.arrayContaining([
            expect.stringMatching(
              /^2 slots of schedule trial since .* wait for a person: .*repasse invoice forgotten/,
            ),
            expect.stringMatching(
              /^1 invoice was asked for .* that these books have forgotten: repasse invoice forgotten/,
            ),
          ]),
        )

        expect(await decideCatchUp(installation.db, 'trial', 'skip', 'ana', 'it is at the bank')).toBe(2)
        expect(await lookAtForgotten(installation.db, { by: 'ana', why: 'it was that slot' })).toBe(1)
        expect(await forgottenInvoices(installation.db)).toEqual([])
        expect(await stateOf(await run())).toMatchObject({ state: 'done' })
        expect([atBank(), (await asked()).filter(says => says.includes('forgotten'))]).toEqual([3, []])
      })

      /** The installation's schedule with another cron, as somebody edits it. */
      const recron = async (cron: string) => {
        const { id, version } = await needSchedule(installation.db, 'trial')
        const rule: NewSchedule = {
          ...{
            name: 'trial',
            rail: 'starkbank',
            cron,
            timeZone: 'America/Sao_Paulo',
            startsAt: undefined,
            endsAt: undefined,
          },
          ...{ roster: undefined, countLow: 1, countHigh: 1, unitsLow: 10_000n, unitsHigh: 10_000n },
          ...{ dueInMs: day, payTo: 'main', commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all' },
        }
        expect(
          (
            await changeSchedule(installation.db, installation.app.world, undefined, {
              id,
              version,
              rule,
              by: 'ana',
            })
          ).is,
        ).toBe('changed')
      }
      const slotsDue = () =>
        installation.db.all<{ held: string | null }>(
          sql`select held from slots where state = 'due' order by due_at`,
        )

      test.each(['read', 'not read yet'] as const)(
        'the backup’s older time of day bills nobody twice, the bank being %s when it comes',
        async atThatTime => {
          await recron('0 18 * * *')
          const { version, next_at: next } = await needSchedule(installation.db, 'trial')
          await forget(await run())
          expect(atBank()).toBe(2)
          if (atThatTime === 'read') expect(await find()).toBe(1)
          installation.pass(millis(next!) - installation.clock.now())
          await runDueSlots(installation.app)
          if (atThatTime !== 'read') {
            expect([await slotsDue(), atBank()]).toEqual([[{ held: null }], 2])
            expect(await find()).toBe(1)
            await runDueSlots(installation.app)
          }
          expect([await slotsDue(), atBank(), version]).toMatchObject([
            [{ held: expect.stringContaining('may be among them') }],
            2,
            2n,
          ])
          expect(await asked()).toEqual(
            expect.arrayContaining([
              expect.stringMatching(
                /^1 slot of schedule trial since .* waits for a person: .*repasse schedule catch-up trial/,
              ),
              expect.stringMatching(/^1 invoice was .* until repasse invoice forgotten --looked-at/),
            ]),
          )

          // It was that slot; the next one is not asked about.
          expect(await lookAtForgotten(installation.db, { by: 'ana', why: 'it was that slot' })).toBe(1)
          await runDueSlots(installation.app)
          expect(atBank()).toBe(2)
          expect(await decideCatchUp(installation.db, 'trial', 'skip', 'ana', 'it is at the bank')).toBe(1)
          installation.pass(day)
          await runDueSlots(installation.app)
          expect([await slotsDue(), atBank()]).toEqual([[], 3])
        },
      )

      test('a slot of the chain is asked about by nobody while the bank’s are', async () => {
        await forget(await run())
        expect(await find()).toBe(1)
        await restate(installation.db, sql`update schedules set rail = 'bitcoin'`)
        installation.pass(day)
        await runDueSlots(installation.app)
        expect(await slotsDue()).toEqual([{ held: null }])
      })

      test('a bank that does not list them is said to keep everything from being issued, until a person has compared them there', async () => {
        const ready = async () => (await readiness(installation.db)).checks['issuing']
        expect(await ready()).toBe(undefined)
        await setAsideAfterRestore(installation.db, installation.app.world)
        const slot = await run()
        // Events are taken in all the while.
        expect(await readiness(installation.db)).toMatchObject({
          ready: true,
          checks: { issuing: 'waiting: see repasse status' },
        })
        await expect(lookAtForgotten(installation.db, { by: 'ana', why: 'none is listed' })).rejects.toThrow(
          'are not all read yet',
        )
        expect(await find({ invoicesSince: async () => refused('it is not permitted', false) })).toBe(0)
        expect(await asked()).toContainEqual(
          expect.stringMatching(
            /^the bank’s invoices since the backup .* nothing is issued there \(it is not permitted\)/,
          ),
        )
        expect(await lookAtForgotten(installation.db, { by: 'ana', why: 'compared there' })).toBe(0)
        await runDueSlots(installation.app)
        expect([
          await stateOf(slot),
          (await asked()).filter(says => says.includes('backup')),
          await ready(),
        ]).toMatchObject([{ state: 'done' }, [], undefined])
      })

      test('where no bank is used nothing waits for one after a restore', async () => {
        for (const gone of [
          sql`update schedules set rail = 'bitcoin'`,
          sql`update invoices set rail = 'bitcoin'`,
          sql`delete from cursors`,
        ])
          await installation.db.tx(tx => tx.run(gone))
        await setAsideAfterRestore(installation.db, installation.app.world)
        expect([(await readiness(installation.db)).checks['issuing'], await asked()]).toEqual([undefined, []])
      })

      test('a backup of any age is read from, also where it is restored again before that', async () => {
        await forget(await run())
        installation.pass(5 * day)
        await setAsideAfterRestore(installation.db, installation.app.world)
        installation.pass(5 * day)
        await setAsideAfterRestore(installation.db, installation.app.world)
        expect(await find()).toBe(1)
      })

      test('slots that fell due meanwhile are no younger backup, and a clock that was ahead is none', async () => {
        const slot = await run()
        await installation.db.tx(tx =>
          remember(
            tx,
            'slots',
            slot,
            'done',
            'done',
            { why: because('said', { said: 'by a clock that was ahead' }) },
            instant(installation.clock.now() + 30 * day),
          ),
        )
        installation.pass(5 * day)
        await forget(slot)
        expect(await find()).toBe(1)
      })

      test('an edit of its schedule asks for no such slot meanwhile', async () => {
        await forget(await run())
        const again = await run()
        const { id, version } = await needSchedule(installation.db, 'trial')
        const what = { roster: undefined, countLow: 1, countHigh: 1, unitsLow: 20_000n, unitsHigh: 20_000n }
        const rule: NewSchedule = {
          ...{
            name: 'trial',
            rail: 'starkbank',
            cron: '0 0 * * *',
            timeZone: 'America/Sao_Paulo',
            startsAt: undefined,
            endsAt: undefined,
          },
          ...{ ...what, dueInMs: day, payTo: 'main', commissionBp: 0n, minPayoutUnits: 0n, catchUp: 'all' },
        }
        const edit = () =>
          changeSchedule(installation.db, installation.app.world, undefined, { id, version, rule, by: 'ana' })
        const payers = () => changePayers(installation.db, installation.app.world, 'trial', what, 'ana')
        expect(await edit()).toEqual({ is: 'waiting' })
        await expect(payers()).rejects.toThrow('wait until the bank')
        expect(await find()).toBe(1)
        expect(await edit()).toEqual({ is: 'held' })
        await expect(payers()).rejects.toThrow('wait for a person')
        expect(await installation.db.all(sql`select id from invoices where slot_id = ${again}`)).toEqual([])
      })

      test('where nothing was forgotten, a slot waits for the bank alone', async () => {
        await setAsideAfterRestore(installation.db, installation.app.world)
        const slot = await run()
        expect([await stateOf(slot), atBank()]).toMatchObject([{ state: 'due', held: null }, 1])
        expect(await find()).toBe(0)
        await runDueSlots(installation.app)
        expect([await stateOf(slot), atBank()]).toMatchObject([{ state: 'done' }, 2])
      })

      test('what is over at the bank, and a stranger’s, is not listed', async () => {
        const slot = await run()
        const { id } = installation.bank.invoices().at(-1)!
        await rail().cancelInvoice(
          installation.bank.invoices().find(invoice => invoice.tags.includes(slot))?.id ?? id,
        )
        await forget(slot)
        installation.bank.invoices()[0]!.tags = ['of another system']
        expect([await find(), await forgottenInvoices(installation.db)]).toEqual([0, []])
      })
    },
  )
})
