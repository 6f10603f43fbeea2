/**
 * What does not move in its time is said, on both databases: a bank that is away leaves one line of history a
 * retry, and not one a try.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { instant, millis } from '../src/base/world.ts'
import { issueDrafts } from '../src/invoice/invoice.ts'
import { listening, silentRails, timetable, wake } from '../src/jobs/jobs.ts'
import { lastSlotsOf } from '../src/schedule/schedule.ts'
import { sql, type Sql } from '../src/db/db.ts'
import { attentionOf, grouped } from '../src/queries/attention.ts'
import { seeOverview } from '../src/web/console/overview/read.ts'
import { readiness, status } from '../src/queries/status.ts'
import { settleInbox } from '../src/webhooks/webhooks.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const minute = 60_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres({ durable: false })
        installation = await openTestInstallation({
          databaseUrl: postgres ? await postgres.migratedDatabase() : 'sqlite::memory:',
        })
      })
      afterAll(async () => {
        await installation?.close()
        await postgres?.stop()
      })

      const linesOf = async (id: string) =>
        (await installation.historyOf(id)).map(({ from_state: from, to_state: to, times }) => [
          from,
          to,
          Number(times ?? 1),
        ])

      /** One more of the same slot, put into the books as if it had got there by itself. */
      const anotherInvoice = async (ordinal: number, state: string): Promise<string> => {
        const id = `inv_${`${ordinal}`.padStart(26, '0')}`
        await installation.db.tx(tx =>
          tx.run(sql`
          insert into invoices (id, store_id, slot_id, ordinal, rail, asset, units, payer_name, payer_tax_id,
            description, due_at, account_id,
            commission_bp, min_payout_units, state, batch_tag, next_at, added_at, changed_at, order_id,
              told_state)
          select ${id}, store_id, slot_id, ${ordinal}, rail, asset, units, payer_name, payer_tax_id,
            description, due_at, account_id,
            commission_bp, min_payout_units, ${state}, ${`batch-${ordinal}`}, added_at, added_at, changed_at,
              order_id, told_state
          from invoices where id = ${installation.id}`),
        )
        return id
      }
      const now = () => installation.db.tx(tx => tx.now())
      const needsPerson = async () => (await status(installation.db, { now: await now() })).needsPerson

      test('an invoice that the bank cannot take for an hour has one line a step, with how often and why the last time', async () => {
        const { db, bank, app } = installation
        const draftId = await anotherInvoice(9, 'draft')
        const id = draftId
        for (let time = 0; time < 30; time++) {
          bank.failNext('status429', 'POST /v2/invoice')
          await issueDrafts(db, app.rails.starkbank!, app.world)
          installation.pass(2 * minute)
        }
        expect(await linesOf(id)).toEqual([
          ['draft', 'issuing', 30],
          ['issuing', 'draft', 30],
        ])
        await issueDrafts(db, app.rails.starkbank!, app.world)
        expect((await linesOf(id)).at(-1)).toEqual(['issuing', 'issued', 1])
      })

      test('a bank that does not answer is said after five minutes, by status, by /ready and on the overview, and heals by itself', async () => {
        const { db, bank, app } = installation
        const rail = listening(app.rails.starkbank!, db, app.world)
        const at = await now()
        expect((await rail.balance()).is).toBe('done')
        bank.setFaults({ status429: 1, retryAfterSeconds: 60 })
        for (let asked = 0; asked < 4; asked++) {
          installation.pass(2 * minute)
          expect((await rail.balance()).is).toBe('refused')
          expect((await status(db, { now: await now() })).silent.length).toBe(asked < 3 ? 0 : 1)
        }
        expect(await needsPerson()).toEqual([
          expect.stringMatching(/^the bank has not answered since 2026-\S+: .*, so nothing moves there$/),
        ])
        expect(await silentRails(db, await now())).toMatchObject([{ rail: 'starkbank', since: at }])
        expect(await silentRails(db, await now(), 10 * minute)).toEqual([])
        // Intake goes on, so requests are answered, and says why nothing moves.
        expect(await readiness(db)).toMatchObject({
          ready: true,
          checks: { starkbank: 'has not answered for 8 minutes: see repasse status' },
        })
        expect((await seeOverview(app)).asks.map(({ kind }) => kind)).toEqual(['rail silent'])
        bank.setFaults({ status429: 0 })
        installation.pass(2 * minute)
        await rail.balance()
        expect([await needsPerson(), (await readiness(db)).checks['starkbank']]).toEqual([[], undefined])
      })

      test('a run that did less than it should says so, and one that did it all does not', async () => {
        const { db, bank, app } = installation
        const id = await anotherInvoice(20, 'draft')
        const job = timetable(app).find(({ name }) => name === 'issue-left')!
        bank.failNext('status429', 'POST /v2/invoice')
        await wake(app, job)
        installation.pass(2 * minute)
        await wake(app, job)
        const runs = await db.all(
          sql`select outcome, summary, lacks from runs where job = 'issue-left' order by started_at, id`,
        )
        expect(runs).toEqual([
          { outcome: 'done', summary: '1 later', lacks: '1 later' },
          { outcome: 'done', summary: '1 issued', lacks: null },
        ])
        const slots = await lastSlotsOf(
          db,
          [(await db.one<{ id: string }>(sql`select id from schedules`))!.id],
          1,
        )
        expect([...slots.values()][0]![0]).toMatchObject({ state: 'done', isShort: false })
        await db.tx(tx => tx.run(sql`update invoices set state = 'draft' where id = ${id}`))
        const open = await lastSlotsOf(
          db,
          [(await db.one<{ id: string }>(sql`select id from schedules`))!.id],
          1,
        )
        expect([...open.values()][0]![0]).toMatchObject({ state: 'done', isShort: true })
        await db.tx(tx => tx.run(sql`update invoices set state = 'issued' where id = ${id}`))
      })

      test('an event that waits has one line for its waiting, and another for what became of it', async () => {
        const { bank, db, app } = installation
        bank.pay(installation.atBank.id)
        installation.pass(minute)
        const event = installation.event('invoice.credited')
        bank.setFaults({ status429: 1, retryAfterSeconds: 60 })
        await installation.hear(event)
        for (let time = 0; time < 4; time++) {
          installation.pass(10 * minute)
          await settleInbox(app)
        }
        bank.setFaults({ status429: 0 })
        const row = (await db.one<{ id: bigint }>(sql`select id from inbox where event_id = ${event.id}`))!
        const lines = await linesOf(`${row.id}`)
        expect(lines.reduce((sum, [, , times]) => sum + Number(times), 0)).toBeGreaterThan(3)
        expect(lines.slice(0, 2)).toEqual([
          ['new', 'waiting', 1],
          ['waiting', 'waiting', expect.any(Number)],
        ])
        expect(lines.length).toBeLessThanOrEqual(3)
        expect(await needsPerson()).toEqual([
          expect.stringMatching(/^event \d+ has been waiting for more than 15 minutes: the bank did not/),
        ])
        installation.pass(60 * minute)
        await settleInbox(app)
        expect([await installation.fate(event), await needsPerson()]).toEqual(['done: credited', []])
      })

      test('two hundred refused invoices hide no payout that came back: the worst comes first, and the rest of a kind is counted', async () => {
        const { db, app } = installation
        for (let ordinal = 100; ordinal < 320; ordinal++) await anotherInvoice(ordinal, 'refused')
        await db.tx(async tx => {
          await tx.run(sql`
          insert into payouts (id, store_id, invoice_id, rule, account_id, asset, units, withheld_units,
            state, why, next_at, added_at, changed_at)
          select 'pay_zzzzzzzzzzzzzzzzzzzzzzzzzz', store_id, 'inv_00000000000000000000000100', 'net',
            account_id, asset, 1, 0, 'returned', 'it came back', '',
            added_at, added_at from invoices where id = ${installation.id}`)
        })
        const said = await needsPerson()
        expect(said[0]).toBe('payout pay_zzzzzzzzzzzzzzzzzzzzzzzzzz is returned: it came back')
        expect(said.filter(line => line.endsWith('was refused by the bank'))).toHaveLength(20)
        expect(said.at(-1)).toBe(
          'and 200 more of this kind (invoice refused): repasse invoice list --state refused',
        )

        const { asks } = await seeOverview(app)
        expect(asks.map(({ kind, total, href }) => [kind, total, href])).toEqual([
          ['payout returned', 1, '/console/payouts?state=returned'],
          ['invoice refused', 220, '/console/invoices?state=refused'],
        ])
        expect(asks[1]!.asks.length).toBeLessThan(20)
        await db.tx(async tx => {
          await tx.run(sql`delete from payouts where id = 'pay_zzzzzzzzzzzzzzzzzzzzzzzzzz'`)
          await tx.run(sql`delete from invoices where state = 'refused'`)
        })
      })

      test.each([
        [
          'unsure',
          sql`state = 'unsure'`,
          20,
          40,
          /^payout pay_\w+ has been unsure for more than 30 minutes: gone$/,
        ],
        [
          'sent',
          sql`state = 'sent'`,
          5 * 60,
          7 * 60,
          /^payout pay_\w+ was sent at \S+, and nobody has said that it arrived$/,
        ],
        ['waiting', sql`state = 'waiting'`, 30, 90, /^payout pay_\w+ has been waiting since \S+: gone$/],
        [
          'owed',
          sql`state = 'owed'`,
          30,
          90,
          /^payout pay_\w+ has been owed since \S+ and is not ordered: gone$/,
        ],
        [
          'owed to an account that is closed, as that of a refund is,',
          sql`state = 'owed', account_id = 'acc_closed'`,
          30,
          90,
          /^payout pay_\w+ has been owed since \S+ and is not ordered: gone$/,
        ],
      ])(
        'a payout that is %s is said once it takes longer than it should, and not before',
        async (_, state, notYet, after, says) => {
          const { db } = installation
          const { id } = (await installation.payout())!
          const at = await now()
          await db.tx(tx =>
            tx.run(sql`
              insert into accounts (id, store_id, name, kind, holder, destination, state, added_by, added_at,
                changed_at)
              select 'acc_closed', store_id, 'closed', 'bitcoin', holder, 'bc1', 'closed', added_by, added_at,
                changed_at
              from accounts where name = 'main' on conflict (id) do nothing`),
          )
          await db.tx(tx =>
            tx.run(
              sql`update payouts set ${state}, why = 'gone', added_at = ${at}, changed_at = ${at}
                where id = ${id}`,
            ),
          )
          installation.pass(notYet * minute)
          expect(await needsPerson()).toEqual([])
          installation.pass((after - notYet) * minute)
          expect(await needsPerson()).toEqual([expect.stringMatching(says)])
          const { asks } = await seeOverview(installation.app)
          expect(asks.map(({ total }) => total)).toEqual([1])
          await db.tx(tx => tx.run(sql`update payouts set state = 'canceled' where id = ${id}`))
        },
      )

      test('what a row says with a code is said with it', async () => {
        const { db } = installation
        const { id } = (await installation.payout())!
        class Undo extends Error {}
        const inside = db.tx(async tx => {
          const said = async (kind: string) =>
            (await attentionOf(tx, await tx.now())).find(each => each.kind === kind)
          await tx.run(sql`
            update payouts set state = 'held', why = 'held', reason = 'several-paid', detail = '{"count":2}'
            where id = ${id}`)
          expect(await said('payout held')).toMatchObject({
            ...{ id, why: 'held', because: { reason: 'several-paid', detail: '{"count":2}' } },
          })
          await tx.run(sql`
            update inbox set state = 'quarantined', why = 'bad', reason = 'unreadable', detail = null`)
          expect((await said('event quarantined'))!.because).toEqual({ reason: 'unreadable', detail: null })
          await tx.run(sql`
            update slots set state = 'due', held = 'many', held_reason = 'slots-before-wait', held_detail = null`)
          expect((await said('catch-up waits'))!.because?.reason).toBe('slots-before-wait')
          await tx.run(sql`
            insert into orders (id, store_id, token, basket_key, name, email, tax_id, language, rail, units, state,
              attention, attention_reason, attention_detail, added_at, changed_at)
            select 'ord_1', ${tx.store}, 'x', 'x', 'x', 'x', 'x', 'en', rail, 1, 'paid', 'gone',
              'its-payment-left-chain', '{"payment":"inv_1"}', added_at, added_at
            from payouts where id = ${id}`)
          expect((await said('order'))!.because?.detail).toBe('{"payment":"inv_1"}')
          throw new Undo()
        })
        await expect(inside).rejects.toThrow(Undo)
      })

      test('what a clock that was ahead wrote is said once the clock is right, and not when that time has come', async () => {
        const { db } = installation
        const { id } = (await installation.payout())!
        const ahead = instant(millis(await now()) + 6 * 24 * 60 * minute)
        class Undo extends Error {}
        const says = async (change: Sql, kind: string) => {
          const inside = db.tx(async tx => {
            await tx.run(change)
            expect(
              grouped(await attentionOf(tx, await tx.now())).map(each => each.kind),
              kind,
            ).toContain(kind)
            throw new Undo()
          })
          await expect(inside).rejects.toThrow(Undo)
        }
        for (const state of ['unsure', 'sent', 'waiting', 'owed'])
          await says(
            sql`update payouts set state = ${state}, added_at = ${ahead}, changed_at = ${ahead}
              where id = ${id}`,
            `payout ${state}`,
          )
        await says(sql`update invoices set state = 'unsure', added_at = ${ahead}`, 'invoice unsure')
        await says(sql`update invoices set state = 'draft', added_at = ${ahead}`, 'invoice not issued')
        await says(
          sql`update inbox set state = 'waiting', next_at = ${ahead}, received_at = ${ahead}`,
          'event waits',
        )
      })

      test.each([
        [
          'draft invoice',
          sql`update invoices set state = 'draft', added_at = changed_at`,
          /^invoice inv_\w+ is not issued yet/,
        ],
        [
          'unsure invoice',
          sql`update invoices set state = 'unsure', added_at = changed_at`,
          /^invoice inv_\w+ has been unsure/,
        ],
        [
          'due slot',
          sql`update slots set state = 'due'`,
          /^slot slo_\w+ of schedule trial fell due at \S+ and is not run yet$/,
        ],
        [
          'failed slot',
          sql`update slots set state = 'failed'`,
          /^slot slo_\w+ of schedule trial, due at \S+, failed/,
        ],
      ])('a %s that stays behind is said', async (_, change, says) => {
        const { db } = installation
        class Undo extends Error {}
        const inside = db.tx(async tx => {
          await tx.run(change)
          expect((await status(tx, { now: await tx.now() })).needsPerson).toContainEqual(
            expect.stringMatching(says),
          )
          throw new Undo()
        })
        await expect(inside).rejects.toThrow(Undo)
        expect(await needsPerson()).toEqual([])
      })
    },
  )
})
