/** The node's half of the rail against a real bitcoind on a chain of its own. */
import { BIP32Factory } from 'bip32'
import * as ecc from '@bitcoinerlab/secp256k1'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../../test/testbed/eventually.ts'
import { bitcoindAvailable, freePort, startBitcoind, type Bitcoind } from '../../../test/testbed/bitcoind.ts'
import type { Answer } from '../../base/answer.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLog } from '../../base/log.ts'
import type { Outpoint } from '../chain.ts'
import { readTransaction } from './block.ts'
import { startHints, type Hint } from './hints.ts'
import { networks } from './network.ts'
import { chainNode, type ChainNode } from './node.ts'
import { rpcClient } from './rpc.ts'
import { ScriptWatch } from './watch.ts'

describe.skipIf(!bitcoindAvailable())('the node', () => {
  let bitcoind: Bitcoind
  let node: ChainNode
  let zmq: string

  beforeAll(async () => {
    zmq = `tcp://127.0.0.1:${await freePort()}`
    bitcoind = await startBitcoind({ extra: [`-zmqpubhashblock=${zmq}`, `-zmqpubhashtx=${zmq}`] })
    node = nodeOf(bitcoind)
    await bitcoind.rpc('createwallet', ['payer'])
    await bitcoind.mine(101, await address())
  })
  afterAll(() => bitcoind?.stop())

  const address = (): Promise<string> => bitcoind.rpc('getnewaddress', ['', 'bech32'], 'payer')
  const scriptOf = async (text: string): Promise<Buffer> =>
    Buffer.from((await bitcoind.rpc('validateaddress', [text])).scriptPubKey, 'hex')
  const pay = (to: string, amount: string): Promise<string> =>
    bitcoind.rpc('sendtoaddress', [to, amount], 'payer')
  const rawOf = async (txid: string): Promise<Buffer> =>
    Buffer.from(await bitcoind.rpc<string>('getrawtransaction', [txid]), 'hex')

  test('says where its chain is, and what stands at each height', async () => {
    const [tip] = await bitcoind.mine(1)
    const height: number = await bitcoind.rpc('getblockcount')
    expect(worth(await node.info())).toEqual({
      height,
      hash: tip,
      headers: height,
      syncing: false,
      prunedBelow: 0,
    })
    expect(worth(await node.hashAt(0))).toBe(networks.regtest.genesis)
    expect(worth(await node.hashAt(height))).toBe(tip)
    expect(worth(await node.hashAt(height + 1))).toBeUndefined()
    expect(worth(await node.header(tip!))).toMatchObject({
      hash: tip,
      height,
      active: true,
      previous: worth(await node.hashAt(height - 1)),
    })
    expect(worth(await node.header(networks.regtest.genesis))).toMatchObject({
      height: 0,
      previous: '0'.repeat(64),
      at: '2011-02-02T23:16:42.000Z',
    })
    expect(worth(await node.header('ab'.repeat(32)))).toBeUndefined()
  })

  test('of another chain than we are set up for is refused, naming both', async () => {
    const info = await nodeOf(bitcoind, 'mainnet').info()
    expect(info).toEqual({
      is: 'refused',
      again: false,
      why: `the node at 127.0.0.1:${bitcoind.port} follows the chain "regtest", and this is set up for "main"`,
    })
  })

  test('hands out a block with what touches us, and knows it as left behind once reorganised', async () => {
    const to = await address()
    const watch = node.newWatch()
    watch.addScript(await scriptOf(to))
    const txid = await pay(to, '1.23456789')
    await pay(await address(), '0.5')
    const [hash] = await bitcoind.mine(1)
    const block = worth(await node.block(hash!, watch))
    const { nTx, height, previousblockhash } = await bitcoind.rpc('getblock', [hash])
    expect(block).toMatchObject({ hash, height, previous: previousblockhash, transactions: nTx })
    expect(block.touching.map(tx => tx.txid)).toEqual([txid])
    expect(block.touching[0]!.outputs).toContainEqual({
      units: 123_456_789n,
      script: new Uint8Array(await scriptOf(to)),
    })
    expect(Buffer.from(block.touching[0]!.raw).equals(await rawOf(txid))).toBe(true)

    const spending = new ScriptWatch()
    spending.addOutpoint(block.touching[0]!.inputs[0]!.outpoint)
    expect(worth(await node.block(hash!, spending)).touching.map(tx => tx.txid)).toEqual([txid])

    await bitcoind.rpc('invalidateblock', [hash])
    await bitcoind.mine(2)
    expect(worth(await node.header(hash!))).toMatchObject({ hash, height, active: false })
    expect(worth(await node.hashAt(height))).not.toBe(hash)
    // Its bytes are there still: what was in it has to be known to be taken back.
    expect(worth(await node.block(hash!, watch)).touching).toHaveLength(1)
  })

  test('refuses a block it does not know', async () => {
    expect(await node.block('ab'.repeat(32), node.newWatch())).toEqual({
      is: 'refused',
      again: false,
      why: `the node does not know block ${'ab'.repeat(32)}`,
    })
  })

  test('shows what waits and touches us, and leaves out what is unknown, mined or a stranger’s', async () => {
    // Not the payer's own: its wallet might spend the coin in the stranger's payment, which would touch us.
    const key = BIP32Factory(ecc).fromSeed(Buffer.alloc(32, 8), networks.regtest).neutered().toBase58()
    const { descriptor } = await bitcoind.rpc('getdescriptorinfo', [`wpkh(${key}/0/0)`])
    const [to] = await bitcoind.rpc<[string]>('deriveaddresses', [descriptor])
    const watch = node.newWatch()
    watch.addScript(await scriptOf(to))
    const mined = await pay(to, '0.1')
    await bitcoind.mine(1)
    const [ours, strangers] = [await pay(to, '0.2'), await pay(await address(), '0.3')]
    const mempool = worth(await node.mempool())
    expect(mempool).toEqual(expect.arrayContaining([ours, strangers]))
    const waiting = worth(await node.waiting([mined, ...mempool, 'cd'.repeat(32)], watch))
    expect(waiting.map(tx => tx.txid)).toEqual([ours])
    expect(worth(await node.waiting([], watch))).toEqual([])
    await bitcoind.mine(1)
  })

  test('says what is unspent by the chain alone, to the satoshi, more at once than one request holds', async () => {
    const to = await address()
    const txid = await pay(to, '0.00000547')
    const [hash] = await bitcoind.mine(1)
    const vout = readTransaction(await rawOf(txid)).outputs.findIndex(({ units }) => units === 547n)
    const held: Outpoint = `${txid}:${vout}`
    // Spent in the mempool only.
    await bitcoind.rpc(
      'send',
      [[{ [await address()]: 0.01 }], null, 'unset', 5, { inputs: [{ txid, vout }], add_inputs: true }],
      'payer',
    )
    const many = Array.from({ length: 450 }, (_, at): Outpoint => `${'ab'.repeat(32)}:${at}`)
    const answer = worth(await node.unspent([...many, held]))
    expect(answer).toMatchObject({ hash, height: await bitcoind.rpc('getblockcount') })
    expect(answer.units).toEqual([...many.map(() => undefined), 547n])
    await bitcoind.mine(1)
    expect(worth(await node.unspent([held])).units).toEqual([undefined])
  })

  test('adds up a whole descriptor from its unspent outputs, and refuses one it cannot read', async () => {
    const key = BIP32Factory(ecc).fromSeed(Buffer.alloc(32, 7), networks.regtest).neutered().toBase58()
    const desc = `wpkh(${key}/0/*)`
    const to = await bitcoind.rpc('deriveaddresses', [
      (await bitcoind.rpc('getdescriptorinfo', [desc])).descriptor,
      [0, 9],
    ])
    const [first, last] = [await pay(to[0], '0.10000001'), await pay(to[9], '20.00000002')]
    const [hash] = await bitcoind.mine(1)
    const scan = worth(await node.scan([{ desc, range: 9 }]))
    expect(scan).toMatchObject({ units: 2_010_000_003n, hash })
    expect(scan.outpoints.map(outpoint => outpoint.slice(0, 64)).toSorted()).toEqual([first, last].toSorted())
    expect(worth(await node.scan([{ desc, range: [0, 8] }])).units).toBe(10_000_001n)
    expect(await node.scan([{ desc: 'wpkh(nonsense)', range: 9 }])).toMatchObject({
      is: 'refused',
      again: false,
    })
  })

  test('gives the mempool’s own minimum as the fee rate while it cannot estimate', async () => {
    const { mempoolminfee } = await bitcoind.rpc('getmempoolinfo')
    expect(worth(await node.feeRate(6))).toBe(BigInt(Math.round(mempoolminfee * 1e8)))
  })

  /** Signed by the payer, sent by nobody yet. */
  async function drafted(feeRate = 5): Promise<Buffer> {
    const { psbt } = await bitcoind.rpc(
      'walletcreatefundedpsbt',
      [[], [{ [await address()]: 0.5 }], 0, { fee_rate: feeRate }],
      'payer',
    )
    const signed = worth(await node.walletProcess('payer', psbt))
    expect(signed.complete).toBe(true)
    return Buffer.from((await bitcoind.rpc('finalizepsbt', [signed.psbt])).hex, 'hex')
  }

  test('sends what its wallet signed, knows it the second time, and when it is mined', async () => {
    const raw = await drafted()
    const { txid } = readTransaction(raw)
    expect(worth(await node.testAccept(raw))).toMatchObject({ allowed: true, feeUnits: expect.any(BigInt) })
    expect(worth(await node.broadcast(raw))).toBe('sent')
    expect(worth(await node.broadcast(raw))).toBe('known')
    expect(worth(await node.testAccept(raw))).toEqual({ allowed: false, why: 'txn-already-in-mempool' })
    await bitcoind.mine(1)
    expect(worth(await node.broadcast(raw))).toBe('known')
    expect(await bitcoind.rpc('getrawtransaction', [txid, 1])).toMatchObject({ confirmations: 1 })
  })

  test('knows what was mined though all it paid is spent again', async () => {
    const [{ txid: coin, vout: coinVout, amount }] = await bitcoind.rpc('listunspent', [], 'payer')
    const spend = async (txid: string, vout: number, units: number) => {
      const made = await bitcoind.rpc('createpsbt', [
        [{ txid, vout }],
        [{ [await address()]: (units / 1e8).toFixed(8) }],
      ])
      const updated = worth(await node.walletProcess('payer', made))
      return Buffer.from((await bitcoind.rpc('finalizepsbt', [updated.psbt])).hex, 'hex')
    }
    const first = await spend(coin, coinVout, Math.round(amount * 1e8) - 1_000)
    expect(worth(await node.broadcast(first))).toBe('sent')
    await bitcoind.mine(1)
    const { txid, outputs } = readTransaction(first)
    expect(worth(await node.broadcast(await spend(txid, 0, Number(outputs[0]!.units) - 1_000)))).toBe('sent')
    await bitcoind.mine(1)
    expect(worth(await node.broadcast(first))).toBe('known')
  })

  test('refuses for good what spends what is spent, and for now what pays too little or is too early', async () => {
    const raw = await drafted()
    const { inputs } = readTransaction(raw)
    const spent = inputs.map(({ outpoint }) => ({
      txid: outpoint.slice(0, 64),
      vout: Number(outpoint.slice(65)),
    }))
    const rival = async (options: object) => {
      const { psbt } = await bitcoind.rpc(
        'walletcreatefundedpsbt',
        [spent, [{ [await address()]: 0.4 }], 0, options],
        'payer',
      )
      return Buffer.from(
        (await bitcoind.rpc('finalizepsbt', [worth(await node.walletProcess('payer', psbt)).psbt])).hex,
        'hex',
      )
    }
    const [poor, other] = [
      await rival({ fee_rate: 5, add_inputs: false }),
      await rival({ fee_rate: 50, add_inputs: false }),
    ]
    expect(worth(await node.broadcast(raw))).toBe('sent')
    expect(await node.broadcast(poor)).toMatchObject({
      is: 'refused',
      again: true,
      why: expect.stringContaining('insufficient fee'),
    })
    await bitcoind.mine(1)
    expect(await node.broadcast(other)).toMatchObject({
      is: 'refused',
      again: false,
      why: expect.stringContaining('an input is spent'),
    })
    const early = await bitcoind.rpc('createrawtransaction', [
      [{ ...spent[0], sequence: 0 }],
      [{ [await address()]: 0.1 }],
      1_000_000,
    ])
    expect(await node.broadcast(Buffer.from(early, 'hex'))).toMatchObject({
      is: 'refused',
      again: true,
      why: expect.stringContaining('non-final'),
    })
  })

  test('says of a wallet whether it is there, can sign and is locked', async () => {
    await bitcoind.rpc('createwallet', ['watcher', true])
    await bitcoind.rpc('createwallet', ['safe', false, false, 'a passphrase'])
    expect(worth(await node.wallet('payer'))).toEqual({ loaded: true, signs: true, locked: false })
    expect(worth(await node.wallet('watcher'))).toEqual({ loaded: true, signs: false, locked: false })
    expect(worth(await node.wallet('safe'))).toEqual({ loaded: true, signs: true, locked: true })
    expect(worth(await node.wallet('nobody'))).toEqual({ loaded: false, signs: false, locked: false })
    const { psbt } = await bitcoind.rpc('walletcreatefundedpsbt', [[], [{ [await address()]: 0.5 }]], 'payer')
    expect(worth(await node.walletProcess('watcher', psbt))).toMatchObject({ complete: false })
    expect(await node.walletProcess('safe', psbt)).toMatchObject({
      is: 'refused',
      again: true,
      why: expect.stringContaining('passphrase'),
    })
    expect(await node.walletProcess('nobody', psbt)).toMatchObject({
      is: 'refused',
      why: 'the node has no wallet "nobody" loaded',
    })
  })

  test('says where it gives word of what', async () => {
    expect(new Set(worth(await node.hints()))).toEqual(new Set([`hashblock ${zmq}`, `hashtx ${zmq}`]))
  })

  test('hints at blocks and transactions, also after it was away', async () => {
    const hints = new Set<Hint>()
    const close = startHints(zmq, hint => void hints.add(hint), silentLog)
    const hinted = (hint: Hint) =>
      expect
        .poll(
          async () => {
            await bitcoind.mine(1)
            return hints.has(hint)
          },
          { timeout: 120_000, interval: 100 },
        )
        .toBe(true)
    try {
      await hinted('block')
      await hinted('transaction')
      await bitcoind.stop()
      await bitcoind.start()
      await bitcoind.rpc('loadwallet', ['payer'])
      hints.clear()
      await hinted('block')
    } finally {
      close()
    }
  })

  test('is found again after it was down, its cookie a new one', async () => {
    const before = worth(await node.info())
    const raw = await drafted()
    await bitcoind.kill()
    expect(await node.info()).toMatchObject({
      is: 'refused',
      again: true,
      why: expect.stringMatching(/ECONNREFUSED|broke/),
    })
    // Nobody was reached, so nothing can have been sent.
    expect(await node.broadcast(raw)).toMatchObject({ is: 'refused', again: true })
    await bitcoind.start()
    await eventually(async () => (await node.info()).is).toBe('done')
    expect(worth(await node.info()).height).toBeLessThanOrEqual(before.height)
  })

  test('refuses a wrong password', async () => {
    const rpc = rpcClient({ url: `http://rita:wrong@127.0.0.1:${bitcoind.port}`, clock: systemClock })
    const answer = await chainNode({ rpc, network: networks.regtest }).info()
    expect(answer).toEqual({
      is: 'refused',
      again: true,
      denied: true,
      why: 'the node refused the user or the password (401)',
    })
    // Nothing is said of what was to be sent, so nobody need look at it.
    const sent = await chainNode({ rpc, network: networks.regtest }).broadcast(someTransaction)
    expect(sent).toMatchObject({ is: 'refused', again: true, why: expect.stringContaining('401') })
  })
})

