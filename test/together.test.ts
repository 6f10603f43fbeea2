/**
 * Events proven together on both databases: how often the bank is asked about a hundred of them, and what is
 * asked about by itself after all.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bodyOf } from '../sim/events.ts'
import type { BankEvent } from '../sim/event.ts'
import { done, refused, unsure, type Answer } from '../src/base/answer.ts'
import { runDueSlots, type App } from '../src/jobs/jobs.ts'
import { needSchedule, runNow } from '../src/schedule/schedule.ts'
import { sendPayouts } from '../src/payout/payout.ts'
import type { Bank, BankInvoice, BankTransfer, Page } from '../src/rails/starkbank/bank.ts'
import { starkbankRail } from '../src/rails/starkbank/starkbank.ts'
import { sql } from '../src/db/db.ts'
import { settleInbox } from '../src/webhooks/webhooks.ts'
import { wire } from './simulation/wire.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { addSchedule } from './testbed/acts.ts'

const second = 1_000
const few = 9

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      let app: App
      let asked: string[]
      /** What lists answer instead of what the bank has; nothing where they answer that. */
      let invoices: (page: Page<BankInvoice>) => Answer<Page<BankInvoice>>
      let transfers: (page: Page<BankTransfer>) => Answer<Page<BankTransfer>>

      beforeAll(
        async () =>
          void (postgres = engine === 'PostgreSQL' ? await startPostgres({ durable: false }) : undefined),
      )
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        installation = await openTestInstallation({
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
        })
        asked = []
        invoices = done
        transfers = done
        app = { ...installation.app, rails: { starkbank: watched() } }
        await payFor('few', few)
      })
      afterEach(async () => {
        expect(await installation.audit()).toEqual([])
        await installation.close()
      })

      /** The installation's rail, of which each read is noted and lists can be bent. */
      function watched() {
        const { bank, clock, app: plain } = installation
        const direct = wire({
          bank,
          clock,
          at: () => Promise.resolve(),
          latencyMs: () => 0,
          trace: () => undefined,
        })
        const noted: Bank = {
          ...direct,
          getInvoice: id => (asked.push('invoice'), direct.getInvoice(id)),
          getTransfer: id => (asked.push('transfer'), direct.getTransfer(id)),
          async pageInvoices(query) {
            asked.push('invoices')
            const answer = await direct.pageInvoices(query)
            return answer.is === 'done' && query.ids ? invoices(answer.value) : answer
          },
          async pageTransfers(query) {
            asked.push('transfers')
            const answer = await direct.pageTransfers(query)
            return answer.is === 'done' && query.tags!.length > 1 ? transfers(answer.value) : answer
          },
        }
        return starkbankRail({ bank: noted, workspaceId: bank.settings.workspaceId, ...plain.world })
      }

      /** So many more invoices beside the installation's one, all of them paid. */
      async function payFor(name: string, count: number) {
        const when = {
          cron: '0 0 1 1 *',
          timeZone: 'America/Sao_Paulo',
          startsAt: undefined,
          endsAt: undefined,
          dueInMs: 172_800 * second,
        }
        const what = {
          countLow: count,
          countHigh: count,
          unitsLow: 10_000n,
          unitsHigh: 20_000n,
          roster: undefined,
          payTo: 'main',
        }
        const rule = {
          name,
          rail: 'starkbank',
          commissionBp: 150n,
          minPayoutUnits: 0n,
          catchUp: 'none',
        } as const
        await addSchedule(installation.db, app.world, { ...rule, ...when, ...what }, 'maker')
        await installation.db.tx(async tx => runNow(tx, app.world, await needSchedule(tx, name), 'maker'))
        await runDueSlots(installation.app)
        for (const { id } of installation.bank.invoices()) installation.bank.pay(id)
        installation.pass(5 * second)
      }

      const eventsOf = (kind: string) =>
        installation.bank
          .eventsCreated()
          .filter(({ subscription, log }) => `${subscription}.${log.type}` === kind)
      async function settle(events: BankEvent[]): Promise<string[]> {
        const keep = ({ id, ...event }: BankEvent) =>
          app.inbox.keep({
            rail: 'starkbank',
            eventId: id,
            raw: bodyOf({ id, ...event }),
            via: 'push',
            signature: 'proven elsewhere',
          })
        await Promise.all(events.map(keep))
        asked = []
        await settleInbox(app)
        return asked
      }
      const credits = () => settle(eventsOf('invoice.credited'))
      const countOf = async (state: string, why: string) =>
        Number(
          (await installation.db.one<{ count: bigint }>(
            sql`select count(*) as count from inbox where state = ${state} and why = ${why}`,
          ))!.count,
        )

      test('a hundred credits cost one read, and so do the hundred transfers after them', async () => {
        await payFor('many', 90)
        expect(eventsOf('invoice.credited')).toHaveLength(100)
        expect(await credits()).toEqual(['invoices'])
        expect(await countOf('done', 'credited')).toBe(100)
        await sendPayouts(installation.db, app.rails.starkbank!, app.world)
        installation.pass(60 * second)
        expect(eventsOf('transfer.success')).toHaveLength(100)
        expect(await settle(eventsOf('transfer.success'))).toEqual(['transfers'])
        expect(await installation.db.all(sql`select distinct state from payouts`)).toEqual([
          { state: 'paid' },
        ])
      })

      test('credits that are known cost nothing, and neither do invoices of others', async () => {
        await credits()
        const again = eventsOf('invoice.credited').map(event => ({ ...event, id: `${event.id}9` }))
        expect(await settle(again)).toEqual([])
      })

      test('an invoice that the list lacks, or shows as it was before the event, is asked about by itself', async () => {
        invoices = ({ items, cursor }) => {
          const [, old, ...others] = items
          return done({ items: [{ ...old!, status: 'created', updated: old!.created }, ...others], cursor })
        }
        expect(await credits()).toEqual(['invoices', 'invoice', 'invoice'])
        expect(await countOf('done', 'credited')).toBe(few + 1)
      })

      test('a fee that the list does not show yet is booked', async () => {
        // Paid, and not credited yet: the fee comes with the credit.
        invoices = ({ items, cursor }) =>
          done({ items: items.map(item => ({ ...item, fee: 0, updated: item.created })), cursor })
        expect(await credits()).toEqual(['invoices', ...Array.from({ length: few + 1 }, () => 'invoice')])
        expect(await installation.db.all(sql`select distinct fee_units from invoices`)).toEqual([
          { fee_units: 50n },
        ])
      })

      test('a bank that does not answer is asked once, and the events wait', async () => {
        invoices = () => unsure('no answer')
        // Three tries of one question.
        const settling = settle(eventsOf('invoice.credited'))
        let isOver = false
        void settling.finally(() => (isOver = true))
        while (!isOver) {
          await new Promise(resolve => setImmediate(resolve))
          if (installation.clock.nextWake() !== undefined) installation.pass(second)
        }
        expect(await settling).toEqual(['invoices', 'invoices', 'invoices'])
        expect(await countOf('waiting', 'the bank did not confirm it: no answer')).toBe(few + 1)
        invoices = done
        installation.pass(60 * second)
        await settleInbox(app)
        expect(await countOf('done', 'credited')).toBe(few + 1)
      })

      test('a bank that refuses lists by id is asked about each by itself', async () => {
        invoices = () => refused('invalidIds', false)
        expect(await credits()).toEqual(['invoices', ...Array.from({ length: few + 1 }, () => 'invoice')])
        expect(await countOf('done', 'credited')).toBe(few + 1)
      })

      test('a bank that wants every tag of a list on one transfer is asked about each by itself', async () => {
        await credits()
        await sendPayouts(installation.db, app.rails.starkbank!, app.world)
        installation.pass(60 * second)
        transfers = ({ cursor }) => done({ items: [], cursor })
        const counted = Map.groupBy(await settle(eventsOf('transfer.success')), kind => kind)
        expect([...counted].map(([kind, each]) => [kind, each.length])).toEqual([
          ['transfers', few + 2],
          ['transfer', few + 1],
        ])
        expect(await installation.db.all(sql`select distinct state from payouts`)).toEqual([
          { state: 'paid' },
        ])
      })

      test('what was shown too long ago is asked for again', async () => {
        const at = (name: string) =>
          void (name === 'proofs asked for together' && installation.pass(31 * second))
        app = { ...app, world: { ...app.world, at } }
        expect(await credits()).toEqual(['invoices', ...Array.from({ length: few + 1 }, () => 'invoice')])
      })

      test('everything else has its turn after each event', async () => {
        let turns = 0
        const turn = async () => void turns++
        app = { ...app, world: { ...app.world, clock: { ...app.world.clock, turn } } }
        await credits()
        expect(turns).toBe(few + 1)
      })
    },
  )
})
