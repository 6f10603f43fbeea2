/** What can happen to a payout between its sending and its sixth block: lost answers, fees that rise, strangers, and a chain that thinks again. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { done, refused, unsure } from '../src/base/answer.ts'
import { sendCoins } from '../src/jobs/jobs.ts'
import { balances, totals } from '../src/ledger/ledger.ts'
import { importSigned } from '../src/payout/payout.ts'
import { sql } from '../src/store/store.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainTown, type ChainTown, type ChainTownOptions } from './testbed/chainTown.ts'
import { bundlesOf, heldAt, mineOnly, owing, reorganise, type Offer } from './testbed/owing.ts'

const minute = 60_000

describe.skipIf(!bitcoindAvailable())('a payout that was sent', () => {
  let node: Bitcoind
  let town: ChainTown
  let payee: string
  beforeAll(async () => {
    node = await startBitcoind({ extra: ['-persistmempool=0'] })
  }, 60_000)
  afterAll(() => node?.stop())
  afterEach(async () => {
    await town?.close()
    if (!(await node.rpc<string[]>('listwallets')).includes('payer')) await node.rpc('loadwallet', ['payer'])
  })

  const fee = (rate: bigint) => void (town.rail.feeRate = async () => done(rate))
  const open = async (options: Partial<ChainTownOptions> = {}) => {
    town = await openChainTown({ node, commissionBp: 0n, ...options })
    payee = (await town.store.one<{ destination: string }>(sql`select destination from accounts`))!.destination
    fee(2_000n)
    return town
  }
  const only = async () => (await bundlesOf(town))[0]!
  const mempool = () => node.rpc<string[]>('getrawmempool')
  const states = async () => (await town.payouts()).map(({ state }) => state)
  const offersOf = async () => (await only()).offers
  const hex = ({ raw }: Offer) => Buffer.from(raw!).toString('hex')
  const stopped = async () => (await town.store.one<{ value: string }>(sql`select value from settings where name = 'hold'`))?.value
  const paidBy = ({ outputs }: Offer) => outputs.reduce((sum, { units }) => sum + units, 0n)
  /** Starts the node again at the town's time, for its blocks are of a future it would not believe in. A wallet sends again what it knows, so none is loaded unasked. */
  const start = async (...wallets: string[]) => {
    writeFileSync(join(node.folder, 'bitcoin.conf'), `softwareexpiry=0\nmocktime=${Math.floor(town.clock.now() / 1000)}\n`)
    await node.start()
    for (const name of wallets) await node.rpc('loadwallet', [name])
  }
  /** Six blocks on it, then everything adds up: the payee has what this offer pays, and nothing is left in between. */
  const settled = async (offer: Offer) => {
    expect(new Set(await states())).toEqual(new Set(['paid']))
    expect(await heldAt(town, payee)).toBe(paidBy(offer))
    expect(await balances(town.store, 'BTC')).toMatchObject({ payable: 0n, 'in-transit': 0n, external: 0n })
    expect(await town.audit()).toEqual([])
  }
  /** Sends one payout, and lets `blocks` come without it. */
  const stuck = async (options: Partial<ChainTownOptions> = {}, blocks = 6) => {
    // With the commission there is change, which is another in each offer.
    await open({ commissionBp: 150n, ...options })
    await owing(town, [{ units: 60_000n }, { units: 140_001n, parts: [100_000n, 40_001n] }])
    await town.send()
    await mineOnly(town, blocks)
  }

  test('and whose answer was lost is sent again, the same bytes, and paid once', async () => {
    await open()
    await owing(town, [{ units: 60_000n }])
    const { broadcast } = town.rail
    town.rail.broadcast = async raw => (await broadcast(raw), unsure('the answer did not come'))
    expect(await town.send()).toMatchObject({ signed: 1, sent: 0, later: 1 })
    expect(await states()).toEqual(['sending'])
    expect(await mempool()).toHaveLength(1)
    town.rail.broadcast = broadcast
    expect(await town.send()).toMatchObject({ sent: 1 })
    expect(await states()).toEqual(['sent'])
    await town.bury(6)
    await settled((await offersOf())[0]!)
  })

  test('and is mined before its answer was written down is paid all the same', async () => {
    await open()
    await owing(town, [{ units: 60_000n }])
    const { broadcast } = town.rail
    town.rail.broadcast = async raw => (await broadcast(raw), unsure('the answer did not come'))
    await town.send()
    await town.bury(6)
    town.rail.broadcast = broadcast
    expect(await town.send()).toMatchObject({ sent: 0 })
    await settled((await offersOf())[0]!)
  })

  test('while the node is down waits, and is planned and sent when it is back', async () => {
    await open()
    await owing(town, [{ units: 60_000n }])
    const houses = (await node.rpc<string[]>('listwallets')).filter(name => name.startsWith('house')).sort()
    await node.stop()
    // A town's clock moves the node's too, which is not there to be told.
    town.clock.moveTo(town.clock.now() + minute)
    expect(await sendCoins(town)).toMatchObject({ signed: 0, sent: 0, later: 1 })
    await start(houses.at(-1)!)
    expect(await town.send()).toMatchObject({ signed: 1, sent: 1 })
    await town.bury(6)
    await settled((await offersOf())[0]!)
  })
  test('and pays less than a full mempool takes waits, and is offered more once blocks went by', async () => {
    await open()
    await owing(town, [{ units: 60_000n }])
    const { broadcast } = town.rail
    town.rail.broadcast = async () => refused('the node: mempool min fee not met (-26)', true)
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await only()).toMatchObject({ state: 'signed', why: expect.stringContaining('mempool min fee') })
    expect(await stopped()).toBeUndefined()
    await mineOnly(town, 6)
    fee(9_000n)
    town.rail.broadcast = broadcast
    expect(await town.send()).toMatchObject({ bumped: 1, signed: 1, sent: 1 })
    const [, second] = await offersOf()
    expect(await mempool()).toEqual([second!.id])
    await town.bury(6)
    await settled(second!)
  })

  test('and fell out of the node’s mempool is sent again until a block has it', async () => {
    await open()
    await owing(town, [{ units: 60_000n }])
    await town.send()
    const [offer] = await offersOf()
    await node.stop()
    await start()
    expect(await mempool()).toEqual([])
    await town.look()
    await town.pass(10 * minute)
    await town.send()
    expect(await mempool()).toEqual([offer!.id])
    await town.bury(6)
    await settled(offer!)
  })

  test('and whose coin somebody else with our keys has spent stops all payouts, aloud', async () => {
    await open({ signer: 'psbt' })
    await owing(town, [{ units: 60_000n }])
    await town.send()
    const [{ read }] = (await offersOf()) as [Offer]
    const theirs = town.rail.destination(await node.rpc('getnewaddress', ['theirs', 'bech32'], 'payer'), 0)
    const theft = town.rail.plan({
      ...{ coins: read.inputs, payees: [{ key: 'thief', units: 60_000n, script: theirs.script }], feeRate: 3_000n, mostFeeRate: 100_000n },
      ...{ change: { index: 0 }, lockTime: read.lockTime },
    })
    if (theft.is !== 'planned') return expect.unreachable(theft.is)
    const signed = town.rail.readSigned(town.wallet.sign(theft.plan.psbt), theft.plan)
    if (signed.is !== 'signed') return expect.unreachable(signed.is)
    await mineOnly(town, 1, [Buffer.from(signed.raw).toString('hex')], false)
    await importSigned(town.store, town.rail, town.wallet.sign(read.psbt), 'signer')

    // The block is not read yet: it may be ours that is in it.
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await stopped()).toBeUndefined()
    await town.look()
    expect(await stopped()).toMatch(`${theft.plan.txid} spends`)
    await town.store.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await stopped()).toContain(`the node refuses ${read.txid}`)
    expect(await states()).toEqual(['sending'])
    expect(await town.audit()).toEqual([])
  })

  test('and is not mined is offered more by a replacement, which spends the same coins and is the one that is mined', async () => {
    await stuck({}, 5)
    fee(8_000n)
    expect(await town.send()).toMatchObject({ bumped: 0 })
    await mineOnly(town, 1)
    fee(2_000n)
    expect(await town.send()).toMatchObject({ bumped: 0 })
    fee(8_000n)
    expect(await town.send()).toMatchObject({ bumped: 1, signed: 1, sent: 1 })
    const [first, second] = await offersOf()
    expect(second!.read.inputs.map(({ outpoint }) => outpoint)).toEqual(first!.read.inputs.map(({ outpoint }) => outpoint))
    expect(second!.fee_units).toBeGreaterThan(3n * first!.fee_units)
    expect(await mempool()).toEqual([second!.id])
    await town.bury(6)
    const done = await offersOf()
    expect(done.map(({ state }) => state)).toEqual(['replaced', 'mined'])
    expect(await totals(town.store, 'BTC')).toMatchObject({
      'network fee': first!.fee_units,
      'fee bump': second!.fee_units - first!.fee_units,
    })
    // Both offers pay the commission back to us as change, each to a number of its own.
    const change = await town.store.all<{ txid: string; state: string; units: bigint }>(
      sql`select txid, state, units from coins where branch = 'change' order by number`,
    )
    expect(change).toEqual([
      { txid: first!.id, state: 'conflicted', units: 3_000n },
      { txid: second!.id, state: 'mined', units: 3_000n },
    ])
    await settled(second!)
  })

  test('and whose replacement is signed when payouts stop stays in the mempool, and the replacement follows once they go on', async () => {
    await stuck()
    fee(8_000n)
    const { sign } = town.rail
    const stop = () => town.store.tx(tx => tx.run(sql`insert into settings (name, value) values ('hold', 'a person stopped them')`))
    town.rail.sign = async plan => (await stop(), sign(plan))
    expect(await town.send()).toMatchObject({ bumped: 1, signed: 1, sent: 0, later: 1 })
    const [first, second] = await offersOf()
    await node.stop()
    await start()
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await mempool()).toEqual([first!.id])
    await town.store.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
    expect(await town.send()).toMatchObject({ sent: 1 })
    expect(await mempool()).toEqual([second!.id])
    await town.bury(6)
    await settled(second!)
  })

  test('and was replaced is booked as it was when a miner takes the original', async () => {
    await stuck()
    fee(8_000n)
    await town.send()
    const [first] = await offersOf()
    await mineOnly(town, 1, [hex(first!)])
    expect((await offersOf()).map(({ state }) => state)).toEqual(['mined', 'replaced'])
    await town.bury(5)
    expect(await totals(town.store, 'BTC')).toMatchObject({ 'network fee': first!.fee_units, 'fee bump': 0n })
    await settled(first!)
  })

  test('is offered more again and again, never above what may be paid', async () => {
    await stuck()
    for (const rate of [4_000n, 9_000n, 40_000n]) {
      fee(rate)
      expect(await town.send()).toMatchObject({ bumped: 1, sent: 1 })
      await mineOnly(town, 6)
    }
    town.bitcoin.bundles.mostFeeRate = 45_000n
    fee(90_000n)
    expect(await town.send()).toMatchObject({ bumped: 0 })
    expect(await only()).toMatchObject({ state: 'sent', why: expect.stringContaining('at most 45 sat/vB may be paid') })
    const offers = await offersOf()
    expect(offers.map(({ number }) => number)).toEqual([1n, 2n, 3n, 4n])
    expect(await mempool()).toEqual([offers[3]!.id])
    // A miner may still take any of them.
    await mineOnly(town, 1, [hex(offers[1]!)])
    await town.bury(5)
    expect((await offersOf()).map(({ state }) => state)).toEqual(['replaced', 'mined', 'replaced', 'replaced'])
    await settled(offers[1]!)
  })

  test('is not offered more where its payee would be left with dust, and says so', async () => {
    await open()
    await owing(town, [{ units: 3_000n }])
    await town.send()
    await mineOnly(town, 6)
    fee(30_000n)
    expect(await town.send()).toMatchObject({ bumped: 0 })
    expect(await only()).toMatchObject({ why: expect.stringContaining('left with dust') })
    await town.bury(6)
    await settled((await offersOf())[0]!)
  })

  test.each(['the replacement', 'the original'] as const)(
    'and waits for a person to sign its replacement stays in the mempool meanwhile, and %s may be mined',
    async which => {
      await open({ signer: 'psbt' })
      await owing(town, [{ units: 60_000n }])
      await town.send()
      const bring = async (offer: Offer) => importSigned(town.store, town.rail, town.wallet.sign(offer.read.psbt), 'signer')
      await bring((await offersOf())[0]!)
      await town.send()
      await mineOnly(town, 6)
      fee(8_000n)
      expect(await town.send()).toMatchObject({ bumped: 1, signed: 0, sent: 0 })
      const [first, second] = await offersOf()

      await node.stop()
      await start()
      await town.pass(10 * minute)
      await town.send()
      expect(await mempool()).toEqual([first!.id])
      // The first one handed back once more changes nothing.
      expect(await bring(first!)).toMatchObject({ txid: first!.id, already: true })

      if (which === 'the replacement') {
        expect(await bring(second!)).toMatchObject({ txid: second!.id, already: false })
        expect(await town.send()).toMatchObject({ sent: 1 })
        expect(await mempool()).toEqual([second!.id])
        await town.bury(6)
        return settled(second!)
      }
      await town.bury(1)
      await expect(bring(second!)).rejects.toThrow('is needed no more')
      await town.bury(5)
      return settled(first!)
    },
  )

  test.each([1, 3, 6])('and lies %i deep when its blocks are left behind is unbooked, sent again, mined again and paid', async depth => {
    await open()
    await owing(town, [{ units: 60_000n }])
    await town.send()
    const [offer] = await offersOf()
    await mineOnly(town, 1, [offer!.id])
    await mineOnly(town, depth - 1)
    expect(await states()).toEqual([depth === 6 ? 'paid' : 'sent'])
    expect(await only()).toMatchObject({ booked: offer!.id })

    await reorganise(town, depth)
    expect(await only()).toMatchObject({ state: 'sent', booked: null })
    expect(await states()).toEqual(['sent'])
    expect(await town.audit()).toEqual([])
    await town.pass(10 * minute)
    await town.send()
    expect(await mempool()).toEqual([offer!.id])
    await town.bury(6)
    expect(await totals(town.store, 'BTC')).toMatchObject({
      'payout mined': 2n * paidBy(offer!),
      'payout unmined': paidBy(offer!),
      'network fee returned': offer!.fee_units,
    })
    await settled(offer!)
  })

  test.each([3, 6])('is booked anew when the chain, %i deep, has another of its transactions than before', async depth => {
    await stuck()
    fee(8_000n)
    await town.send()
    const [first, second] = await offersOf()
    await mineOnly(town, 1, [second!.id])
    await mineOnly(town, depth - 1)
    expect(await only()).toMatchObject({ booked: second!.id })

    await reorganise(town, depth, [hex(first!)])
    expect(await only()).toMatchObject({ booked: first!.id })
    expect((await offersOf()).map(({ state }) => state)).toEqual(['mined', 'replaced'])
    expect(await town.audit()).toEqual([])
    await town.bury(6)
    const { 'fee bump': bump, 'fee bump returned': back } = await totals(town.store, 'BTC')
    expect(bump).toBe(back)
    await settled(first!)
  })

  test('and whose replacement fell out with its block is sent again, the better offer first', async () => {
    await stuck()
    fee(8_000n)
    await town.send()
    const [first, second] = await offersOf()
    await mineOnly(town, 1, [hex(first!)])
    await reorganise(town, 1)
    expect((await offersOf()).map(({ state }) => state)).toEqual(['sent', 'sent'])
    await town.pass(10 * minute)
    await town.send()
    expect(await mempool()).toEqual([second!.id])
    await town.bury(6)
    await settled(second!)
  })
})
