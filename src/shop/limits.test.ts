/**
 * Who asks for too much, on both databases: charges in a stranger's name, letters to an address of somebody
 * else, and goods kept from others for nothing.
 */
import { because } from '../base/reasons.ts'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openMigrated } from '../../test/testbed/migrated.ts'
import { postgresAvailable, startPostgres, type Postgres } from '../../test/testbed/postgres.ts'
import { furnishShop, type ShopFloor } from '../../test/testbed/shopFloor.ts'
import { openTrialAccount } from '../../test/testbed/trial.ts'
import { virtualClock } from '../../test/simulation/clock.ts'
import { seededRandom } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import type { ShopLimits } from '../base/shopSettings.ts'
import { instant } from '../base/world.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { join, openDb, sql, type Sql, type Db, type Tx, type Value } from '../db/db.ts'
import { status } from '../queries/status.ts'
import { followOrders } from './follow.ts'
import { findOrder, invoicesOf, type OrderRow } from './order.ts'
import {
  codeMs,
  keepsGoods,
  writeNewCode,
  writeOrder,
  type OrderFault,
  type Placing,
  type PlaceTerms,
} from './place.ts'
import { invoices } from '../invoice/tables.ts'
import { addProduct } from '../../test/testbed/acts.ts'

const hour = 3_600_000
const clock = virtualClock(Date.UTC(2026, 10, 21, 12))
const world = { clock, random: seededRandom(3), log: silentLog, at: () => undefined }
const limits: ShopLimits = {
  email: { anHour: 10, aDay: 30 },
  taxId: { anHour: 10, aDay: 30 },
  address: { anHour: 30, aDay: 120 },
  order: { anHour: 4, aDay: 10 },
  letters: { anHour: 1, aDay: 5 },
  held: { anOrder: 30n, aBuyer: 60n },
}
const terms: PlaceTerms = { rails: ['starkbank'], price: async () => undefined, writes: true, limits }
const ana = { name: 'Ana Lima', email: 'ana@example.com', taxId: '012.345.678-90' }

type Row = Record<string, Value>
const insert = (tx: Tx, table: string, row: Row) =>
  tx.run(
    sql`insert into ${raw(table)} (${raw(Object.keys(row).join(', '))}) values (${join(Object.values(row))})`,
  )
const raw = (text: string): Sql => ({ texts: [text], values: [] })

/** The `number`th CPF there is, with its check digits. */
function cpf(number: number): string {
  let digits = String(100_000_000 + number)
  for (const from of [10, 11]) {
    const sum = [...digits].reduce((total, digit, at) => total + Number(digit) * (from - at), 0)
    digits += String(((sum * 10) % 11) % 10)
  }
  return digits
}

