/** The Bitcoin rail on a real node, as stories: what payers, miners and the network can do, and what the books say after it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainTown, type ChainTown, type ChainTownOptions } from './testbed/chainTown.ts'

const there = bitcoindAvailable()

describe.skipIf(!there)(there ? 'on a real bitcoind' : 'no bitcoind is to be had on this machine', () => {
  let node: Bitcoind
  let town: ChainTown
  beforeAll(async () => {
    node = await startBitcoind()
  }, 60_000)
  afterAll(() => node?.stop())
  afterEach(() => town?.close())
  const open = async (options: Partial<ChainTownOptions> = {}) => (town = await openChainTown({ node, ...options }))

  test('what is paid is seen, confirmed, credited six deep, and passed on by the wallet, less commission and network fee', async () => {
    await open()
    const [request] = await town.issue()
    // R$ 100.00 at R$ 600 000.00 a BTC, rounded up to a satoshi.
    expect(request).toMatchObject({ state: 'issued', asset: 'BTC', units: 16_667n, quote_units: 10_000n, rate_units: 60_000_000n })

    await town.pay(request!.provider_id!, request!.units)
    await town.look()
    expect(await town.invoice(request!.id)).toMatchObject({ state: 'seen' })
    await town.bury(1)
    expect(await town.invoice(request!.id)).toMatchObject({ state: 'paid' })
    await town.bury(4)
    expect(await town.payouts()).toEqual([])
    await town.bury(1)
    expect(await town.invoice(request!.id)).toMatchObject({ state: 'credited', paid_units: 16_667n })
    expect(await town.payouts()).toMatchObject([{ state: 'owed', units: 16_417n }])

    expect(await town.send()).toMatchObject({ bundled: 1, signed: 1, sent: 1 })
    expect(await town.payouts()).toMatchObject([{ state: 'sent' }])
    await town.bury(5)
    expect(await town.payouts()).toMatchObject([{ state: 'sent' }])
    await town.bury(1)
    expect(await town.payouts()).toMatchObject([{ state: 'paid' }])
    expect(await town.audit()).toEqual([])
  })
})
