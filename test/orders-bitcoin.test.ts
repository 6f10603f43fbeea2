/**
 * Orders paid with Bitcoin on a real node, as stories: confirmed, paid too little and topped up, late, over,
 * asked for again, and gone from the chain.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { minRequest } from '../src/base/money.ts'
import { priceNow } from '../src/invoice/invoice.ts'
import { passTime } from '../src/jobs/bitcoin.ts'
import { moveOrders, newCode, offers, placeOrder, readOrder, timetable, wake } from '../src/jobs/jobs.ts'
import { readUri } from '../src/rails/bitcoin/uri.ts'
import {
  findOrder,
  invoicesOf,
  watchMs,
  writeOrder,
  type BitcoinCode,
  type OrderRow,
  type Placing,
} from '../src/shop/shop.ts'
import { sql, type Tx } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainInstallation, type ChainInstallation } from './testbed/chainInstallation.ts'
import { furnishShop, type ShopFloor } from './testbed/shopFloor.ts'
import { acceptPayment, editProduct, endOrder } from './testbed/acts.ts'

const there = bitcoindAvailable()
const minute = 60_000
/** R$ 600 000.00 a BTC: R$ 39.90 are 6650 satoshis. */
const price = 60_000_000n

describe.skipIf(!there)(there ? 'on a real bitcoind' : 'no bitcoind is to be had on this machine', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  let floor: ShopFloor
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(async () => {
    if (installation) expect(await installation.audit()).toEqual([])
    await installation?.close()
  })

  const open = async () => {
    installation = await openChainInstallation({ node, price })
    floor = await furnishShop(installation.db, installation.world, ['bitcoin'])
  }
  async function place(change?: Partial<Placing>): Promise<OrderRow> {
    const placed = await placeOrder(installation.app, floor.placing(change))
    if (placed.is !== 'placed')
      throw new Error(placed.faults.map(({ field, is }) => `${field} ${is}`).join(', '))
    return placed.order
  }
  const standing = async ({ token }: OrderRow) => (await readOrder(installation.app, token))!.standing
  const rowOf = async ({ id }: OrderRow) => (await findOrder(installation.db, id))!
  const stock = async () =>
    (await installation.db.one<{ stock: bigint }>(
      sql`select stock from products where id = ${floor.coffee.id}`,
    ))!.stock
  const codeOf = async (order: OrderRow): Promise<BitcoinCode> => {
    const found = await standing(order)
    if ((found.is !== 'waiting' && found.is !== 'underpaid') || !('address' in found.code))
      throw new Error(`it is ${found.is}`)
    return found.code
  }
  /** What a wallet does that reads the code. */
  const scan = async (order: OrderRow) => {
    const { uri } = await codeOf(order)
    const { address, units } = readUri(uri, 'regtest')
    return installation.pay(address, units!)
  }
  const look = async () => {
    await installation.look()
    await moveOrders(installation.app)
  }
  const bury = async (blocks: number) => {
    await installation.bury(blocks)
    await moveOrders(installation.app)
  }
  /** Its quarter of an hour passes. */
  const expire = async () => {
    await installation.pass(15 * minute + 1)
    await installation.look()
    await passTime({
      db: installation.db,
      rail: installation.rail,
      bitcoin: installation.bitcoin,
      world: installation.world,
    })
    await moveOrders(installation.app)
  }

  test('an order is priced at the locked rate, seen at once, confirmed by its value, and passed on like any other', async () => {
    await open()
    const order = await place()
    const code = await codeOf(order)
    expect(code).toMatchObject({
      units: 6_650n,
      quote: { units: 3_990n, rateUnits: price, sources: ['installation'] },
    })
    expect(readUri(code.uri, 'regtest')).toMatchObject({
      address: code.address,
      units: 6_650n,
      label: expect.stringMatching(/^Pedido [0-9A-Z]{8}$/) as string,
    })
    // A rate that moves changes nothing for who was told one.
    await installation.setPrice(price / 2n)
    const txid = await scan(order)
    await look()
    expect(await standing(order)).toEqual({ is: 'seen', received: 6_650n, txids: [txid] })
    expect((await rowOf(order)).state).toBe('awaiting')
    await bury(1)
    expect(await standing(order)).toMatchObject({
      is: 'paid',
      late: false,
      paid: { rail: 'bitcoin', units: 6_650n, proofs: [txid] },
    })
    expect(await rowOf(order)).toMatchObject({ state: 'paid', paid_late: 0n, attention: null })
    await bury(5)
    const [invoice] = await invoicesOf(installation.db, order.id)
    expect(invoice!.state).toBe('credited')
    expect(await installation.payouts()).toMatchObject([
      { invoice_id: invoice!.id, units: 6_650n - 100n, state: 'owed' },
    ])
  })

  test('an order that was paid in time is paid in time, though nobody looked until its time was over', async () => {
    await open()
    const order = await place()
    await installation.pass(10 * minute)
    await scan(order)
    await installation.pass(2 * 60 * minute)
    await passTime({
      db: installation.db,
      rail: installation.rail,
      bitcoin: installation.bitcoin,
      world: installation.world,
    })
    await moveOrders(installation.app)
    expect(await rowOf(order)).toMatchObject({ state: 'awaiting' })
    await bury(1)
    expect(await standing(order)).toMatchObject({ is: 'paid', late: false })
    expect(await rowOf(order)).toMatchObject({ state: 'paid', paid_late: 0n, attention: null })
    expect(await stock()).toBe(9n)
  })

  test('what is worth more waits for more blocks, and is told as n of N', async () => {
    await open()
    await editProduct(installation.db, floor.coffee.id, { units: 100_000n }, 'maker')
    const order = await place()
    await scan(order)
    await bury(1)
    expect(await standing(order)).toMatchObject({ is: 'confirming', depth: 1, needed: 3 })
    await bury(1)
    expect(await standing(order)).toMatchObject({ is: 'confirming', depth: 2, needed: 3 })
    expect((await rowOf(order)).state).toBe('awaiting')
    await bury(1)
    expect((await rowOf(order)).state).toBe('paid')
  })

  test('paid too little, the page asks for exactly the rest at the same address, and then it is paid', async () => {
    await open()
    const order = await place()
    const { address } = await codeOf(order)
    await installation.pay(address, 4_000n)
    await look()
    expect(await standing(order)).toMatchObject({
      is: 'underpaid',
      received: 4_000n,
      missing: 2_650n,
      code: { address, units: 2_650n },
    })
    expect(await newCode(installation.app, order.token)).toMatchObject({ is: 'there' })
    // Still, when its time is over: what came has to be made up for, and the address is watched for a day.
    await expire()
    expect(await standing(order)).toMatchObject({ is: 'underpaid', missing: 2_650n })
    // The goods are kept from nobody meanwhile.
    expect([(await rowOf(order)).state, await stock()]).toEqual(['expired', 10n])
    expect(await newCode(installation.app, order.token)).toMatchObject({ is: 'there' })
    await scan(order)
    await bury(1)
    expect(await standing(order)).toMatchObject({ is: 'paid', paid: { units: 6_650n } })
    expect(await rowOf(order)).toMatchObject({ state: 'paid', attention: null })
  })

  test('paid in part and never in whole, its stock goes back when its time is over, and what is taken on after all makes it paid late', async () => {
    await open()
    const order = await place()
    const { address } = await codeOf(order)
    await installation.pay(address, 4_000n)
    await bury(1)
    const end = () => endOrder(installation.db, order.id, { by: 'bia', why: 'the rest is not coming' })
    await expect(end()).rejects.toThrow(/can be paid until/)
    await expire()
    expect([(await rowOf(order)).state, await stock()]).toEqual(['expired', 10n])
    await expect(end()).rejects.toThrow('is expired already')
    await installation.pass(watchMs)
    await expire()
    expect(await standing(order)).toEqual({ is: 'attention', why: 'late' })
    expect([(await rowOf(order)).state, await stock()]).toEqual(['expired', 10n])
    const [invoice] = await invoicesOf(installation.db, order.id)
    await acceptPayment(installation.db, installation.world, installation.bitcoin.terms, invoice!.id, {
      by: 'bia',
      why: 'the buyer called',
    })
    await moveOrders(installation.app)
    expect(await standing(order)).toMatchObject({ is: 'paid', late: true, paid: { units: 4_000n } })
    expect([(await rowOf(order)).state, await stock()]).toEqual(['paid', 9n])
  })

  test('a rest below what nodes pass on is asked for as the least that they do', async () => {
    await open()
    const order = await place()
    const { address } = await codeOf(order)
    await installation.pay(address, 6_600n)
    await look()
    expect(await standing(order)).toMatchObject({
      is: 'underpaid',
      missing: 50n,
      code: { units: minRequest },
    })
    await scan(order)
    await bury(1)
    expect((await rowOf(order)).state).toBe('paid')
  })

  test('over after a quarter of an hour, stock is given back; a new code has the price of now and an address of its own', async () => {
    await open()
    const order = await place()
    const old = await codeOf(order)
    expect(await stock()).toBe(9n)
    await expire()
    expect(await standing(order)).toEqual({ is: 'expired' })
    expect([(await rowOf(order)).state, await stock()]).toEqual(['expired', 10n])
    await installation.setPrice(price * 2n)
    expect(await newCode(installation.app, order.token)).toMatchObject({ is: 'made' })
    expect(await newCode(installation.app, order.token)).toMatchObject({ is: 'there' })
    const fresh = await codeOf(order)
    expect(fresh).toMatchObject({ units: 3_325n, quote: { rateUnits: price * 2n } })
    expect(fresh.address).not.toBe(old.address)
    expect(await stock()).toBe(9n)
    await scan(order)
    await bury(1)
    expect(await rowOf(order)).toMatchObject({ state: 'paid', paid_late: 0n })
  })

  test('paid to the old code after it was over it is paid late, while the rate is near; far off it waits for a person', async () => {
    await open()
    const [near, far] = [await place(), await place()]
    const codes = [await codeOf(near), await codeOf(far)]
    await expire()
    await installation.pay(codes[0]!.address, codes[0]!.units)
    await look()
    expect(await standing(near)).toMatchObject({ is: 'seen' })
    expect(await newCode(installation.app, near.token)).toMatchObject({ is: 'there' })
    await bury(1)
    expect(await standing(near)).toMatchObject({ is: 'paid', late: true })
    expect([(await rowOf(near)).paid_late, await stock()]).toEqual([1n, 9n])

    await installation.setPrice(price / 2n)
    await installation.pay(codes[1]!.address, codes[1]!.units)
    await bury(1)
    expect(await standing(far)).toEqual({ is: 'attention', why: 'late' })
    expect((await rowOf(far)).state).toBe('expired')
    expect(await newCode(installation.app, far.token)).toMatchObject({ is: 'there' })
  })

  test('an order whose old and new code are both paid is paid once, and a person is told of the other', async () => {
    await open()
    const order = await place()
    const old = await codeOf(order)
    await expire()
    await newCode(installation.app, order.token)
    await scan(order)
    await installation.pay(old.address, old.units)
    await bury(1)
    expect(await rowOf(order)).toMatchObject({
      state: 'paid',
      attention: expect.stringMatching(/^it was paid 2 times: inv_\w+, inv_\w+$/) as string,
    })
  })

  test('a payment whose block was left behind is not told as paid, and a person is told', async () => {
    await open()
    const order = await place()
    const txid = await scan(order)
    await look()
    await installation.pass(minute)
    const [block] = await installation.mine()
    await look()
    expect((await rowOf(order)).state).toBe('paid')
    await node.rpc('invalidateblock', [block])
    // Two empty blocks in its place.
    for (let count = 0; count < 2; count++) {
      await installation.pass(minute)
      await node.rpc('generateblock', ['raw(6a01aa)', []])
    }
    await look()
    expect(await standing(order)).toEqual({ is: 'seen', received: 6_650n, txids: [txid] })
    expect((await rowOf(order)).attention).toMatch(/^its payment inv_\w+ left the chain$/)
    await bury(1)
    expect(await standing(order)).toMatchObject({ is: 'paid' })
  })

  test('without a good rate, or a chain that is followed, Bitcoin is not to be had now; what is too little never', async () => {
    await open()
    expect(await offers(installation.app)).toEqual([{ rail: 'bitcoin', why: undefined }])
    await editProduct(installation.db, floor.cup.id, { units: 100n }, 'maker')
    const small = { lines: [{ productId: floor.cup.id, quantity: 1n }] }
    expect(await placeOrder(installation.app, floor.placing(small))).toEqual({
      is: 'refused',
      faults: [{ field: 'rail', is: 'too small' }],
    })

    const order = await place()
    await expire()
    installation.bitcoin.agreement = { ...installation.bitcoin.agreement, maxAgeMs: 1 }
    await installation.pass(1_000)
    expect(await offers(installation.app)).toEqual([{ rail: 'bitcoin', why: 'no rate' }])
    const refused = { is: 'refused', faults: [{ field: 'rail', is: 'no rate' }] }
    expect(await placeOrder(installation.app, floor.placing())).toEqual(refused)
    expect(await newCode(installation.app, order.token)).toEqual(refused)
    expect(await newCode(installation.app, order.token, 'starkbank')).toEqual({
      is: 'refused',
      faults: [{ field: 'rail', is: 'not offered' }],
    })
    expect([(await rowOf(order)).state, await stock()]).toEqual(['expired', 10n])
  })

  test('a process that dies before the address leaves an order that the worker gives one, or that is over and asked for again', async () => {
    await open()
    // The transaction alone: nothing after it was done.
    const price = (tx: Tx) =>
      priceNow(tx, installation.bitcoin, installation.world, { currency: 'BRL', watch_ms: BigInt(watchMs) })
    const cutOff = async () => {
      const placed = await writeOrder(installation.db, installation.world, floor.placing(), {
        rails: ['bitcoin'],
        writes: false,
        price,
      })
      if (placed.is !== 'placed') throw new Error('not placed')
      expect(await standing(placed.order)).toEqual({ is: 'preparing' })
      return placed.order
    }
    const helped = await cutOff()
    const left = timetable(installation.app).find(({ name }) => name === 'request-left')!
    await wake(installation.app, left)
    await codeOf(helped)

    const alone = await cutOff()
    await expire()
    expect(await standing(alone)).toEqual({ is: 'expired' })
    expect((await invoicesOf(installation.db, alone.id))[0]!.state).toBe('canceled')
    await moveOrders(installation.app)
    expect([(await rowOf(alone)).state, await stock()]).toEqual(['expired', 10n])
    expect(await newCode(installation.app, alone.token)).toMatchObject({ is: 'made' })
    await codeOf(alone)
  })
})
