/**
 * Orders paid with Pix, as stories on one clock: placed, paid, late, over, asked for again, sold out; the
 * installation's books as for any invoice.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually } from './testbed/eventually.ts'
import type { Mail } from '../src/mail/mail.ts'
import type { Rail } from '../src/rails/rail.ts'
import {
  moveOrders,
  newCode,
  placeOrder,
  readOrder,
  sendDueMails,
  timetable,
  wake,
  type Counter,
} from '../src/jobs/jobs.ts'
import {
  findOrder,
  invoicesOf,
  writeOrder,
  type OrderRow,
  type OrderStatus,
  type Placing,
} from '../src/shop/shop.ts'
import { instant } from '../src/base/world.ts'
import { sql } from '../src/db/db.ts'
import { furnishShop, openMail, type ShopFloor } from './testbed/shopFloor.ts'
import { openTestInstallation, type TestInstallation } from './testbed/testInstallation.ts'

const [second, minute] = [1_000, 60_000]
let installation: TestInstallation
let floor: ShopFloor
let counter: Counter
let letters: Mail[]

beforeEach(async () => {
  installation = await openTestInstallation()
  const { letters: table, post } = openMail()
  letters = table
  installation.app.post = post
  counter = installation.app
  floor = await furnishShop(installation.db, installation.app.world, ['starkbank'])
})
afterEach(async () => {
  // Whatever the story was, its books add up and the bank's agree.
  expect(await installation.audit()).toEqual([])
  await installation.close()
})

async function place(change?: Partial<Placing>): Promise<OrderRow> {
  const placed = await placeOrder(counter, floor.placing(change))
  if (placed.is !== 'placed')
    throw new Error(JSON.stringify(placed.faults, (_, value: unknown) => String(value)))
  return placed.order
}
const standing = async ({ token }: OrderRow): Promise<OrderStatus> =>
  (await readOrder(counter, token))!.standing
const stateOf = async ({ id }: OrderRow) => (await findOrder(installation.db, id))!
const stockOf = async (id: string) =>
  (await installation.db.one<{ stock: bigint }>(sql`select stock from products where id = ${id}`))!.stock
const atBank = async (order: OrderRow, place = -1) => {
  const row = (await invoicesOf(installation.db, order.id)).at(place)!
  return installation.bank.invoices().find(({ id }) => id === row.provider_id)!
}
/** The bank tells of everything it has told of this kind, and the orders follow. */
async function hear(...kinds: string[]): Promise<void> {
  const known = installation.bank
    .eventsCreated()
    .filter(({ subscription, log }) => kinds.includes(`${subscription}.${log.type}`))
  await installation.hear(...known)
  await moveOrders(counter)
}
async function pay(order: OrderRow, place = -1): Promise<boolean> {
  const taken = installation.bank.pay((await atBank(order, place)).id)
  installation.pass(5 * second)
  await hear('invoice.paid', 'invoice.credited')
  return taken
}

