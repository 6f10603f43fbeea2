/**
 * What the program relies on of a node’s coins, mempool and replacements, held against a real bitcoind and
 * the simulated one.
 */
import { randomBytes } from 'node:crypto'
import { networks, toXOnly } from 'bitcoinjs-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind } from '../../test/testbed/bitcoind.ts'
import { askNode, startSimulated, type Engine, regtestGenesis, type Told } from './contract.ts'
import { addressOf, hex, masterKey, tr, wpkh } from './keys.ts'

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
  const { post, rpc, fault, mine, fresh, fund, spend, send, refused, mempool, furnish } = askNode(
    () => engine,
  )

  beforeAll(async () => {
    engine = await start()
    await furnish()
  })
  afterAll(() => engine.end())

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
      expect(await rpc('gettxout', [coin.txid, coin.vout, false])).toMatchObject({
        bestblock: hash,
        confirmations: 1,
        value: 0.5,
      })
      const { text } = await post(
        JSON.stringify({ id: 1, method: 'gettxout', params: [coin.txid, coin.vout] }),
      )
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
        const address = (index: number) =>
          addressOf(scriptFor(xpub.derivePath(`0/${index}`).publicKey), networks.regtest)!
        const scan = (range: unknown) => rpc('scantxoutset', ['start', [{ desc: descriptor, range }]])
        expect(await scan([0, 20])).toMatchObject({ success: true, unspents: [], total_amount: 0 })
        const sent = [
          await rpc('sendtoaddress', [address(3), 0.3], 'miner'),
          await rpc('sendtoaddress', [address(7), 0.25], 'miner'),
        ]
        expect(await scan([0, 20])).toMatchObject({ unspents: [], total_amount: 0 })
        const [hash] = await mine()
        const found = await scan([0, 20])
        const height = await rpc('getblockcount')
        expect(found).toMatchObject({ success: true, height, bestblock: hash, total_amount: 0.55 })
        expect(found.unspents.map(({ txid }: Told) => txid).toSorted(inOrder)).toEqual(sent.toSorted(inOrder))
        const one = found.unspents.find(({ amount }: Told) => amount === 0.3)
        const key = xpub.derivePath('0/3').publicKey
        expect(one).toMatchObject({ scriptPubKey: hex(scriptFor(key)), height, coinbase: false })
        expect(one.desc).toMatch(
          `${name}([${hex(account.fingerprint)}/${purpose}h/1h/0h/0/3]${hex(name === 'tr' ? toXOnly(key) : key)})#`,
        )
        expect(await scan([0, 6])).toMatchObject({ total_amount: 0.3 })
        expect(await scan([4, 20])).toMatchObject({ total_amount: 0.25 })
        expect(await scan(20)).toMatchObject({ total_amount: 0.55 })
        const both = [`raw(${hex(scriptFor(key))})`, `addr(${address(3)})`]
        expect(await rpc('scantxoutset', ['start', both])).toMatchObject({ total_amount: 0.3 })
      }
      const bad = `wpkh(${masterKey(new Uint8Array(32), networks.regtest).neutered().toBase58()}/0/*)#qqqqqqqq`
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
      expect(await refused(payment)).toEqual({
        code: -27,
        message: 'Transaction outputs already in utxo set',
      })
      expect(await rpc('testmempoolaccept', [[payment.toHex()]])).toMatchObject([
        { allowed: false, 'reject-reason': 'txn-already-known' },
      ])
      const late = spend(coin, { fee: 50_000n })
      expect(await refused(late)).toEqual({ code: -25, message: 'bad-txns-inputs-missingorspent' })
      expect(await rpc('testmempoolaccept', [[late.toHex()]])).toMatchObject([
        { allowed: false, 'reject-reason': 'missing-inputs' },
      ])
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

    test.each([84, 86] as const)(
      'a wrong signature or key of BIP %i is refused, in the node’s own words',
      async purpose => {
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
      },
    )

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
      expect(await fault('sendrawtransaction', [spend(coin, { fee: 5_000n }).toHex(), 0.0001])).toMatchObject(
        { code: -25 },
      )
      expect(await refused(spend(coin, { units: 293n }))).toMatchObject({
        code: -26,
        message: expect.stringMatching(/^dust/),
      })
      expect(await refused(spend(coin, { units: 3_000_000n }))).toEqual({
        code: -26,
        message: 'bad-txns-in-belowout, value in (0.02) < value out (0.03)',
      })
      expect(await refused(spend(coin, { lockTime: (await rpc('getblockcount')) + 1 }))).toEqual({
        code: -26,
        message: 'non-final',
      })
      expect(await refused(spend({ ...coin, txid: 'cd'.repeat(32) }))).toEqual({
        code: -25,
        message: 'bad-txns-inputs-missingorspent',
      })
      for (const text of ['zz', '00', '']) {
        expect(await fault('sendrawtransaction', [text])).toEqual({
          code: -22,
          message: 'TX decode failed. Make sure the tx has at least one input.',
        })
      }
      // The tip's height may be its lock time, and exactly the dust limit is none.
      expect(await send(spend(coin, { lockTime: await rpc('getblockcount'), units: 294n }))).toMatch(
        /^[0-9a-f]{64}$/,
      )
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
      const child = spend(
        { ...coin, txid: first.getId(), vout: 0, units: coin.units - 1_000n },
        { fee: 500n },
      )
      await send(first)
      await send(child)
      expect(await rpc('getmempoolentry', [first.getId()])).toMatchObject({
        spentby: [child.getId()],
        descendantcount: 2,
      })
      expect(await rpc('getmempoolentry', [child.getId()])).toMatchObject({
        depends: [first.getId()],
        ancestorcount: 2,
      })
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
        message: expect.stringMatching(
          /not enough additional fees to relay; 0\.0000002 < 0\.00000(?:11|109)$/,
        ),
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
      const txid = await rpc(
        'sendtoaddress',
        [to.address, 0.2, '', '', false, true, null, 'unset', false, 2],
        'miner',
      )
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
}

const inOrder = (a: string, b: string) => (a < b ? -1 : 1)
