/**
 * What can happen to a payout that was sent, or should be: lost answers, a node that is down or forgets, and
 * strangers.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { refused, unsure } from '../src/base/answer.ts'
import { sendCoins } from '../src/jobs/jobs.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { bundlesOf, mineOnly, owing, type Offer } from './testbed/owing.ts'
import { openSentPayouts, type SentPayouts } from './testbed/sentPayouts.ts'
import { holdPayout, letGo, releasePayout, stopAll, importSigned } from './testbed/acts.ts'

const minute = 60_000

describe.skipIf(!bitcoindAvailable())('a payout on its way', () => {
  let node: Bitcoind
  let installation: SentPayouts
  beforeAll(async () => {
    node = await startBitcoind({ extra: ['-persistmempool=0'] })
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())

  test('and chosen before its worker stalled is not sent once payouts are stopped', async () => {
    installation = await openSentPayouts(node)
    await owing(installation, [{ units: 60_000n }])
    let stalls = 0
    const at = async (name: string) => {
      if (name !== 'bundle chosen' || stalls++ > 0) return
      await stopAll(installation.db, 'it looks odd', 'ana')
      installation.clock.moveTo(installation.clock.now() + 3 * minute)
    }
    expect(await sendCoins({ ...installation, world: { ...installation.world, at } })).toMatchObject({
      signed: 1,
      sent: 0,
      later: 1,
    })
    expect([await installation.mempool(), await installation.states()]).toEqual([[], ['sending']])
    await letGo(installation.db, 'it was right', 'ana')
    installation.clock.moveTo(installation.clock.now() + 10 * minute)
    expect(await installation.send()).toMatchObject({ sent: 1 })
  })

  test('and whose answer was lost is sent again, the same bytes, and paid once', async () => {
    installation = await openSentPayouts(node)
    await owing(installation, [{ units: 60_000n }])
    const { broadcast } = installation.rail
    installation.rail.broadcast = async raw => (await broadcast(raw), unsure('the answer did not come'))
    expect(await installation.send()).toMatchObject({ signed: 1, sent: 0, later: 1 })
    expect(await installation.states()).toEqual(['sending'])
    expect(await installation.mempool()).toHaveLength(1)
    installation.rail.broadcast = broadcast
    expect(await installation.send()).toMatchObject({ sent: 1 })
    expect(await installation.states()).toEqual(['sent'])
    await installation.bury(6)
    await installation.expectPaid((await installation.offers())[0]!)
  })

  test('and is mined before its answer was written down is paid all the same', async () => {
    installation = await openSentPayouts(node)
    await owing(installation, [{ units: 60_000n }])
    const { broadcast } = installation.rail
    installation.rail.broadcast = async raw => (await broadcast(raw), unsure('the answer did not come'))
    await installation.send()
    await installation.bury(6)
    installation.rail.broadcast = broadcast
    expect(await installation.send()).toMatchObject({ sent: 0 })
    await installation.expectPaid((await installation.offers())[0]!)
  })

  test('while the node is down waits, and is planned and sent when it is back', async () => {
    installation = await openSentPayouts(node)
    await owing(installation, [{ units: 60_000n }])
    const apps = (await node.rpc<string[]>('listwallets')).filter(name => name.startsWith('own')).sort()
    await node.stop()
    // An installation's clock moves the node's too, which is not there to be told.
    installation.clock.moveTo(installation.clock.now() + minute)
    expect(await sendCoins(installation)).toMatchObject({ bundled: 0, signed: 0, sent: 0 })
    await installation.startNode(apps.at(-1)!)
    expect(await installation.send()).toMatchObject({ signed: 1, sent: 1 })
    await installation.bury(6)
    await installation.expectPaid((await installation.offers())[0]!)
  })
  test('and pays less than a full mempool takes waits, and is offered more once blocks went by', async () => {
    installation = await openSentPayouts(node)
    await owing(installation, [{ units: 60_000n }])
    const { broadcast } = installation.rail
    installation.rail.broadcast = async () => refused('the node: mempool min fee not met (-26)', true)
    expect(await installation.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await installation.only()).toMatchObject({
      state: 'signed',
      why: expect.stringContaining('mempool min fee'),
    })
    expect(await installation.stopped()).toBeUndefined()
    await mineOnly(installation, 6)
    installation.fee(9_000n)
    installation.rail.broadcast = broadcast
    expect(await installation.send()).toMatchObject({ bumped: 1, signed: 1, sent: 1 })
    const [, second] = await installation.offers()
    expect(await installation.mempool()).toEqual([second!.id])
    await installation.bury(6)
    await installation.expectPaid(second!)
  })

  test('and is refused for good stops payouts once, whatever it waits for meanwhile, and again once the node had it', async () => {
    installation = await openSentPayouts(node)
    await owing(installation, [{ units: 3_000n }])
    const { broadcast } = installation.rail
    const refuse = async () => refused('the node: bad-txns (-26)')
    installation.rail.broadcast = refuse
    await installation.send()
    expect(await installation.stopped()).toMatch('the node refuses')
    // While payouts are stopped it waits for that, and then for a better offer that cannot be made.
    const sendLater = async () => {
      await installation.pass(10 * minute)
      await installation.send()
    }
    await sendLater()
    await installation.letGo()
    await mineOnly(installation, 6)
    installation.fee(30_000n)
    const waits: (string | null)[] = []
    const at = async (name: string) =>
      void (name === 'bundle bumped' && waits.push((await installation.only()).why))
    await installation.pass(10 * minute)
    expect(await sendCoins({ ...installation, world: { ...installation.world, at } })).toMatchObject({
      later: 1,
      bumped: 0,
    })
    expect(waits).toEqual([expect.stringContaining('left with dust')])
    expect([await installation.stopped(), (await installation.only()).why]).toEqual([
      undefined,
      'the node: bad-txns (-26)',
    ])

    installation.rail.broadcast = broadcast
    await sendLater()
    expect(await installation.states()).toEqual(['sent'])
    installation.rail.broadcast = refuse
    await sendLater()
    expect(await installation.stopped()).toMatch('the node refuses')
  })

  test('and fell out of the node’s mempool is sent again until a block has it', async () => {
    installation = await openSentPayouts(node)
    await owing(installation, [{ units: 60_000n }])
    await installation.send()
    const [offer] = await installation.offers()
    await node.stop()
    await installation.startNode()
    expect(await installation.mempool()).toEqual([])
    await installation.look()
    await installation.pass(10 * minute)
    await installation.send()
    expect(await installation.mempool()).toEqual([offer!.id])
    await installation.bury(6)
    await installation.expectPaid(offer!)
  })

  test('and whose coin somebody else with our keys has spent stops all payouts, aloud', async () => {
    installation = await openSentPayouts(node, { signer: 'psbt' })
    await owing(installation, [{ units: 60_000n }])
    await installation.send()
    const [{ read }] = (await installation.offers()) as [Offer]
    const theirs = installation.rail.destination(
      await node.rpc('getnewaddress', ['theirs', 'bech32'], 'payer'),
      0,
    )
    const theft = installation.rail.plan({
      ...{
        coins: read.inputs,
        payees: [{ key: 'thief', units: 60_000n, script: theirs.script }],
        feeRate: 3_000n,
        mostFeeRate: 100_000n,
      },
      ...{ change: { index: 0 }, lockTime: read.lockTime },
    })
    if (theft.is !== 'planned') return expect.unreachable(theft.is)
    const signed = installation.rail.readSigned(installation.wallet.sign(theft.plan.psbt), theft.plan)
    if (signed.is !== 'signed') return expect.unreachable(signed.is)
    await mineOnly(installation, 1, [Buffer.from(signed.raw).toString('hex')], false)
    await importSigned(installation.db, installation.rail, installation.wallet.sign(read.psbt), 'signer')

    // The block is not read yet: it may be ours that is in it.
    expect(await installation.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await installation.stopped()).toBeUndefined()
    await installation.look()
    expect(await installation.stopped()).toMatch(`${theft.plan.txid} spends`)
    await installation.letGo()
    expect(await installation.send()).toMatchObject({ sent: 0, later: 1 })
    // Who has looked is not stopped by the same again, in whatever words; the bundle waits, and says for
    // what.
    expect(await installation.only()).toMatchObject({
      why: expect.stringContaining(`${theft.plan.txid} has spent`),
    })
    expect(await installation.states()).toEqual(['sending'])
    expect(await installation.audit()).toEqual([])

    // Once it lies deep, what was to be paid is owed, and a person says what becomes of it.
    await installation.pass(10 * minute)
    expect(await installation.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await installation.stopped()).toBeUndefined()
    await mineOnly(installation, 5)
    expect(await installation.only()).toMatchObject({ state: 'void' })
    const [held] = await installation.payouts()
    expect(held).toMatchObject({ state: 'held', why: expect.stringContaining('spent by somebody else') })
    expect(await installation.audit()).toEqual([])

    // Other money pays it, and the dead transaction is never asked about again.
    await holdPayout(installation.db, (await owing(installation, [{ units: 90_000n }]))[0]!.id, {
      by: 'someone',
      why: 'the story says so',
    })
    await releasePayout(installation.db, held!.id, { by: 'someone', why: 'it was not paid' })
    expect(await installation.send()).toMatchObject({ bundled: 1, later: 0 })
    const { offers } = (await bundlesOf(installation))[1]!
    await importSigned(
      installation.db,
      installation.rail,
      installation.wallet.sign(offers[0]!.read.psbt),
      'signer',
    )
    expect(await installation.send()).toMatchObject({ sent: 1, later: 0 })
    await installation.bury(6)
    expect((await installation.payouts()).find(({ id }) => id === held!.id)).toMatchObject({ state: 'paid' })
    expect(await installation.audit()).toEqual([])
  })
})
