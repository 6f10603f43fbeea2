/**
 * Refusals that heal by themselves, on a real node: a miner's reward that may not be spent yet, and whatever
 * else only time or a better offer ends.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { refused } from '../src/base/answer.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import {
  openChainInstallation,
  type ChainInstallation,
  type ChainInstallationOptions,
} from './testbed/chainInstallation.ts'
import { bundlesOf, owing } from './testbed/owing.ts'

describe.skipIf(!bitcoindAvailable())('a payment that is a miner’s reward', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())
  const open = async (options: Partial<ChainInstallationOptions> = {}) =>
    (installation = await openChainInstallation({ node, commissionBp: 0n, ...options }))
  const stopped = () => installation.db.one(sql`select value from settings where name = 'hold'`)
  const stateOf = async (id: string) => (await installation.payouts()).find(payout => payout.id === id)!.state

  /** Mined to the request's own address. */
  async function rewarded(units = 100_000n) {
    const [request] = await installation.issue({ units, payTo: 'main' })
    await installation.node.rpc('generatetoaddress', [1, request!.provider_id!])
    await installation.look()
    return request!
  }

  test('is paid when it lies deep, and credited and passed on a hundred blocks later, and not one before', async () => {
    await open()
    const request = await rewarded()
    await installation.bury(20)
    expect(await installation.invoice(request.id)).toMatchObject({ state: 'paid' })
    expect(await installation.payouts()).toEqual([])
    await installation.mine(78)
    await installation.look()
    expect(await installation.invoice(request.id)).toMatchObject({ state: 'paid' })
    expect(await installation.send()).toMatchObject({ bundled: 0 })

    await installation.bury(1)
    expect(await installation.invoice(request.id)).toMatchObject({ state: 'credited' })
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    await installation.bury(6)
    expect((await installation.payouts()).map(({ state }) => state)).toEqual(['paid'])
    expect(await installation.audit()).toEqual([])
  })

  test('whose block was left behind contradicts no other reward', async () => {
    await open()
    const request = await rewarded()
    const [coin] = await installation.coins(request.id)
    await node.rpc('invalidateblock', [coin!.block_hash])
    await installation.mine(2)
    await installation.look()
    const [next] = await installation.issue({ units: 100_000n, payTo: 'main' })
    await node.rpc('generatetoaddress', [1, next!.provider_id!])
    await installation.look()
    expect(await installation.coins(request.id)).toMatchObject([{ state: 'dropped' }])
    expect(await installation.coins(next!.id)).toMatchObject([{ state: 'mined', coinbase: 1n }])
    expect(await installation.audit()).toEqual([])
  })

  test('that was planned too early makes its own bundle wait and no other, and goes when the node takes it', async () => {
    await open()
    const request = await rewarded()
    // As a database has it that was made before rewards were told apart.
    await installation.db.tx(tx =>
      tx.run(sql`update coins set coinbase = 0 where invoice_id = ${request.id}`),
    )
    await installation.bury(6)
    const [early] = await installation.payouts()
    expect(await installation.send()).toMatchObject({ bundled: 1, signed: 1, sent: 0, later: 1 })
    expect(await bundlesOf(installation)).toMatchObject([
      { state: 'signed', why: expect.stringContaining('premature-spend-of-coinbase') },
    ])
    expect(await stopped()).toBeUndefined()

    const [other] = await owing(installation, [{ units: 60_000n }])
    expect(await installation.send()).toMatchObject({ bundled: 1, sent: 1 })
    await installation.mine(90)
    await installation.look()
    expect([await stateOf(early!.id), await stateOf(other!.id)]).toEqual(['sending', 'paid'])
    await installation.send()
    await installation.bury(6)
    expect(await stateOf(early!.id)).toBe('paid')
    expect(await stopped()).toBeUndefined()
    expect(await installation.audit()).toEqual([])
  })
})

describe.skipIf(!bitcoindAvailable())('a transaction that a node does not take now', () => {
  let node: Bitcoind
  let installation: ChainInstallation
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => installation?.close())
  const stopped = () => installation.db.one(sql`select value from settings where name = 'hold'`)

  test('because the block with its payment was left behind waits, stops nothing for itself, and goes when that is back', async () => {
    installation = await openChainInstallation({ node, commissionBp: 0n })
    await owing(installation, [{ units: 60_000n }])
    const { broadcast } = installation.rail
    installation.rail.broadcast = async () => refused('the node: mempool full (-26)', true)
    expect(await installation.send()).toMatchObject({ signed: 1, sent: 0, later: 1 })
    installation.rail.broadcast = broadcast
    const [{ txid: payment, height }] = (await installation.db.all<{ txid: string; height: bigint }>(
      sql`select txid, height from coins`,
    )) as [{ txid: string; height: bigint }]
    await node.rpc('invalidateblock', [await node.rpc('getblockhash', [Number(height)])])
    await node.rpc('prioritisetransaction', [payment, 0, -100_000_000])
    for (let count = 0; count < 8; count++)
      await node.rpc('generateblock', [`raw(6a02${count.toString(16).padStart(4, '0')})`, []])
    await installation.look()
    // What was ordered and has lost its payment is a person's, as ever; that its transaction is refused adds
    // nothing.
    const why = await installation.db.one<{ value: string }>(
      sql`select value from settings where name = 'hold'`,
    )
    expect(why?.value).toContain('left the chain after')
    await installation.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
    await installation.send()
    expect(await stopped()).toBeUndefined()

    await node.rpc('prioritisetransaction', [payment, 0, 100_000_000])
    await installation.bury(6)
    await installation.send()
    await installation.bury(6)
    expect((await installation.payouts()).map(({ state }) => state)).toEqual(['paid'])
    expect(await installation.audit()).toEqual([])
  })

  test('because whoever asks is not let in stops nothing, and goes when it is let in', async () => {
    installation = await openChainInstallation({ node, commissionBp: 0n })
    await owing(installation, [{ units: 60_000n }])
    const { broadcast } = installation.rail
    // As `broadcast` answers a 401: nobody has said anything about the transaction.
    installation.rail.broadcast = async () => refused('the node refused the user or the password (401)', true)
    expect(await installation.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await stopped()).toBeUndefined()
    installation.rail.broadcast = broadcast
    expect(await installation.send()).toMatchObject({ sent: 1 })
    await installation.bury(6)
    expect(await installation.audit()).toEqual([])
  })
})
