/**
 * A schedule's terms are stated by whoever makes them: a row that differs asks for nothing and is named, and
 * payouts go by what was stated.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  fingerprint,
  newKeyPair,
  readSigner,
  registerKey,
  said,
  type Proof,
} from '../src/approvals/approvals.ts'
import { placeOrder, runDueSlots } from '../src/jobs/jobs.ts'
import {
  changeSchedule,
  needSchedule,
  runNow,
  schedulesOnlySaid,
  signSchedule,
  termsOf,
  type NewSchedule,
} from '../src/schedule/schedule.ts'
import { checkBooks } from '../src/reconcile/reconcile.ts'
import { setAsideAfterRestore } from '../src/jobs/restored.ts'
import { issueDrafts } from '../src/invoice/invoice.ts'
import { sendPayouts, signAccount, type PayoutRow } from '../src/payout/payout.ts'
import { sql, type Sql } from '../src/db/db.ts'
import { attentionOf, grouped } from '../src/queries/attention.ts'
import { sentences } from '../src/queries/attentionWords.ts'
import { collect } from './testbed/collecting.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { furnishShop } from './testbed/shopFloor.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { trialAccount } from './testbed/trial.ts'
import {
  addAccount,
  addSchedule,
  addUser,
  approveAccount,
  changePayers,
  decideCatchUp,
} from './testbed/acts.ts'

const hour = 3_600_000

const edits = [
  [
    'another approved account',
    sql`update schedules set account_id = (select id from accounts where name = 'other')
      where name = 'trial'`,
  ],
  ['no commission', sql`update schedules set commission_bp = 0 where name = 'trial'`],
  ['other amounts', sql`update schedules set units_low = 90000, units_high = 90000 where name = 'trial'`],
  ['other payers', sql`update schedules set roster = 'name,tax_id,amount' where name = 'trial'`],
  ['a fine', sql`update schedules set fine_bp = 9900 where name = 'trial'`],
  [
    'every minute',
    sql`update schedules set cron = '* * * * *', next_at = '2026-11-21T03:01:00.000Z' where name = 'trial'`,
  ],
  ['another version', sql`update schedules set version = 2 where name = 'trial'`],
  ['a rule that is none', sql`update schedules set cron = 'now and then' where name = 'trial'`],
] as const

describe.each(['SQLite', 'PostgreSQL'])('on %s', engine => {
  describe.skipIf(engine === 'PostgreSQL' && !postgresAvailable())(
    'with a server where one is needed',
    () => {
      let server: Postgres | undefined
      let installation: TestInstallation
      beforeAll(async () => {
        if (engine === 'PostgreSQL') server = await startPostgres({ durable: false })
      })
      afterEach(() => installation?.close())
      afterAll(() => server?.stop())

      const run = (statement: Sql) => installation.db.tx(tx => tx.run(statement))
      /** As whoever can write to the database may, also where a trigger keeps a row. */
      const past = async (table: string, trigger: string, statement: Sql) => {
        await installation.db.script(
          `drop trigger ${trigger}${engine === 'PostgreSQL' ? ` on ${table}` : ''};`,
        )
        await run(statement)
      }
      const send = (approvals: 'proven' | 'any' = 'any') =>
        sendPayouts(installation.db, installation.app.rails.starkbank!, installation.app.world, approvals)
      const asked = () =>
        installation.db.all<{ units: bigint; name: string }>(sql`
      select i.units, c.name from invoices i join slots s on s.id = i.slot_id
        join schedules c on c.id = s.schedule_id order by i.added_at, c.name desc`)
      const slots = () =>
        installation.db.all<{ state: string; tries: bigint }>(sql`
      select state, tries from slots where schedule_id = (select id from schedules where name = 'trial')
        order by due_at`)
      const needed = async () =>
        sentences(grouped(await attentionOf(installation.db, await installation.db.tx(tx => tx.now()))))
      const rule: NewSchedule = {
        ...{
          name: 'trial',
          rail: 'starkbank',
          cron: '0 * * * *',
          timeZone: 'America/Sao_Paulo',
          startsAt: undefined,
          endsAt: undefined,
        },
        ...{
          countLow: 1,
          countHigh: 1,
          unitsLow: 10_000n,
          unitsHigh: 10_000n,
          roster: undefined,
          dueInMs: 48 * hour,
          payTo: 'main',
        },
        ...{ commissionBp: 150n, minPayoutUnits: 0n, catchUp: 'all' },
      }
      const change = async (more: Partial<NewSchedule>, proof: Proof = said) => {
        const { id, version } = await needSchedule(installation.db, 'trial')
        return changeSchedule(installation.db, installation.app.world, undefined, {
          id,
          version,
          rule: { ...rule, ...more },
          by: 'ana',
          proof,
        })
      }

      /** A schedule that is due every hour, and another one beside it. */
      const open = async () => {
        installation = await openTestInstallation({
          databaseUrl: await server?.migratedDatabase(),
          cron: '0 * * * *',
        })
        await addAccount(
          installation.db,
          installation.app.world,
          'other',
          { ...trialAccount, number: '5555555' },
          'maker',
        )
        await approveAccount(installation.db, 'other', 'checker')
      }

      test.each(engine === 'PostgreSQL' ? edits.slice(0, 1) : edits)(
        'a row with %s asks for nothing and is named; others go on, and put back it goes on as well',
        async (_, edit) => {
          await open()
          await addSchedule(installation.db, installation.app.world, { ...rule, name: 'beside' }, 'maker')
          const [before] = await installation.db.all<Record<string, string>>(
            sql`select * from schedules where name = 'trial'`,
          )
          await run(edit)
          installation.pass(hour)
          await runDueSlots(installation.app)
          expect((await asked()).map(({ name }) => name)).toEqual(['trial', 'beside'])
          expect(await slots()).toEqual([{ state: 'done', tries: 1n }])
          expect(await needed()).toContainEqual(
            expect.stringMatching(/^schedule trial issues nothing since .*past this program/),
          )
          expect(await checkBooks(installation.db, installation.app.world)).toEqual([
            expect.stringMatching(/^approvals: schedule trial \(sch_.*past this program/),
          ])

          const {
            account_id: account,
            commission_bp: commission,
            units_low: low,
            units_high: high,
            fine_bp: fine,
            cron,
            version,
            next_at: next,
          } = before!
          await run(sql`
        update schedules
          set account_id = ${account!}, commission_bp = ${commission!}, units_low = ${low!},
            units_high = ${high!}, roster = null,
          fine_bp = ${fine!}, cron = ${cron!}, version = ${version!}, next_at = ${next!}
            where name = 'trial'`)
          await runDueSlots(installation.app)
          expect((await asked()).map(({ name, units }) => [name, units])).toEqual([
            ['trial', 10_000n],
            ['trial', 10_000n],
            ['beside', 10_000n],
          ])
          expect(await needed()).not.toContainEqual(expect.stringContaining('schedule trial'))
          expect(await checkBooks(installation.db, installation.app.world)).toEqual([])
        },
      )

      test('after a restore a rule that is none holds its own schedule, and what else may be at the bank is set aside', async () => {
        await open()
        await addSchedule(installation.db, installation.app.world, { ...rule, name: 'beside' }, 'maker')
        await run(sql`update schedules set cron = 'now and then' where name = 'trial'`)
        installation.pass(hour)
        await setAsideAfterRestore(installation.db, installation.app.world)
        expect(
          await installation.db.all(
            sql`select c.name, s.state from slots s join schedules c on c.id = s.schedule_id
              order by c.name, s.due_at`,
          ),
        ).toEqual([
          { name: 'beside', state: 'missed' },
          { name: 'trial', state: 'done' },
        ])
        expect(await needed()).toContainEqual(
          expect.stringMatching(/^schedule trial issues nothing since .*past this program/),
        )
        await runDueSlots(installation.app)
        expect(installation.bank.invoices()).toHaveLength(1)
      })

      test('a pause that was taken away past the program is none', async () => {
        await open()
        await change({ cron: '0 0 1 1 *' })
        await run(sql`update schedules set state = 'paused' where name = 'trial'`)
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([
          expect.stringContaining('is paused, and nobody turned it so'),
        ])
      })

      test('what fell due by an edited row is asked for by the version that puts it right', async () => {
        await open()
        await run(sql`update schedules set units_low = 1, units_high = 1 where name = 'trial'`)
        installation.pass(hour)
        await runDueSlots(installation.app)
        expect((await change({ unitsLow: 8_000n, unitsHigh: 8_000n })).is).toBe('changed')
        await runDueSlots(installation.app)
        expect((await asked()).map(({ units }) => units)).toEqual([10_000n, 8_000n])
        await run(sql`update schedules set count_high = 9, count_low = 9 where name = 'trial'`)
        await installation.db.tx(async tx =>
          runNow(tx, installation.app.world, await needSchedule(tx, 'trial'), 'ana'),
        )
        await runDueSlots(installation.app)
        expect((await slots()).at(-1)).toEqual({ state: 'due', tries: 0n })
        expect(
          await changePayers(
            installation.db,
            installation.app.world,
            'trial',
            { ...rule, unitsLow: 7_000n, unitsHigh: 7_000n },
            'ana',
          ),
        ).toBeDefined()
        await runDueSlots(installation.app)
        expect((await asked()).map(({ units }) => units)).toEqual([10_000n, 8_000n, 7_000n])
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([])
      })

      test('what fell due since a backup is set aside also where its row is not as it was stated, and never asked for once it is', async () => {
        await open()
        await run(sql`update schedules set fine_bp = 1 where name = 'trial'`)
        installation.pass(3 * hour)
        expect(await setAsideAfterRestore(installation.db, installation.app.world)).toMatchObject({
          slots: 3,
        })
        await run(sql`update schedules set fine_bp = 0 where name = 'trial'`)
        await runDueSlots(installation.app)
        expect((await slots()).map(({ state }) => state)).toEqual(['done', 'missed', 'missed', 'missed'])
      })

      test('the account of an invoice and of its payout, edited together to another approved one, is not paid', async () => {
        await open()
        const [payout] = await collect(installation, [5_000n])
        const other = sql`(select id from accounts where name = 'other')`
        await past(
          'invoices',
          'invoices_payee_kept',
          sql`update invoices set account_id = ${other} where id = ${payout!.invoice_id}`,
        )
        await run(sql`update payouts set account_id = ${other} where id = ${payout!.id}`)
        await send()
        expect(installation.transfers()).toEqual([])
        const row = await installation.db.one(sql`select state, why from payouts where id = ${payout!.id}`)
        expect(row).toMatchObject({
          state: 'held',
          why: expect.stringContaining('pays to another account than its invoice says'),
        })
      })

      test('nor is one that was put under a slot of a schedule which pays there', async () => {
        await open()
        const [payout] = await collect(installation, [5_000n])
        const [beside] = await collect(installation, [6_000n], 'other')
        const other = sql`(select id from accounts where name = 'other')`
        await past(
          'invoices',
          'invoices_payee_kept',
          sql`update invoices set account_id = ${other} where id = ${payout!.invoice_id}`,
        )
        await run(sql`update payouts set account_id = ${other} where id = ${payout!.id}`)
        await run(sql`
        update invoices set ordinal = 1, slot_id = (select slot_id from invoices
          where id = ${beside!.invoice_id}) where id = ${payout!.invoice_id}`)
        await send()
        expect(installation.transfers().map(({ amount }) => amount)).toEqual([Number(beside!.units)])
        const row = await installation.db.one(sql`select state, why from payouts where id = ${payout!.id}`)
        expect(row).toMatchObject({
          state: 'held',
          why: expect.stringMatching(
            /^invoice inv_.* is of slo_.*, and was drafted for slo_.*past this program/,
          ),
        })
      })

      test('what a schedule’s terms are has the names that statements of before were signed under', async () => {
        await open()
        expect(Object.keys(termsOf(await needSchedule(installation.db, 'trial'))).join(' ')).toBe(
          'id store name version rail currency cron zone starts ends catchUp countLow countHigh unitsLow unitsHigh roster dueInMs watchMs ' +
            'account commissionBp minPayout fineBp interestBp expiresInMs discounts',
        )
      })

      test('nor is one whose slot was put under such a schedule', async () => {
        await open()
        const [payout] = await collect(installation, [5_000n])
        const [beside] = await collect(installation, [6_000n], 'other')
        const other = sql`(select id from accounts where name = 'other')`
        await past(
          'invoices',
          'invoices_payee_kept',
          sql`update invoices set account_id = ${other} where id = ${payout!.invoice_id}`,
        )
        await run(sql`update payouts set account_id = ${other} where id = ${payout!.id}`)
        const slotOf = (id: string) => sql`(select slot_id from invoices where id = ${id})`
        await run(sql`
        update slots set due_at = '2026-01-01T00:00:00.000Z', schedule_id = (select schedule_id from slots
          where id = ${slotOf(beside!.invoice_id)})
        where id = ${slotOf(payout!.invoice_id)}`)
        await send()
        expect(installation.transfers().map(({ amount }) => amount)).toEqual([Number(beside!.units)])
        const row = await installation.db.one(sql`select state, why from payouts where id = ${payout!.id}`)
        expect(row).toMatchObject({
          state: 'held',
          why: expect.stringMatching(
            /^slot slo_.* is of sch_.*\/1, and fell due by sch_.*\/1: .*past this program/,
          ),
        })
      })

      test('a slot that was put under another schedule, or another version, asks for nothing until it is put back', async () => {
        await open()
        await addSchedule(installation.db, installation.app.world, { ...rule, name: 'beside' }, 'maker')
        const beside = await needSchedule(installation.db, 'beside')
        const slot = await installation.db.tx(async tx =>
          runNow(tx, installation.app.world, await needSchedule(tx, 'trial'), 'ana'),
        )
        const [trial] = await installation.db.all<{ id: string }>(
          sql`select schedule_id as id from slots where id = ${slot}`,
        )
        await run(sql`update slots set schedule_id = ${beside.id} where id = ${slot}`)
        installation.pass(hour)
        await runDueSlots(installation.app)
        // The schedule's own slots go on.
        expect((await asked()).map(({ name }) => name).sort()).toEqual(['beside', 'trial', 'trial'])
        expect(await needed()).toContainEqual(
          expect.stringMatching(/slot slo_.* is of sch_.*, and fell due by sch_.*past this program/),
        )
        await decideCatchUp(installation.db, 'beside', 'go', 'ana', 'why not')
        await runDueSlots(installation.app)
        expect(await asked()).toHaveLength(3)
        await run(sql`update slots set schedule_id = ${trial!.id} where id = ${slot}`)
        await decideCatchUp(installation.db, 'trial', 'go', 'ana', 'it is put back')
        await runDueSlots(installation.app)
        expect((await asked()).map(({ name }) => name).sort()).toEqual(['beside', 'trial', 'trial', 'trial'])
      })

      test('a draft that was put under another slot is asked for by nobody until it is put back', async () => {
        await open()
        const slot = await installation.db.tx(async tx =>
          runNow(tx, installation.app.world, await needSchedule(tx, 'trial'), 'ana'),
        )
        const draft = await installation.db.one<{ id: string; slot_id: string }>(
          sql`select id, slot_id from invoices`,
        )
        await run(
          sql`update invoices set state = 'draft', provider_id = null, next_at = added_at, slot_id = ${slot}
            where id = ${draft!.id}`,
        )
        const made = () => installation.bank.invoices().length
        const before = made()
        await issueDrafts(installation.db, installation.app.rails.starkbank!, installation.app.world)
        expect(made()).toBe(before)
        const last = await installation.db.one<{ why: string }>(
          sql`select why from transitions where subject = ${draft!.id} order by seq desc limit 1`,
        )
        await run(
          sql`update invoices set slot_id = ${draft!.slot_id}, next_at = added_at where id = ${draft!.id}`,
        )
        await issueDrafts(installation.db, installation.app.rails.starkbank!, installation.app.world)
        expect(made()).toBe(before + 1)
        expect(last!.why).toMatch(/ is of slo_.*, and was drafted for slo_/)
      })

      test('the account of an order’s invoice and of its payout, edited together to another approved one, is not paid', async () => {
        await open()
        const floor = await furnishShop(installation.db, installation.app.world, ['starkbank'])
        const placed = await placeOrder(installation.app, floor.placing())
        if (placed.is !== 'placed') throw new Error('it was refused')
        const invoice = (await installation.db.one<{ id: string; provider_id: string }>(
          sql`select id, provider_id from invoices where order_id = ${placed.order.id}`,
        ))!
        installation.bank.pay(invoice.provider_id)
        installation.pass(60_000)
        const credited = installation.bank
          .eventsCreated()
          .filter(({ subscription, log }) => subscription === 'invoice' && log.type === 'credited')
        await installation.hear(...credited)
        const payout = (await installation.db.one<PayoutRow>(
          sql`select * from payouts where invoice_id = ${invoice.id}`,
        ))!
        const other = sql`(select id from accounts where name = 'other')`
        await past(
          'invoices',
          'invoices_payee_kept',
          sql`update invoices set account_id = ${other} where id = ${payout.invoice_id}`,
        )
        await run(sql`update payouts set account_id = ${other} where id = ${payout.id}`)
        await send()
        expect(installation.transfers()).toEqual([])
        const row = await installation.db.one(sql`select state, why from payouts where id = ${payout.id}`)
        expect(row).toMatchObject({
          state: 'held',
          why: expect.stringMatching(/by the rule acc_.*, and order ord_.* asked by acc_.*\/150/),
        })
      })

      const carla = async (): Promise<Proof> => {
        const { user } = await addUser(
          installation.db,
          installation.app.world,
          { name: 'carla', role: 'checker', language: 'en' },
          'root',
        )
        const { pem, publicKey } = newKeyPair()
        await installation.db.tx(tx =>
          registerKey(tx, { user, kind: 'key', publicKey, label: 'key file', proof: 'said' }, 'root'),
        )
        return { is: 'key', keyId: fingerprint(publicKey), sign: readSigner(pem)!.sign }
      }

      test('where proof is needed, a payout waits while its schedule was only said, also an earlier version, and goes once it is signed', async () => {
        await open()
        const proof = await carla()
        installation.bank.pay(installation.atBank.id)
        installation.pass(60_000)
        await installation.hear(installation.event('invoice.credited'))
        await change({ commissionBp: 0n })
        await signAccount(installation.db, 'main', 'carla', proof)
        await send('proven')
        expect(installation.transfers()).toEqual([])
        expect(await installation.payout()).toMatchObject({
          state: 'owed',
          why: expect.stringContaining('the terms of schedule trial were said'),
        })
        expect(await needed()).toContainEqual(
          expect.stringContaining('schedule trial: its terms were said and not proven, and 1 payout waits'),
        )

        const [only] = await schedulesOnlySaid(installation.db)
        expect(only).toMatchObject({
          row: { name: 'trial' },
          current: true,
          earlier: [{ version: 1n, terms: { commissionBp: '150' } }],
        })
        expect((await signSchedule(installation.db, only!.row.id, 'ana', proof)).is).toBe('own')
        expect((await signSchedule(installation.db, only!.row.id, 'carla', proof, 'another')).is).toBe(
          'changed',
        )
        expect((await signSchedule(installation.db, only!.row.id, 'carla', proof)).is).toBe('signed')
        expect((await signSchedule(installation.db, only!.row.id, 'carla', proof)).is).toBe('proven')
        await send('proven')
        expect((await installation.payout())!.state).toBe('sent')
        expect(await checkBooks(installation.db, installation.app.world)).toEqual([])
      })

      test('of a database of before, nothing is known but that it was said; what is signed since is held to it', async () => {
        await open()
        const { id } = await needSchedule(installation.db, 'trial')
        const forget = sql`update audit set detail = ${'{"name":"trial"}'} where subject = ${id}`
        await past('audit', 'audit_kept', forget)
        await run(sql`update schedules set commission_bp = 0 where name = 'trial'`)
        const [only] = await schedulesOnlySaid(installation.db)
        expect(only).toMatchObject({ row: { name: 'trial' }, current: true, earlier: [] })
        expect((await signSchedule(installation.db, id, 'carla', await carla())).is).toBe('signed')
        expect(await schedulesOnlySaid(installation.db)).toEqual([])
        await run(sql`update schedules set commission_bp = 1 where name = 'trial'`)
        installation.pass(hour)
        await runDueSlots(installation.app)
        expect(await needed()).toContainEqual(expect.stringContaining('schedule trial issues nothing'))
      })
    },
  )
})
