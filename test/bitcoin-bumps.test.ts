/**
 * A payout that waits too long: it is offered more, by a transaction of its own that spends the same coins.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { totals } from '../src/ledger/ledger.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { mineOnly, owing, type Offer } from './testbed/owing.ts'
import { importSigned } from './testbed/acts.ts'
import { hexOf, openSentPayouts, openStuckInstallation, type SentPayouts } from './testbed/sentPayouts.ts'

const minute = 60_000

describe.skipIf(!bitcoindAvailable())('a payout that waits too long', () => {
  let node: Bitcoind
  let installation: SentPayouts
  beforeAll(async () => {
    node = await startBitcoind({ extra: ['-persistmempool=0'] })
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())

  test('is offered more by a replacement, which spends the same coins and is the one that is mined', async () => {
    installation = await openStuckInstallation(node, {}, 5)
    installation.fee(8_000n)
    expect(await installation.send()).toMatchObject({ bumped: 0 })
    await mineOnly(installation, 1)
    installation.fee(2_000n)
    expect(await installation.send()).toMatchObject({ bumped: 0 })
    installation.fee(8_000n)
    expect(await installation.send()).toMatchObject({ bumped: 1, signed: 1, sent: 1 })
    const [first, second] = await installation.offers()
    expect(second!.read.inputs.map(({ outpoint }) => outpoint)).toEqual(
      first!.read.inputs.map(({ outpoint }) => outpoint),
    )
    expect(second!.fee_units).toBeGreaterThan(3n * first!.fee_units)
    expect(await installation.mempool()).toEqual([second!.id])
    await installation.bury(6)
    const done = await installation.offers()
    expect(done.map(({ state }) => state)).toEqual(['replaced', 'mined'])
    expect(await totals(installation.db, 'BTC')).toMatchObject({
      'network fee': first!.fee_units,
      'fee bump': second!.fee_units - first!.fee_units,
    })
    // Both offers pay the commission back to us as change, each to a number of its own.
    const change = await installation.db.all<{ txid: string; state: string; units: bigint }>(
      sql`select txid, state, units from coins where branch = 'change' order by number`,
    )
    expect(change).toEqual([
      { txid: first!.id, state: 'conflicted', units: 3_000n },
      { txid: second!.id, state: 'mined', units: 3_000n },
    ])
    await installation.expectPaid(second!)
  })

  test('and was replaced is booked as it was when a miner takes the original', async () => {
    installation = await openStuckInstallation(node)
    installation.fee(8_000n)
    await installation.send()
    const [first] = await installation.offers()
    await mineOnly(installation, 1, [hexOf(first!)])
    expect((await installation.offers()).map(({ state }) => state)).toEqual(['mined', 'replaced'])
    await installation.bury(5)
    expect(await totals(installation.db, 'BTC')).toMatchObject({
      'network fee': first!.fee_units,
      'fee bump': 0n,
    })
    await installation.expectPaid(first!)
  })

  test('and whose replacement is signed when payouts stop stays in the mempool, and the replacement follows once they go on', async () => {
    installation = await openStuckInstallation(node)
    installation.fee(8_000n)
    const { sign } = installation.rail
    const stop = () =>
      installation.db.tx(tx =>
        tx.run(sql`insert into settings (name, value) values ('hold', 'a person stopped them')`),
      )
    installation.rail.sign = async plan => (await stop(), sign(plan))
    expect(await installation.send()).toMatchObject({ bumped: 1, signed: 1, sent: 0, later: 1 })
    const [first, second] = await installation.offers()
    await node.stop()
    await installation.startNode()
    expect(await installation.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await installation.mempool()).toEqual([first!.id])
    await installation.letGo()
    expect(await installation.send()).toMatchObject({ sent: 1 })
    expect(await installation.mempool()).toEqual([second!.id])
    await installation.bury(6)
    await installation.expectPaid(second!)
  })

  test('is offered more again and again, never above what may be paid', async () => {
    installation = await openStuckInstallation(node)
    for (const rate of [4_000n, 9_000n, 40_000n]) {
      installation.fee(rate)
      expect(await installation.send()).toMatchObject({ bumped: 1, sent: 1 })
      await mineOnly(installation, 6)
    }
    installation.bitcoin.bundles.mostFeeRate = 45_000n
    installation.fee(90_000n)
    expect(await installation.send()).toMatchObject({ bumped: 0 })
    expect(await installation.only()).toMatchObject({
      state: 'sent',
      why: expect.stringContaining('at most 45 sat/vB may be paid'),
    })
    const offers = await installation.offers()
    expect(offers.map(({ number }) => number)).toEqual([1n, 2n, 3n, 4n])
    expect(await installation.mempool()).toEqual([offers[3]!.id])
    // A miner may still take any of them.
    await mineOnly(installation, 1, [hexOf(offers[1]!)])
    await installation.bury(5)
    expect((await installation.offers()).map(({ state }) => state)).toEqual([
      'replaced',
      'mined',
      'replaced',
      'replaced',
    ])
    await installation.expectPaid(offers[1]!)
  })

  test('is not offered more where its payee would be left with dust, and says so', async () => {
    installation = await openSentPayouts(node)
    await owing(installation, [{ units: 3_000n }])
    await installation.send()
    await mineOnly(installation, 6)
    installation.fee(30_000n)
    expect(await installation.send()).toMatchObject({ bumped: 0 })
    expect(await installation.only()).toMatchObject({ why: expect.stringContaining('left with dust') })
    await installation.bury(6)
    await installation.expectPaid((await installation.offers())[0]!)
  })

  test.each(['the replacement', 'the original'] as const)(
    'and waits for a person to sign its replacement stays in the mempool meanwhile, and %s may be mined',
    async which => {
      installation = await openSentPayouts(node, { signer: 'psbt' })
      await owing(installation, [{ units: 60_000n }])
      await installation.send()
      const bring = async (offer: Offer) =>
        importSigned(installation.db, installation.rail, installation.wallet.sign(offer.read.psbt), 'signer')
      await bring((await installation.offers())[0]!)
      await installation.send()
      await mineOnly(installation, 6)
      installation.fee(8_000n)
      expect(await installation.send()).toMatchObject({ bumped: 1, signed: 0, sent: 0 })
      const [first, second] = await installation.offers()

      await node.stop()
      await installation.startNode()
      await installation.pass(10 * minute)
      await installation.send()
      expect(await installation.mempool()).toEqual([first!.id])
      // The first one handed back once more changes nothing.
      expect(await bring(first!)).toMatchObject({ txid: first!.id, already: true })

      if (which === 'the replacement') {
        expect(await bring(second!)).toMatchObject({ txid: second!.id, already: false })
        expect(await installation.send()).toMatchObject({ sent: 1 })
        expect(await installation.mempool()).toEqual([second!.id])
        await installation.bury(6)
        return installation.expectPaid(second!)
      }
      await installation.bury(1)
      await expect(bring(second!)).rejects.toThrow('is needed no more')
      await installation.bury(5)
      return installation.expectPaid(first!)
    },
  )
})