describe.each([
  { engine: 'sqlite', there: true },
  { engine: 'postgres', there: postgresAvailable() },
])('$engine', ({ engine, there }) => {
  describe.skipIf(!there)('who asks for too much', () => {
    let server: Postgres | undefined
    let db: Db
    let floor: ShopFloor
    let lot: string
    beforeAll(async () => {
      if (engine === 'postgres') server = await startPostgres({ durable: false })
    })
    afterAll(async () => {
      await db?.close()
      await server?.stop()
    })
    beforeEach(async () => {
      await db?.close()
      const own = { ...world, virtual: true }
      db = server
        ? await openDb(await server.migratedDatabase(), own)
        : await openMigrated('sqlite::memory:', own, clock)
      await openTrialAccount(db, world)
      floor = await furnishShop(db, world, ['starkbank'])
      lot = (
        await addProduct(
          db,
          world,
          { name: 'Selos', description: '', photo: undefined, units: 100n, stock: 1_000n },
          'maker',
        )
      ).id
    })

    const one = () => [{ productId: lot, quantity: 1n }]
    const place = (change: Partial<Placing>, with_ = terms) =>
      writeOrder(db, world, floor.placing({ lines: one(), ...change }), with_)
    const many = async (
      count: number,
      change: (at: number) => Partial<Placing>,
    ): Promise<(OrderRow | OrderFault[])[]> => {
      const found = []
      for (let at = 0; at < count; at++) {
        const outcome = await place(change(at))
        found.push(outcome.is === 'placed' ? outcome.order : outcome.faults)
      }
      return found
    }
    const ordersOf = (outcomes: (OrderRow | OrderFault[])[]) =>
      outcomes.filter(each => !Array.isArray(each)) as OrderRow[]
    const counted = async (table: 'orders' | 'invoices' | 'mails') =>
      Number(
        (await db.one<{ count: bigint }>(
          sql`select count(*) as count from ${{ texts: [table], values: [] }}`,
        ))!.count,
      )
    const left = async () =>
      (await db.one<{ stock: bigint }>(sql`select stock from products where id = ${lot}`))!.stock
    /** The bank says that the newest code of an order is over, or paid. */
    const end = async (order: OrderRow, state: 'canceled' | 'credited') => {
      const [{ id }] = (await invoicesOf(db, order.id)).toReversed() as [InvoiceRow]
      await db.tx(async tx => {
        if (state === 'canceled')
          return invoices.move(tx, { id, state: 'draft' }, 'canceled', {
            why: because('said', { said: 'a test' }),
          })
        await invoices.move(tx, { id, state: 'draft' }, 'issued', {
          why: because('said', { said: 'a test' }),
        })
        return invoices.move(tx, { id, state: 'issued' }, 'credited', {
          why: because('said', { said: 'a test' }),
        })
      })
      await followOrders(db, world, { writes: true })
    }

    test('60 posts under a stranger’s CPF are 10 charges, and one letter to each address [security A8]', async () => {
      const began = clock.now()
      const outcomes = await many(60, at => ({
        buyer: { ...ana, email: `someone${at}@example.com` },
        address: `203.0.113.${at}`,
      }))
      expect(ordersOf(outcomes)).toHaveLength(10)
      expect(outcomes.at(-1)).toEqual([
        { field: 'limit', is: 'too often', by: 'taxId', at: instant(began + hour) },
      ])
      expect([await counted('orders'), await counted('invoices'), await counted('mails')]).toEqual([
        10, 10, 10,
      ])
      clock.moveTo(began + hour)
      expect(
        ordersOf(await many(20, () => ({ buyer: { ...ana, email: 'other@example.com' } }))),
      ).toHaveLength(10)
    })

    test('over a day they are 30, and the day after again', async () => {
      const began = clock.now()
      for (let each = 0; each < 5; each++) {
        await many(11, () => ({ buyer: ana }))
        clock.moveTo(clock.now() + hour)
      }
      expect(await counted('orders')).toBe(30)
      expect((await many(1, () => ({ buyer: ana })))[0]).toEqual([
        {
          field: 'limit',
          is: 'too often',
          by: expect.stringMatching(/email|taxId/),
          at: instant(began + 24 * hour),
        },
      ])
      clock.moveTo(began + 24 * hour)
      expect(ordersOf(await many(1, () => ({ buyer: ana })))).toHaveLength(1)
    })

    test('a clock that is ahead forgets nobody, and what was asked for under it keeps nobody waiting until then', async () => {
      await many(10, () => ({ buyer: ana }))
      const asks = () => db.all(sql`select subject from shop_asks where subject not like 'letter%'`)
      const before = await asks()
      clock.moveTo(clock.now() + 72 * hour)
      const ahead = {
        ...world,
        clock: { ...clock, trouble: () => 'the bank says that it is three days earlier' },
      }
      await followOrders(db, ahead, { writes: true })
      expect(await asks()).toHaveLength(before.length)
      await db.tx(tx => tx.run(sql`update shop_asks set asked_at = ${instant(clock.now() + 72 * hour)}`))
      expect(ordersOf(await many(1, () => ({ buyer: ana })))).toHaveLength(1)
    })

    test('one mailbox is one, however it is written, under ever other CPFs [security A8]', async () => {
      const spellings = [
        'victim@example.com',
        'Victim@Example.com',
        'victim+1@example.com',
        'VICTIM+shop@example.com',
      ]
      const outcomes = await many(40, at => ({
        buyer: { ...ana, email: spellings[at % 4]!, taxId: cpf(at) },
      }))
      expect(ordersOf(outcomes)).toHaveLength(10)
      expect(outcomes.at(-1)).toMatchObject([{ by: 'email' }])
      // All to one mailbox, which nothing was ever paid under.
      expect(await counted('mails')).toBe(1)
    })

    test.each([
      ['IPv4', () => '203.0.113.7'],
      ['one /64 of IPv6', (at: number) => `2001:db8:1:2::${(at + 1).toString(16)}`],
    ])('from one address, %s, they are 30, whoever they are for', async (_, address) => {
      const outcomes = await many(40, at => ({
        buyer: { ...ana, email: `b${at}@example.com`, taxId: cpf(at) },
        address: address(at),
      }))
      expect(ordersOf(outcomes)).toHaveLength(30)
      expect(outcomes.at(-1)).toMatchObject([{ by: 'address' }])
      expect(
        ordersOf(await many(1, () => ({ buyer: { ...ana, taxId: cpf(99) }, address: '198.51.100.1' }))),
      ).toHaveLength(1)
    })

    test('at the same moment, they are no more', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 25 }, () => place({ buyer: ana, address: '203.0.113.7' })),
      )
      expect(outcomes.filter(({ is }) => is === 'placed')).toHaveLength(10)
    })

    test('a form that is sent again is no second ask, and at the limit it still answers its order', async () => {
      const form = floor.placing({ lines: one(), buyer: ana })
      const send = () => writeOrder(db, world, form, terms)
      const first = await send()
      for (let again = 0; again < 3; again++)
        expect(await send()).toMatchObject({ is: 'placed', again: true })
      expect(ordersOf(await many(20, () => ({ buyer: ana })))).toHaveLength(9)
      expect(await send()).toMatchObject({
        is: 'placed',
        again: true,
        order: { id: first.is === 'placed' && first.order.id },
      })
    })

    test('who mistypes asks for nothing', async () => {
      for (let tries = 0; tries < 15; tries++)
        expect(await place({ buyer: { ...ana, name: '' } })).toMatchObject({ faults: [{ field: 'name' }] })
      expect(await place({ buyer: ana })).toMatchObject({ is: 'placed' })
    })

    test('an address is written to once an hour, until something was paid under it [security A8]', async () => {
      const [first] = ordersOf(await many(4, () => ({ buyer: ana })))
      expect(await counted('mails')).toBe(1)
      await end(first!, 'credited')
      expect(await counted('mails')).toBe(2)
      await many(3, () => ({ buyer: ana }))
      expect(await counted('mails')).toBe(5)
    })

    test('one order keeps no more than it may, however it is split, and the buyer no more in all [security A7]', async () => {
      const orderOf = (quantity: bigint, at = 0, address?: string) =>
        place({
          lines: [
            { productId: lot, quantity: quantity - 1n },
            { productId: lot, quantity: 1n },
          ],
          buyer: { ...ana, email: `b${at}@example.com` },
          ...(address !== undefined && { address }),
        })
      expect(await orderOf(31n)).toEqual({
        is: 'refused',
        faults: [{ field: 'limit', is: 'holds too many', of: 'order', most: 30n }],
      })
      expect(await left()).toBe(1_000n)
      const [first] = [await orderOf(30n, 1), await orderOf(30n, 2)]
      expect(await orderOf(2n, 3)).toEqual({
        is: 'refused',
        faults: [{ field: 'limit', is: 'holds too many', of: 'buyer', most: 60n }],
      })
      expect([await left(), await status(db)]).toMatchObject([940n, { held: { orders: 2, items: 60 } }])
      // What is over, or paid, keeps nothing any more.
      if (first.is === 'placed') await end(first.order, 'credited')
      expect(await orderOf(30n, 4)).toMatchObject({ is: 'placed' })
    })

    test('from one address no more is kept, under ever other names [security A7]', async () => {
      const outcomes = await many(10, at => ({
        lines: [{ productId: lot, quantity: 20n }],
        buyer: { ...ana, email: `b${at}@example.com`, taxId: cpf(at) },
        address: '203.0.113.7',
      }))
      expect(ordersOf(outcomes)).toHaveLength(3)
      expect(await left()).toBe(940n)
      // None of these is told to pay an order that is another's.
      expect(outcomes.at(-1)).toEqual([{ field: 'limit', is: 'holds too many', of: 'address', most: 60n }])
    })

    test('one order is asked for again four times an hour, and keeps its goods no longer', async () => {
      const [order] = ordersOf(await many(1, () => ({ buyer: ana }))) as [OrderRow]
      const again = () => writeNewCode(db, world, order.token, terms, undefined, '203.0.113.7')
      const made = []
      for (let each = 0; each < 6; each++) {
        await end(order, 'canceled')
        clock.moveTo(clock.now() + 1_000)
        const outcome = await again()
        made.push(outcome!.is)
        if (outcome!.is === 'refused')
          expect(outcome).toMatchObject({ faults: [{ field: 'limit', is: 'too often', by: 'order' }] })
        if (outcome!.is === 'refused') break
      }
      expect(made).toEqual(['made', 'made', 'made', 'made', 'refused'])
      expect([(await findOrder(db, order.id))!.state, await left()]).toEqual(['expired', 1_000n])
      clock.moveTo(clock.now() + hour)
      expect((await again())!.is).toBe('made')
    })

    test('who asked is forgotten after two days, and is kept as a digest alone [security 15]', async () => {
      await many(1, () => ({ buyer: ana, address: '203.0.113.7' }))
      const kept = await db.all<{ subject: string }>(
        sql`select subject from shop_asks union all select subject from shop_askers`,
      )
      expect(kept).toHaveLength(4 + 3)
      expect(JSON.stringify(kept)).not.toMatch(/ana|example|012|345|203/)
      clock.moveTo(clock.now() + 48 * hour + 1)
      await followOrders(db, world, { writes: true })
      expect(
        await db.all(sql`select subject from shop_asks union all select subject from shop_askers`),
      ).toEqual([])
    })

    test('any number of orders with a newer code stand before none whose time is over', async () => {
      const [newer, over] = ordersOf(
        await many(2, at => ({ buyer: { ...ana, email: `b${at}@example.com`, taxId: cpf(at) } })),
      )
      clock.moveTo(clock.now() + codeMs + 1)
      expect((await writeNewCode(db, world, newer!.token, terms))!.is).toBe('made')
      // As the chain leaves requests: what came for the first code was late.
      await db.tx(tx =>
        tx.run(sql`update invoices set state = 'late', told_state = 'late' where ordinal = 0`),
      )
      await db.tx(tx =>
        tx.run(sql`update invoices set state = 'issued', told_state = 'issued' where ordinal = 1`),
      )
      const order = (await db.one<Row>(sql`select * from orders where id = ${newer!.id}`))!
      const invoices = await db.all<Row>(sql`select * from invoices where order_id = ${newer!.id}`)
      await db.tx(async tx => {
        for (const at of Array.from({ length: 200 }, (_, each) => String(each).padStart(3, '0'))) {
          // Read before the other's.
          const id = `ord_0${at}`
          await insert(tx, 'orders', { ...order, id, token: id, basket_key: id })
          for (const row of invoices)
            await insert(tx, 'invoices', { ...row, id: `inv_${at}${String(row['ordinal'])}`, order_id: id })
        }
      })
      expect(await followOrders(db, world, { writes: true })).toBe(1)
      expect((await findOrder(db, over!.id))!.state).toBe('expired')
    })

    test.each(['underpaid', 'late', 'seen'] as const)(
      'goods that a part of the price keeps (%s) go back when its time is over',
      async state => {
        const [order] = ordersOf(await many(1, () => ({ buyer: ana }))) as [OrderRow]
        // As the chain leaves a request: this is about orders alone.
        await db.tx(async tx => {
          const watchUntil = instant(clock.now() + codeMs + 24 * hour)
          await tx.run(
            sql`update invoices set state = ${state}, told_state = ${state}, watch_until = ${watchUntil}
              where order_id = ${order.id}`,
          )
        })
        const follow = async () => {
          await followOrders(db, world, { writes: true })
          return [(await findOrder(db, order.id))!.state, await left()]
        }
        if (state !== 'late') expect(await follow()).toEqual(['awaiting', 999n])
        clock.moveTo(clock.now() + codeMs + 1)
        expect(await follow()).toEqual(state === 'seen' ? ['awaiting', 999n] : ['expired', 1_000n])
        clock.moveTo(clock.now() + 24 * hour)
        expect(await follow()).toEqual(['expired', 1_000n])
        // What comes after all makes it paid, late, as far as the goods are still there.
        await db.tx(tx =>
          tx.run(
            sql`update invoices set state = 'credited', changed_at = ${instant(clock.now())}
              where order_id = ${order.id}`,
          ),
        )
        expect(await follow()).toEqual(['paid', 999n])
      },
    )
  })
})

test.each([
  ['issued', 0, true],
  ['issued', 9, true],
  ['underpaid', 0, true],
  ['underpaid', 2, false],
  ['seen', 2, true],
  ['seen', 9, false],
  ['confirming', 9, true],
  ['late', 0, false],
  ['expired', 0, false],
  ['refused', 0, false],
] as const)('an invoice that is %s, %i minutes on, keeps its goods: %s', (state, minutes, keeps) => {
  const row = { state, due_at: instant(60_000), watch_until: instant(300_000) } as InvoiceRow
  expect(keepsGoods(row, minutes * 60_000)).toBe(keeps)
})
