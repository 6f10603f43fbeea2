/** What the program relies on of a node’s wallets, held against a real bitcoind and the simulated one. */
import { randomBytes } from 'node:crypto'
import { Psbt, Transaction, networks } from 'bitcoinjs-lib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bitcoindAvailable, startBitcoind } from '../../test/testbed/bitcoind.ts'
import { askNode, startSimulated, type Engine, type Told } from './contract.ts'
import { addressOf, extendedKey, hex, masterKey, tr, wpkh, type BIP32Interface } from './keys.ts'

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
  const { rpc, fault, mine, fresh, send, furnish } = askNode(() => engine)

  beforeAll(async () => {
    engine = await start()
    await furnish()
  })
  afterAll(() => engine.end())

  describe('wallets', () => {
    test('are made, loaded, unloaded and missed, by code', async () => {
      expect(await rpc('createwallet', ['one'])).toMatchObject({ name: 'one' })
      expect((await fault('createwallet', ['one'])).code).toBe(-4)
      expect(await fault('loadwallet', ['one'])).toEqual({
        code: -35,
        message: 'Wallet "one" is already loaded.',
      })
      expect((await rpc('listwallets')).sort()).toEqual(['miner', 'one'])
      expect((await fault('getbalance')).code).toBe(-19)
      await rpc('unloadwallet', ['one'])
      expect(await fault('getbalance', [], 'one')).toEqual({
        code: -18,
        message: 'Requested wallet does not exist or is not loaded',
      })
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
      expect(await fault('sendtoaddress', [fresh().address, 1], 'one')).toMatchObject({
        code: -6,
        message: 'Insufficient funds',
      })
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
        const { desc } = descriptors.find(
          (one: Told) => one.desc.startsWith(`${name}(`) && one.internal === false,
        )
        const [, xpub] = /\]([a-zA-Z0-9]+)\/0\/\*\)#.{8}$/.exec(desc)!
        const script = scriptFor(extendedKey(xpub!)!.derivePath('0/5').publicKey)
        const txid = await rpc('sendtoaddress', [addressOf(script, networks.regtest), 0.15], 'miner')
        const { vout } = await rpc('getrawtransaction', [txid, true])
        inputs.push({
          txid,
          script,
          units: 15_000_000n,
          vout: vout.findIndex((output: Told) => output.scriptPubKey.hex === hex(script)),
        })
      }
      expect(await rpc('getbalance', [], 'signer')).toBe(0)
      await mine()
      expect(await rpc('getbalance', [], 'signer')).toBe(0.3)
      expect((await rpc('listunspent', [], 'signer')).map(({ amount }: Told) => amount)).toEqual([0.15, 0.15])

      const psbt = new Psbt({ network: networks.regtest })
      for (const { txid, vout, script, units } of inputs) {
        psbt.addInput({
          hash: txid,
          index: vout,
          sequence: 0xfffffffd,
          witnessUtxo: { script, value: units },
        })
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
      expect(
        partly.data.inputs.map(
          ({ partialSig, tapKeySig }) => (partialSig?.length ?? 0) + (tapKeySig ? 1 : 0),
        ),
      ).toEqual([1, 1])

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
      const text = (key: BIP32Interface) =>
        `${name}([${hex(account.fingerprint)}/${purpose}h/1h/0h]${key.toBase58()}/0/*)`
      const { checksum, descriptor, hasprivatekeys } = await rpc('getdescriptorinfo', [text(root)])
      expect([descriptor.slice(0, -9), hasprivatekeys]).toEqual([text(root.neutered()), true])
      const held = `imported-${name}`
      await rpc('createwallet', [held, false, true])
      const request = {
        desc: `${text(root)}#${checksum}`,
        timestamp: 'now',
        range: [0, 50],
        active: false,
        internal: false,
      }
      expect(
        await rpc('importdescriptors', [[request, { ...request, desc: text(root) }]], held),
      ).toMatchObject([
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
