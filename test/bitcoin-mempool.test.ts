/**
 * What is in no block yet, as stories on a real node: payments replaced, forgotten, back again, and spent
 * twice.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import {
  make,
  makeDust,
  mineExactly,
  ownAddress,
  payerName,
  rival,
  sendMade,
  spendWith,
} from './testbed/chainActs.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'

const there = bitcoindAvailable()
const day = 86_400_000

describe.skipIf(!there)(there ? 'on a real bitcoind' : 'no bitcoind is to be had on this machine', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())
  const open = async (options: Partial<ChainInstallationOptions> = {}) =>
    (installation = await openChainInstallation({ node, commissionBp: 0n, dueInMs: 60 * day, ...options }))
  const stateOf = async (id: string) => (await installation.invoice(id)).state
  const coinStates = async (id: string) => (await installation.coins(id)).map(({ state }) => state)

  /** A request, and a payment of it that was seen waiting. */
  async function seen() {
    const [request] = await installation.issue()
    const address = request!.provider_id!
    const payment = await make(node, [[address, request!.units]])
    await sendMade(node, payment)
    await installation.look()
    expect(await stateOf(request!.id)).toBe('seen')
    return { id: request!.id, units: request!.units, address, payment }
  }

  test('a payment that its payer takes back is gone, and the request may be paid again', async () => {
    await open()
    const { id, address, units, payment } = await seen()
    await sendMade(node, await rival(node, payment.txid, [[await ownAddress(node), 50_000n]]))
    await installation.look()
    expect(await coinStates(id)).toEqual(['replaced'])
    expect(await stateOf(id)).toBe('issued')
    await installation.bury(1)
    expect(await coinStates(id)).toEqual(['conflicted'])
    expect(await stateOf(id)).toBe('issued')

    await installation.pay(address, units)
    await installation.bury(6)
    expect(await stateOf(id)).toBe('credited')
    expect(await installation.payouts()).toHaveLength(1)
    expect(await installation.audit()).toEqual([])
  })

  test('an output of 0 satoshis pays nothing, and is no payment', async () => {
    await open()
    const [request] = await installation.issue()
    const { hex } = await makeDust(node, [[request!.provider_id!, 0n]])
    await mineExactly(node, [hex])
    await installation.look()
    expect(await installation.coins(request!.id)).toEqual([])
    expect(await stateOf(request!.id)).toBe('issued')
    await installation.pay(request!.provider_id!, request!.units)
    await installation.bury(6)
    expect(await stateOf(request!.id)).toBe('credited')
    expect(await installation.audit()).toEqual([])
  })

  test('a payment whose fee its payer raises is the same money under another name', async () => {
    await open()
    const [request] = await installation.issue()
    const { id } = request!
    const first = await installation.pay(request!.provider_id!, request!.units)
    await installation.look()
    const { txid } = await node.rpc<{ txid: string }>('bumpfee', [first], payerName)
    await installation.look()
    expect(await stateOf(id)).toBe('seen')
    expect((await installation.coins(id)).find(coin => coin.txid === first)).toMatchObject({
      state: 'replaced',
    })
    expect((await installation.coins(id)).find(coin => coin.txid === txid)).toMatchObject({ state: 'seen' })
    await installation.bury(6)
    expect((await installation.coins(id)).find(coin => coin.txid === first)).toMatchObject({
      state: 'conflicted',
    })
    expect(await installation.payouts()).toMatchObject([{ units: request!.units }])
    expect(await installation.audit()).toEqual([])
  })

  test('a payment replaced by one that pays us less is what the new one pays', async () => {
    await open()
    const { id, address, units, payment } = await seen()
    await sendMade(node, await rival(node, payment.txid, [[address, units - 5_000n]]))
    await installation.look()
    expect(await stateOf(id)).toBe('underpaid')
    await installation.bury(6)
    expect(await stateOf(id)).toBe('underpaid')
    expect(await installation.payouts()).toEqual([])
    expect(await installation.audit()).toEqual([])
  })

  test('a payment that its payer moves to another request is gone from the one and comes to the other', async () => {
    await open({ count: 2 })
    const [one, two] = await installation.issue()
    const payment = await make(node, [[one!.provider_id!, one!.units]])
    await sendMade(node, payment)
    await installation.look()
    await sendMade(node, await rival(node, payment.txid, [[two!.provider_id!, two!.units]]))
    await installation.look()
    expect([await stateOf(one!.id), await stateOf(two!.id)]).toEqual(['issued', 'seen'])
    await installation.bury(6)
    expect([await stateOf(one!.id), await stateOf(two!.id)]).toEqual(['issued', 'credited'])
    expect(await installation.audit()).toEqual([])
  })

  test('replaced, and the replacement replaced by what it was: the first is there again', async () => {
    await open()
    const { id, payment } = await seen()
    const away = await rival(node, payment.txid, [[await ownAddress(node), 50_000n]], 20)
    await sendMade(node, away)
    await installation.look()
    expect(await stateOf(id)).toBe('issued')
    // A miner has the first, whatever the mempools say.
    await mineExactly(node, [payment.hex])
    await installation.look()
    expect(await coinStates(id)).toEqual(['mined'])
    expect(await stateOf(id)).toBe('paid')
    await installation.bury(5)
    expect(await stateOf(id)).toBe('credited')
    expect(await installation.audit()).toEqual([])
  })

  test('a payment that the node forgets is gone, and back when it is sent again or mined', async () => {
    await open()
    const { id, payment } = await seen()
    await forget()
    await installation.look()
    expect(await coinStates(id)).toEqual(['dropped'])
    expect(await stateOf(id)).toBe('issued')
    const before = (await installation.coins(id))[0]!.first_seen_at

    await sendMade(node, payment)
    await installation.look()
    expect(await coinStates(id)).toEqual(['seen'])
    expect((await installation.coins(id))[0]!.first_seen_at).toBe(before)

    await forget()
    await installation.look()
    expect(await coinStates(id)).toEqual(['dropped'])
    await mineExactly(node, [payment.hex])
    await installation.look()
    expect(await coinStates(id)).toEqual(['mined'])
    await installation.bury(5)
    expect(await stateOf(id)).toBe('credited')
    expect(await installation.audit()).toEqual([])
  })

  test('a payment that is spent elsewhere by a block is shut out, and never counts again', async () => {
    await open()
    const { id, payment } = await seen()
    const other = await rival(node, payment.txid, [[await ownAddress(node), 50_000n]], 2)
    await mineExactly(node, [other.hex])
    await installation.look()
    expect(await coinStates(id)).toEqual(['conflicted'])
    expect(await stateOf(id)).toBe('issued')
    await installation.bury(6)
    expect(await coinStates(id)).toEqual(['conflicted'])
    expect(await installation.payouts()).toEqual([])
    expect(await installation.audit()).toEqual([])
  })

  test('a forgotten payment whose money went elsewhere is known to be shut out, and not only gone', async () => {
    await open()
    const { id, payment } = await seen()
    const other = await rival(node, payment.txid, [[await ownAddress(node), 50_000n]], 20)
    await forget()
    await installation.look()
    expect(await coinStates(id)).toEqual(['dropped'])
    installation.restart()
    await sendMade(node, other)
    await installation.look()
    expect(await coinStates(id)).toEqual(['replaced'])
    await installation.bury(1)
    expect(await coinStates(id)).toEqual(['conflicted'])
    expect(await installation.audit()).toEqual([])
  })

  test('a payment and a spending of it that wait together are both seen, the mempool read in one go', async () => {
    await open()
    const [request] = await installation.issue()
    const payment = await make(node, [[request!.provider_id!, 100_000n]])
    await sendMade(node, payment)
    const key = {
      address: request!.provider_id!,
      wif: installation.wallet.key('receive', Number(request!.address_index)).toWIF(),
    }
    const theft = await spendWith(node, payment.hex, key, await ownAddress(node))
    const txid = await node.rpc<string>('sendrawtransaction', [theft])
    await installation.look()
    expect((await installation.coins(request!.id))[0]).toMatchObject({
      state: 'seen',
      spent_by: txid,
      spent_height: null,
    })
    // Forgotten together, they are both not there; mined together, both are.
    await forget()
    await installation.look()
    expect((await installation.coins(request!.id))[0]).toMatchObject({ state: 'dropped', spent_by: null })
    await mineExactly(node, [payment.hex, theft])
    await installation.look()
    expect((await installation.coins(request!.id))[0]).toMatchObject({ state: 'mined', spent_by: txid })
    expect(await installation.audit()).toEqual([])
  })

  /**
   * Fifteen days pass, and the next transaction that comes has the node forget what waits longer than two
   * weeks (Bitcoin Core, -mempoolexpiry).
   */
  async function forget(): Promise<void> {
    for (const { txid, category } of await node.rpc<{ txid: string; category: string }[]>(
      'listtransactions',
      ['*', 50, 0],
      payerName,
    ))
      if (category === 'send') await node.rpc('abandontransaction', [txid], payerName).catch(() => undefined)
    await installation.pass(15 * day)
    await node.rpc('sendtoaddress', [await ownAddress(node), 0.001], payerName)
    await mineExactly(node, await node.rpc<string[]>('getrawmempool'))
  }
})
