/**
 * Cash, on both databases, beside a bank that takes no notice of it: an invoice is received over the counter
 * once, whole and in time; what is owed of it is handed over by one person and confirmed by another; and the
 * books add up.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  approveAndDo as approveAsked,
  cancelAsked,
  runDueSlots,
  setAsideAfterRestore,
  takeUpRestored,
  timetable,
} from '../src/jobs/jobs.ts'
import { because } from '../src/base/reasons.ts'
import { balances, checkLedger } from '../src/ledger/ledger.ts'
import {
  addAccount,
  approveAccount,
  changeLimits,
  confirmHandOver,
  handOver,
  proposeBeyond,
  stopAll,
  takeBackHandOver,
  type PayoutRow,
} from '../src/payout/payout.ts'
import { attentionOf } from '../src/queries/attention.ts'
import { handOvers } from '../src/queries/handOver.ts'
import { payoutWaits, showPayout } from '../src/queries/payouts.ts'
import { status } from '../src/queries/status.ts'
import { addSchedule, needSchedule, runNow, type NewSchedule } from '../src/schedule/schedule.ts'
import {
  proposeTakeBack,
  receiveCash,
  replayEvent,
  settleInbox,
  type InboxRow,
} from '../src/webhooks/webhooks.ts'
import type { InvoiceRow } from '../src/invoice/invoice.ts'
import { sql } from '../src/db/db.ts'
import { approveAndDo, holdPayout, letGo, releasePayout } from './testbed/acts.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const hour = 3_600_000

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let postgres: Postgres | undefined
      let installation: TestInstallation
      let invoices: InvoiceRow[]
      beforeAll(async () => {
        if (engine === 'PostgreSQL') postgres = await startPostgres()
      })
      afterAll(() => postgres?.stop())
      beforeEach(async () => {
        installation = await openTestInstallation(
          postgres ? { databaseUrl: await postgres.migratedDatabase() } : {},
        )
        const { db, app } = installation
        const to = { kind: 'cash', holder: 'Ana Lima', destination: 'front desk, against her ID' } as const
        await addAccount(db, app.world, 'rent', to, 'maker')
        await approveAccount(db, 'rent', { by: 'checker' })
        const schedule: NewSchedule = {
          ...{ name: 'counter', rail: 'cash', cron: '0 0 1 * *', timeZone: 'UTC' },
          ...{ startsAt: undefined, endsAt: undefined, countLow: 2, countHigh: 2 },
          ...{ unitsLow: 10_000n, unitsHigh: 10_000n, roster: undefined, dueInMs: 24 * hour },
          ...{ payTo: 'rent', commissionBp: 150n, minPayoutUnits: 0n, catchUp: 'all' },
        } as const
        await addSchedule(db, app.world, schedule, 'maker')
        await db.tx(async tx => runNow(tx, app.world, await needSchedule(tx, 'counter'), 'maker'))
        await runDueSlots(app)
        invoices = await db.all(sql`select * from invoices where rail = 'cash' order by id`)
      })
      afterEach(() => installation.close())

      const at = () => ({ ...installation.app })
      const receive = (units: bigint, by = 'ana', id = invoices[0]!.id) =>
        receiveCash(at(), id, { units, by, note: 'nº 7' })
      const invoice = async (id = invoices[0]!.id) =>
        (await installation.db.one<InvoiceRow>(sql`select * from invoices where id = ${id}`))!
      const payout = async (id = invoices[0]!.id) =>
        (await installation.db.one<PayoutRow>(sql`select * from payouts where invoice_id = ${id}`))!
      const hand = async (by = 'ana', id = invoices[0]!.id) =>
        handOver(installation.db, installation.app.world, (await payout(id)).id, { by, note: 'nº 31' })
      const confirm = async (by: string) =>
        confirmHandOver(installation.db, installation.app.world, (await payout()).id, { by, why: '' })
      const takeBack = async (by: string) =>
        takeBackHandOver(installation.db, installation.app.world, (await payout()).id, {
          by,
          why: 'not here',
        })
      const propose = (by = 'ana', id = invoices[0]!.id) =>
        proposeTakeBack(installation.db, installation.app.world, id, { by, why: 'another invoice was paid' })
      const idOf = (proposed: Awaited<ReturnType<typeof propose>>) =>
        'proposal' in proposed ? proposed.proposal.id : proposed.is
      const takeBackBy = async (by: string, id = invoices[0]!.id) =>
        approveAsked(installation.app, idOf(await propose('ana', id)), { by })
      const daily = async () => {
        const { app } = installation
        for (const job of timetable(app).filter(({ name }) => name === 'counter'))
          await job.work(app, app.world)
      }
      const asks = async () =>
        (await attentionOf(installation.db, await installation.db.tx(tx => tx.now()))).map(({ kind }) => kind)

      test('it is asked for, received, owed, handed over and confirmed, and the bank has no part in it', async () => {
        const { db } = installation
        expect(await invoice()).toMatchObject({ state: 'issued', provider_id: invoices[0]!.id })
        expect(await receive(10_000n)).toMatchObject({ is: 'received', invoice: { state: 'credited' } })
        expect(await payout()).toMatchObject({
          state: 'owed',
          rail: 'cash',
          units: 9_850n,
          withheld_units: 0n,
        })
        expect(await balances(db, 'BRL')).toMatchObject({ 'cash-box': 10_000n, payable: -9_850n, bank: 0n })

        await installation.send()
        expect(await payout()).toMatchObject({ state: 'owed' })
        expect(payoutWaits((await showPayout(db, (await payout()).id))!.row)?.toString()).toBe(
          'waits to be handed over',
        )

        expect(await hand()).toMatchObject({ is: 'handed', payout: { state: 'sent' } })
        expect(await confirm('ANA')).toMatchObject({ is: 'impossible', code: 'same-person' })
        expect(await confirm('bruno')).toMatchObject({ is: 'paid', payout: { state: 'paid' } })
        expect(await balances(db, 'BRL')).toMatchObject({
          ...{ 'cash-box': 150n, payable: 0n, 'in-transit': 0n, commission: -150n },
        })
        const seen = await status(db)
        expect([seen.addsUp, seen.money.inCash]).toEqual([true, 150n])
        const shown = (await showPayout(db, (await payout()).id))!
        expect(shown.lines.map(({ posting }) => posting.movement)).toEqual(['cash received', 'commission'])
        expect(await installation.audit()).toEqual([])
        expect(installation.transfers()).toEqual([])
      })

      test('it is received once, whole, in time, and while it is asked for', async () => {
        const [first, second] = invoices.map(({ id }) => id)
        expect(await receive(9_999n)).toMatchObject({ is: 'impossible', code: 'wrong-amount' })
        expect(await receive(10_000n, 'ana', installation.id)).toMatchObject({ code: 'of-another-rail' })
        expect(await receive(10_000n, 'ana', 'inv_none')).toEqual({ is: 'unknown' })
        const both = await Promise.all([receive(10_000n), receive(10_000n, 'bruno')])
        expect(both.map(each => ('code' in each ? each.code : each.is)).sort()).toEqual([
          'received',
          'received',
        ])
        expect(both.map(({ is }) => is).sort()).toEqual(['impossible', 'received'])
        expect(await receive(10_000n)).toMatchObject({ code: 'received' })
        expect(await cancelAsked(at(), first!, { by: 'ana', why: 'x' })).toMatchObject({ code: 'paid' })

        installation.pass(25 * hour)
        expect(await receive(10_000n, 'ana', second)).toMatchObject({ code: 'late' })
        await daily()
        expect(await invoice(second)).toMatchObject({ state: 'expired' })
        expect(await receive(10_000n, 'ana', second)).toMatchObject({ code: 'late' })
        const payouts = await installation.db.all(sql`select id from payouts where rail = 'cash'`)
        expect(payouts).toHaveLength(1)
      })

      test('an amount that was edited past the program is neither asked for nor received', async () => {
        const { db } = installation
        const { id } = invoices[0]!
        const edit = (units: bigint) =>
          db.tx(tx => tx.run(sql`update invoices set units = ${units} where id = ${id}`))
        await edit(1_000n)
        expect(await receive(1_000n)).toMatchObject({ is: 'impossible', code: 'edited' })
        await edit(10_000n)
        expect(await receive(10_000n)).toMatchObject({ is: 'received' })

        const draft = (state: string, units: bigint) => sql`update invoices set state = ${state},
          units = ${units} where id = ${invoices[1]!.id}`
        await db.tx(tx => tx.run(draft('draft', 1_000n)))
        await daily()
        expect(await invoice(invoices[1]!.id)).toMatchObject({ state: 'draft' })
        await db.tx(tx => tx.run(draft('issued', 10_000n)))
      })

      test('one that is canceled is not received', async () => {
        const { id } = invoices[1]!
        expect(await cancelAsked(at(), id, { by: 'ana', why: 'wrong month' })).toMatchObject({
          is: 'canceled',
        })
        expect(await receive(10_000n, 'ana', id)).toMatchObject({ is: 'impossible', code: 'canceled' })
        expect(await cancelAsked(at(), id, { by: 'ana', why: 'again' })).toMatchObject({ code: 'over' })
      })

      test('a receipt that was put into the inbox past the program credits nothing', async () => {
        const { db, app } = installation
        await receive(10_000n)
        await db.tx(tx =>
          tx.run(sql`
          insert into inbox (rail, event_id, raw, via, received_at, state, next_at, changed_at)
          select rail, 'receipt/forged', raw, via, received_at, 'new', received_at, changed_at from inbox
            where rail = 'cash'`),
        )
        const forged = Buffer.from(
          JSON.stringify({ invoice: invoices[1]!.id, amount: '100.00', by: 'ana', note: '', at: '' }),
        )
        await db.tx(tx => tx.run(sql`update inbox set raw = ${forged} where event_id = 'receipt/forged'`))
        await settleInbox(app)
        expect(await invoice(invoices[1]!.id)).toMatchObject({ state: 'issued' })
        expect(await asks()).toContain('event quarantined')
      })

      test('a receipt that was planted, waits or is quarantined, is in the way of neither the honest one nor a cancelation', async () => {
        const { db, app } = installation
        const [first, second] = invoices.map(({ id }) => id)
        const now = await db.tx(tx => tx.now())
        const plant = (id: string, state: 'new' | 'quarantined') =>
          db.tx(tx =>
            tx.run(sql`
              insert into inbox (rail, event_id, raw, via, received_at, state, next_at, changed_at)
              values ('cash', ${`receipt/${id}`}, ${Buffer.from('{}')}, 'poll', ${now}, ${state}, ${now}, ${now})`),
          )
        await plant(first!, 'quarantined')
        await plant(second!, 'new')
        expect(await cancelAsked(app, second!, { by: 'ana', why: 'nobody came' })).toMatchObject({
          is: 'canceled',
        })
        expect(await receive(10_000n)).toMatchObject({ is: 'received', invoice: { state: 'credited' } })
        expect(await receive(10_000n)).toMatchObject({ is: 'impossible', code: 'received' })
        expect(await payout()).toMatchObject({ state: 'owed', units: 9_850n })
      })

      test('what was not handed over is held, and is handed over again once it is released', async () => {
        const { db } = installation
        await receive(10_000n)
        expect(await takeBack('bruno')).toMatchObject({ code: 'not-handed' })
        await hand()
        expect(await hand('bruno')).toMatchObject({ code: 'not-owed' })
        expect(await takeBack('ana')).toMatchObject({ is: 'held', payout: { state: 'held' } })
        expect(await hand()).toMatchObject({ code: 'not-owed' })
        await releasePayout(db, (await payout()).id, { by: 'bruno', why: 'she came' })
        await hand()
        expect(await confirm('bruno')).toMatchObject({ is: 'paid' })
        expect(await confirm('bruno')).toMatchObject({ code: 'not-handed' })
        expect(await installation.audit()).toEqual([])
      })

      test('what keeps a transfer back keeps this back: a stop, a limit, an edited row', async () => {
        const { db, app } = installation
        const [first, second] = invoices.map(({ id }) => id)
        await receive(10_000n)
        await receive(10_000n, 'ana', second)
        await db.tx(tx =>
          changeLimits(tx, app.world, { asset: 'BRL', wanted: { payout: 9_000n }, by: 'ana', why: 'x' }),
        )
        expect(await hand()).toMatchObject({ code: 'waits', why: expect.stringContaining('above the limit') })
        const { id } = await payout()
        const proposed = await db.tx(tx => proposeBeyond(tx, app.world, id, { by: 'ana', why: 'rent' }))
        if (!('proposal' in proposed)) throw new Error('it is not proposed')
        await approveAndDo(app, proposed.proposal.id, { by: 'bruno' })
        expect(await hand()).toMatchObject({ is: 'handed' })

        const order = sql`payout_id = ${id}`
        await db.tx(tx => tx.run(sql`update attempts set state = 'canceled' where ${order}`))
        for (const say of [confirm, takeBack])
          expect(await say('bruno')).toMatchObject({
            code: 'edited',
            why: expect.stringContaining('is canceled here'),
          })
        await db.tx(tx => tx.run(sql`update attempts set state = 'sent' where ${order}`))

        await db.tx(tx =>
          tx.run(sql`update attempts set units = 1 where payout_id in (select id from payouts
        where invoice_id = ${first!})`),
        )
        expect(await confirm('bruno')).toMatchObject({ code: 'edited' })
        expect(await takeBack('bruno')).toMatchObject({ code: 'edited' })
        await db.tx(tx => tx.run(sql`update payouts set units = 8000 where invoice_id = ${second!}`))
        expect(await hand('ana', second)).toMatchObject({ code: 'held' })
        await stopAll(db, 'a look', 'carla')
        expect(await hand('ana', second)).toMatchObject({ is: 'impossible' })
      })

      test('it is said once it waits for a day, to be handed over and to be confirmed', async () => {
        await receive(10_000n)
        expect(await asks()).not.toContain('handover waits')
        installation.pass(25 * hour)
        expect(await asks()).toContain('handover waits')
        await hand()
        expect(await asks()).not.toContain('handover unconfirmed')
        installation.pass(25 * hour)
        expect(await asks()).toContain('handover unconfirmed')
      })

      test('after a restore what is owed is held, for it may have been handed over since', async () => {
        const { db, app } = installation
        await receive(10_000n)
        await setAsideAfterRestore(db, app.world)
        expect(await payout()).toMatchObject({ state: 'held', reason: 'maybe-handed-after-backup' })
        expect(await checkLedger(db)).toEqual([])
      })

      test('after a restore what was held already says it too, for it may have been released and handed over since', async () => {
        const { db, app } = installation
        await receive(10_000n)
        await holdPayout(db, (await payout()).id, { by: 'ana', why: 'her papers are missing' })
        await setAsideAfterRestore(db, app.world)
        expect(await payout()).toMatchObject({ state: 'held', reason: 'maybe-handed-after-backup' })
        expect(await checkLedger(db)).toEqual([])
      })

      test('a list of what is handed over that is cut says so', async () => {
        const { db } = installation
        await receive(10_000n)
        expect(await handOvers(db, 1)).toMatchObject({ isCut: false, owed: [{ objected: 0n }] })
        await receive(10_000n, 'ana', invoices[1]!.id)
        const { owed, isCut } = await handOvers(db, 1)
        expect([owed.length, isCut]).toEqual([1, true])
      })

      test('nobody hands over another amount, or confirms another order, than they were shown', async () => {
        const { db, app } = installation
        await receive(10_000n)
        const { id, units } = await payout()
        const handShown = (shown: bigint) => handOver(db, app.world, id, { by: 'ana', note: 'nº 31', shown })
        expect(await handShown(units - 1n)).toMatchObject({ code: 'other-amount', payout: { state: 'owed' } })
        expect(await handShown(units)).toMatchObject({ is: 'handed' })
        const { order_id: order } = (await handOvers(db)).handed[0]!
        await takeBack('ana')
        await releasePayout(db, id, { by: 'bruno', why: 'she came' })
        await hand()
        const confirmShown = (shown: string) =>
          confirmHandOver(db, app.world, id, { by: 'bruno', why: '', order: shown })
        expect(await confirmShown(order!)).toMatchObject({ code: 'other-order' })
        expect(await confirmShown((await handOvers(db)).handed[0]!.order_id!)).toMatchObject({ is: 'paid' })
      })

      test('after a restore what is received again is held as well: it may have been handed over since the backup', async () => {
        const { db, app } = installation
        await takeUpRestored(db, app.world, {
          ...{ why: because('said', { said: 'restored' }), by: 'root' },
        })
        await letGo(db, 'compared', 'carla')
        expect(await receive(10_000n)).toMatchObject({ is: 'received' })
        expect(await payout()).toMatchObject({ state: 'held', reason: 'maybe-handed-after-backup' })
        expect(await hand()).toMatchObject({ is: 'impossible', code: 'not-owed' })
        await releasePayout(db, (await payout()).id, { by: 'bruno', why: 'no receipt is signed' })
        expect(await hand()).toMatchObject({ is: 'handed' })
        expect(await checkLedger(db)).toEqual([])
      })

      test('a receipt is taken back by two: nothing is owed for it, and the invoice is received again', async () => {
        const { db, app } = installation
        const { id } = invoices[0]!
        expect(await propose()).toMatchObject({ is: 'impossible', code: 'not-received' })
        await receive(10_000n)
        expect(await takeBackBy('ana')).toMatchObject({ is: 'own' })
        expect(await takeBackBy('bruno')).toMatchObject({ is: 'approved' })
        expect([(await invoice()).state, (await payout()).state]).toEqual(['reversed', 'canceled'])
        expect(await balances(db, 'BRL')).toMatchObject({ 'cash-box': 0n, payable: 0n, commission: 0n })
        expect(await hand()).toMatchObject({ code: 'not-owed' })
        expect(await propose()).toMatchObject({ code: 'not-received' })
        expect(await installation.audit()).toEqual([])

        const [event] = await db.all<InboxRow>(sql`select * from inbox where rail = 'cash'`)
        await db.tx(tx => replayEvent(tx, event!, { by: 'bruno', why: 'a look' }))
        await settleInbox(app)
        expect(await invoice()).toMatchObject({ state: 'reversed' })

        expect(await receive(9_999n)).toMatchObject({ code: 'wrong-amount' })
        expect(await receive(10_000n, 'carla')).toMatchObject({
          is: 'received',
          invoice: { state: 'credited' },
        })
        expect(await receive(10_000n)).toMatchObject({ code: 'received' })
        const events = await db.all(sql`select event_id, state from inbox where rail = 'cash' order by id`)
        expect(events).toEqual([
          { event_id: `receipt/${id}`, state: 'done' },
          { event_id: `receipt/${id}/2`, state: 'done' },
        ])
        expect(await payout()).toMatchObject({ state: 'owed', units: 9_850n })
        await hand()
        expect(await confirm('bruno')).toMatchObject({ is: 'paid' })
        expect(await balances(db, 'BRL')).toMatchObject({ 'cash-box': 150n, payable: 0n, commission: -150n })
        expect([await installation.audit(), (await status(db)).addsUp]).toEqual([[], true])
      })

      test('what was handed over of a receipt that is taken back its payee owes, once it is confirmed', async () => {
        const { db } = installation
        const [first, second] = invoices.map(({ id }) => id)
        await receive(10_000n)
        await receive(10_000n, 'ana', second)
        await hand()
        await hand('ana', second)
        await takeBackBy('bruno')
        await takeBackBy('bruno', second)
        expect(await payout()).toMatchObject({ state: 'sent' })
        expect(await balances(db, 'BRL')).toMatchObject({ receivable: 0n })
        expect(await asks()).toContain('handover unconfirmed')
        expect(await confirm('bruno')).toMatchObject({ is: 'paid' })
        expect(await balances(db, 'BRL')).toMatchObject({ receivable: 9_850n, 'cash-box': -9_850n })
        expect(await asks()).toContain('payee owes')
        const act = { by: 'ana', why: 'she did not come' }
        await takeBackHandOver(db, installation.app.world, (await payout(second)).id, act)
        expect(await payout(second)).toMatchObject({ state: 'canceled', reason: 'receipt-not-there' })
        expect([await installation.audit(), (await status(db)).addsUp]).toEqual([[], true])

        await receive(10_000n, 'carla', first)
        expect(await balances(db, 'BRL')).toMatchObject({ receivable: 0n, 'cash-box': 150n })
        // It was handed over once and was not: whoever holds it knows more than the books.
        await receive(10_000n, 'carla', second)
        expect(await payout(second)).toMatchObject({ state: 'held', reason: 'held-before-taken-back' })
        expect([await installation.audit(), (await status(db)).addsUp]).toEqual([[], true])
      })

      test('a receipt is taken back as the books have it; after a restore what is received again is held', async () => {
        const { db, app } = installation
        await receive(10_000n)
        const { id } = invoices[0]!
        const proposed = await propose()
        await db.tx(tx => tx.run(sql`update invoices set paid_units = 1 where id = ${id}`))
        expect(await propose('carla')).toMatchObject({ code: 'edited' })
        expect(await approveAsked(app, idOf(proposed), { by: 'bruno' })).toMatchObject({
          is: 'cannot',
          refusal: { is: 'receipt-refused', code: 'edited' },
        })
        await db.tx(tx => tx.run(sql`update invoices set paid_units = 10000 where id = ${id}`))
        await takeUpRestored(db, app.world, { why: because('said', { said: 'restored' }), by: 'root' })
        await approveAsked(app, idOf(proposed), { by: 'bruno' })
        await receive(10_000n)
        expect(await payout()).toMatchObject({ state: 'held', reason: 'maybe-handed-after-backup' })
        expect(await checkLedger(db)).toEqual([])
      })

      test('what is received is not canceled, though the process died before it was settled', async () => {
        const { app } = installation
        const { id } = invoices[0]!
        const dies = async (point: string) => {
          if (point === 'events kept') throw new Error('killed here')
        }
        const dying = { ...at(), world: { ...app.world, at: dies } }
        await expect(receiveCash(dying, id, { units: 10_000n, by: 'ana', note: 'nº 7' })).rejects.toThrow(
          'killed here',
        )
        const canceled = await cancelAsked(app, id, { by: 'bruno', why: 'nobody came' })
        expect(canceled).toMatchObject({ is: 'impossible', code: 'paid' })
        await settleInbox(app)
        expect(await invoice()).toMatchObject({ state: 'credited' })
        expect(await payout()).toMatchObject({ state: 'owed', units: 9_850n })
      })
    },
  )
})
