/** What the program relies on of a Bitcoin node, held against a real bitcoind and the simulated one: a difference is a fault of ours. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Block, Psbt, Transaction, networks, script as scripts, toXOnly } from 'bitcoinjs-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind } from '../../test/testbed/bitcoind.ts'
import { seededRandom, systemClock } from '../../src/base/clock.ts'
import { makeChain } from './chain.ts'
import { addressOf, extendedKey, hex, masterKey, pkh, taprootSigner, tr, unshown, wpkh, type BIP32Interface } from './keys.ts'
import { startNode } from './server.ts'

interface Engine {
  url: string
  cookieFile: string
  end(): Promise<void>
}

describe('the simulated node', () =>
  contract(async () => {
    const node = await startNode({ settings: { premined: 0 } })
    return { ...node, end: () => node.close() }
  }))

describe.skipIf(!bitcoindAvailable())('a real bitcoind', () =>
  contract(async () => {
    // Without its index of all transactions, as an operator's pruned node is.
    const node = await startBitcoind({ extra: ['-txindex=0'] })
    return { url: node.url, cookieFile: node.cookieFile, end: () => node.stop() }
  }),
)

describe.skipIf(!bitcoindAvailable())('a real bitcoind, given every block of a storm in the simulated one,', () => {
  test('takes them all, orphans too, and ends at the same tip with the same coins', async () => {
    const real = await startBitcoind()
    try {
      const random = seededRandom(2026)
      const chain = makeChain({ clock: systemClock, random, settings: { skipAuth: true } })
      const house = addressOf(wpkh(masterKey(new Uint8Array(32).fill(9), networks.regtest).publicKey), networks.regtest)!
      const hashes = Array.from({ length: chain.height() + 1 }, (_, height) => chain.hashAt(height)!)
      for (let round = 0; round < 25; round++) {
        const paid = Array.from({ length: random.between(0, 4) }, () => chain.payer.pay(house, BigInt(random.between(1_000, 90_000))))
        if (paid.length > 2) chain.payer.takeBack(chain.payer.bump(paid.pop()!))
        const act = random.between(0, 3)
        if (act === 0) hashes.push(...chain.reorg(random.between(1, 6), { leaveOut: paid.slice(0, 1), doubleSpend: [] }).mined)
        else hashes.push(...chain.mine(random.between(1, 2)))
        if (act === 1 && paid[0] !== undefined) hashes.push(...chain.reorg(2, { doubleSpend: [paid[0]] }).mined)
      }
      const raw = (hash: string): string => {
        const body = JSON.stringify({ id: 1, method: 'getblock', params: [hash, 0] })
        const answer = chain.handle({ method: 'POST', path: '/', authorization: undefined, body })
        return JSON.parse((answer as { body: string }).body).result
      }
      // The first block both have from birth. One that is on no best branch yet is taken without a verdict.
      for (const hash of hashes.slice(1)) expect([null, 'inconclusive']).toContain(await real.rpc('submitblock', [raw(hash)]))
      expect(await real.rpc('getbestblockhash')).toBe(chain.tip())
      const { total_amount } = await real.rpc('scantxoutset', ['start', [`addr(${house})`]])
      expect(BigInt(Math.round(total_amount * 1e8))).toBe(chain.unspentOf(house))
      expect(chain.unspentOf(house)).toBeGreaterThan(100_000n)
    } finally {
      await real.stop()
    }
  })
})

// oxlint-disable-next-line typescript/no-explicit-any -- a test knows what it asked for
type Told = any

function contract(start: () => Promise<Engine>): void {
  let node: Engine
  const master = masterKey(randomBytes(32), networks.regtest)

  async function post(body: string, { wallet, cookie = readFileSync(node.cookieFile, 'utf8') }: { wallet?: string; cookie?: string } = {}) {
    const answer = await fetch(wallet === undefined ? node.url : `${node.url}/wallet/${wallet}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(cookie).toString('base64')}` },
      body,
    })
    return { status: answer.status, text: await answer.text() }
  }
  /** The whole answer, in the older dialect. */
  async function told(method: string, params: unknown = [], wallet?: string): Promise<{ status: number; result: Told; error: Told }> {
    const { status, text } = await post(JSON.stringify({ id: 1, method, params }), wallet === undefined ? {} : { wallet })
    return { status, ...JSON.parse(text) }
  }
  async function rpc(method: string, params: unknown = [], wallet?: string): Promise<Told> {
    const { result, error } = await told(method, params, wallet)
    if (error) throw new Error(`${method}: ${error.code} ${error.message}`)
    return result
  }
  async function fault(method: string, params: unknown = [], wallet?: string): Promise<{ code: number; message: string }> {
    const { status, error } = await told(method, params, wallet)
    expect(error, `${method} was answered, and should have been refused`).not.toBeNull()
    expect(status).toBe(error.code === -32601 ? 404 : 500)
    return error
  }
  /** To where nobody can spend it, so that no two blocks are alike. */
  const mine = (blocks = 1): Promise<string[]> => rpc('generatetodescriptor', [blocks, `raw(6a08${randomBytes(8).toString('hex')})`])

  let nextIndex = 0
  /** A key nobody has used yet, with its address. */
  function fresh(purpose: 84 | 86 = 84) {
    const path = `m/${purpose}'/1'/0'/0/${nextIndex++}`
    const key = master.derivePath(path)
    const script = purpose === 84 ? wpkh(key.publicKey) : tr(key.publicKey)
    return { key, script, address: addressOf(script, networks.regtest)! }
  }
  interface Held {
    txid: string
    vout: number
    units: bigint
    key: BIP32Interface
    script: Uint8Array
  }
  /** Pays a fresh key, unconfirmed. */
  async function fund(amount: number, purpose: 84 | 86 = 84): Promise<Held & { address: string }> {
    const mineOwn = fresh(purpose)
    const txid = await rpc('sendtoaddress', [mineOwn.address, amount], 'miner')
    const { vout } = await rpc('getrawtransaction', [txid, true])
    const at = vout.findIndex((output: Told) => output.scriptPubKey.hex === hex(mineOwn.script))
    return { ...mineOwn, txid, vout: at, units: BigInt(Math.round(vout[at].value * 1e8)) }
  }
  interface Wanted {
    fee?: bigint
    to?: Uint8Array
    units?: bigint
    sequence?: number
    lockTime?: number
    /** Signs with another key than the coin's. */
    by?: BIP32Interface
  }
  /** One coin, one output: what is not fee goes to `to`. */
  function spend(
    coin: Held,
    { fee = 1_000n, to = coin.script, units = coin.units - fee, sequence = 0xfffffffd, lockTime = 0, by = coin.key }: Wanted = {},
  ) {
    const transaction = new Transaction()
    transaction.version = 2
    transaction.locktime = lockTime
    transaction.addInput(unshown(coin.txid), coin.vout, sequence)
    transaction.addOutput(to, units)
    if (coin.script[0] === 0x51) {
      transaction.setWitness(0, [taprootSigner(by).signSchnorr(transaction.hashForWitnessV1(0, [coin.script], [coin.units], 0))])
    } else {
      const digest = transaction.hashForWitnessV0(0, pkh(by.publicKey), coin.units, 1)
      transaction.setWitness(0, [scripts.signature.encode(by.sign(digest, true), 1), by.publicKey])
    }
    return transaction
  }
  const send = (transaction: Transaction) => rpc('sendrawtransaction', [transaction.toHex(), 0])
  const refused = (transaction: Transaction) => fault('sendrawtransaction', [transaction.toHex(), 0])
  const mempool = (): Promise<string[]> => rpc('getrawmempool')

  beforeAll(async () => {
    node = await start()
    await rpc('createwallet', ['miner'])
    await rpc('generatetoaddress', [110, await rpc('getnewaddress', ['', 'bech32'], 'miner')])
  })
  afterAll(() => node.end())

  test('an estimate says that it has none while too little was seen', async () => {
    expect(await rpc('estimatesmartfee', [6])).toMatchObject({ errors: [expect.stringContaining('Insufficient data')] })
    expect((await fault('estimatesmartfee', [0])).code).toBe(-8)
  })

  describe('the door', () => {
    test('a wrong cookie is 401 and nothing else', async () => {
      expect(await post(JSON.stringify({ id: 1, method: 'getblockcount' }), { cookie: '__cookie__:wrong' })).toEqual({
        status: 401,
        text: '',
      })
    })

    test('an unknown method, a bad request and text that is no JSON have their codes', async () => {
      expect(await told('nosuchmethod')).toMatchObject({ status: 404, result: null, error: { code: -32601, message: 'Method not found' } })
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
      expect(await fault('getblockhash', { heigth: 0 })).toEqual({ code: -8, message: 'Unknown named parameter heigth' })
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
      expect(first).toMatchObject({ height: 0, confirmations: height + 1, nextblockhash: await rpc('getblockhash', [1]) })
      expect(first).not.toHaveProperty('previousblockhash')
      expect(Block.fromHex(await rpc('getblockheader', [hash, false])).getId()).toBe(hash)
    })

    test('the first block is regtest’s, byte by byte', async () => {
      const raw = await rpc('getblock', [regtestGenesis, 0])
      expect(raw).toMatch(/^01000000(00){32}3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f200200000001/)
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
      expect(whole.tx[1]).toMatchObject({ txid, vin: [{ sequence: 0xfffffffd }], hex: block.transactions![1]!.toHex() })
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
      expect(await fault('getblockhash', [9_999_999])).toEqual({ code: -8, message: 'Block height out of range' })
      expect(await fault('getblockheader', [none])).toEqual({ code: -5, message: 'Block not found' })
      expect(await fault('getblock', [none, 0])).toEqual({ code: -5, message: 'Block not found' })
      expect(await fault('getblockheader', ['zz'])).toEqual({ code: -8, message: "hash must be of length 64 (not 2, for 'zz')" })
      expect((await fault('getrawtransaction', [none])).code).toBe(-5)
      expect(await fault('getrawtransaction', [none, false, none])).toEqual({ code: -5, message: 'Block hash not found' })
      expect(await fault('getmempoolentry', [none])).toEqual({ code: -5, message: 'Transaction not in mempool' })
      expect(await rpc('gettxout', [none, 0])).toBeNull()
    })
  })

  describe('transactions and coins', () => {
    test('a payment is in the mempool, then in a block; gettxout follows it, and amounts have eight decimals', async () => {
      const coin = await fund(0.5)
      expect(await mempool()).toContain(coin.txid)
      expect(await rpc('gettxout', [coin.txid, coin.vout])).toMatchObject({
        bestblock: await rpc('getbestblockhash'),
        confirmations: 0,
        value: 0.5,
        coinbase: false,
        scriptPubKey: { hex: hex(coin.script), address: coin.address, type: 'witness_v0_keyhash' },
      })
      expect(await rpc('gettxout', [coin.txid, coin.vout, false])).toBeNull()
      const entry = await rpc('getmempoolentry', [coin.txid])
      expect(entry).toMatchObject({
        vsize: expect.toBeOneOf([140, 141]),
        depends: [],
        spentby: [],
        ancestorcount: 1,
        descendantcount: 1,
        'bip125-replaceable': true,
      })
      expect(entry.fees.base).toBe(0.0000141)
      expect(await rpc('getmempoolinfo')).toMatchObject({
        loaded: true,
        size: (await mempool()).length,
        mempoolminfee: 0.00001,
        minrelaytxfee: 0.00001,
      })
      const [hash] = await mine()
      expect(await mempool()).not.toContain(coin.txid)
      expect(await rpc('gettxout', [coin.txid, coin.vout, false])).toMatchObject({ bestblock: hash, confirmations: 1, value: 0.5 })
      const { text } = await post(JSON.stringify({ id: 1, method: 'gettxout', params: [coin.txid, coin.vout] }))
      expect(text).toContain('"value":0.50000000,')
      expect(await rpc('getrawtransaction', [coin.txid, true, hash])).toMatchObject({
        in_active_chain: true,
        confirmations: 1,
        blockhash: hash,
        txid: coin.txid,
      })
      expect((await fault('getrawtransaction', [coin.txid])).code).toBe(-5)
      expect(await fault('getrawtransaction', [coin.txid, false, regtestGenesis])).toMatchObject({ code: -5 })
    })

    test('scantxoutset sums what descriptors hold in blocks, by range, and knows nothing of the mempool', async () => {
      const account = masterKey(randomBytes(32), networks.regtest)
      for (const [purpose, name, scriptFor] of [
        [84, 'wpkh', wpkh],
        [86, 'tr', tr],
      ] as const) {
        const xpub = account.derivePath(`m/${purpose}'/1'/0'`).neutered()
        const origin = `[${hex(account.fingerprint)}/${purpose}h/1h/0h]`
        const { descriptor } = await rpc('getdescriptorinfo', [`${name}(${origin}${xpub.toBase58()}/0/*)`])
        const address = (index: number) => addressOf(scriptFor(xpub.derivePath(`0/${index}`).publicKey), networks.regtest)!
        const scan = (range: unknown) => rpc('scantxoutset', ['start', [{ desc: descriptor, range }]])
        expect(await scan([0, 20])).toMatchObject({ success: true, unspents: [], total_amount: 0 })
        const sent = [await rpc('sendtoaddress', [address(3), 0.3], 'miner'), await rpc('sendtoaddress', [address(7), 0.25], 'miner')]
        expect(await scan([0, 20])).toMatchObject({ unspents: [], total_amount: 0 })
        const [hash] = await mine()
        const found = await scan([0, 20])
        const height = await rpc('getblockcount')
        expect(found).toMatchObject({ success: true, height, bestblock: hash, total_amount: 0.55 })
        expect(found.unspents.map(({ txid }: Told) => txid).toSorted(inOrder)).toEqual(sent.toSorted(inOrder))
        const one = found.unspents.find(({ amount }: Told) => amount === 0.3)
        const key = xpub.derivePath('0/3').publicKey
        expect(one).toMatchObject({ scriptPubKey: hex(scriptFor(key)), height, coinbase: false })
        expect(one.desc).toMatch(`${name}([${hex(account.fingerprint)}/${purpose}h/1h/0h/0/3]${hex(name === 'tr' ? toXOnly(key) : key)})#`)
        expect(await scan([0, 6])).toMatchObject({ total_amount: 0.3 })
        expect(await scan([4, 20])).toMatchObject({ total_amount: 0.25 })
        expect(await scan(20)).toMatchObject({ total_amount: 0.55 })
        const both = [`raw(${hex(scriptFor(key))})`, `addr(${address(3)})`]
        expect(await rpc('scantxoutset', ['start', both])).toMatchObject({ total_amount: 0.3 })
      }
      const bad = `wpkh(${master.neutered().toBase58()}/0/*)#qqqqqqqq`
      expect(await fault('scantxoutset', ['start', [bad]])).toMatchObject({
        code: -5,
        message: expect.stringMatching(/^Provided checksum 'qqqqqqqq' does not match computed checksum '/),
      })
      expect((await fault('scantxoutset', ['start', ['wpkh(zz)']])).code).toBe(-5)
    })

    test('the same bytes again are taken in the mempool and -27 in a block; what is spent is -25', async () => {
      const coin = await fund(0.2)
      const payment = spend(coin)
      expect(await send(payment)).toBe(payment.getId())
      expect(await send(payment)).toBe(payment.getId())
      expect(await rpc('testmempoolaccept', [[payment.toHex()]])).toMatchObject([
        { allowed: false, 'reject-reason': 'txn-already-in-mempool' },
      ])
      await mine()
      expect(await refused(payment)).toEqual({ code: -27, message: 'Transaction outputs already in utxo set' })
      expect(await rpc('testmempoolaccept', [[payment.toHex()]])).toMatchObject([{ allowed: false, 'reject-reason': 'txn-already-known' }])
      const late = spend(coin, { fee: 50_000n })
      expect(await refused(late)).toEqual({ code: -25, message: 'bad-txns-inputs-missingorspent' })
      expect(await rpc('testmempoolaccept', [[late.toHex()]])).toMatchObject([{ allowed: false, 'reject-reason': 'missing-inputs' }])
      const child = spend({ ...coin, txid: payment.getId(), vout: 0, units: coin.units - 1_000n })
      await send(child)
      await mine()
      // Its one output is spent too by now, so the node no longer knows it.
      expect(await refused(payment)).toEqual({ code: -25, message: 'bad-txns-inputs-missingorspent' })
    })

    test('testmempoolaccept says what it would cost and changes nothing', async () => {
      const payment = spend(await fund(0.2, 86), { fee: 2_000n })
      expect(await rpc('testmempoolaccept', [[payment.toHex()]])).toMatchObject([
        { txid: payment.getId(), allowed: true, vsize: payment.virtualSize(), fees: { base: 0.00002 } },
      ])
      expect(await mempool()).not.toContain(payment.getId())
    })

    test.each([84, 86] as const)('a wrong signature or key of BIP %i is refused, in the node’s own words', async purpose => {
      const coin = await fund(0.1, purpose)
      const [right, other] = [spend(coin), fresh(purpose)]
      const altered = right.clone()
      altered.outs[0]!.value -= 5n
      const naked = right.clone()
      naked.setWitness(0, [])
      const words =
        purpose === 84
          ? ['Signature must be zero', 'Script failed an OP_EQUALVERIFY', 'hash mismatch']
          : ['Invalid Schnorr signature', 'Invalid Schnorr signature', 'empty witness']
      for (const [nth, transaction] of [altered, spend(coin, { by: other.key }), naked].entries()) {
        const { code, message } = await refused(transaction)
        expect(code).toBe(-26)
        expect(message).toMatch(/script-verify-flag-failed \(/)
        expect(message).toContain(words[nth])
      }
      expect(await send(right)).toBe(right.getId())
    })

    test('too little fee, too much, dust, more than there is, too early, from nowhere and nonsense are told apart', async () => {
      const coin = await fund(0.02)
      expect(await refused(spend(coin, { fee: 100n }))).toMatchObject({
        code: -26,
        // A signature is a byte shorter once in a hundred.
        message: expect.stringMatching(/^min relay fee not met, 100 < 1(?:10|09)$/),
      })
      expect(await fault('sendrawtransaction', [spend(coin, { fee: 1_500_000n }).toHex()])).toEqual({
        code: -25,
        message: 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)',
      })
      expect(await fault('sendrawtransaction', [spend(coin, { fee: 5_000n }).toHex(), 0.0001])).toMatchObject({ code: -25 })
      expect(await refused(spend(coin, { units: 293n }))).toMatchObject({ code: -26, message: expect.stringMatching(/^dust/) })
      expect(await refused(spend(coin, { units: 3_000_000n }))).toEqual({
        code: -26,
        message: 'bad-txns-in-belowout, value in (0.02) < value out (0.03)',
      })
      expect(await refused(spend(coin, { lockTime: (await rpc('getblockcount')) + 1 }))).toEqual({ code: -26, message: 'non-final' })
      expect(await refused(spend({ ...coin, txid: 'cd'.repeat(32) }))).toEqual({ code: -25, message: 'bad-txns-inputs-missingorspent' })
      for (const text of ['zz', '00', '']) {
        expect(await fault('sendrawtransaction', [text])).toEqual({
          code: -22,
          message: 'TX decode failed. Make sure the tx has at least one input.',
        })
      }
      // The tip's height may be its lock time, and exactly the dust limit is none.
      expect(await send(spend(coin, { lockTime: await rpc('getblockcount'), units: 294n }))).toMatch(/^[0-9a-f]{64}$/)
    })

    test('a coinbase cannot be spent before it is 100 blocks deep', async () => {
      const own = fresh()
      const [hash] = await rpc('generatetoaddress', [1, own.address])
      const { tx } = await rpc('getblock', [hash, 2])
      const coin = { ...own, txid: tx[0].txid, vout: 0, units: BigInt(Math.round(tx[0].vout[0].value * 1e8)) }
      expect(await refused(spend(coin))).toEqual({
        code: -26,
        message: 'bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 1',
      })
      expect(await rpc('gettxout', [coin.txid, 0])).toMatchObject({ coinbase: true, confirmations: 1 })
    })
  })

  describe('replacement', () => {
    test('a higher fee takes the place of what it contradicts, and what was replaced is gone, its children too', async () => {
      const coin = await fund(0.3)
      await mine()
      const first = spend(coin, { fee: 1_000n })
      const child = spend({ ...coin, txid: first.getId(), vout: 0, units: coin.units - 1_000n }, { fee: 500n })
      await send(first)
      await send(child)
      expect(await rpc('getmempoolentry', [first.getId()])).toMatchObject({ spentby: [child.getId()], descendantcount: 2 })
      expect(await rpc('getmempoolentry', [child.getId()])).toMatchObject({ depends: [first.getId()], ancestorcount: 2 })
      expect(await rpc('gettxout', [coin.txid, coin.vout])).toBeNull()
      const lower = spend(coin, { fee: 900n })
      expect(await refused(lower)).toMatchObject({
        code: -26,
        message: expect.stringMatching(
          /^insufficient fee, rejecting replacement [0-9a-f]{64}; new feerate 0\.0000\d{4} BTC\/kvB <= old feerate 0\.0000\d{4} BTC\/kvB$/,
        ),
      })
      expect(await refused(spend(coin, { fee: 1_400n }))).toMatchObject({
        code: -26,
        message: expect.stringMatching(/less fees than conflicting txs; 0\.000014 < 0\.000015$/),
      })
      expect(await refused(spend(coin, { fee: 1_520n }))).toMatchObject({
        code: -26,
        message: expect.stringMatching(/not enough additional fees to relay; 0\.0000002 < 0\.00000(?:11|109)$/),
      })
      const better = spend(coin, { fee: 5_000n, to: fresh().script })
      expect(await rpc('testmempoolaccept', [[better.toHex()]])).toMatchObject([{ allowed: true }])
      await send(better)
      const waiting = await mempool()
      expect(waiting).toContain(better.getId())
      expect(waiting).not.toContain(first.getId())
      expect(waiting).not.toContain(child.getId())
      expect((await fault('getrawtransaction', [first.getId()])).code).toBe(-5)
      expect(await rpc('gettxout', [first.getId(), 0])).toBeNull()
      expect(await refused(child)).toMatchObject({ code: -25, message: 'bad-txns-inputs-missingorspent' })
    })

    test('a block with what contradicts the mempool empties it of that', async () => {
      const coin = await fund(0.3)
      await mine()
      const [seen, mined] = [spend(coin, { fee: 3_000n }), spend(coin, { fee: 1_000n, to: fresh().script })]
      await send(seen)
      const { hash } = await rpc('generateblock', [fresh().address, [mined.toHex()]])
      expect((await rpc('getblock', [hash])).tx).toContain(mined.getId())
      expect(await mempool()).not.toContain(seen.getId())
      expect(await refused(seen)).toEqual({ code: -25, message: 'bad-txns-inputs-missingorspent' })
      expect((await fault('generateblock', [fresh().address, [seen.toHex()]])).code).toBe(-25)
    })

    test('the wallet’s bumpfee replaces its own', async () => {
      const to = fresh()
      const txid = await rpc('sendtoaddress', [to.address, 0.2, '', '', false, true, null, 'unset', false, 2], 'miner')
      const bumped = await rpc('bumpfee', [txid, { fee_rate: 30 }], 'miner')
      expect(bumped).toMatchObject({ errors: [], origfee: expect.any(Number), fee: expect.any(Number) })
      expect(bumped.fee).toBeGreaterThan(bumped.origfee)
      expect(await mempool()).not.toContain(txid)
      const { vout } = await rpc('getrawtransaction', [bumped.txid, true])
      expect(vout.find((output: Told) => output.scriptPubKey.hex === hex(to.script)).value).toBe(0.2)
      expect((await fault('bumpfee', ['ab'.repeat(32)], 'miner')).code).toBe(-5)
      await mine()
      expect(await fault('bumpfee', [bumped.txid], 'miner')).toMatchObject({
        code: -1,
        message: expect.stringMatching(/ is already spent$/),
      })
    })
  })

  describe('reorganisation', () => {
    test('a block that is undone keeps its bytes and its height, with -1 confirmations; its payments wait again', async () => {
      const coin = await fund(0.4)
      const before = await rpc('getbestblockhash')
      const [hash] = await mine()
      const [above] = await mine()
      const height = (await rpc('getblockcount')) - 1
      await rpc('invalidateblock', [hash])
      expect(await rpc('getbestblockhash')).toBe(before)
      const header = await rpc('getblockheader', [hash])
      expect(header).toMatchObject({ confirmations: -1, height, previousblockhash: before })
      expect(header).not.toHaveProperty('nextblockhash')
      expect((await rpc('getblock', [above])).confirmations).toBe(-1)
      expect(Block.fromHex(await rpc('getblock', [hash, 0])).getId()).toBe(hash)
      expect(await fault('getblockhash', [height])).toEqual({ code: -8, message: 'Block height out of range' })
      expect(await mempool()).toContain(coin.txid)
      expect(await rpc('gettxout', [coin.txid, coin.vout, false])).toBeNull()
      expect(await rpc('gettxout', [coin.txid, coin.vout])).toMatchObject({ confirmations: 0 })
      expect(await rpc('getrawtransaction', [coin.txid, true, hash])).toMatchObject({ in_active_chain: false, confirmations: 0 })

      const { hash: empty } = await rpc('generateblock', [fresh().address, []])
      expect(await mempool()).toContain(coin.txid)
      expect(await rpc('getblockhash', [height])).toBe(empty)

      await rpc('reconsiderblock', [hash])
      expect(await rpc('getbestblockhash')).toBe(above)
      expect(await rpc('getblockheader', [hash])).toMatchObject({ confirmations: 2, nextblockhash: above })
      expect(await rpc('getblockheader', [empty])).toMatchObject({ confirmations: -1, height })
      expect(await mempool()).not.toContain(coin.txid)
      expect(await rpc('gettxout', [coin.txid, coin.vout, false])).toMatchObject({ confirmations: 2 })
    })

    test.each([1, 3, 6])('a longer branch %i deep takes over; what both have stays, what neither spends is spendable', async depth => {
      const coin = await fund(0.2)
      const [kept] = [await fund(0.1)]
      const old = await mine(depth)
      const payment = spend(coin)
      await send(payment)
      await rpc('invalidateblock', [old[0]])
      expect(new Set(await mempool())).toEqual(new Set([coin.txid, kept.txid, payment.getId()]))
      await rpc('generateblock', [fresh().address, [coin.txid]])
      const fresher = await mine(depth)
      await rpc('reconsiderblock', [old[0]])
      expect(await rpc('getbestblockhash')).toBe(fresher.at(-1))
      for (const hash of old) expect(await rpc('getblockheader', [hash])).toMatchObject({ confirmations: -1 })
      expect(await rpc('gettxout', [payment.getId(), 0, false])).toMatchObject({ confirmations: depth })
      expect(await rpc('gettxout', [kept.txid, kept.vout, false])).toMatchObject({ confirmations: depth })
      expect(await rpc('gettxout', [coin.txid, coin.vout])).toBeNull()
      expect(await mempool()).toEqual([])
    })

    test('a payment contradicted in the new branch comes back neither there nor in the mempool', async () => {
      const coin = await fund(0.2)
      await mine()
      const [lost, kept] = [spend(coin), spend(coin, { fee: 2_000n, to: fresh().script })]
      await send(lost)
      const [hash] = await mine()
      await rpc('invalidateblock', [hash])
      await rpc('generateblock', [fresh().address, [kept.toHex()]])
      expect(await mempool()).not.toContain(lost.getId())
      await mine()
      await rpc('reconsiderblock', [hash])
      expect(await rpc('getblockheader', [hash])).toMatchObject({ confirmations: -1 })
      expect(await refused(lost)).toEqual({ code: -25, message: 'bad-txns-inputs-missingorspent' })
      expect(await rpc('gettxout', [kept.getId(), 0])).toMatchObject({ confirmations: 2 })
    })

    test('an unknown block can be neither invalidated nor reconsidered', async () => {
      expect(await fault('invalidateblock', ['ab'.repeat(32)])).toEqual({ code: -5, message: 'Block not found' })
      expect(await fault('reconsiderblock', ['ab'.repeat(32)])).toEqual({ code: -5, message: 'Block not found' })
    })
  })

  describe('wallets', () => {
    test('are made, loaded, unloaded and missed, by code', async () => {
      expect(await rpc('createwallet', ['one'])).toMatchObject({ name: 'one' })
      expect((await fault('createwallet', ['one'])).code).toBe(-4)
      expect(await fault('loadwallet', ['one'])).toEqual({ code: -35, message: 'Wallet "one" is already loaded.' })
      expect((await rpc('listwallets')).sort()).toEqual(['miner', 'one'])
      expect((await fault('getbalance')).code).toBe(-19)
      await rpc('unloadwallet', ['one'])
      expect(await fault('getbalance', [], 'one')).toEqual({ code: -18, message: 'Requested wallet does not exist or is not loaded' })
      expect(await rpc('loadwallet', ['one'])).toMatchObject({ name: 'one' })
      expect((await fault('loadwallet', ['nosuch'])).code).toBe(-18)
      expect(await rpc('getwalletinfo', [], 'one')).toMatchObject({
        walletname: 'one',
        private_keys_enabled: true,
        descriptors: true,
        balance: 0,
      })
      await rpc('createwallet', ['watcher', true, true])
      expect(await rpc('getwalletinfo', [], 'watcher')).toMatchObject({ private_keys_enabled: false })
      expect(await fault('sendtoaddress', [fresh().address, 1], 'one')).toMatchObject({ code: -6, message: 'Insufficient funds' })
      expect(await fault('sendtoaddress', ['nonsense', 1], 'miner')).toMatchObject({ code: -5 })
    })

    test('hold what was paid to addresses derived from their descriptors by others, and sign it in a PSBT', async () => {
      await rpc('createwallet', ['signer'])
      const { descriptors } = await rpc('listdescriptors', [], 'signer')
      const inputs: { txid: string; vout: number; script: Uint8Array; units: bigint }[] = []
      for (const [name, scriptFor] of [
        ['wpkh', wpkh],
        ['tr', tr],
      ] as const) {
        const { desc } = descriptors.find((one: Told) => one.desc.startsWith(`${name}(`) && one.internal === false)
        const [, xpub] = /\]([a-zA-Z0-9]+)\/0\/\*\)#.{8}$/.exec(desc)!
        const script = scriptFor(extendedKey(xpub!)!.derivePath('0/5').publicKey)
        const txid = await rpc('sendtoaddress', [addressOf(script, networks.regtest), 0.15], 'miner')
        const { vout } = await rpc('getrawtransaction', [txid, true])
        inputs.push({ txid, script, units: 15_000_000n, vout: vout.findIndex((output: Told) => output.scriptPubKey.hex === hex(script)) })
      }
      expect(await rpc('getbalance', [], 'signer')).toBe(0)
      await mine()
      expect(await rpc('getbalance', [], 'signer')).toBe(0.3)
      expect((await rpc('listunspent', [], 'signer')).map(({ amount }: Told) => amount)).toEqual([0.15, 0.15])

      const psbt = new Psbt({ network: networks.regtest })
      for (const { txid, vout, script, units } of inputs) {
        psbt.addInput({ hash: txid, index: vout, sequence: 0xfffffffd, witnessUtxo: { script, value: units } })
      }
      psbt.addOutput({ script: fresh().script, value: 29_990_000n })
      const asked = psbt.toBase64()

      const elsewhere = await rpc('walletprocesspsbt', [asked], 'miner')
      expect(elsewhere).toMatchObject({ complete: false })
      expect(elsewhere).not.toHaveProperty('hex')
      expect(await rpc('walletprocesspsbt', [asked, false], 'signer')).toMatchObject({ complete: false })
      expect(await rpc('walletprocesspsbt', [asked], 'watcher')).toMatchObject({ complete: false })

      const parted = await rpc('walletprocesspsbt', [asked, true, 'DEFAULT', true, false], 'signer')
      const partly = Psbt.fromBase64(parted.psbt)
      expect(partly.data.inputs.map(({ partialSig, tapKeySig }) => (partialSig?.length ?? 0) + (tapKeySig ? 1 : 0))).toEqual([1, 1])

      const signed = await rpc('walletprocesspsbt', [asked], 'signer')
      expect(signed.complete).toBe(true)
      const final = Psbt.fromBase64(signed.psbt)
      expect(final.extractTransaction(true).toHex()).toBe(signed.hex)
      const transaction = Transaction.fromHex(signed.hex)
      expect(transaction.ins.map(({ hash, index }) => [hex(Uint8Array.from(hash).reverse()), index])).toEqual(
        inputs.map(({ txid, vout }) => [txid, vout]),
      )
      expect(await send(transaction)).toBe(transaction.getId())
      expect(await rpc('getbalance', [], 'signer')).toBe(0)
      await mine()
      expect(await rpc('getbalance', [], 'signer')).toBe(0)
      expect((await fault('walletprocesspsbt', ['nonsense!'], 'signer')).code).toBe(-22)
    })

    test.each([
      ['wpkh', 84],
      ['tr', 86],
    ] as const)('take %s keys that are imported, and sign for them', async (name, purpose) => {
      const account = masterKey(randomBytes(32), networks.regtest)
      const root = account.derivePath(`m/${purpose}'/1'/0'`)
      const text = (key: BIP32Interface) => `${name}([${hex(account.fingerprint)}/${purpose}h/1h/0h]${key.toBase58()}/0/*)`
      const { checksum, descriptor, hasprivatekeys } = await rpc('getdescriptorinfo', [text(root)])
      expect([descriptor.slice(0, -9), hasprivatekeys]).toEqual([text(root.neutered()), true])
      const held = `imported-${name}`
      await rpc('createwallet', [held, false, true])
      const request = { desc: `${text(root)}#${checksum}`, timestamp: 'now', range: [0, 50], active: false, internal: false }
      expect(await rpc('importdescriptors', [[request, { ...request, desc: text(root) }]], held)).toMatchObject([
        { success: true },
        { success: false, error: { code: -5, message: 'Missing checksum' } },
      ])
      const key = root.derivePath('0/42')
      const script = name === 'wpkh' ? wpkh(key.publicKey) : tr(key.publicKey)
      const txid = await rpc('sendtoaddress', [addressOf(script, networks.regtest), '0.12000000'], 'miner')
      const { vout } = await rpc('getrawtransaction', [txid, true])
      await mine()
      expect(await rpc('getbalance', [], held)).toBe(0.12)
      const psbt = new Psbt({ network: networks.regtest })
      const index = vout.findIndex((output: Told) => output.scriptPubKey.hex === hex(script))
      psbt.addInput({ hash: txid, index, witnessUtxo: { script, value: 12_000_000n } })
      psbt.addOutput({ script: fresh().script, value: 11_990_000n })
      const signed = await rpc('walletprocesspsbt', [psbt.toBase64()], held)
      expect(signed.complete).toBe(true)
      expect(await send(Transaction.fromHex(signed.hex))).toMatch(/^[0-9a-f]{64}$/)
    })

    test('give new addresses of the kind that was asked for, none twice', async () => {
      const given = [
        await rpc('getnewaddress', ['', 'bech32'], 'miner'),
        await rpc('getnewaddress', ['', 'bech32'], 'miner'),
        await rpc('getnewaddress', ['', 'bech32m'], 'miner'),
      ]
      expect(new Set(given).size).toBe(3)
      expect(given.map(address => address.slice(0, 6))).toEqual(['bcrt1q', 'bcrt1q', 'bcrt1p'])
      expect(await rpc('validateaddress', [given[0]])).toMatchObject({ isvalid: true, address: given[0] })
      expect(await rpc('validateaddress', ['nonsense'])).toMatchObject({ isvalid: false })
      expect(await rpc('getaddressinfo', [given[2]], 'miner')).toMatchObject({ ismine: true })
    })
  })
}

const inOrder = (a: string, b: string) => (a < b ? -1 : 1)

const regtestGenesis = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206'