describe('an order by Pix', () => {
  test('is asked for at the bank at once, with fifteen minutes, no fine, and the price that the database has', async () => {
    const order = await place({
      lines: [
        { productId: floor.coffee.id, quantity: 2n },
        { productId: floor.cup.id, quantity: 1n },
      ],
    })
    expect(order.units).toBe(2n * 3_990n + 2_500n)
    const found = await standing(order)
    const invoice = await atBank(order)
    expect(found).toMatchObject({
      is: 'waiting',
      code: { rail: 'starkbank', brcode: invoice.brcode, units: order.units },
    })
    expect(invoice).toMatchObject({
      amount: 10_480,
      taxId: '012.345.678-90',
      name: 'Ana Lima',
      expiration: 60,
      fine: 0,
      interest: 0,
    })
    expect(Date.parse(invoice.due) - installation.clock.now()).toBe(15 * minute)
    expect(found.is === 'waiting' && Date.parse(found.until)).toBe(Date.parse(invoice.due))
    expect(invoice.tags).toEqual([(await invoicesOf(installation.db, order.id))[0]!.id, order.id])
    expect([await stockOf(floor.coffee.id), await stockOf(floor.cup.id)]).toEqual([8n, 0n])
  })

  test('is paid like any other invoice: its ledger, its commission, its payout, and two letters', async () => {
    const order = await place()
    expect(await pay(order)).toBe(true)
    expect(await stateOf(order)).toMatchObject({ state: 'paid', paid_late: 0n, attention: null })
    expect(await standing(order)).toMatchObject({
      is: 'paid',
      late: false,
      paid: { rail: 'starkbank', units: 3_990n, proofs: [(await atBank(order)).id] },
    })
    const [invoice] = await invoicesOf(installation.db, order.id)
    const payout = await installation.db.one<{ state: string; units: bigint }>(
      sql`select state, units from payouts where invoice_id = ${invoice!.id}`,
    )
    expect(payout).toEqual({ state: 'owed', units: 3_990n - 50n - 60n })
    await installation.send()
    expect(installation.transfers().filter(({ tags }) => tags.includes(invoice!.id))).toHaveLength(1)

    await sendDueMails(counter, installation.app.post!)
    expect(await sendDueMails(counter, installation.app.post!)).toEqual({ sent: 0, failed: 0, later: 0 })
    const number = order.id.slice(-8).toUpperCase()
    expect(letters.map(({ to, subject }) => [to, subject])).toEqual([
      ['ana@example.com', `Loja: recebemos o pedido ${number}`],
      ['ana@example.com', `Loja: pagamento confirmado do pedido ${number}`],
    ])
    expect(letters[0]!.text).toContain(`https://loja.example.com/orders/${order.token}`)
    expect(letters[0]!.text).toContain('1 × Café 250 g: R$ 39,90')
  })

  test('the same basket sent twice, at once or after, is one order, one invoice and one letter', async () => {
    const placing = floor.placing()
    const both = await Promise.all([placeOrder(counter, placing), placeOrder(counter, placing)])
    const again = await placeOrder(counter, {
      ...placing,
      lines: [],
      buyer: { name: '', email: '', taxId: '' },
    })
    const ids = [...both, again].map(placed => placed.is === 'placed' && placed.order.id)
    expect(new Set(ids).size).toBe(1)
    expect([...both, again].filter(placed => placed.is === 'placed' && !placed.again)).toHaveLength(1)
    expect(installation.bank.invoices().filter(({ tags }) => tags.includes(ids[0] as string))).toHaveLength(1)
    expect(await stockOf(floor.coffee.id)).toBe(9n)
    await sendDueMails(counter, installation.app.post!)
    expect(letters).toHaveLength(1)
  })

  test('two who want the last one: one has it, the other is told what is left', async () => {
    const line = { lines: [{ productId: floor.cup.id, quantity: 1n }] }
    const placed = await Promise.all([
      placeOrder(counter, floor.placing(line)),
      placeOrder(counter, floor.placing(line)),
    ])
    expect(placed.map(({ is }) => is).sort()).toEqual(['placed', 'refused'])
    const refused = placed.find(each => each.is === 'refused')!
    expect(refused).toEqual({
      is: 'refused',
      faults: [{ field: 'basket', is: 'too few left', productId: floor.cup.id, name: 'Xícara', left: 0n }],
    })
    expect(await stockOf(floor.cup.id)).toBe(0n)
  })
})

