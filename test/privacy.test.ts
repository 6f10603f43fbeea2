/** What is held on a person, and forgetting them: on both databases, with books that stay as they were. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { moveOrders, newCode, placeOrder, sendDueMails, type Counter } from '../src/jobs/jobs.ts'
import { bodyOf } from '../sim/events.ts'
import { auditChain } from '../src/ledger/ledger.ts'
import type { Mail } from '../src/mail/mail.ts'
import { type ForgetAct } from '../src/privacy/privacy.ts'
import { findOrder, invoicesOf, type OrderRow } from '../src/shop/shop.ts'
import { findEvent, replayRefusal } from '../src/webhooks/webhooks.ts'
import { sql } from '../src/db/db.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { furnishShop, openMail, type ShopFloor } from './testbed/shopFloor.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'
import { exportPayer, forgetOrder, forgetPayer, sendMailsAgain } from './testbed/acts.ts'

const [second, minute, day] = [1_000, 60_000, 86_400_000]
const act: ForgetAct = { by: 'ana', why: 'asked for by e-mail' }
const elsewhere: ForgetAct = { ...act, keptElsewhere: 'NF-e 1042' }
const taxId = '012.345.678-90'
const named = /Ana Lima|ana@example|012\.?345\.?678-?90/

const isBuffer = (value: unknown): value is { data: number[] } =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'

describe.each(['sqlite', 'postgres'] as const)('on %s', engine => {
  const skipped = engine === 'postgres' && !postgresAvailable()
  describe.skipIf(skipped)('a person', () => {
    let postgres: Postgres | undefined
    let installation: TestInstallation
    let floor: ShopFloor
    let counter: Counter
    let letters: Mail[]

    beforeAll(async () => {
      if (engine === 'postgres') postgres = await startPostgres({ durable: false })
    })
    afterAll(() => postgres?.stop())
    beforeEach(async () => {
      installation = await openTestInstallation({ databaseUrl: await postgres?.migratedDatabase() })
      const { letters: table, post } = openMail()
      letters = table
      installation.app.post = post
      counter = installation.app
      floor = await furnishShop(installation.db, installation.app.world, ['starkbank'])
    })
    afterEach(async () => {
      // Whoever was forgotten: the books add up, the bank's agree, and the chain holds.
      expect(await installation.audit()).toEqual([])
      expect(await auditChain(installation.db)).toEqual([])
      await installation.close()
    })

    // What asks the database nothing new is told on one of them.
    const stories = engine === 'sqlite' ? test : () => undefined
    const place = async (): Promise<OrderRow> => {
      const placed = await placeOrder(counter, floor.placing())
      if (placed.is !== 'placed') throw new Error(placed.is)
      return placed.order
    }
    const hear = async () => {
      const ofInvoices = installation.bank
        .eventsCreated()
        .filter(({ subscription }) => subscription === 'invoice')
      await installation.hear(...ofInvoices)
      await moveOrders(counter)
    }
    const pay = async (order: OrderRow) => {
      const [row] = await invoicesOf(installation.db, order.id)
      installation.bank.pay(row!.provider_id!)
      installation.pass(5 * second)
      await hear()
    }
    /** Paid, paid on, and heard of. */
    const settled = async (): Promise<OrderRow> => {
      const order = await place()
      await pay(order)
      await installation.send()
      installation.pass(minute)
      await installation.hear(...installation.bank.eventsCreated())
      return (await findOrder(installation.db, order.id))!
    }
    const forget = (order: OrderRow, how = act) =>
      forgetOrder(installation.db, installation.app.world, order.id, how)
    const rowsOf = async (...tables: string[]) => {
      const all: unknown[] = []
      for (const table of tables)
        all.push(...(await installation.db.all(sql`select * from ${{ texts: [table], values: [] }}`)))
      return JSON.stringify(all, (_, value: unknown) =>
        typeof value === 'bigint'
          ? String(value)
          : isBuffer(value)
            ? Buffer.from(value.data).toString('utf8')
            : value,
      )
    }
    const everything = () =>
      rowsOf(
        'orders',
        'invoices',
        'mails',
        'inbox',
        'inbox_conflicts',
        'transitions',
        'ledger_transactions',
        'audit',
        'run_lines',
        'shop_asks',
      )

    stories('is kept while their order can be paid, and while its money is under way', async () => {
      const order = await place()
      expect(await forget(order)).toMatchObject({ forgotten: 'nothing', held: { why: 'open' } })
      await pay(order)
      expect(await forget(order)).toMatchObject({ forgotten: 'nothing', held: { why: 'under-way' } })
      expect(await findOrder(installation.db, order.id)).toMatchObject({
        name: 'Ana Lima',
        email: 'ana@example.com',
        forgotten_at: null,
      })
      expect(await rowsOf('audit')).not.toContain('order forgotten')
    })

    test('loses the e-mail address at once, and the rest when neither the tax authority nor a Pix needs it', async () => {
      const order = await settled()
      expect(await forget(order)).toMatchObject({
        forgotten: 'contact',
        again: false,
        held: { why: 'fiscal', until: '2032-01-01T03:00:00.000Z' },
      })
      expect(await findOrder(installation.db, order.id)).toMatchObject({
        name: 'Ana Lima',
        email: '',
        tax_id: taxId,
        forgotten_at: null,
      })
      expect(await forget(order, elsewhere)).toMatchObject({
        forgotten: 'contact',
        again: true,
        held: { why: 'reversible' },
      })

      installation.pass(91 * day)
      expect(await forget(order, elsewhere)).toMatchObject({ forgotten: 'all', again: false })
      expect(named.exec(await everything())?.[0]).toBeUndefined()
      expect(await forget(order, elsewhere)).toMatchObject({ forgotten: 'all', again: true })
      const acts = await installation.db.all(
        sql`select act from audit where subject = ${order.id} and act = 'order forgotten'`,
      )
      expect(acts).toHaveLength(2)
    })

    test('who never paid is forgotten once nothing can come for it any more, with their letters', async () => {
      const order = await place()
      installation.pass(20 * minute)
      await hear()
      expect((await findOrder(installation.db, order.id))!.state).toBe('expired')
      expect(await forget(order)).toMatchObject({ forgotten: 'all' })
      expect(named.exec(await everything())?.[0]).toBeUndefined()
      // Whoever has the order's link can ask for no code, and nothing is written to nobody.
      expect(await newCode(counter, order.token)).toMatchObject({ is: 'there' })
      await expect(sendMailsAgain(installation.db, order.id, 'ana')).rejects.toThrow('was forgotten')
      await sendDueMails({ ...installation.app }, installation.app.post!)
      expect(letters).toEqual([])
    })

    stories('that pays late after being forgotten is paid on all the same', async () => {
      const order = await place()
      installation.pass(20 * minute)
      await hear()
      await forget(order)
      const [row] = await invoicesOf(installation.db, order.id)
      installation.bank.invoices().find(({ id }) => id === row!.provider_id)!.status = 'created'
      await pay(order)
      await installation.send()
      const payout = await installation.db.one<{ state: string; units: bigint }>(
        sql`select * from payouts where invoice_id = ${row!.id}`,
      )
      expect(payout).toMatchObject({ state: 'sent', units: 3_990n - 50n - 60n })
      expect(await findOrder(installation.db, order.id)).toMatchObject({
        state: 'paid',
        paid_late: 1n,
        name: '',
      })
      expect(named.exec(await everything())?.[0]).toBeUndefined()
    })

    test('an event whose body was dropped is known when it comes again, and is applied no more', async () => {
      const order = await settled()
      installation.pass(91 * day)
      await forget(order, elsewhere)
      const [row] = await invoicesOf(installation.db, order.id)
      const events = installation.bank
        .eventsCreated()
        .filter(({ subscription, log }) => subscription === 'invoice' && log.type === 'credited')
      const event = events.find(each => JSON.stringify(each).includes(row!.provider_id!))!
      const there = (await findEvent(installation.db, event.id))!
      expect([there.raw.length, there.about, replayRefusal(there)]).toEqual([0, row!.id, 'dropped'])
      const arrival = { rail: 'starkbank', eventId: event.id, via: 'push' as const }
      expect(await installation.app.inbox.keep({ ...arrival, raw: bodyOf(event) })).toBe('known')
      expect(await installation.app.inbox.keep({ ...arrival, raw: Buffer.from('{}') })).toBe('conflict')
    })

    test('is handed all that is held, by the tax id as they type it, and the log has a digest of it [security B5]', async () => {
      const order = await settled()
      const found = (await exportPayer(installation.db, installation.app.world, '01234567890', 'ana'))!
      expect(found).toMatchObject({
        taxId,
        orders: [{ id: order.id, email: 'ana@example.com' }],
        invoices: [{ payer_name: 'Ana Lima' }],
      })
      expect(found.events.length).toBeGreaterThan(0)
      expect(
        JSON.stringify(found, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value)),
      ).not.toContain(order.token)
      const record = await installation.db.one<{ subject: string }>(
        sql`select * from audit where act = 'payer exported'`,
      )
      expect(record!.subject).toMatch(/^payer:[\w-]{24}$/)
      expect(named.exec(await rowsOf('audit'))?.[0]).toBeUndefined()
      expect(
        await exportPayer(installation.db, installation.app.world, '529.982.247-25', 'ana'),
      ).toBeUndefined()
    })

    test('is forgotten in every order and invoice that may be, with what is kept, why and until when [security B5]', async () => {
      const old = await settled()
      installation.pass(91 * day)
      const young = await settled()
      const found = await forgetPayer(installation.db, installation.app.world, taxId, elsewhere)
      expect(found).toMatchObject({
        is: 'forgotten',
        orders: [
          { order: { id: old.id }, forgotten: 'all' },
          { order: { id: young.id }, forgotten: 'contact', held: { why: 'reversible' } },
        ],
      })
      const again = await forgetPayer(installation.db, installation.app.world, taxId, elsewhere)
      expect(again).toMatchObject({
        is: 'forgotten',
        orders: [{ order: { id: young.id }, forgotten: 'contact', again: true }],
      })
      expect(await forgetPayer(installation.db, installation.app.world, '529.982.247-25', act)).toEqual({
        is: 'unknown',
      })
    })

    stories(
      'in the roster of a schedule is not forgotten, for its next slot would ask them again',
      async () => {
        const roster = 'name,tax_id,amount,description\nAna Lima,01234567890,10.00,rent\n'
        await installation.db.tx(tx => tx.run(sql`update schedules set roster = ${roster}`))
        const found = await forgetPayer(installation.db, installation.app.world, taxId, act)
        expect(found).toMatchObject({
          is: 'in-roster',
          rosters: [{ schedule: 'trial', rows: [{ name: 'Ana Lima' }] }],
        })
        await installation.db.tx(tx => tx.run(sql`update schedules set roster = null`))
      },
    )
  })
})
