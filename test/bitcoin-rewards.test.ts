/**
 * Refusals that heal by themselves, on a real node: a miner's reward that may not be spent yet, and whatever
 * else only time or a better offer ends.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { refused } from '../src/base/answer.ts'
import { sql } from '../src/db/db.ts'
import { bitcoindAvailable, startBitcoind, type Bitcoind } from './testbed/bitcoind.ts'
import { openChainTown, type ChainTown, type ChainTownOptions } from './testbed/chainTown.ts'
import { bundlesOf, owing } from './testbed/owing.ts'

describe.skipIf(!bitcoindAvailable())('a payment that is a miner’s reward', () => {
  let node: Bitcoind
  let town: ChainTown
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => town?.close())
  const open = async (options: Partial<ChainTownOptions> = {}) =>
    (town = await openChainTown({ node, commissionBp: 0n, ...options }))
  const stopped = () => town.db.one(sql`select value from settings where name = 'hold'`)
  const stateOf = async (id: string) => (await town.payouts()).find(payout => payout.id === id)!.state

  /** Mined to the request's own address. */
  async function rewarded(units = 100_000n) {
    const [request] = await town.issue({ units, payTo: 'main' })
    await town.node.rpc('generatetoaddress', [1, request!.provider_id!])
    await town.look()
    return request!
  }

  test('is paid when it lies deep, and credited and passed on a hundred blocks later, and not one before', async () => {
    await open()
    const request = await rewarded()
    await town.bury(20)
    expect(await town.invoice(request.id)).toMatchObject({ state: 'paid' })
    expect(await town.payouts()).toEqual([])
    await town.mine(78)
    await town.look()
    expect(await town.invoice(request.id)).toMatchObject({ state: 'paid' })
    expect(await town.send()).toMatchObject({ bundled: 0 })

    await town.bury(1)
    expect(await town.invoice(request.id)).toMatchObject({ state: 'credited' })
    expect(await town.send()).toMatchObject({ bundled: 1, sent: 1 })
    await town.bury(6)
    expect((await town.payouts()).map(({ state }) => state)).toEqual(['paid'])
    expect(await town.audit()).toEqual([])
  })

  test('whose block was left behind contradicts no other reward', async () => {
    await open()
    const request = await rewarded()
    const [coin] = await town.coins(request.id)
    await node.rpc('invalidateblock', [coin!.block_hash])
    await town.mine(2)
    await town.look()
    const [next] = await town.issue({ units: 100_000n, payTo: 'main' })
    await node.rpc('generatetoaddress', [1, next!.provider_id!])
    await town.look()
    expect(await town.coins(request.id)).toMatchObject([{ state: 'dropped' }])
    expect(await town.coins(next!.id)).toMatchObject([{ state: 'mined', coinbase: 1n }])
    expect(await town.audit()).toEqual([])
  })

  test('that was planned too early makes its own bundle wait and no other, and goes when the node takes it', async () => {
    await open()
    const request = await rewarded()
    // As a database has it that was made before rewards were told apart.
    await town.db.tx(tx => tx.run(sql`update coins set coinbase = 0 where invoice_id = ${request.id}`))
    await town.bury(6)
    const [early] = await town.payouts()
    expect(await town.send()).toMatchObject({ bundled: 1, signed: 1, sent: 0, later: 1 })
    expect(await bundlesOf(town)).toMatchObject([
      { state: 'signed', why: expect.stringContaining('premature-spend-of-coinbase') },
    ])
    expect(await stopped()).toBeUndefined()

    const [other] = await owing(town, [{ units: 60_000n }])
    expect(await town.send()).toMatchObject({ bundled: 1, sent: 1 })
    await town.mine(90)
    await town.look()
    expect([await stateOf(early!.id), await stateOf(other!.id)]).toEqual(['sending', 'paid'])
    await town.send()
    await town.bury(6)
    expect(await stateOf(early!.id)).toBe('paid')
    expect(await stopped()).toBeUndefined()
    expect(await town.audit()).toEqual([])
  })
})

describe.skipIf(!bitcoindAvailable())('a transaction that a node does not take now', () => {
  let node: Bitcoind
  let town: ChainTown
  beforeAll(async () => {
    node = await startBitcoind()
  })
  afterAll(() => node?.stop())
  afterEach(() => town?.close())
  const stopped = () => town.db.one(sql`select value from settings where name = 'hold'`)

  test('because the block with its payment was left behind waits, stops nothing for itself, and goes when that is back', async () => {
    town = await openChainTown({ node, commissionBp: 0n })
    await owing(town, [{ units: 60_000n }])
    const { broadcast } = town.rail
    town.rail.broadcast = async () => refused('the node: mempool full (-26)', true)
    expect(await town.send()).toMatchObject({ signed: 1, sent: 0, later: 1 })
    town.rail.broadcast = broadcast
    const [{ txid: payment, height }] = (await town.db.all<{ txid: string; height: bigint }>(
      sql`select txid, height from coins`,
    )) as [{ txid: string; height: bigint }]
    await node.rpc('invalidateblock', [await node.rpc('getblockhash', [Number(height)])])
    await node.rpc('prioritisetransaction', [payment, 0, -100_000_000])
    for (let count = 0; count < 8; count++)
      await node.rpc('generateblock', [`raw(6a02${count.toString(16).padStart(4, '0')})`, []])
    await town.look()
    // What was ordered and has lost its payment is a person's, as ever; that its transaction is refused adds
    // nothing.
    const why = await town.db.one<{ value: string }>(sql`select value from settings where name = 'hold'`)
    expect(why?.value).toContain('left the chain after')
    await town.db.tx(tx => tx.run(sql`delete from settings where name = 'hold'`))
    await town.send()
    expect(await stopped()).toBeUndefined()

    await node.rpc('prioritisetransaction', [payment, 0, 100_000_000])
    await town.bury(6)
    await town.send()
    await town.bury(6)
    expect((await town.payouts()).map(({ state }) => state)).toEqual(['paid'])
    expect(await town.audit()).toEqual([])
  })

  test('because whoever asks is not let in stops nothing, and goes when the door opens', async () => {
    town = await openChainTown({ node, commissionBp: 0n })
    await owing(town, [{ units: 60_000n }])
    const { broadcast } = town.rail
    // As `broadcast` answers a 401: nobody has said anything about the transaction.
    town.rail.broadcast = async () => refused('the node refused the user or the password (401)', true)
    expect(await town.send()).toMatchObject({ sent: 0, later: 1 })
    expect(await stopped()).toBeUndefined()
    town.rail.broadcast = broadcast
    expect(await town.send()).toMatchObject({ sent: 1 })
    await town.bury(6)
    expect(await town.audit()).toEqual([])
  })
})
