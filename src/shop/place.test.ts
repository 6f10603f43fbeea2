/**
 * Placing orders on both databases: what is refused and leaves nothing behind, and what many do at once is
 * done as often as it may be.
 */
import { because, reasonBehind } from '../base/reasons.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { postgresAvailable, startPostgres, type Postgres } from '../../test/testbed/postgres.ts'
import { furnishShop, type ShopFloor } from '../../test/testbed/shopFloor.ts'
import { openTrialAccount } from '../../test/testbed/trial.ts'
import { seededRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import type { invoiceMachine } from '../invoice/invoice.ts'
import { migrate } from '../db/migrate.ts'
import { history, openDb, sql, type Db } from '../db/db.ts'
import { virtualClock } from '../../test/simulation/clock.ts'
import { followOrders } from './follow.ts'
import { findOrder, invoicesOf, type OrderRow } from './order.ts'
import { codeMs, writeNewCode, writeOrder, type OrderFault, type Placing, type PlaceTerms } from './place.ts'
import { invoices } from '../invoice/tables.ts'
import { attended, editProduct, payShopTo, stopOffering } from '../../test/testbed/acts.ts'

const clock = virtualClock(Date.UTC(2026, 10, 21, 12))
const world = { clock, random: seededRandom(3), log: silentLog, at: () => undefined }
const terms: PlaceTerms = { rails: ['starkbank'], price: async () => undefined, writes: true }

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)(there ? 'takes orders' : 'is not to be had on this machine', () => {
    let server: Postgres | undefined
    let db: Db
    let floor: ShopFloor
    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
    })
    afterAll(async () => {
      await db?.close()
      await server?.stop()
    })
    /** What was refused left nothing, so the next may have the same database. */
    let isClean = false
    beforeEach(async () => {
      if (isClean) return void (isClean = false)
      await db?.close()
      db = await openDb(server ? await server.migratedDatabase() : 'sqlite::memory:', {
        ...world,
        virtual: true,
      })
      await migrate(db, clock)
      await openTrialAccount(db, world)
      floor = await furnishShop(db, world, ['starkbank'])
    })

    const place = (change?: Partial<Placing>) => writeOrder(db, world, floor.placing(change), terms)
    const placed = async (change?: Partial<Placing>): Promise<OrderRow> => {
      const outcome = await place(change)
      if (outcome.is !== 'placed')
        throw new Error(outcome.faults.map(({ field, is }) => `${field} ${is}`).join(', '))
      return outcome.order
    }
    const counted = async (table: 'orders' | 'order_lines' | 'invoices' | 'mails' | 'transitions') =>
      Number(
        (await db.one<{ count: bigint }>(
          sql`select count(*) as count from ${{ texts: [table], values: [] }}`,
        ))!.count,
      )
    const stock = async () => {
      const rows = await db.all<{ stock: bigint }>(sql`select stock from products order by name`)
      return rows.map(row => Number(row.stock))
    }
    const many = <T>(count: number, work: (number: number) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: count }, (_, number) => work(number)))
    /** Its only invoice goes on as the bank would have it. */
    const moveInvoice = async (order: OrderRow, ...states: (keyof typeof invoiceMachine)[]) => {
      const { id, state } = (await invoicesOf(db, order.id)).at(-1)!
      let from = state as keyof typeof invoiceMachine
      for (const to of states) {
        await db.tx(tx =>
          invoices.move(tx, { id, state: from }, to as never, { why: because('said', { said: 'told' }) }),
        )
        from = to
      }
    }

    test('an order is there with its lines, its draft and its letter, and says how it began', async () => {
      const order = await placed({
        lines: [
          { productId: floor.coffee.id, quantity: 1n },
          { productId: floor.coffee.id, quantity: 2n },
        ],
      })
      expect(order).toMatchObject({
        state: 'awaiting',
        units: 11_970n,
        email: 'ana@example.com',
        tax_id: '012.345.678-90',
      })
      expect(order.token).toMatch(/^[A-Za-z0-9_-]{32}$/)
      const [invoice] = await invoicesOf(db, order.id)
      expect(invoice).toMatchObject({
        state: 'draft',
        slot_id: null,
        order_id: order.id,
        batch_tag: order.id,
        units: 11_970n,
        commission_bp: 150n,
      })
      expect(Date.parse(invoice!.due_at) - clock.now()).toBe(codeMs)
      expect([await counted('order_lines'), await counted('mails'), await stock()]).toEqual([1, 1, [7, 1]])
      expect(await history(db, order.id)).toMatchObject([{ from_state: '', to_state: 'awaiting' }])
    })

    const ana = { name: 'Ana Lima', email: 'ana@example.com', taxId: '012.345.678-90' }
    const coffee = () => [{ productId: floor.coffee.id, quantity: 1n }]
    test.each<[string, () => Partial<Placing>, object[]]>([
      [
        'no buyer',
        () => ({ buyer: { name: ' ', email: '', taxId: '' } }),
        [
          { field: 'name', is: 'missing' },
          { field: 'email', is: 'missing' },
          { field: 'taxId', is: 'missing' },
        ],
      ],
      ['a name of signs', () => ({ buyer: { ...ana, name: '12345' } }), [{ field: 'name', is: 'invalid' }]],
      [
        'a name that a page might obey',
        () => ({ buyer: { ...ana, name: 'Ana<script>' } }),
        [{ field: 'name', is: 'invalid' }],
      ],
      [
        'a name that a mail header might obey',
        () => ({ buyer: { ...ana, name: 'Ana\r\nBcc: x@example.com' } }),
        [{ field: 'name', is: 'invalid' }],
      ],
      [
        'a name that turns what follows around',
        () => ({ buyer: { ...ana, name: 'Ana\u202e' } }),
        [{ field: 'name', is: 'invalid' }],
      ],
      [
        'an endless name',
        () => ({ buyer: { ...ana, name: 'a'.repeat(101) } }),
        [{ field: 'name', is: 'too long' }],
      ],
      [
        'an address without its domain',
        () => ({ buyer: { ...ana, email: 'ana@example' } }),
        [{ field: 'email', is: 'invalid' }],
      ],
      [
        'two addresses',
        () => ({ buyer: { ...ana, email: 'ana@example.com,bia@example.com' } }),
        [{ field: 'email', is: 'invalid' }],
      ],
      [
        'an address with a header',
        () => ({ buyer: { ...ana, email: 'ana@example.com\nBcc: bia@example.com' } }),
        [{ field: 'email', is: 'invalid' }],
      ],
      [
        'an address in quotes',
        () => ({ buyer: { ...ana, email: '"a b"@example.com' } }),
        [{ field: 'email', is: 'invalid' }],
      ],
      [
        'an endless address',
        () => ({ buyer: { ...ana, email: `${'a'.repeat(250)}@example.com` } }),
        [{ field: 'email', is: 'too long' }],
      ],
      [
        'a CPF whose digits do not fit',
        () => ({ buyer: { ...ana, taxId: '012.345.678-91' } }),
        [{ field: 'taxId', is: 'invalid' }],
      ],
      ['an empty basket', () => ({ lines: [] }), [{ field: 'basket', is: 'empty' }]],
      [
        'none of something',
        () => ({ lines: [{ productId: floor.coffee.id, quantity: 0n }] }),
        [{ field: 'basket', is: 'empty' }],
      ],
      [
        'less than none',
        () => ({ lines: [{ productId: floor.coffee.id, quantity: -1n }] }),
        [{ field: 'basket', is: 'empty' }],
      ],
      [
        'a hundred of one',
        () => ({ lines: [{ productId: floor.coffee.id, quantity: 100n }] }),
        [{ field: 'basket', is: 'too many' }],
      ],
      [
        'more than there are',
        () => ({ lines: [{ productId: floor.cup.id, quantity: 2n }] }),
        [{ field: 'basket', is: 'too few left', left: 1n, name: 'Xícara' }],
      ],
      [
        'more than there are, in two lines',
        () => ({ lines: [1, 2].map(() => ({ productId: floor.cup.id, quantity: 1n })) }),
        [{ is: 'too few left' }],
      ],
      [
        'what was never sold',
        () => ({ lines: [{ productId: 'prd_nothing', quantity: 1n }] }),
        [{ field: 'basket', is: 'gone', name: undefined }],
      ],
      [
        'another total than was shown',
        () => ({ unitsShown: 1n, lines: coffee() }),
        [{ field: 'basket', is: 'other total', units: 3_990n }],
      ],
      ['a rail that is not offered', () => ({ rail: 'bitcoin' }), [{ field: 'rail', is: 'not offered' }]],
      ['a key that could be guessed', () => ({ basketKey: '1' }), [{ field: 'basketKey', is: 'invalid' }]],
      [
        'all of it',
        () => ({ buyer: { ...ana, name: '' }, rail: 'bitcoin', lines: [] }),
        [{ field: 'name' }, { field: 'basket' }, { field: 'rail' }],
      ],
    ])('%s is refused, and nothing is left of it', async (_, change, faults) => {
      const before = await counted('transitions')
      const outcome = await place(change())
      expect(outcome).toMatchObject({ is: 'refused', faults })
      expect((outcome as { faults: OrderFault[] }).faults).toHaveLength(faults.length)
      expect([
        await counted('orders'),
        await counted('invoices'),
        await counted('mails'),
        await stock(),
      ]).toEqual([0, 0, 0, [10, 1]])
      expect(await counted('transitions')).toBe(before)
      isClean = true
    })

    test('a product off the shop is gone, and a dear basket is refused', async () => {
      await editProduct(db, floor.cup.id, { state: 'removed' }, 'maker')
      expect(await place({ lines: [{ productId: floor.cup.id, quantity: 1n }] })).toMatchObject({
        faults: [{ is: 'gone', name: 'Xícara' }],
      })
      await editProduct(db, floor.coffee.id, { units: 999_999_999n }, 'maker')
      expect(await place({ lines: [{ productId: floor.coffee.id, quantity: 2n }] })).toMatchObject({
        faults: [{ is: 'too dear' }],
      })
      expect((await placed()).units).toBe(999_999_999n)
    })

    test('an order keeps its price and its rule when they change', async () => {
      const order = await placed()
      await editProduct(db, floor.coffee.id, { units: 1n, name: 'Chá' }, 'maker')
      await payShopTo(
        db,
        { rail: 'starkbank', account: 'main', commissionBp: 9_000n, minPayoutUnits: 5n },
        'maker',
      )
      await moveInvoice(order, 'canceled')
      await followOrders(db, world, { writes: true })
      expect(await writeNewCode(db, world, order.token, terms)).toMatchObject({ is: 'made' })
      const units = (await invoicesOf(db, order.id)).map(row => [row.units, row.commission_bp])
      expect(units).toEqual([
        [3_990n, 150n],
        [3_990n, 9_000n],
      ])
      expect(await db.all(sql`select name, units from order_lines`)).toEqual([
        { name: 'Café 250 g', units: 3_990n },
      ])
      await stopOffering(db, 'starkbank', 'maker')
      expect(await place()).toMatchObject({ is: 'refused', faults: [{ field: 'rail', is: 'not offered' }] })
    })

    test('thirty who want ten: ten have it, and nobody waits for another for ever', async () => {
      const both = [floor.coffee, floor.cup].map(({ id }) => ({ productId: id, quantity: 1n }))
      await editProduct(db, floor.cup.id, { stock: 99n }, 'maker')
      const outcomes = await many(30, number => place({ lines: number % 2 === 0 ? both : both.toReversed() }))
      expect(outcomes.filter(({ is }) => is === 'placed')).toHaveLength(10)
      expect(await stock()).toEqual([0, 89])
      expect([await counted('orders'), await counted('invoices'), await counted('order_lines')]).toEqual([
        10, 10, 20,
      ])
    })

    test('one basket sent ten times at once is one order; one button pressed ten times is one code', async () => {
      const placing = floor.placing()
      const outcomes = await many(10, () => writeOrder(db, world, placing, terms))
      expect(outcomes.filter(outcome => outcome.is === 'placed' && !outcome.again)).toHaveLength(1)
      expect([
        await counted('orders'),
        await counted('invoices'),
        await counted('mails'),
        await stock(),
      ]).toEqual([1, 1, 1, [9, 1]])
      const order = (await db.one<OrderRow>(sql`select * from orders`))!
      await moveInvoice(order, 'canceled')
      await many(3, () => followOrders(db, world, { writes: true }))
      expect([(await findOrder(db, order.id))!.state, await stock()]).toEqual(['expired', [10, 1]])
      const codes = await many(10, () => writeNewCode(db, world, order.token, terms))
      expect(codes.filter(code => code?.is === 'made')).toHaveLength(1)
      expect([await counted('invoices'), await stock()]).toEqual([2, [9, 1]])
    })

    test('the last one, sent ten times at once in one basket, is one order, and nobody is told that it is sold', async () => {
      const placing = floor.placing({ lines: [{ productId: floor.cup.id, quantity: 1n }] })
      const outcomes = await many(10, () => writeOrder(db, world, placing, terms))
      expect(
        new Set(outcomes.map(outcome => (outcome.is === 'placed' ? outcome.order.id : 'refused'))).size,
      ).toBe(1)
      expect([await counted('orders'), await stock()]).toEqual([1, [10, 0]])
    })

    test('an order is moved, written to and told of once, however many follow it at once', async () => {
      const order = await placed()
      await followOrders(db, world, { writes: true })
      expect(await followOrders(db, world, { writes: true })).toBe(0)
      await moveInvoice(order, 'issuing', 'issued', 'paid')
      expect(
        (await many(5, () => followOrders(db, world, { writes: true }))).reduce(
          (sum, count) => sum + count,
          0,
        ),
      ).toBe(1)
      await moveInvoice(order, 'credited')
      expect(await followOrders(db, world, { writes: true })).toBe(0)
      expect(
        (await db.all<{ kind: string }>(sql`select kind from mails order by kind`)).map(({ kind }) => kind),
      ).toEqual(['paid', 'placed'])
      expect(await history(db, order.id)).toMatchObject([{ to_state: 'awaiting' }, { to_state: 'paid' }])
      expect(
        await db.all(sql`select id from invoices where order_id is not null and told_state <> state`),
      ).toEqual([])
    })

    test('a person is called once for each reason, and not again for what was attended to', async () => {
      const order = await placed()
      const [first] = await invoicesOf(db, order.id)
      const step = async (id: string, from: keyof typeof invoiceMachine, to: keyof typeof invoiceMachine) => {
        await db.tx(tx =>
          invoices.move(tx, { id, state: from }, to as never, { why: because('said', { said: 'told' }) }),
        )
        await followOrders(db, world, { writes: true })
        return (await findOrder(db, order.id))!.attention
      }
      await step(first!.id, 'draft', 'canceled')
      await writeNewCode(db, world, order.token, terms)
      const second = (await invoicesOf(db, order.id))[1]!
      expect(await step(first!.id, 'canceled', 'paid')).toBeNull()
      await step(second.id, 'draft', 'issuing')
      await step(second.id, 'issuing', 'issued')
      const twice = `it was paid 2 times: ${first!.id}, ${second.id}`
      expect(await step(second.id, 'issued', 'paid')).toBe(twice)
      expect(await step(second.id, 'paid', 'credited')).toBe(twice)
      await attended(db, order.id, { by: 'bia', why: 'sent back' })
      expect(await step(first!.id, 'paid', 'credited')).toBeNull()
      expect(await step(first!.id, 'credited', 'reversed')).toBe(`its payment ${first!.id} was given back`)
      const { attention_reason: reason, attention_detail: detail } = (await findOrder(db, order.id))!
      expect([reason, detail]).toEqual(['its-payment-given-back', `{"payment":"${first!.id}"}`])
    })

    test('a second reason is kept beside the first as a code, and beside words of an older release as words', async () => {
      const order = await placed()
      const goBack = async () => {
        await moveInvoice(order, 'issuing', 'issued', 'paid', 'credited', 'reversed')
        await followOrders(db, world, { writes: true })
        return (await findOrder(db, order.id))!
      }
      const back = `its payment ${(await invoicesOf(db, order.id))[0]!.id} was given back`
      await db.tx(tx =>
        tx.run(sql`
          update orders set attention = 'paid', attention_reason = 'paid', attention_detail = null
          where id = ${order.id}`),
      )
      const both = await goBack()
      expect([both.attention, both.attention_reason]).toEqual([`paid; ${back}`, 'several'])
      expect(
        reasonBehind({ why: both.attention, reason: 'several', detail: both.attention_detail }),
      ).toBeDefined()

      const other = await placed()
      await db.tx(tx => tx.run(sql`update orders set attention = 'said before' where id = ${other.id}`))
      await moveInvoice(other, 'issuing', 'issued', 'paid', 'credited', 'reversed')
      await followOrders(db, world, { writes: true })
      expect(await findOrder(db, other.id)).toMatchObject({
        attention: expect.stringMatching(/^said before; its payment inv_\w+ was given back$/),
        ...{ attention_reason: null, attention_detail: null },
      })
    })

    test('what was paid and given back before anybody followed it calls a person, and no letter says that it was paid', async () => {
      const order = await placed()
      await followOrders(db, world, { writes: true })
      await moveInvoice(order, 'issuing', 'issued', 'paid', 'credited', 'reversed')
      await followOrders(db, world, { writes: true })
      const [first] = await invoicesOf(db, order.id)
      expect(await findOrder(db, order.id)).toMatchObject({
        state: 'paid',
        attention: `its payment ${first!.id} was given back`,
      })
      expect((await db.all<{ kind: string }>(sql`select kind from mails`)).map(({ kind }) => kind)).toEqual([
        'placed',
      ])
    })

    test('a new code for what is not sold any more is refused', async () => {
      const order = await placed()
      await moveInvoice(order, 'canceled')
      await followOrders(db, world, { writes: true })
      await editProduct(db, floor.coffee.id, { state: 'removed' }, 'maker')
      const faults = [{ field: 'basket', is: 'too few left', name: 'Café 250 g', left: 0n }]
      expect(await writeNewCode(db, world, order.token, terms)).toMatchObject({ is: 'refused', faults })
      expect(await stock()).toEqual([10, 1])
    })

    test('where no letters can be sent none are queued', async () => {
      const quiet = { ...terms, writes: false }
      const outcome = await writeOrder(db, world, floor.placing(), quiet)
      await moveInvoice((outcome as { order: OrderRow }).order, 'issuing', 'issued', 'paid')
      await followOrders(db, world, quiet)
      expect(await counted('mails')).toBe(0)
    })

    test('an invoice is of a slot or of an order: of neither, or of both, the schema takes none', async () => {
      const order = await placed()
      const { id } = (await invoicesOf(db, order.id))[0]!
      const set = (what: ReturnType<typeof sql>) =>
        db.tx(tx => tx.run(sql`update invoices set ${what} where id = ${id}`))
      await expect(set(sql`order_id = null`)).rejects.toThrow(/check/i)
      await db.tx(async tx => {
        await tx.run(sql`insert into schedules (id, store_id, name, version, rail, cron, time_zone, count_low,
          count_high, units_low, units_high, due_in_ms,
          account_id, commission_bp, min_payout_units, catch_up, state, materialised_until, added_by,
            added_at, changed_at)
          select 'sch_1', 'sto_default', 'one', 1, 'starkbank', '@daily', 'UTC', 1, 1, 1, 1, 1, id, 0, 0,
            'all', 'paused', '', 'maker', '', '' from accounts`)
        await tx.run(sql`insert into slots (id, schedule_id, schedule_version, due_at, cause, state, next_at,
          changed_at)
          values ('slo_1', 'sch_1', 1, '', 'manual', 'done', '', '')`)
      })
      await expect(set(sql`slot_id = 'slo_1'`)).rejects.toThrow(/check/i)
    })
  })
})
