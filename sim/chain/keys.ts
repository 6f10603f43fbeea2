/**
 * Keys, scripts and addresses of the simulated node. Signing is deterministic, so the same seed gives the
 * same bytes.
 */
import { createHmac } from 'node:crypto'
import * as curve from '@bitcoinerlab/secp256k1'
import { BIP32Factory, type BIP32Interface } from 'bip32'
import { address, crypto, initEccLib, networks, payments, toXOnly, type Network } from 'bitcoinjs-lib'
import native from 'secp256k1'
import type { ChainName } from './settings.ts'

export type { BIP32Interface, Network }

const orNull = <T>(attempt: () => T): T | null => {
  try {
    return attempt()
  } catch {
    return null
  }
}

// The native library where it counts; a point at infinity, which it throws for, is null to the others.
const fast = {
  ...curve,
  pointFromScalar: (scalar: Uint8Array, short = true) => orNull(() => native.publicKeyCreate(scalar, short)),
  pointAddScalar: (point: Uint8Array, tweak: Uint8Array, short = true) =>
    orNull(() => native.publicKeyTweakAdd(point, tweak, short)),
  sign: (hash: Uint8Array, key: Uint8Array, extra?: Uint8Array) =>
    native.ecdsaSign(hash, key, extra ? { data: extra } : undefined).signature,
  verify: (hash: Uint8Array, key: Uint8Array, signature: Uint8Array) =>
    orNull(() => native.ecdsaVerify(signature, hash, key)) ?? false,
  // BIP 340 does without extra randomness; the library would draw some.
  signSchnorr: (hash: Uint8Array, key: Uint8Array, extra = new Uint8Array(32)) =>
    curve.signSchnorr(hash, key, extra),
}
initEccLib(fast)
const bip32 = BIP32Factory(fast)

export const { verify: verifyEcdsa, verifySchnorr } = fast

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
export const concat = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))
/** Hashes are shown backwards. */
export const shown = (hash: Uint8Array): string => hex(Uint8Array.from(hash).reverse())
export const unshown = (hash: string): Uint8Array => bytes(hash).reverse()

export const networkOf: Record<ChainName, Network> = {
  main: networks.bitcoin,
  testnet4: networks.testnet,
  signet: networks.testnet,
  regtest: networks.regtest,
}

export const masterKey = (seed: Uint8Array, network: Network): BIP32Interface => bip32.fromSeed(seed, network)

/** An xpub or xprv of one of the networks known here; undefined for anything else. */
export const extendedKey = (text: string): BIP32Interface | undefined =>
  [networks.regtest, networks.bitcoin]
    .map(network => orNull(() => bip32.fromBase58(text, network)))
    .find(key => key !== null) ?? undefined

/**
 * The public key of an unhardened child (BIP 32), without the child's own object: a scan asks for thousands.
 */
export function publicChild({ publicKey, chainCode }: BIP32Interface, index: number): Uint8Array {
  const place = Buffer.alloc(4)
  place.writeUInt32BE(index)
  const mixed = createHmac('sha512', chainCode).update(publicKey).update(place).digest()
  return native.publicKeyTweakAdd(publicKey, Uint8Array.from(mixed.subarray(0, 32)), true)
}

export const wpkh = (publicKey: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(0, 20), crypto.hash160(publicKey))
/** BIP 86: no script path. */
export function tr(publicKey: Uint8Array): Uint8Array {
  const inner = toXOnly(publicKey)
  const outer = native.publicKeyTweakAdd(
    concat(Uint8Array.of(2), inner),
    crypto.taggedHash('TapTweak', inner),
    true,
  )
  return concat(Uint8Array.of(0x51, 32), toXOnly(outer))
}
export const pkh = (publicKey: Uint8Array): Uint8Array => payments.p2pkh({ pubkey: publicKey }).output!
export const shOf = (script: Uint8Array): Uint8Array => payments.p2sh({ redeem: { output: script } }).output!

/** The key that signs for the BIP 86 output of `key`: no script path. */
export const taprootSigner = (key: BIP32Interface) =>
  key.tweak(crypto.taggedHash('TapTweak', toXOnly(key.publicKey)))

export const scriptOf = (text: string, network: Network): Uint8Array | undefined =>
  orNull(() => address.toOutputScript(text, network)) ?? undefined
export const addressOf = (script: Uint8Array, network: Network): string | undefined =>
  orNull(() => address.fromOutputScript(script, network)) ?? undefined