describe('whose time is over', () => {
  /** The bank has given up on the newest code. */
  async function expire(): Promise<void> {
    installation.pass(17 * minute)
    await hear('invoice.overdue', 'invoice.expired')
  }

  test('shows no code from its very second on, gives its stock back when the bank gave up, and a new code takes it again, once', async () => {
    const order = await place({ lines: [{ productId: floor.cup.id, quantity: 1n }] })
    installation.pass(15 * minute + 1)
    expect(await standing(order)).toEqual({ is: 'expired' })
    expect([(await stateOf(order)).state, await stockOf(floor.cup.id)]).toEqual(['awaiting', 0n])
    await expire()
    expect([(await stateOf(order)).state, await stockOf(floor.cup.id)]).toEqual(['expired', 1n])

    const made = await Promise.all([newCode(counter, order.token), newCode(counter, order.token)])
    expect(made.map(each => each!.is).sort()).toEqual(['made', 'there'])
    expect(await stockOf(floor.cup.id)).toBe(0n)
    expect(
      (await invoicesOf(installation.db, order.id)).map(({ ordinal, state }) => [ordinal, state]),
    ).toEqual([
      [0n, 'expired'],
      [1n, 'issued'],
    ])
    const found = await standing(order)
    expect(found).toMatchObject({ is: 'waiting', code: { brcode: (await atBank(order)).brcode } })
    await pay(order)
    expect(await stateOf(order)).toMatchObject({ state: 'paid', paid_late: 0n, attention: null })
    expect(await newCode(counter, order.token)).toMatchObject({ is: 'there' })
    expect(await newCode(counter, 'unknown')).toBeUndefined()
  })

  test('a new code before the bank gave up takes no stock twice, and the order stays as it was', async () => {
    const order = await place()
    installation.pass(15 * minute + 1)
    expect(await newCode(counter, order.token)).toMatchObject({ is: 'made', order: { state: 'awaiting' } })
    await hear('invoice.overdue', 'invoice.expired')
    expect([(await stateOf(order)).state, await stockOf(floor.coffee.id)]).toEqual(['awaiting', 9n])
  })

  test('is not asked for again where what it had is sold', async () => {
    const order = await place({ lines: [{ productId: floor.cup.id, quantity: 1n }] })
    await expire()
    await place({ lines: [{ productId: floor.cup.id, quantity: 1n }] })
    expect(await newCode(counter, order.token)).toMatchObject({
      is: 'refused',
      faults: [{ is: 'too few left', name: 'Xícara', left: 0n }],
    })
    expect(await standing(order)).toEqual({ is: 'expired' })
  })

  test('paid late all the same it is paid, the stock is taken again, and the letter says so', async () => {
    const order = await place()
    const invoice = await atBank(order)
    await expire()
    // Some banks let through what was on its way: the bank shows it as paid after it had expired.
    invoice.status = 'created'
    expect(await pay(order)).toBe(true)
    expect(await stateOf(order)).toMatchObject({ state: 'paid', paid_late: 1n, attention: null })
    expect(await standing(order)).toMatchObject({ is: 'paid', late: true })
    expect(await stockOf(floor.coffee.id)).toBe(9n)
    await sendDueMails(counter, installation.app.post!)
    expect(letters.at(-1)!.text).toContain('chegou depois do prazo')
  })

  test('paid late when it is sold out, or paid twice, a person is told', async () => {
    const order = await place({ lines: [{ productId: floor.cup.id, quantity: 1n }] })
    const invoice = await atBank(order)
    await expire()
    const other = await place({ lines: [{ productId: floor.cup.id, quantity: 1n }] })
    invoice.status = 'created'
    await pay(order)
    expect((await stateOf(order)).attention).toBe(
      'it was paid after it had expired, and there is too little left of Xícara',
    )

    installation.pass(15 * minute + 1)
    await newCode(counter, other.token)
    await pay(other, 0)
    expect(await stateOf(other)).toMatchObject({ state: 'paid', attention: null })
    await pay(other, 1)
    const ids = (await invoicesOf(installation.db, other.id)).map(({ id }) => id)
    expect((await stateOf(other)).attention).toBe(`it was paid 2 times: ${ids.join(', ')}`)
    // Told once, whatever else is heard.
    await hear('invoice.paid', 'invoice.credited')
    expect((await stateOf(other)).attention).toBe(`it was paid 2 times: ${ids.join(', ')}`)
  })
})

