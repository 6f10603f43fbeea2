/**
 * Payouts in Bitcoin on a real node: how many become one transaction, what each payee gets of it, and who
 * waits for what.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { done } from '../src/base/answer.ts'
import { nextOf } from '../src/chain/chain.ts'
import { balances, totals } from '../src/ledger/ledger.ts'
import { addressOf } from '../src/rails/bitcoin/address.ts'
import { derive } from '../src/rails/bitcoin/descriptor.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { bundlesOf, openAccount, owing, paysOnNode } from './testbed/owing.ts'
import { wallet } from './testbed/wallet.ts'
import { addAccount, approveAccount, holdPayout, releasePayout } from './testbed/acts.ts'

const minute = 60_000
const hour = 60 * minute

describe.skipIf(!bitcoindAvailable())('payouts', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())
  const open = async (options: Partial<ChainInstallationOptions> = {}) =>
    (installation = await openChainInstallation({ node, commissionBp: 0n, ...options }))
  const address = () => node.rpc<string>('getnewaddress', ['payee', 'bech32'], 'payer')
  const whyOf = async (id: string) => (await installation.payouts()).find(payout => payout.id === id)!.why
  const stateOf = async (id: string) => (await installation.payouts()).find(payout => payout.id === id)!.state
  const nextIndex = async (name: string) =>
    (await installation.db.one<{ next_index: bigint }>(
      sql`select next_index from accounts where name = ${name}`,
    ))!.next_index

  test.each(['wpkh', 'tr'] as const)(
    'to addresses and descriptors go out as one %s transaction, and share its fee to the satoshi',
    async kind => {
      await open({ kind, commissionBp: 150n })
      const payee = wallet('wpkh', 'regtest', 77)
      const [shared, single] = [await address(), await address()]
      await openAccount(installation, 'shared', shared)
      await openAccount(installation, 'single', single)
      await openAccount(installation, 'fresh', payee.account.text)
      const payTo = ['shared', 'fresh', 'single', 'shared', 'fresh'] as const
      const payouts = await owing(
        installation,
        [100_003n, 250_007n, 33_331n, 1_000_009n, 47_777n].map((units, place) => ({
          units,
          payTo: payTo[place]!,
        })),
      )
      expect(await installation.send()).toMatchObject({ bundled: 5, signed: 1, sent: 1 })

      const [bundle] = await bundlesOf(installation)
      const { id: txid, read, outputs, fee_units: fee, house_units: app } = bundle!.offers[0]!
      expect(outputs.reduce((sum, output) => sum + output.fee_units, 0n)).toBe(fee - app)
      const { vsize, fees } = await node.rpc<{ vsize: number; fees: { base: number } }>('getmempoolentry', [
        txid,
      ])
      expect(BigInt(Math.round(fees.base * 1e8))).toBe(fee)
      expect(read.size - vsize).toBeLessThanOrEqual(2)

      const paid = await paysOnNode(installation, txid)
      const fresh = [0, 1].map(index => derive(payee.account, 'receive', index).address)
      const owed = payouts.reduce((sum, { units }) => sum + units, 0n)
      const attempts = await installation.db.all<{ id: string; payout_id: string }>(
        sql`select id, payout_id from attempts`,
      )
      for (const [place, payout] of payouts.entries()) {
        const { id } = attempts.find(({ payout_id: of }) => of === payout.id)!
        const { fee_units: share, units, address: to } = outputs.find(({ attempt_id: of }) => of === id)!
        expect(units).toBe(payout.units - share)
        // In proportion: the output's share and its part of that are each less than a satoshi away from what
        // is exact.
        expect([-1n, 0n, 1n]).toContain((share * owed - (fee - app) * payout.units) / owed)
        // What goes to one address goes there as one output.
        const together = outputs
          .filter(({ address: other }) => other === to)
          .reduce((sum, output) => sum + output.units, 0n)
        expect(paid).toContainEqual({ address: to, units: together })
        const right = { shared: [shared], single: [single], fresh }[payTo[place]!]
        expect(right).toContain(to)
      }
      expect(new Set(outputs.map(output => output.address)).size).toBe(4)
      expect(paid.length).toBe(4 + (app === 0n ? 1 : 0))
      expect([await nextIndex('fresh'), await nextIndex('main')]).toEqual([2n, 0n])

      await installation.bury(6)
      expect((await installation.payouts()).map(({ state }) => state)).toEqual(Array(5).fill('paid'))
      expect((await totals(installation.db, 'BTC'))['network fee']).toBe(fee - app)
      expect(await balances(installation.db, 'BTC')).toMatchObject({ payable: 0n, 'in-transit': 0n })
      expect(await installation.audit()).toEqual([])
    },
  )

  test('are gathered for a while from the oldest on, and the next gathering gives a descriptor’s next address', async () => {
    const payee = wallet('tr', 'regtest', 78)
    await open({ destination: payee.account.text })
    installation.bitcoin.bundles.gatherMs = 20 * minute
    await owing(installation, [{ units: 90_000n }])
    expect(await installation.send()).toMatchObject({ bundled: 0 })
    await owing(installation, [{ units: 80_000n }])
    await installation.pass(14 * minute)
    expect(await installation.send()).toMatchObject({ bundled: 2, sent: 1 })
    installation.bitcoin.bundles.gatherMs = 0
    await owing(installation, [{ units: 70_000n }])
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    const [first, second] = await bundlesOf(installation)
    const paid = [
      ...(await paysOnNode(installation, first!.offers[0]!.id)),
      ...(await paysOnNode(installation, second!.offers[0]!.id)),
    ]
    for (const index of [0, 1, 2])
      expect(
        paid.filter(output => output.address === derive(payee.account, 'receive', index).address),
      ).toHaveLength(1)
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })

  test('to an account that a second person did not approve wait for that, and hold up nobody [security 3]', async () => {
    await open()
    await addAccount(
      installation.db,
      installation.world,
      'new',
      { kind: 'bitcoin', holder: 'New', destination: await address() },
      'maker',
    )
    const [waiting, other] = await owing(installation, [{ units: 50_000n, payTo: 'new' }, { units: 60_000n }])
    expect(await installation.send()).toMatchObject({ bundled: 1 })
    expect([await stateOf(waiting!.id), await stateOf(other!.id)]).toEqual(['owed', 'sent'])
    expect(await nextIndex('new')).toBe(0n)
    await approveAccount(installation.db, 'new', 'checker')
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })

  test('say on themselves that the node has no estimate of fees, where it has none', async () => {
    await open()
    const [payout] = await owing(installation, [{ units: 60_000n }])
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    const steps = await installation.db.all<{ why: string }>(
      sql`select why from transitions where subject = ${payout!.id} and to_state = 'sending'`,
    )
    expect(steps).toEqual([
      { why: expect.stringMatching(/^it goes out in a bundle: the node has no estimate of fees yet/) },
    ])
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })

  test('to an account that turns out to be nobody’s are held, and hold up nobody', async () => {
    await open()
    // Approved by a version that knew nothing of it.
    await openAccount(
      installation,
      'anchor',
      addressOf(Uint8Array.from([0x51, 0x02, 0x4e, 0x73]), 'regtest')!,
    )
    const [lost, other] = await owing(installation, [{ units: 50_000n, payTo: 'anchor' }, { units: 60_000n }])
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    expect([await stateOf(lost!.id), await stateOf(other!.id)]).toEqual(['held', 'sent'])
    expect(await whyOf(lost!.id)).toContain('is pay-to-anchor, made for anybody to spend')
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })

  test('too small beside the fee wait and are told so, use up no number, and go when fees have fallen', async () => {
    const payee = wallet('wpkh', 'regtest', 79)
    await open({ destination: payee.account.text })
    const [small] = await owing(installation, [{ units: 3_000n }])
    const usual = installation.rail.feeRate
    installation.rail.feeRate = async () => done(50_000n)
    const before = await nextOf(installation.db, 'change')
    for (let times = 0; times < 3; times++) {
      expect(await installation.send()).toMatchObject({ bundled: 0 })
      await installation.pass(hour)
    }
    expect(await installation.payouts()).toMatchObject([
      { state: 'owed', why: expect.stringContaining('dust') },
    ])
    expect(await nextOf(installation.db, 'change')).toBe(before)
    expect(await nextIndex('main')).toBe(0n)

    // In company: the large one goes at any fee, and the small one beside it has so small a share that it
    // goes too.
    installation.rail.feeRate = async () => done(3_000n)
    await owing(installation, [{ units: 500_000n }])
    expect(await installation.send()).toMatchObject({ bundled: 2, sent: 1 })
    installation.rail.feeRate = usual
    expect(await stateOf(small!.id)).toBe('sent')
    expect(await nextIndex('main')).toBe(2n)
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })

  test('are covered from the oldest on where too few coins lie deep enough, and the rest goes when change is deep', async () => {
    await open()
    const [old] = await owing(installation, [{ units: 40_000n }])
    const [early] = await owing(installation, [{ units: 100_000n, parts: [50_000n, 50_000n] }])
    const [large] = await owing(installation, [{ units: 300_000n }])
    const act = { by: 'someone', why: 'the story says so' }
    for (const payout of [old, large]) await holdPayout(installation.db, payout!.id, act)
    // One large coin rather than two: what is left of it is change, and shallow.
    expect(await installation.send()).toMatchObject({ bundled: 1 })
    expect((await bundlesOf(installation))[0]!.offers[0]!.read.inputs.map(({ units }) => units)).toEqual([
      300_000n,
    ])
    for (const payout of [old, large]) await releasePayout(installation.db, payout!.id, act)

    expect(await installation.send()).toMatchObject({ bundled: 1 })
    expect([await stateOf(old!.id), await stateOf(early!.id), await stateOf(large!.id)]).toEqual([
      'sent',
      'sent',
      'owed',
    ])
    expect(await whyOf(large!.id)).toContain('do not cover it yet')
    await installation.bury(5)
    expect(await installation.send()).toMatchObject({ bundled: 0 })
    await installation.bury(5)
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    await installation.bury(6)
    expect((await installation.payouts()).map(({ state }) => state)).toEqual(['paid', 'paid', 'paid'])
    expect(await installation.audit()).toEqual([])
  })

  test('wait while the network asks more than may be paid, say so, and use up no number of ours', async () => {
    await open()
    await owing(installation, [{ units: 60_000n }])
    installation.bitcoin.bundles.mostFeeRate = 500n
    const before = await nextOf(installation.db, 'change')
    expect(await installation.send()).toMatchObject({ bundled: 0 })
    expect(await installation.payouts()).toMatchObject([
      { state: 'owed', why: expect.stringMatching(/asks .* sat\/vB/) },
    ])
    expect(await nextOf(installation.db, 'change')).toBe(before)
    installation.bitcoin.bundles.mostFeeRate = 100_000n
    await installation.pass(5 * minute)
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    // All of its coin is owed, so nothing comes back, and no number is used.
    expect(await nextOf(installation.db, 'change')).toBe(before)
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })

  test('that were stopped are neither planned, signed nor sent until a person lets go [security 3]', async () => {
    await open()
    const stop = () =>
      installation.db.tx(tx =>
        tx.run(sql`insert into settings (name, value) values ('hold', 'a person stopped them')`),
      )
    const go = () => installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
    await owing(installation, [{ units: 60_000n }])
    await stop()
    expect(await installation.send()).toMatchObject({ bundled: 0, signed: 0, sent: 0 })
    await go()

    const { sign, broadcast } = installation.rail
    installation.rail.sign = async plan => (await stop(), sign(plan))
    expect(await installation.send()).toMatchObject({ bundled: 1, signed: 1, sent: 0 })
    installation.rail.sign = sign
    expect(await installation.send()).toMatchObject({ sent: 0 })
    expect(await bundlesOf(installation)).toMatchObject([{ state: 'signed', why: 'a person stopped them' }])
    expect(await node.rpc('getrawmempool')).toEqual([])
    await go()
    expect(await installation.send()).toMatchObject({ sent: 1 })

    await owing(installation, [{ units: 70_000n }])
    installation.rail.sign = async () => ({ is: 'refused', why: 'not now', again: true })
    expect(await installation.send()).toMatchObject({ bundled: 1, signed: 0 })
    installation.rail.sign = sign
    await stop()
    installation.rail.broadcast = async () => expect.unreachable('nothing new is sent')
    expect(await installation.send()).toMatchObject({ signed: 0, sent: 0 })
    installation.rail.broadcast = broadcast
    await go()
    expect(await installation.send()).toMatchObject({ signed: 1, sent: 1 })
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })
})
