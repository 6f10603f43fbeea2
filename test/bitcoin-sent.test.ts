/**
 * What can happen to a payout that was sent, or should be: lost answers, a node that is down or forgets, and
 * strangers.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { refused, unsure } from '../src/base/answer.ts'
import { sendCoins } from '../src/jobs/jobs.ts'
import { holdPayout, importSigned, letGo, releasePayout, stopAll } from '../src/payout/payout.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { bundlesOf, mineOnly, owing, type Offer } from './testbed/owing.ts'
import { openSentTown, type SentTown } from './testbed/sentTown.ts'

const minute = 60_000

describe.skipIf(!bitcoindAvailable())('a payout on its way', () => {
  let node: Bitcoind
  let town: SentTown
  beforeAll(async () => {
    node = await startBitcoind({ extra: ['-persistmempool=0'] })
  })
  afterAll(() => node?.stop())
  afterEach(() => town?.close())

  test('and chosen before its worker stalled is not sent once payouts are stopped', async () => {
    town = await openSentTown(node)
    await owing(town, [{ units: 60_000n }])
    let stalls = 0
    const at = async (name: string) => {
      if (name !== 'bundle chosen' || stalls++ > 0) return
      await stopAll(town.db, 'ana: it looks odd', 'ana')
      town.clock.moveTo(town.clock.now() + 3 * minute)
    }
    expect(await sendCoins({ ...town, world: { ...town.world, at } })).toMatchObject({
      signed: 1,
      sent: 0,
      later: 1,
    })
    expect([await town.mempool(), await town.states()]).toEqual([[], ['sending']])
    await letGo(town.db, 'it was right', 'ana')
    town.clock.moveTo(town.clock.now() + 10 * minute)
    expect(await town.send()).toMatchObject({ sent: 1 })
  })

  test('and whose answer was lost is sent again, the same bytes, and paid once', async () => {
    town = await openSentTown(node)
    await owing(town, [{ units: 60_000n }])
    const { broadcast } = town.rail
    town.rail.broadcast = async raw => (await broadcast(raw), unsure('the answer did not come'))
    expect(await town.send()).toMatchObject({ signed: 1, sent: 0, later: 1 })
    expect(await town.states()).toEqual(['sending'])
    expect(await town.mempool()).toHaveLength(1)
    town.rail.broadcast = broadcast
    expect(await town.send()).toMatchObject({ sent: 1 })
    expect(await town.states()).toEqual(['sent'])
    await town.bury(6)
    await town.expectPaid((await town.offers())[0]!)
  })

  test('and is mined before its answer was written down is paid all the same', async () => {
    town = await openSentTown(node)
    await owing(town, [{ units: 60_000n }])
    const { broadcast } = town.rail
    town.rail.broadcast = async raw => (await broadcast(raw), unsure('the answer did not come'))
    await town.send()
    await town.bury(6)
    town.rail.broadcast = broadcast
    expect(await town.send()).toMatchObject({ sent: 0 })
    await town.expectPaid((await town.offers())[0]!)
  })

  test('while the node is down waits, and is planned and sent when it is back', async () => {
    town = await openSentTown(node)
    await owing(town, [{ units: 60_000n }])
    const apps = (await node.rpc<string[]>('listwallets')).filter(name => name.startsWith('house')).sort()
    await node.stop()
    // A town's clock moves the node's too, which is not there to be told.
    town.clock.moveTo(town.clock.now() + minute)
    expect(await sendCoins(town)).toMatchObject({ bundled: 0, signed: 0, sent: 0 })
    await town.startNode(apps.at(-1)!)
    expect(await town.send()).toMatchObject({ signed: 1, sent: 1 })
    await town.bury(6)
    await town.expectPaid((await town.offers())[0]!)
  })
  test('and pays less than a full mempool takes waits, and is offered more once blocks went by', async () => {
    town = await openSentTown(node)
    await owing(town, [{ units: 60_000n }])
    const { broadcast } = town.rail
    town.rail.broadcast = async () => refused('the node: mempool min fee not met (-26)', true)
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await town.only()).toMatchObject({
      state: 'signed',
      why: expect.stringContaining('mempool min fee'),
    })
    expect(await town.stopped()).toBeUndefined()
    await mineOnly(town, 6)
    town.fee(9_000n)
    town.rail.broadcast = broadcast
    expect(await town.send()).toMatchObject({ bumped: 1, signed: 1, sent: 1 })
    const [, second] = await town.offers()
    expect(await town.mempool()).toEqual([second!.id])
    await town.bury(6)
    await town.expectPaid(second!)
  })

  test('and is refused for good stops payouts once, whatever it waits for meanwhile, and again once the node had it', async () => {
    town = await openSentTown(node)
    await owing(town, [{ units: 3_000n }])
    const { broadcast } = town.rail
    const refuse = async () => refused('the node: bad-txns (-26)')
    town.rail.broadcast = refuse
    await town.send()
    expect(await town.stopped()).toMatch('the node refuses')
    // While payouts are stopped it waits for that, and then for a better offer that cannot be made.
    const sendLater = async () => {
      await town.pass(10 * minute)
      await town.send()
    }
    await sendLater()
    await town.letGo()
    await mineOnly(town, 6)
    town.fee(30_000n)
    const waits: (string | null)[] = []
    const at = async (name: string) => void (name === 'bundle bumped' && waits.push((await town.only()).why))
    await town.pass(10 * minute)
    expect(await sendCoins({ ...town, world: { ...town.world, at } })).toMatchObject({ later: 1, bumped: 0 })
    expect(waits).toEqual([expect.stringContaining('left with dust')])
    expect([await town.stopped(), (await town.only()).why]).toEqual([undefined, 'the node: bad-txns (-26)'])

    town.rail.broadcast = broadcast
    await sendLater()
    expect(await town.states()).toEqual(['sent'])
    town.rail.broadcast = refuse
    await sendLater()
    expect(await town.stopped()).toMatch('the node refuses')
  })

  test('and fell out of the node’s mempool is sent again until a block has it', async () => {
    town = await openSentTown(node)
    await owing(town, [{ units: 60_000n }])
    await town.send()
    const [offer] = await town.offers()
    await node.stop()
    await town.startNode()
    expect(await town.mempool()).toEqual([])
    await town.look()
    await town.pass(10 * minute)
    await town.send()
    expect(await town.mempool()).toEqual([offer!.id])
    await town.bury(6)
    await town.expectPaid(offer!)
  })

  test('and whose coin somebody else with our keys has spent stops all payouts, aloud', async () => {
    town = await openSentTown(node, { signer: 'psbt' })
    await owing(town, [{ units: 60_000n }])
    await town.send()
    const [{ read }] = (await town.offers()) as [Offer]
    const theirs = town.rail.destination(await node.rpc('getnewaddress', ['theirs', 'bech32'], 'payer'), 0)
    const theft = town.rail.plan({
      ...{
        coins: read.inputs,
        payees: [{ key: 'thief', units: 60_000n, script: theirs.script }],
        feeRate: 3_000n,
        mostFeeRate: 100_000n,
      },
      ...{ change: { index: 0 }, lockTime: read.lockTime },
    })
    if (theft.is !== 'planned') return expect.unreachable(theft.is)
    const signed = town.rail.readSigned(town.wallet.sign(theft.plan.psbt), theft.plan)
    if (signed.is !== 'signed') return expect.unreachable(signed.is)
    await mineOnly(town, 1, [Buffer.from(signed.raw).toString('hex')], false)
    await importSigned(town.db, town.rail, town.wallet.sign(read.psbt), 'signer')

    // The block is not read yet: it may be ours that is in it.
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await town.stopped()).toBeUndefined()
    await town.look()
    expect(await town.stopped()).toMatch(`${theft.plan.txid} spends`)
    await town.letGo()
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    // Who has looked is not stopped by the same again, in whatever words; the bundle waits, and says for
    // what.
    expect(await town.only()).toMatchObject({ why: expect.stringContaining(`${theft.plan.txid} has spent`) })
    expect(await town.states()).toEqual(['sending'])
    expect(await town.audit()).toEqual([])

    // Once it lies deep, what was to be paid is owed, and a person says what becomes of it.
    await town.pass(10 * minute)
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await town.stopped()).toBeUndefined()
    await mineOnly(town, 5)
    expect(await town.only()).toMatchObject({ state: 'void' })
    const [held] = await town.payouts()
    expect(held).toMatchObject({ state: 'held', why: expect.stringContaining('spent by somebody else') })
    expect(await town.audit()).toEqual([])

    // Other money pays it, and the dead transaction is never asked about again.
    await holdPayout(town.db, (await owing(town, [{ units: 90_000n }]))[0]!.id, {
      by: 'someone',
      why: 'the story says so',
    })
    await releasePayout(town.db, held!.id, { by: 'someone', why: 'it was not paid' })
    expect(await town.send()).toMatchObject({ bundled: 1, later: 0 })
    const { offers } = (await bundlesOf(town))[1]!
    await importSigned(town.db, town.rail, town.wallet.sign(offers[0]!.read.psbt), 'signer')
    expect(await town.send()).toMatchObject({ sent: 1, later: 0 })
    await town.bury(6)
    expect((await town.payouts()).find(({ id }) => id === held!.id)).toMatchObject({ state: 'paid' })
    expect(await town.audit()).toEqual([])
  })
})
