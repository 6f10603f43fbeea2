/**
 * A chain that thinks again, as stories on a real node: what was credited is held, taken back or stands, and
 * what was passed on is told.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { balances } from '../src/ledger/ledger.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { make, mineExactly, ownAddress, reorganise, rival, sendMade, turnBack } from './testbed/chainActs.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { holdPayout, releasePayout } from './testbed/acts.ts'

const there = bitcoindAvailable()

describe.skipIf(!there)(there ? 'on a real bitcoind' : 'no bitcoind is to be had on this machine', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  let postgres: Postgres | undefined
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => Promise.all([node?.stop(), postgres?.stop()]))
  afterEach(() => installation?.close())
  const open = async (options: Partial<ChainInstallationOptions> = {}) =>
    (installation = await openChainInstallation({ node, ...options }))
  const stateOf = async (id: string) => (await installation.invoice(id)).state
  const coinStates = async (id: string) => (await installation.coins(id)).map(({ state }) => state)
  const holdOf = async () =>
    (await installation.db.one<{ value: string }>(sql`select value from settings where name = 'hold'`))?.value
  const payoutStates = async () => (await installation.payouts()).map(({ state }) => state)

  /** A request that is paid in a block, and that block `depth` deep. */
  async function paid(depth: number) {
    const [request] = await installation.issue()
    const payment = await make(node, [[request!.provider_id!, request!.units]])
    await sendMade(node, payment)
    await installation.look()
    await installation.bury(depth)
    return { id: request!.id, units: request!.units, payment }
  }
  /** Another transaction that spends what the payment does, to the payer itself. */
  const away = async (txid: string) => rival(node, txid, [[await ownAddress(node), 50_000n]])

  describe.each([1, 3, 6])('%i blocks deep', depth => {
    test('a payment whose block is left behind waits again, and is as deep as it is mined again', async () => {
      await open()
      const { id, payment } = await paid(depth)
      const credited = depth === 6
      expect(await stateOf(id)).toBe(credited ? 'credited' : 'paid')

      await reorganise(node, depth)
      await installation.look()
      expect(await coinStates(id)).toEqual(['seen'])
      expect(await stateOf(id)).toBe('seen')
      expect(await payoutStates()).toEqual(credited ? ['held'] : [])
      expect((await balances(installation.db, 'BTC')).bank).toBe(0n)
      expect(await installation.send()).toMatchObject({ bundled: 0 })
      expect(await installation.audit()).toEqual([])

      await mineExactly(node, [payment.txid])
      await installation.look()
      expect(await stateOf(id)).toBe('paid')
      await installation.bury(4)
      expect(await payoutStates()).toEqual(credited ? ['held'] : [])
      await installation.bury(1)
      expect(await stateOf(id)).toBe('credited')
      expect(await payoutStates()).toEqual(['owed'])
      expect(await holdOf()).toBeUndefined()
      expect(await installation.audit()).toEqual([])
    })

    test.runIf(depth === 6)(
      'a payout that waits for its payment and that a person holds meanwhile stays held',
      async () => {
        await open()
        const { payment } = await paid(depth)
        await reorganise(node, depth)
        await installation.look()
        await holdPayout(installation.db, (await installation.payouts())[0]!.id, {
          by: 'ana',
          why: 'the police asked',
        })
        await mineExactly(node, [payment.txid])
        await installation.look()
        await installation.bury(5)
        expect(await installation.payouts()).toMatchObject([{ state: 'held', why: 'the police asked' }])
      },
    )

    test('a payment that the new chain has too, deeper or not so deep, is counted from where it lies now', async () => {
      await open()
      const { id, payment } = await paid(depth)
      // In the last block of the new chain but one.
      await reorganise(node, depth, [...Array.from({ length: depth - 1 }, () => []), [payment.hex]])
      await installation.look()
      expect((await installation.coins(id))[0]).toMatchObject({ state: 'mined' })
      expect(await stateOf(id)).toBe('paid')
      // It was credited, and lies two deep now: it is not paid on before it lies as deep again.
      expect(await payoutStates()).toEqual(depth === 6 ? ['held'] : [])
      expect(await holdOf()).toBeUndefined()
      await installation.bury(4)
      expect(await payoutStates()).toEqual(['owed'])
      expect(await installation.payouts()).toHaveLength(1)
      expect(await installation.audit()).toEqual([])
    })

    test('a payment that is spent elsewhere in the new chain never was, and the request may be paid again', async () => {
      await open()
      const { id, units, payment } = await paid(depth)
      const other = await away(payment.txid)
      await reorganise(node, depth, [[other.hex]])
      await installation.look()
      expect(await coinStates(id)).toEqual(['conflicted'])
      expect(await stateOf(id)).toBe('issued')
      expect(await payoutStates()).toEqual(depth === 6 ? ['canceled'] : [])
      expect(await holdOf()).toBeUndefined()
      expect(await balances(installation.db, 'BTC')).toMatchObject({
        bank: 0n,
        payable: 0n,
        commission: 0n,
        pending: 0n,
      })
      expect(await installation.audit()).toEqual([])

      await installation.pay((await installation.invoice(id)).provider_id!, units)
      await installation.bury(6)
      expect(await stateOf(id)).toBe('credited')
      expect(await payoutStates()).toEqual(depth === 6 ? ['canceled', 'owed'] : ['owed'])
      expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
      await installation.bury(6)
      expect(await payoutStates()).toEqual(depth === 6 ? ['canceled', 'paid'] : ['paid'])
      expect(await installation.audit()).toEqual([])
    })

    test('a payout whose block is left behind is sent again, and paid once', async () => {
      await open()
      await paid(6)
      await installation.send()
      await installation.bury(depth)
      expect(await payoutStates()).toEqual([depth === 6 ? 'paid' : 'sent'])
      const [txid] = (await installation.db.all<{ id: string }>(sql`select id from bundle_candidates`)).map(
        ({ id }) => id,
      )
      const held = (await balances(installation.db, 'BTC')).bank
      await reorganise(node, depth)
      await installation.look()
      expect(await payoutStates()).toEqual(['sent'])
      expect((await balances(installation.db, 'BTC')).bank).not.toBe(held)
      expect(await installation.audit()).toEqual([])
      expect(await holdOf()).toBeUndefined()

      await installation.pass(11 * 60_000)
      await installation.send()
      await mineExactly(node, [txid!])
      await installation.look()
      await installation.bury(5)
      expect(await payoutStates()).toEqual(['paid'])
      expect((await balances(installation.db, 'BTC')).bank).toBe(held)
      expect(await installation.audit()).toEqual([])
    })
  })

  test('a payment that leaves the chain after it was passed on stops all payouts, and is said aloud', async () => {
    await open()
    const { id, payment } = await paid(6)
    await installation.send()
    const other = await away(payment.txid)
    // Six blocks of the payment and what sends it on, which falls with it.
    await reorganise(node, 6, [[other.hex]])
    await installation.look()
    expect(await coinStates(id)).toEqual(['conflicted'])
    // What sends it on spends what never came, so it never goes out; but it was on its way, and a person
    // should know.
    expect(await payoutStates()).toEqual(['canceled'])
    expect(await holdOf()).toMatch(new RegExp(`${id}: its payment ${payment.txid}:\\d+ left the chain after`))
    expect(installation.said).toContainEqual({
      level: 'error',
      text: 'the chain left a payment behind that was passed on: payouts are stopped',
    })
    expect(await installation.audit()).toEqual([])

    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, request!.units)
    await installation.bury(6)
    expect(await payoutStates()).toEqual(['canceled', 'owed'])
    expect(await installation.send()).toMatchObject({ bundled: 0, signed: 0 })
    expect(await installation.audit()).toEqual([])
  })

  test('what was sent together with money that never came is owed again once that is certain, and a person lets it go', async () => {
    await open({ count: 2 })
    const requests = await installation.issue()
    const lost = await make(node, [[requests[0]!.provider_id!, 16_667n]])
    await sendMade(node, lost)
    const kept = await make(node, [[requests[1]!.provider_id!, 16_667n]])
    await sendMade(node, kept)
    await installation.bury(6)
    expect(await installation.send()).toMatchObject({ bundled: 2, sent: 1 })

    const empty = Array.from({ length: 6 }, (): string[] => [])
    await reorganise(node, 6, [...empty, [(await away(lost.txid)).hex, kept.hex]])
    await installation.look()
    expect(await payoutStates()).toEqual(['sent', 'sent'])
    expect(await holdOf()).toMatch('left the chain after')
    // Until it lies deep the first chain may come back, and its transaction with it.
    await installation.bury(5)
    const states = Object.fromEntries(
      (await installation.payouts()).map(({ invoice_id: id, state }) => [id, state]),
    )
    expect(states).toEqual({ [requests[0]!.id]: 'canceled', [requests[1]!.id]: 'held' })
    expect(await installation.db.all(sql`select state from bundles`)).toEqual([{ state: 'void' }])
    expect(await installation.audit()).toEqual([])

    await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
    const held = (await installation.payouts()).find(({ state }) => state === 'held')!
    await releasePayout(installation.db, held.id, { by: 'checker', why: 'nobody paid it' })
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    await installation.bury(6)
    expect((await payoutStates()).toSorted()).toEqual(['canceled', 'paid'])
    expect(await installation.audit()).toEqual([])
  })

  test('a bundle that was given up and is mined after all stops payouts, and the books follow the chain', async () => {
    await open()
    const { payment } = await paid(6)
    await installation.send()
    const [bundled] = await installation.db.all<{ raw: Uint8Array }>(sql`select raw from bundle_candidates`)
    const turned = await reorganise(node, 6, [[(await away(payment.txid)).hex]])
    await installation.look()
    expect(await installation.db.all(sql`select state from bundles`)).toEqual([{ state: 'void' }])

    // The first chain comes back, with the payment in it; and somebody has kept the bytes.
    await turnBack(node, turned)
    await mineExactly(node, [Buffer.from(bundled!.raw).toString('hex')])
    for (let blocks = 0; blocks < 3; blocks++) await mineExactly(node)
    await installation.look()
    expect(await holdOf()).toMatch('was mined after it was given up')
    expect((await balances(installation.db, 'BTC')).external).toBeGreaterThan(0n)
    expect(await installation.audit()).toEqual([])
  })

  test('a block that is left and taken again, twice over, leaves everything as it was', async () => {
    await open()
    const { id } = await paid(6)
    const entries = async () =>
      Number(
        (await installation.db.one<{ count: bigint }>(sql`select count(*) as count from ledger_entries`))!
          .count,
      )
    const [before, written] = [await balances(installation.db, 'BTC'), await entries()]
    for (let times = 1; times <= 2; times++) {
      const turned = await reorganise(node, 6)
      await installation.look()
      expect(await stateOf(id)).toBe('seen')
      expect(await payoutStates()).toEqual(['held'])
      expect(await installation.audit()).toEqual([])

      // The chain that was left is shorter than what was read since, and still the one that holds.
      await turnBack(node, turned)
      await installation.look()
      expect(await stateOf(id)).toBe('credited')
      expect(await payoutStates()).toEqual(['owed'])
      expect(await balances(installation.db, 'BTC')).toEqual(before)
      // Two movements, of two entries each: out of the books, and in again.
      expect(await entries()).toBe(written + 4 * times)
      expect(await installation.audit()).toEqual([])
    }
    expect(await installation.payouts()).toHaveLength(1)
  })

  test('a payment shut out by one chain and mined by the next is credited again', async () => {
    await open()
    const { id, payment } = await paid(6)
    const turned = await reorganise(node, 6, [[(await away(payment.txid)).hex]])
    await installation.look()
    expect(await payoutStates()).toEqual(['canceled'])
    await turnBack(node, turned)
    await installation.pass(1_000)
    await installation.look()
    expect(await coinStates(id)).toEqual(['mined'])
    expect(await stateOf(id)).toBe('credited')
    expect((await installation.payouts()).map(({ state, units }) => [state, units])).toEqual([
      ['canceled', 16_417n],
      ['owed', 16_417n],
    ])
    expect((await installation.invoice(id)).paid_units).toBe(16_667n)
    expect((await balances(installation.db, 'BTC')).commission).toBe(-250n)
    expect(await installation.audit()).toEqual([])
  })

  test('of two payments credited together one is lost: the other waits for the rest, and both are said back', async () => {
    await open({ commissionBp: 0n })
    const [request] = await installation.issue()
    await installation.pay(request!.provider_id!, 10_000n)
    await installation.bury(1)
    const second = await make(node, [[request!.provider_id!, 6_667n]])
    await sendMade(node, second)
    await installation.bury(6)
    expect(await installation.payouts()).toMatchObject([{ state: 'owed', units: 16_667n }])

    await reorganise(node, 6, [[(await away(second.txid)).hex]])
    await installation.look()
    expect(await stateOf(request!.id)).toBe('underpaid')
    expect(await payoutStates()).toEqual(['canceled'])
    expect((await installation.invoice(request!.id)).paid_units).toBe(0n)
    expect((await balances(installation.db, 'BTC')).pending).toBe(-10_000n)
    await installation.pay(request!.provider_id!, 6_667n)
    await installation.bury(6)
    expect(await installation.payouts()).toMatchObject([
      { state: 'canceled' },
      { state: 'owed', units: 16_667n },
    ])
    expect(await installation.audit()).toEqual([])
  })

  test('a payment whose replacement the new chain has is paid by that, and as deep as that', async () => {
    await open()
    const { id, payment } = await paid(6)
    const address = (await installation.invoice(id)).provider_id!
    await reorganise(node, 6, [
      ...Array.from({ length: 6 }, () => []),
      [(await rival(node, payment.txid, [[address, 20_000n]])).hex],
    ])
    await installation.look()
    // One deep. What was credited before gives it nothing.
    expect(await stateOf(id)).toBe('paid')
    expect(await payoutStates()).toEqual(['canceled'])
    await installation.bury(5)
    expect(await stateOf(id)).toBe('credited')
    expect(await installation.payouts()).toMatchObject([
      { state: 'canceled' },
      { state: 'owed', units: 19_700n },
    ])
    expect(await installation.audit()).toEqual([])
  })

  test.skipIf(!postgresAvailable())('on PostgreSQL it is the same: left, shut out, and back', async () => {
    postgres = await startPostgres({ durable: false })
    await open({ databaseUrl: await postgres.migratedDatabase() })
    const { id, payment } = await paid(6)
    const turned = await reorganise(node, 6, [[(await away(payment.txid)).hex]])
    await installation.look()
    expect(await stateOf(id)).toBe('issued')
    expect(await installation.audit()).toEqual([])
    await turnBack(node, turned)
    await installation.pass(1_000)
    await installation.look()
    expect(await stateOf(id)).toBe('credited')
    expect(await payoutStates()).toEqual(['canceled', 'owed'])
    expect(await installation.audit()).toEqual([])
  })
})
