/**
 * A wallet that holds its keys, for tests: made by the libraries the product does not derive with, and
 * signing as a person's would.
 */
import * as curve from '@bitcoinerlab/secp256k1'
import { Transaction as Scure } from '@scure/btc-signer'
import { BIP32Factory, type BIP32Interface } from 'bip32'
import { Psbt, toXOnly, crypto } from 'bitcoinjs-lib'
import type { Branch, NetworkName } from '../../src/rails/chain.ts'
import { checksumOf } from '../../src/rails/bitcoin/checksum.ts'
import { parseDescriptor, type Descriptor } from '../../src/rails/bitcoin/descriptor.ts'
import { networks } from '../../src/rails/bitcoin/network.ts'

const bip32 = BIP32Factory(curve)

export interface Wallet {
  account: Descriptor
  key(branch: Branch, index: number): BIP32Interface
  /** A branch with its private key, without a checksum: for a node's wallet that is to sign. */
  privateText(branch: Branch): string
  /**
   * Signs every input, or those named, by bitcoinjs-lib; PSBT in base64, and so the answer. Other hash types
   * than usual must be allowed.
   */
  sign(psbt: string, places?: number[], hashTypes?: number[]): string
}

export function wallet(kind: Descriptor['kind'], network: NetworkName, seed: number): Wallet {
  const { coinType } = networks[network]
  const master = bip32.fromSeed(crypto.sha256(Buffer.from(`wallet ${seed}`)), networks[network])
  const origin = `${kind === 'wpkh' ? 84 : 86}'/${coinType}'/0'`
  const root = master.derivePath(`m/${origin}`)
  const fingerprint = Buffer.from(master.fingerprint).toString('hex')
  const body = `${kind}([${fingerprint}/${origin}]${root.neutered().toBase58()}/<0;1>/*)`
  const account = parseDescriptor(`${body}#${checksumOf(body)}`, network)
  const key: Wallet['key'] = (branch, index) => root.derive(branch === 'receive' ? 0 : 1).derive(index)
  return {
    account,
    key,
    privateText: branch =>
      `${kind}([${fingerprint}/${origin}]${root.toBase58()}/${branch === 'receive' ? 0 : 1}/*)`,
    sign(text, places, hashTypes) {
      const psbt = Psbt.fromBase64(text)
      for (const [place, input] of psbt.data.inputs.entries()) {
        if (places && !places.includes(place)) continue
        const { path } = (input.bip32Derivation ?? input.tapBip32Derivation)![0]!
        const [branch, index] = path.split('/').slice(-2).map(Number) as [number, number]
        const one = key(branch === 0 ? 'receive' : 'change', index)
        psbt.signInput(
          place,
          kind === 'wpkh' ? one : one.tweak(crypto.taggedHash('TapTweak', toXOnly(one.publicKey))),
          hashTypes,
        )
      }
      return psbt.toBase64()
    },
  }
}

/** The same by @scure/btc-signer, finished: the raw transaction in hex. */
export function signByScure({ key }: Wallet, text: string): string {
  const psbt = Scure.fromPSBT(Buffer.from(text, 'base64'))
  for (let place = 0; place < psbt.inputsLength; place++) {
    const { bip32Derivation, tapBip32Derivation } = psbt.getInput(place)
    const path = (bip32Derivation?.[0]?.[1] ?? tapBip32Derivation![0]![1].der).path
    psbt.signIdx(key(path.at(-2) === 0 ? 'receive' : 'change', path.at(-1)!).privateKey!, place)
  }
  psbt.finalize()
  return psbt.hex
}