describe('when the bank', () => {
  test('does not answer, the order is there without a code, and the worker’s jobs ask for it', async () => {
    installation.bank.failNext('resetAfterCommit', 'POST /v2/invoice')
    const order = await place()
    expect(await standing(order)).toEqual({ is: 'preparing' })
    const jobs = timetable(installation.app)
    for (let round = 0; round < 4; round++) {
      installation.pass(61 * second)
      for (const name of ['resolve-invoices', 'issue-left'])
        await wake(
          installation.app,
          jobs.find(job => job.name === name)!,
        )
    }
    expect(await standing(order)).toMatchObject({ is: 'waiting' })
    expect(installation.bank.invoices().filter(({ tags }) => tags.includes(order.id))).toHaveLength(1)
  })

  test('was not asked yet when the process died, the worker asks; where nobody does in time, the order is over and may be asked for again', async () => {
    // The transaction alone: nothing after it was done.
    const cutOff = async (): Promise<OrderRow> => {
      const placed = await writeOrder(installation.db, counter.world, floor.placing(), {
        rails: ['starkbank'],
        price: async () => undefined,
        writes: true,
      })
      if (placed.is !== 'placed') throw new Error('not placed')
      expect(await standing(placed.order)).toEqual({ is: 'preparing' })
      return placed.order
    }
    const helped = await cutOff()
    await wake(
      installation.app,
      timetable(installation.app).find(({ name }) => name === 'issue-left')!,
    )
    expect(await standing(helped)).toMatchObject({ is: 'waiting' })

    const alone = await cutOff()
    installation.pass(15 * minute + 1)
    expect(await standing(alone)).toEqual({ is: 'expired' })
    await moveOrders(counter)
    expect((await invoicesOf(installation.db, alone.id)).map(({ state }) => state)).toEqual(['canceled'])
    expect((await stateOf(alone)).state).toBe('expired')
    expect(await newCode(counter, alone.token)).toMatchObject({ is: 'made' })
    expect(await standing(alone)).toMatchObject({ is: 'waiting' })
  })

  test('is slow, the buyer waits four seconds and the page is there; the code comes when the bank has answered', async () => {
    const { rails, world } = counter
    let answer = () => {}
    const answered = new Promise<void>(resolve => (answer = resolve))
    const starkbank = {
      ...rails.starkbank!,
      issue: async (...asked: Parameters<Rail['issue']>) => (
        await answered,
        rails.starkbank!.issue(...asked)
      ),
    }
    const clock = { ...world.clock, sleep: () => Promise.resolve() }
    const placed = await placeOrder(
      { ...counter, rails: { starkbank }, world: { ...world, clock } },
      floor.placing(),
    )
    if (placed.is !== 'placed') throw new Error('not placed')
    expect(await standing(placed.order)).toEqual({ is: 'preparing' })
    answer()
    await eventually(async () => (await standing(placed.order)).is).toBe('waiting')
  })

  test('gives a payment back, a person is told and the page does not say paid', async () => {
    const order = await place()
    await pay(order)
    installation.bank.reverse((await atBank(order)).id)
    installation.pass(10 * second)
    await hear('invoice.reversed', 'invoice.voided')
    expect(await standing(order)).toEqual({ is: 'attention', why: 'returned' })
    expect((await stateOf(order)).attention).toMatch(/^its payment inv_\w+ was given back$/)
  })
})

describe('while nobody was at work', () => {
  test('a payer who was in time is booked as in time, at the bank’s own hour, though the order had been given up', async () => {
    const order = await place({ lines: [{ productId: floor.coffee.id, quantity: 2n }] })
    installation.pass(14 * minute)
    const invoice = await atBank(order)
    expect(installation.bank.pay(invoice.id)).toBe(true)
    const paidAt = instant(installation.clock.now())
    installation.pass(3 * 60 * minute)
    // An end that was heard first, whatever made it so.
    await installation.db.tx(async tx => {
      await tx.run(sql`update invoices set state = 'expired' where order_id = ${order.id}`)
    })
    await moveOrders(counter)
    expect((await stateOf(order)).state).toBe('expired')
    expect(await stockOf(floor.coffee.id)).toBe(10n)

    await hear('invoice.credited')
    const row = await stateOf(order)
    expect([row.state, row.paid_late]).toEqual(['paid', 0n])
    expect(Date.parse(row.paid_at!) - Date.parse(paidAt)).toBeLessThan(minute)
    expect(await stockOf(floor.coffee.id)).toBe(8n)
    // `paid` comes last, and is the earlier of the two.
    await hear('invoice.paid')
    const [heard] = await installation.db.all<{ paid_at: string }>(
      sql`select paid_at from invoices where order_id = ${order.id}`,
    )
    expect(heard!.paid_at <= row.paid_at!).toBe(true)
  })

  test('whoever paid in time is not asked for a second time: the bank is asked before a new code is made', async () => {
    const order = await place()
    installation.pass(14 * minute)
    installation.bank.pay((await atBank(order)).id)
    installation.pass(60 * minute)
    expect(await newCode(counter, order.token)).toMatchObject({ is: 'there' })
    expect(await invoicesOf(installation.db, order.id)).toHaveLength(1)
    await hear('invoice.paid', 'invoice.credited')
    expect((await stateOf(order)).state).toBe('paid')
  })
})
