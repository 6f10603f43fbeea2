/**
 * A bundle that a person cancels, on a real node: at once where nobody can have signed it, else once its
 * coins were spent to ourselves.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { balances } from '../src/ledger/ledger.ts'
import { latestOf, markHanded, readPlan } from '../src/payout/payout.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { make, ownAddress, rival, sendMade } from './testbed/chainActs.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { bundlesOf, mineOnly, owing, reorganise } from './testbed/owing.ts'
import { holdPayout, letGo, cancelBitcoinBundle, importSigned } from './testbed/acts.ts'

describe.skipIf(!bitcoindAvailable())('a bundle that is canceled', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())
  const open = async (options: Partial<ChainInstallationOptions> = {}) =>
    (installation = await openChainInstallation({ node, commissionBp: 0n, ...options }))
  const cancel = (id: string) =>
    cancelBitcoinBundle(installation, id, { by: 'bruno', why: 'the wallet is lost' })
  const states = async () => (await installation.payouts()).map(({ state }) => state)
  const sign = async (bundleId: string) =>
    installation.wallet.sign(readPlan((await latestOf(installation.db, bundleId)).plan).psbt)
  const bring = (text: string) => importSigned(installation.db, installation.rail, text, 'signer')

  test('before anybody was given it to sign owes its payouts again at once, and its coins are free', async () => {
    await open({ signer: 'psbt' })
    await owing(installation, [{ units: 60_000n }, { units: 80_000n }])
    await installation.send()
    const [bundle] = await bundlesOf(installation)
    expect(await cancel(bundle!.id)).toEqual({ is: 'canceled' })
    expect(await states()).toEqual(['owed', 'owed'])
    await expect(cancel(bundle!.id)).rejects.toThrow('is void: only one that no block has')
    await expect(bring(installation.wallet.sign(bundle!.offers[0]!.read.psbt))).rejects.toThrow(
      'no bundle waits for a signature',
    )
    expect(await installation.db.tx(tx => markHanded(tx, bundle!.offers[0]!))).toBe(false)
    expect(await installation.send()).toMatchObject({ bundled: 2 })
    const [, next] = await bundlesOf(installation)
    await bring(await sign(next!.id))
    await installation.send()
    await installation.bury(6)
    expect(await states()).toEqual(['paid', 'paid'])
    expect(await installation.audit()).toEqual([])
  })

  test('after it was handed out is spent to ourselves first, whatever is stopped; then its payouts are owed again', async () => {
    await open({ signer: 'psbt' })
    await owing(installation, [{ units: 60_000n }, { units: 80_000n }])
    await installation.send()
    const [{ id, offers }] = (await bundlesOf(installation)) as [
      Awaited<ReturnType<typeof bundlesOf>>[number],
    ]
    await installation.db.tx(tx => markHanded(tx, offers[0]!))
    const signedBefore = installation.wallet.sign(offers[0]!.read.psbt)
    const canceling = await cancel(id)
    expect(canceling).toMatchObject({ is: 'canceling' })
    await expect(cancel(id)).rejects.toThrow('is being canceled already')
    await expect(bring(signedBefore)).rejects.toThrow('is being canceled')
    expect(await states()).toEqual(['sending', 'sending'])

    await bring(await sign(id))
    await installation.db.tx(tx =>
      tx.run(sql`insert into settings (name, value) values ('hold', 'a person stopped them')`),
    )
    await installation.send()
    expect(await node.rpc('getrawmempool')).toEqual([canceling.is === 'canceling' && canceling.txid])
    await installation.bury(5)
    expect(await states()).toEqual(['sending', 'sending'])
    await installation.bury(1)
    expect(await states()).toEqual(['owed', 'owed'])
    expect((await bundlesOf(installation))[0]).toMatchObject({ state: 'void' })
    expect((await balances(installation.db, 'BTC'))['transfer-fee']).toBeGreaterThan(0n)
    expect(await installation.audit()).toEqual([])

    await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
    // What the miners took is missing now, so one payout waits for other money.
    await owing(installation, [{ units: 90_000n }])
    expect(Number((await installation.send())['bundled'])).toBeGreaterThan(1)
  })

  test('after it was sent outbids it, and sends nothing else; where a block has it all the same, it is paid', async () => {
    await open()
    await owing(installation, [{ units: 60_000n }])
    expect(await installation.send()).toMatchObject({ sent: 1 })
    const [{ id, offers }] = (await bundlesOf(installation)) as [
      Awaited<ReturnType<typeof bundlesOf>>[number],
    ]
    const canceling = await cancel(id)
    expect(await installation.send()).toMatchObject({ signed: 1, sent: 1 })
    expect(await node.rpc('getrawmempool')).toEqual([canceling.is === 'canceling' && canceling.txid])

    await mineOnly(installation, 1, [Buffer.from((await latestOf(installation.db, id)).raw!).toString('hex')])
    expect((await bundlesOf(installation))[0]).toMatchObject({ state: 'mined' })
    expect(await installation.audit()).toEqual([])
    // The miners think again, and take the one before.
    await reorganise(installation, 1, [Buffer.from(offers[0]!.raw!).toString('hex')])
    expect(await states()).toEqual(['sent'])
    await installation.bury(6)
    expect(await states()).toEqual(['paid'])
    expect(await balances(installation.db, 'BTC')).toMatchObject({
      payable: 0n,
      'in-transit': 0n,
      'transfer-fee': 0n,
    })
    expect(await installation.audit()).toEqual([])
  })

  test.each([
    ['never came after all, once its coins are spent to ourselves', true],
    ['waits to be mined again', false],
  ])('owes nothing to whose payment %s', async (_, isLost) => {
    await open({ signer: 'psbt', commissionBp: 1_000n })
    // The smallest coin that covers the payout of the other, so it is what is spent.
    const [float] = await owing(installation, [{ units: 46_000n }])
    await holdPayout(installation.db, float!.id, { by: 'ana', why: 'a look' })
    const [request] = await installation.issue({ units: 50_000n, payTo: 'main' })
    const payment = await make(node, [[request!.provider_id!, 50_000n]])
    await sendMade(node, payment)
    await installation.bury(6)
    expect(await installation.send()).toMatchObject({ bundled: 1 })
    const [{ id, offers }] = (await bundlesOf(installation)) as [
      Awaited<ReturnType<typeof bundlesOf>>[number],
    ]
    if (isLost) await installation.db.tx(tx => markHanded(tx, offers[0]!))
    await reorganise(
      installation,
      6,
      isLost ? [(await rival(node, payment.txid, [[await ownAddress(node), 40_000n]])).hex] : [],
    )
    expect(await states()).toEqual(['held', 'sending'])

    expect(await cancel(id)).toMatchObject({ is: isLost ? 'canceling' : 'canceled' })
    await letGo(installation.db, 'the bundle is canceled', 'ana')
    if (isLost) {
      await bring(await sign(id))
      await installation.send()
      await installation.bury(6)
    }
    expect(await states()).toEqual(['held', isLost ? 'canceled' : 'held'])
    expect(await installation.send()).toMatchObject({ bundled: 0 })
    expect(await installation.audit()).toEqual([])
    if (isLost) return
    await installation.bury(6)
    expect(await states()).toEqual(['held', 'owed'])
  })

  test('is not canceled once a block has it', async () => {
    await open()
    await owing(installation, [{ units: 60_000n }])
    await installation.send()
    await installation.bury(1)
    await expect(cancel((await bundlesOf(installation))[0]!.id)).rejects.toThrow(
      'is mined: only one that no block has',
    )
    await expect(cancel('bun_none')).rejects.toThrow('there is no bundle')
  })
})
