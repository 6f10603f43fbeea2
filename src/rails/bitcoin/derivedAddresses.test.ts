/** Ten thousand addresses, each derived here and by libraries that share no code with us. */
import ecc from '@bitcoinerlab/secp256k1'
import { p2tr, p2wpkh } from '@scure/btc-signer'
import { BIP32Factory } from 'bip32'
import { payments } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Branch, NetworkName } from '../chain.ts'
import { addressOf, parseAddress } from './address.ts'
import { checksumOf } from './checksum.ts'
import { derive, parseDescriptor } from './descriptor.ts'
import { networks } from './network.ts'

const bip32 = BIP32Factory(ecc)
const [accounts, keysEach] = [20, 250]

test(
  'addresses agree with bip32 and @scure/btc-signer in ten thousand random cases, and with bitcoinjs-lib',
  { timeout: 300_000 },
  () => {
    let cases = 0
    const account = fc.record({
      seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      number: fc.nat(2 ** 31 - 1),
      network: fc.constantFrom<NetworkName>('mainnet', 'testnet4', 'signet', 'regtest'),
      branch: fc.constantFrom<Branch>('receive', 'change'),
      indices: fc.array(fc.nat(2 ** 31 - 1), { minLength: keysEach, maxLength: keysEach }),
    })
    fc.assert(
      fc.property(account, ({ seed, number, network, branch, indices }) => {
        const settings = networks[network]
        const node = bip32
          .fromSeed(seed, settings)
          .derivePath(`m/84'/${settings.coinType}'/${number}'`)
          .neutered()
        const [wpkh, tr] = (['wpkh', 'tr'] as const).map(kind => {
          const body = `${kind}(${node.toBase58()})`
          return parseDescriptor(`${body}#${checksumOf(body)}`, network)
        })
        const above = node.derive(branch === 'receive' ? 0 : 1)
        for (const [at, index] of indices.entries()) {
          const { publicKey } = above.derive(index)
          const [segwit, taproot] = [derive(wpkh!, branch, index), derive(tr!, branch, index)]
          expect([segwit.publicKey, taproot.publicKey]).toEqual(
            [publicKey, publicKey].map(bytes => Uint8Array.from(bytes)),
          )
          const judges = [p2wpkh(publicKey, settings), p2tr(publicKey.slice(1), undefined, settings)] as const
          expect([segwit.address, taproot.address]).toEqual(judges.map(({ address }) => address))
          expect([segwit.script, taproot.script]).toEqual(judges.map(({ script }) => script))
          for (const { address, script } of [segwit, taproot]) {
            expect(parseAddress(address, network)).toEqual({ address, script })
            expect(addressOf(script, network)).toBe(address)
            cases++
          }
          if (at % 10 > 0) continue
          expect(segwit.address).toBe(payments.p2wpkh({ pubkey: publicKey, network: settings }).address)
          expect(taproot.address).toBe(
            payments.p2tr({ internalPubkey: publicKey.slice(1), network: settings }).address,
          )
        }
      }),
      { seed: 86, numRuns: accounts, endOnFailure: true },
    )
    expect(cases).toBe(10_000)
  },
)