describe.skipIf(!bitcoindAvailable())('a pruned node', () => {
  test('says below which block all is gone, and refuses what is below', async () => {
    const bitcoind = await startBitcoind({ extra: ['-txindex=0', '-prune=1', '-fastprune'] })
    try {
      const node = nodeOf(bitcoind)
      await bitcoind.mine(1_000)
      expect(await bitcoind.rpc('pruneblockchain', [700])).toBeGreaterThan(100)
      const { prunedBelow } = worth(await node.info())
      expect(prunedBelow).toBeGreaterThan(100)
      const [gone, kept] = [
        worth(await node.hashAt(prunedBelow - 1))!,
        worth(await node.hashAt(prunedBelow))!,
      ]
      expect(await node.block(gone, node.newWatch())).toEqual({
        is: 'refused',
        again: false,
        why: `block ${gone} is gone from the node, which is pruned`,
      })
      expect(worth(await node.block(kept, node.newWatch()))).toMatchObject({
        hash: kept,
        height: prunedBelow,
      })

      // Of what is asked for by its block, it gives what it has.
      const { tx } = await bitcoind.rpc<{ tx: string[] }>('getblock', [kept, 1])
      const found = worth(await node.mined(new Map([[tx[0]!, kept], ['ab'.repeat(32), gone]]))) // prettier-ignore
      expect([...found].map(([txid, raw]) => [txid, readTransaction(raw).txid])).toEqual([[tx[0], tx[0]]])
    } finally {
      await bitcoind.stop()
    }
  })
})

