/**
 * What the program relies on of a Bitcoin node’s RPC and of its chain, held against a real bitcoind and
 * the simulated one.
 */
import { Block } from 'bitcoinjs-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind } from '../../test/testbed/bitcoind.ts'
import { askNode, startSimulated, type Engine, regtestGenesis } from './contract.ts'

describe('the simulated node', () => contract(startSimulated))

describe.skipIf(!bitcoindAvailable())('a real bitcoind', () =>
  contract(async () => {
    // Without its index of all transactions, as an operator's pruned node is.
    const { url, cookieFile, stop } = await startBitcoind({ extra: ['-txindex=0'] })
    return { url, cookieFile, end: stop }
  }),
)

function contract(start: () => Promise<Engine>): void {
  let engine: Engine
  const { post, told, rpc, fault, mine, fund, furnish } = askNode(() => engine)

  beforeAll(async () => {
    engine = await start()
    await furnish()
  })
  afterAll(() => engine.end())

  test('an estimate says that it has none while too little was seen', async () => {
    expect(await rpc('estimatesmartfee', [6])).toMatchObject({
      errors: [expect.stringContaining('Insufficient data')],
    })
    expect((await fault('estimatesmartfee', [0])).code).toBe(-8)
  })

  describe('the RPC', () => {
    test('a wrong cookie is 401 and nothing else', async () => {
      expect(
        await post(JSON.stringify({ id: 1, method: 'getblockcount' }), { cookie: '__cookie__:wrong' }),
      ).toEqual({
        status: 401,
        text: '',
      })
    })

    test('an unknown method, a bad request and text that is no JSON have their codes', async () => {
      expect(await told('nosuchmethod')).toMatchObject({
        status: 404,
        result: null,
        error: { code: -32601, message: 'Method not found' },
      })
      const two = await post(JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'nosuchmethod' }))
      expect({ ...two, text: JSON.parse(two.text) }).toEqual({
        status: 200,
        text: { jsonrpc: '2.0', error: { code: -32601, message: 'Method not found' }, id: 7 },
      })
      const broken = await post('{')
      expect([broken.status, JSON.parse(broken.text).error.code]).toEqual([500, -32700])
      const nameless = await post('{"id":1}')
      expect([nameless.status, JSON.parse(nameless.text).error.code]).toEqual([400, -32600])
    })

    test('a batch is answered one by one, faults among the rest, in both dialects', async () => {
      const { status, text } = await post(
        JSON.stringify([
          { jsonrpc: '2.0', id: 1, method: 'getblockhash', params: [0] },
          { jsonrpc: '2.0', id: 2, method: 'getblockhash', params: [9_999_999] },
          { id: 3, method: 'getblockhash', params: [0] },
          { id: 4, method: 'nosuchmethod' },
        ]),
      )
      expect(status).toBe(200)
      expect(JSON.parse(text)).toEqual([
        { jsonrpc: '2.0', result: regtestGenesis, id: 1 },
        { jsonrpc: '2.0', error: { code: -8, message: 'Block height out of range' }, id: 2 },
        { result: regtestGenesis, error: null, id: 3 },
        { result: null, error: { code: -32601, message: 'Method not found' }, id: 4 },
      ])
      expect(await post('[]')).toMatchObject({ status: 200, text: expect.stringMatching(/^\[\]/) })
    })

    test('arguments may come by name, and a name nobody knows is said', async () => {
      expect(await rpc('getblockhash', { height: 0 })).toBe(regtestGenesis)
      expect(await fault('getblockhash', { heigth: 0 })).toEqual({
        code: -8,
        message: 'Unknown named parameter heigth',
      })
      expect((await fault('getblockhash', [])).code).toBe(-1)
      expect((await fault('getblockcount', [1, 2])).code).toBe(-1)
      expect((await fault('getblockhash', ['1'])).code).toBe(-3)
    })
  })

  describe('the chain', () => {
    test('says its network, its height and that it has everything', async () => {
      expect(await rpc('getblockchaininfo')).toMatchObject({
        chain: 'regtest',
        blocks: await rpc('getblockcount'),
        headers: await rpc('getblockcount'),
        bestblockhash: await rpc('getbestblockhash'),
        initialblockdownload: false,
        pruned: false,
        verificationprogress: 1,
        time: expect.any(Number),
        mediantime: expect.any(Number),
        warnings: [],
      })
      expect(await rpc('getnetworkinfo')).toMatchObject({
        version: expect.any(Number),
        subversion: expect.stringMatching(/^\/Satoshi:/),
        networkactive: true,
        connections: expect.any(Number),
        relayfee: 0.00001,
        incrementalfee: 0.00001,
      })
      expect(await rpc('uptime')).toBeGreaterThanOrEqual(0)
    })

    test('a header has the fields that are read, and its bytes hash to its name', async () => {
      const [height, hash] = [await rpc('getblockcount'), await rpc('getbestblockhash')]
      expect(await rpc('getblockheader', [hash])).toMatchObject({
        hash,
        height,
        confirmations: 1,
        previousblockhash: await rpc('getblockhash', [height - 1]),
        time: expect.any(Number),
        mediantime: expect.any(Number),
        nTx: 1,
        chainwork: ((height + 1) * 2).toString(16).padStart(64, '0'),
        bits: '207fffff',
      })
      const first = await rpc('getblockheader', [regtestGenesis])
      expect(first).toMatchObject({
        height: 0,
        confirmations: height + 1,
        nextblockhash: await rpc('getblockhash', [1]),
      })
      expect(first).not.toHaveProperty('previousblockhash')
      expect(Block.fromHex(await rpc('getblockheader', [hash, false])).getId()).toBe(hash)
    })

    test('the first block is regtest’s, byte by byte', async () => {
      const raw = await rpc('getblock', [regtestGenesis, 0])
      expect(raw).toMatch(
        /^01000000(00){32}3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f200200000001/,
      )
      expect(Block.fromHex(raw).getId()).toBe(regtestGenesis)
    })

    test('a block’s bytes prove themselves: hash, both Merkle roots, proof of work; and its shapes agree with them', async () => {
      const { txid } = await fund(0.1)
      const [hash] = await mine()
      const block = Block.fromHex(await rpc('getblock', [hash, 0]))
      expect([block.getId(), block.checkTxRoots(), block.checkProofOfWork()]).toEqual([hash, true, true])
      const shape = await rpc('getblock', [hash, 1])
      expect(shape.tx).toEqual(block.transactions!.map(transaction => transaction.getId()))
      expect(shape).toMatchObject({
        nTx: 2,
        size: block.byteLength(),
        weight: block.weight(),
        strippedsize: block.byteLength(false, false),
      })
      expect(await rpc('getrawtransaction', [txid, false, hash])).toBe(block.transactions![1]!.toHex())
      const whole = await rpc('getblock', [hash, 2])
      expect(whole.tx[1]).toMatchObject({
        txid,
        vin: [{ sequence: 0xfffffffd }],
        hex: block.transactions![1]!.toHex(),
      })
    })

    test('setmocktime decides the time of the next block', async () => {
      const { time } = await rpc('getblockheader', [await rpc('getbestblockhash')])
      await rpc('setmocktime', [time + 600])
      const [hash] = await mine()
      expect((await rpc('getblockheader', [hash])).time).toBe(time + 600)
      await rpc('setmocktime', [0])
    })

    test('what is not there is said by code', async () => {
      const none = 'ab'.repeat(32)
      expect(await fault('getblockhash', [9_999_999])).toEqual({
        code: -8,
        message: 'Block height out of range',
      })
      expect(await fault('getblockheader', [none])).toEqual({ code: -5, message: 'Block not found' })
      expect(await fault('getblock', [none, 0])).toEqual({ code: -5, message: 'Block not found' })
      expect(await fault('getblockheader', ['zz'])).toEqual({
        code: -8,
        message: "hash must be of length 64 (not 2, for 'zz')",
      })
      expect((await fault('getrawtransaction', [none])).code).toBe(-5)
      expect(await fault('getrawtransaction', [none, false, none])).toEqual({
        code: -5,
        message: 'Block hash not found',
      })
      expect(await fault('getmempoolentry', [none])).toEqual({
        code: -5,
        message: 'Transaction not in mempool',
      })
      expect(await rpc('gettxout', [none, 0])).toBeNull()
    })
  })
}
