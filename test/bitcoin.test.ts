/**
 * The Bitcoin rail on a real node, as stories: what payers do with a request, and what the books say after
 * it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { listAddresses, lookAhead } from '../src/chain/chain.ts'
import type { InvoiceRow } from '../src/invoice/invoice.ts'
import { balances } from '../src/ledger/ledger.ts'
import { sql } from '../src/db/db.ts'
import { status } from '../src/queries/status.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { make, makeDust, mineExactly, ownAddress, sendMade, spendWith } from './testbed/chainActs.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { postgresAvailable, startPostgres, type Postgres } from './testbed/postgres.ts'
import { restate } from './testbed/restate.ts'

const there = bitcoindAvailable()

describe.skipIf(!there)(there ? 'on a real bitcoind' : 'no bitcoind is to be had on this machine', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())
  const open = async (options: Partial<ChainInstallationOptions> = {}) =>
    (installation = await openChainInstallation({ node, ...options }))
  const stateOf = async (id: string) => (await installation.invoice(id)).state

  describe.each(['sqlite', 'postgres'] as const)('on %s', engine => {
    const here = engine === 'sqlite' || postgresAvailable()
    let postgres: Postgres | undefined
    beforeAll(async () => {
      if (engine === 'postgres' && here) postgres = await startPostgres({ durable: false })
    })
    afterAll(() => postgres?.stop())
    const fresh = async () => (postgres ? { databaseUrl: await postgres.migratedDatabase() } : {})

    test.skipIf(!here)(
      'what is paid is seen, confirmed, credited six deep, and passed on by the wallet, less commission and network fee',
      async () => {
        await open(await fresh())
        const [request] = await installation.issue()
        // R$ 100.00 at R$ 600 000.00 a BTC, rounded up to a satoshi.
        expect(request).toMatchObject({
          state: 'issued',
          asset: 'BTC',
          units: 16_667n,
          quote_units: 10_000n,
          rate_units: 60_000_000n,
        })

        await installation.pay(request!.provider_id!, request!.units)
        await installation.look()
        expect(await installation.invoice(request!.id)).toMatchObject({ state: 'seen' })
        await installation.bury(1)
        expect(await installation.invoice(request!.id)).toMatchObject({ state: 'paid' })
        await installation.bury(4)
        expect(await installation.payouts()).toEqual([])
        await installation.bury(1)
        expect(await installation.invoice(request!.id)).toMatchObject({
          state: 'credited',
          paid_units: 16_667n,
        })
        expect(await installation.payouts()).toMatchObject([{ state: 'owed', units: 16_417n }])

        expect(await installation.send()).toMatchObject({ bundled: 1, signed: 1, sent: 1 })
        expect(await installation.payouts()).toMatchObject([{ state: 'sent' }])
        await installation.bury(5)
        expect(await installation.payouts()).toMatchObject([{ state: 'sent' }])
        await installation.bury(1)
        expect(await installation.payouts()).toMatchObject([{ state: 'paid' }])
        expect(await installation.audit()).toEqual([])
      },
    )

    test.skipIf(!here)(
      'what is paid too little is told to the satoshi, topped up at the same address, and credited as one',
      async () => {
        await open({ ...(await fresh()), commissionBp: 333n })
        const [request] = await installation.issue()
        const address = request!.provider_id!
        await installation.pay(address, 10_000n)
        await installation.look()
        expect(await stateOf(request!.id)).toBe('underpaid')
        expect(await lastWhy(request!.id)).toMatch(/6667 satoshis are missing/)
        await installation.bury(6)
        expect(await stateOf(request!.id)).toBe('underpaid')
        expect(await installation.payouts()).toEqual([])

        await installation.pay(address, 6_667n)
        await installation.look()
        expect(await stateOf(request!.id)).toBe('seen')
        await installation.bury(1)
        expect(await stateOf(request!.id)).toBe('paid')
        await installation.bury(5)
        expect(await installation.invoice(request!.id)).toMatchObject({
          state: 'credited',
          paid_units: 16_667n,
        })
        // 3.33 % of 16 667 is 555.0111.
        expect(await installation.payouts()).toMatchObject([{ state: 'owed', units: 16_112n }])
        expect(await installation.audit()).toEqual([])
      },
    )
  })

  const lastWhy = async (id: string) =>
    (await installation.db.one<{ why: string }>(
      sql`select why from transitions where subject = ${id} order by seq desc limit 1`,
    ))!.why

  test('a request that a risen price made too small is refused, and nobody is asked', async () => {
    await open({ amount: { units: 300n, currency: 'BRL' } })
    // R$ 3.00 at R$ 600 000.00 a BTC is 500 satoshis.
    expect(await installation.issue()).toMatchObject([{ state: 'refused', units: 500n, provider_id: null }])
    const { needsPerson, addsUp } = await status(installation.db)
    expect(needsPerson).toContainEqual(expect.stringMatching(/^invoice inv_\w+ is too small for the chain/))
    expect(addsUp).toBe(true)
    expect(await installation.audit()).toEqual([])
  })

  test('one satoshi less than asked is too little, and one more is passed on too', async () => {
    await open({ commissionBp: 0n, count: 2 })
    const [less, more] = await installation.issue()
    await installation.pay(less!.provider_id!, less!.units - 1n)
    await installation.pay(more!.provider_id!, more!.units + 1n)
    await installation.look()
    expect(await lastWhy(less!.id)).toMatch(/: 1 satoshis are missing/)
    expect(await lastWhy(more!.id)).toMatch(/1 more than asked/)
    await installation.bury(6)
    expect(await stateOf(less!.id)).toBe('underpaid')
    expect(await installation.payouts()).toMatchObject([{ invoice_id: more!.id, units: more!.units + 1n }])
    expect(await installation.audit()).toEqual([])
  })

  test('several payments together cover a request, each counting from its own block', async () => {
    await open({ commissionBp: 0n })
    const [request] = await installation.issue()
    const address = request!.provider_id!
    await installation.pay(address, 5_000n)
    await installation.bury(5)
    await installation.pay(address, 5_000n)
    await installation.pay(address, 6_667n)
    await installation.bury(3)
    expect(await stateOf(request!.id)).toBe('paid')
    expect(await installation.payouts()).toEqual([])
    await installation.bury(3)
    expect(await stateOf(request!.id)).toBe('credited')
    expect(await installation.payouts()).toMatchObject([{ units: 16_667n }])
    expect(await installation.audit()).toEqual([])
  })

  test('what is paid a second time is passed on as a payout of its own, and the commission of both is that of the sum', async () => {
    await open({ commissionBp: 333n })
    const [request] = await installation.issue()
    const address = request!.provider_id!
    await installation.pay(address, 16_667n)
    await installation.bury(6)
    expect(await installation.payouts()).toMatchObject([{ units: 16_667n - 555n }])
    await installation.pay(address, 16_649n)
    await installation.look()
    expect(await stateOf(request!.id)).toBe('credited')
    await installation.bury(5)
    expect(await installation.payouts()).toHaveLength(1)
    await installation.bury(1)
    // 3.33 % of 33 316 is 1 109.4228, and of the second alone 554.4117, which would be one less.
    expect(await installation.payouts()).toMatchObject([
      { units: 16_112n },
      { units: 16_649n - 554n, state: 'owed' },
    ])
    expect((await balances(installation.db, 'BTC')).commission).toBe(-1_109n)
    expect(await installation.invoice(request!.id)).toMatchObject({ state: 'credited', paid_units: 33_316n })
    expect(await installation.audit()).toEqual([])
  })

  test('a transaction that pays several requests, one of them twice, is of each what it pays it', async () => {
    await open({ count: 3, commissionBp: 0n })
    const [one, two, three] = await installation.issue()
    const addresses = [one!, two!, three!].map(({ provider_id: id }) => id!)
    const first = await make(node, [
      [addresses[0]!, 16_667n],
      [addresses[1]!, 10_000n],
    ])
    await sendMade(node, first)
    await sendMade(node, await make(node, [[addresses[1]!, 6_667n]]))
    await installation.look()
    expect([await stateOf(one!.id), await stateOf(two!.id), await stateOf(three!.id)]).toEqual([
      'seen',
      'seen',
      'issued',
    ])
    await installation.bury(6)
    expect((await installation.payouts()).map(({ invoice_id: id, units }) => [id, units])).toEqual(
      expect.arrayContaining([
        [one!.id, 16_667n],
        [two!.id, 16_667n],
      ]),
    )
    expect(await installation.coins(two!.id)).toHaveLength(2)
    expect(await installation.audit()).toEqual([])
  })

  test('a payment is paid as deep as its value asks for: 1, 3 or 6 blocks, from the very centavo on', async () => {
    await open({ dueInMs: 30 * 86_400_000 })
    const steps = [
      { centavos: 49_999n, blocks: 1 },
      { centavos: 50_000n, blocks: 3 },
      { centavos: 1_999_999n, blocks: 3 },
      { centavos: 2_000_000n, blocks: 6 },
    ]
    const requests: { id: string; blocks: number }[] = []
    for (const { centavos, blocks } of steps) {
      await restate(
        installation.db,
        sql`update schedules set units_low = ${centavos}, units_high = ${centavos} where name = 'trial'`,
      )
      const [request] = await installation.issue()
      expect(request).toMatchObject({ quote_units: centavos, confirmations: BigInt(blocks) })
      await installation.pay(request!.provider_id!, request!.units)
      requests.push({ id: request!.id, blocks })
    }
    await installation.look()
    for (let depth = 1; depth <= 6; depth++) {
      await installation.bury(1)
      for (const { id, blocks } of requests)
        expect(`${depth} of ${blocks}: ${await stateOf(id)}`).toBe(
          `${depth} of ${blocks}: ${depth === 6 ? 'credited' : depth >= blocks ? 'paid' : 'confirming'}`,
        )
    }
    expect(await installation.audit()).toEqual([])
  })

  test('money to an address that nobody was shown is told and kept apart, wherever in the look-ahead it lies', async () => {
    await open()
    const [request] = await installation.issue()
    const stray = [
      installation.rail.derive('receive', 1).address,
      installation.rail.derive('receive', lookAhead).address,
      installation.rail.derive('change', 0).address,
      installation.rail.derive('change', lookAhead - 1).address,
    ]
    for (const address of stray) await installation.pay(address, 5_000n)
    // Beyond it nothing is ours as far as we know.
    const beyond = installation.rail.derive('receive', lookAhead + 1).address
    expect(await listAddresses(installation.db, 'receive', 0, 10)).toHaveLength(1)
    await installation.bury(1)
    expect((await balances(installation.db, 'BTC')).external).toBe(-20_000n)
    expect(await stateOf(request!.id)).toBe('issued')
    expect(await installation.payouts()).toEqual([])
    expect(await installation.audit()).toEqual([])

    await installation.issue()
    await installation.pay(beyond, 5_000n)
    await installation.bury(1)
    expect((await balances(installation.db, 'BTC')).external).toBe(-25_000n)
    expect(await installation.audit()).toEqual([])
  })

  test('dust and nothing at all are what they are, and hold up nothing', async () => {
    await open({ commissionBp: 0n })
    const [request] = await installation.issue()
    const address = request!.provider_id!
    const dust = await makeDust(node, [[address, 1n]])
    const nothing = await makeDust(node, [[address, 0n]])
    // No node passes these on, and any miner may mine them.
    await mineExactly(node, [dust.hex, nothing.hex])
    await installation.look()
    expect(await stateOf(request!.id)).toBe('underpaid')
    expect(await lastWhy(request!.id)).toMatch(/16666 satoshis are missing/)
    await installation.pay(address, 16_666n)
    await installation.bury(6)
    expect(await installation.payouts()).toMatchObject([{ state: 'owed', units: 16_667n }])
    expect(await installation.audit()).toEqual([])
  })

  test('a coin that is mined and spent by a stranger in one block is in and out of the books, and payouts are stopped', async () => {
    await open()
    const [request] = await installation.issue()
    const parent = await make(node, [[request!.provider_id!, 100_000n]])
    const child = await spendWith(node, parent.hex, keyOf(request!), await ownAddress(node))
    await mineExactly(node, [parent.hex, child])
    await installation.look()
    const [coin] = await installation.coins(request!.id)
    expect(coin).toMatchObject({ state: 'mined', spent_height: coin!.height })
    expect((await balances(installation.db, 'BTC')).bank).toBe(0n)
    expect(
      (await installation.db.one<{ value: string }>(sql`select value from settings where name = 'hold'`))!
        .value,
    ).toMatch(/none of ours/)
    expect(await installation.audit()).toEqual([])
  })

  test('a stranger with our keys who pays us from our own coins is seen doing both', async () => {
    await open()
    const [request, other] = await issueTwo()
    await installation.pay(request!.provider_id!, 100_000n)
    await installation.bury(1)
    const [coin] = await installation.coins(request!.id)
    const parent = await node.rpc<string>('getrawtransaction', [coin!.txid])
    await node.rpc('sendrawtransaction', [
      await spendWith(node, parent, keyOf(request!), other!.provider_id!),
    ])
    await installation.look()
    expect(await stateOf(other!.id)).toBe('seen')
    await installation.bury(6)
    expect(await stateOf(other!.id)).toBe('credited')
    expect(await installation.payouts()).toHaveLength(2)
    expect(await installation.audit()).toEqual([])
  })

  const keyOf = ({ provider_id: address, address_index: number }: InvoiceRow) => ({
    address: address!,
    wif: installation.wallet.key('receive', Number(number)).toWIF(),
  })
  const issueTwo = async () => [...(await installation.issue()), ...(await installation.issue())]
})
