/**
 * A payout that waits too long: it is offered more, by a transaction of its own that spends the same coins.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { totals } from '../src/ledger/ledger.ts'
import { importSigned } from '../src/payout/payout.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { mineOnly, owing, type Offer } from './testbed/owing.ts'
import { hexOf, openSentTown, openStuckTown, type SentTown } from './testbed/sentTown.ts'

const minute = 60_000

describe.skipIf(!bitcoindAvailable())('a payout that waits too long', () => {
  let node: Bitcoind
  let town: SentTown
  beforeAll(async () => {
    node = await startBitcoind({ extra: ['-persistmempool=0'] })
  })
  afterAll(() => node?.stop())
  afterEach(() => town?.close())

  test('is offered more by a replacement, which spends the same coins and is the one that is mined', async () => {
    town = await openStuckTown(node, {}, 5)
    town.fee(8_000n)
    expect(await town.send()).toMatchObject({ bumped: 0 })
    await mineOnly(town, 1)
    town.fee(2_000n)
    expect(await town.send()).toMatchObject({ bumped: 0 })
    town.fee(8_000n)
    expect(await town.send()).toMatchObject({ bumped: 1, signed: 1, sent: 1 })
    const [first, second] = await town.offers()
    expect(second!.read.inputs.map(({ outpoint }) => outpoint)).toEqual(
      first!.read.inputs.map(({ outpoint }) => outpoint),
    )
    expect(second!.fee_units).toBeGreaterThan(3n * first!.fee_units)
    expect(await town.mempool()).toEqual([second!.id])
    await town.bury(6)
    const done = await town.offers()
    expect(done.map(({ state }) => state)).toEqual(['replaced', 'mined'])
    expect(await totals(town.db, 'BTC')).toMatchObject({
      'network fee': first!.fee_units,
      'fee bump': second!.fee_units - first!.fee_units,
    })
    // Both offers pay the commission back to us as change, each to a number of its own.
    const change = await town.db.all<{ txid: string; state: string; units: bigint }>(
      sql`select txid, state, units from coins where branch = 'change' order by number`,
    )
    expect(change).toEqual([
      { txid: first!.id, state: 'conflicted', units: 3_000n },
      { txid: second!.id, state: 'mined', units: 3_000n },
    ])
    await town.expectPaid(second!)
  })

  test('and was replaced is booked as it was when a miner takes the original', async () => {
    town = await openStuckTown(node)
    town.fee(8_000n)
    await town.send()
    const [first] = await town.offers()
    await mineOnly(town, 1, [hexOf(first!)])
    expect((await town.offers()).map(({ state }) => state)).toEqual(['mined', 'replaced'])
    await town.bury(5)
    expect(await totals(town.db, 'BTC')).toMatchObject({ 'network fee': first!.fee_units, 'fee bump': 0n })
    await town.expectPaid(first!)
  })

  test('and whose replacement is signed when payouts stop stays in the mempool, and the replacement follows once they go on', async () => {
    town = await openStuckTown(node)
    town.fee(8_000n)
    const { sign } = town.rail
    const stop = () =>
      town.db.tx(tx =>
        tx.run(sql`insert into settings (name, value) values ('hold', 'a person stopped them')`),
      )
    town.rail.sign = async plan => (await stop(), sign(plan))
    expect(await town.send()).toMatchObject({ bumped: 1, signed: 1, sent: 0, later: 1 })
    const [first, second] = await town.offers()
    await node.stop()
    await town.startNode()
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await town.mempool()).toEqual([first!.id])
    await town.letGo()
    expect(await town.send()).toMatchObject({ sent: 1 })
    expect(await town.mempool()).toEqual([second!.id])
    await town.bury(6)
    await town.expectPaid(second!)
  })

  test('is offered more again and again, never above what may be paid', async () => {
    town = await openStuckTown(node)
    for (const rate of [4_000n, 9_000n, 40_000n]) {
      town.fee(rate)
      expect(await town.send()).toMatchObject({ bumped: 1, sent: 1 })
      await mineOnly(town, 6)
    }
    town.bitcoin.bundles.mostFeeRate = 45_000n
    town.fee(90_000n)
    expect(await town.send()).toMatchObject({ bumped: 0 })
    expect(await town.only()).toMatchObject({
      state: 'sent',
      why: expect.stringContaining('at most 45 sat/vB may be paid'),
    })
    const offers = await town.offers()
    expect(offers.map(({ number }) => number)).toEqual([1n, 2n, 3n, 4n])
    expect(await town.mempool()).toEqual([offers[3]!.id])
    // A miner may still take any of them.
    await mineOnly(town, 1, [hexOf(offers[1]!)])
    await town.bury(5)
    expect((await town.offers()).map(({ state }) => state)).toEqual([
      'replaced',
      'mined',
      'replaced',
      'replaced',
    ])
    await town.expectPaid(offers[1]!)
  })

  test('is not offered more where its payee would be left with dust, and says so', async () => {
    town = await openSentTown(node)
    await owing(town, [{ units: 3_000n }])
    await town.send()
    await mineOnly(town, 6)
    town.fee(30_000n)
    expect(await town.send()).toMatchObject({ bumped: 0 })
    expect(await town.only()).toMatchObject({ why: expect.stringContaining('left with dust') })
    await town.bury(6)
    await town.expectPaid((await town.offers())[0]!)
  })

  test.each(['the replacement', 'the original'] as const)(
    'and waits for a person to sign its replacement stays in the mempool meanwhile, and %s may be mined',
    async which => {
      town = await openSentTown(node, { signer: 'psbt' })
      await owing(town, [{ units: 60_000n }])
      await town.send()
      const bring = async (offer: Offer) =>
        importSigned(town.db, town.rail, town.wallet.sign(offer.read.psbt), 'signer')
      await bring((await town.offers())[0]!)
      await town.send()
      await mineOnly(town, 6)
      town.fee(8_000n)
      expect(await town.send()).toMatchObject({ bumped: 1, signed: 0, sent: 0 })
      const [first, second] = await town.offers()

      await node.stop()
      await town.startNode()
      await town.pass(10 * minute)
      await town.send()
      expect(await town.mempool()).toEqual([first!.id])
      // The first one handed back once more changes nothing.
      expect(await bring(first!)).toMatchObject({ txid: first!.id, already: true })

      if (which === 'the replacement') {
        expect(await bring(second!)).toMatchObject({ txid: second!.id, already: false })
        expect(await town.send()).toMatchObject({ sent: 1 })
        expect(await town.mempool()).toEqual([second!.id])
        await town.bury(6)
        return town.expectPaid(second!)
      }
      await town.bury(1)
      await expect(bring(second!)).rejects.toThrow('is needed no more')
      await town.bury(5)
      return town.expectPaid(first!)
    },
  )
})