describe('a node that is made up', () => {
  /** Answers each method as told; a batch one by one. */
  function told(results: Record<string, () => unknown>): ChainNode {
    const one = ({ id, method }: { id: number; method: string }) =>
      `{"id":${id},"error":null,"result":${String(results[method]!())}}`
    const answer = async (_: string, { body }: { body: string }) => {
      const asked = JSON.parse(body)
      return new Response(Array.isArray(asked) ? `[${asked.map(one).join(',')}]` : one(asked))
    }
    const rpc = rpcClient({
      url: 'http://a:b@localhost',
      clock: systemClock,
      fetch: answer as unknown as typeof fetch,
    })
    return chainNode({ rpc, network: networks.mainnet })
  }
  const hash = (number: number) => `"${number.toString(16).padStart(64, '0')}"`
  const info = (blocks: number, more = '') =>
    `{"chain":"main","blocks":${blocks},"headers":900000,"bestblockhash":${hash(blocks)},"initialblockdownload":false,"pruned":false,"verificationprogress":0.99${more}}`

  test.each([
    ['0.00012345', '0.00001000', 12_345n],
    ['0.00000100', '0.00001000', 1_000n],
    // 1.1e-7 × 1e8 is 11.000000000000002 as a float.
    ['0.00000011', '0.00000010', 11n],
  ])('that estimates %s BTC and takes %s at least is paid %s satoshis', async (estimate, least, expected) => {
    const node = told({
      estimatesmartfee: () => `{"feerate":${estimate},"blocks":6}`,
      getmempoolinfo: () => `{"mempoolminfee":${least}}`,
    })
    expect(worth(await node.feeRate(6))).toBe(expected)
  })

  test('that has no estimate is paid the fallback, or what its mempool takes where that is more, and says so', async () => {
    const node = (least: string) =>
      told({
        estimatesmartfee: () => '{"errors":["Insufficient data"],"blocks":6}',
        getmempoolinfo: () => `{"mempoolminfee":${least}}`,
      })
    const poor = node('0.00001000')
    expect(worth(await poor.feeRate(6, 5_000n))).toBe(5_000n)
    expect(poor.estimates()).toBe(false)
    expect(worth(await node('0.00009000').feeRate(6, 5_000n))).toBe(9_000n)
    expect(worth(await poor.feeRate(6))).toBe(1_000n)
  })

  test('is syncing while it has many headers without their blocks, and not for a few', async () => {
    const getblockhash = () => `"${networks.mainnet.genesis}"`
    expect(worth(await told({ getblockhash, getblockchaininfo: () => info(899_990) }).info())).toMatchObject({
      syncing: false,
    })
    expect(worth(await told({ getblockhash, getblockchaininfo: () => info(899_900) }).info())).toMatchObject({
      syncing: true,
    })
  })

  test('whose tip moves while it is asked is asked again, and given up when it never rests', async () => {
    let [block, moves] = [7, 2]
    const node = (lasting: boolean) =>
      told({
        getblockchaininfo: () => info(block),
        gettxout: () => '{"value":0.00000001}',
        getbestblockhash: () => hash(lasting || moves-- > 0 ? ++block : block),
      })
    const outpoint: Outpoint = `${'ab'.repeat(32)}:0`
    expect(worth(await node(false).unspent([outpoint]))).toMatchObject({ height: 9, units: [1n] })
    expect(await node(true).unspent([outpoint])).toMatchObject({
      is: 'refused',
      again: true,
      why: expect.stringContaining('kept changing'),
    })
  })

  test('that adds up a scan otherwise than it lists it is refused', async () => {
    const unspents = `[{"txid":${hash(1)},"vout":0,"amount":0.1},{"txid":${hash(2)},"vout":0,"amount":0.2}]`
    const node = (total: string) =>
      told({
        scantxoutset: () =>
          `{"success":true,"height":7,"bestblock":${hash(7)},"unspents":${unspents},"total_amount":${total}}`,
      })
    expect(worth(await node('0.30000000').scan([])).units).toBe(30_000_000n)
    expect(await node('0.30000001').scan([])).toMatchObject({ is: 'refused', again: false })
  })

  test('that hands out another block or transaction than asked for is refused, and may be asked again', async () => {
    const header = '{"height":1,"time":1,"confirmations":1}'
    const node = told({
      getblockheader: () => header,
      getblock: () => `"${'00'.repeat(100)}"`,
      getrawtransaction: () => '"00"',
    })
    expect(await node.block('ab'.repeat(32), node.newWatch())).toMatchObject({
      is: 'refused',
      again: true,
      why: expect.stringContaining('not those of block'),
    })
    expect(await node.waiting(['ab'.repeat(32)], node.newWatch())).toMatchObject({
      is: 'refused',
      again: true,
    })
  })

  test('that breaks off while something is sent leaves it unsure, and while something is asked to be asked again', async () => {
    const broken = async () =>
      Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } }))
    const rpc = rpcClient({
      url: 'http://a:b@localhost',
      clock: systemClock,
      fetch: broken as unknown as typeof fetch,
    })
    const node = chainNode({ rpc, network: networks.mainnet })
    expect(await node.broadcast(someTransaction)).toMatchObject({ is: 'unsure' })
    expect(await node.mempool()).toMatchObject({ is: 'refused', again: true })
  })
})

const someTransaction = Buffer.from(
  `01000000${'01'}${'00'.repeat(36)}${'00'}ffffffff${'01'}${'00'.repeat(8)}${'00'}00000000`,
  'hex',
)

const nodeOf = ({ url, cookieFile }: Bitcoind, network: 'regtest' | 'mainnet' = 'regtest'): ChainNode =>
  chainNode({ rpc: rpcClient({ url, cookieFile, clock: systemClock }), network: networks[network] })

function worth<T>(answer: Answer<T>): T {
  if (answer.is !== 'done') throw new Error(`${answer.is}: ${answer.why}`)
  return answer.value
}
