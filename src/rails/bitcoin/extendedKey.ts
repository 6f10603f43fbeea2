/**
 * Extended public keys (BIP 32): read from base58, written back, and their children without the private key.
 */
import { hash } from 'node:crypto'
import bs58check from 'bs58check'
import { secp256k1 } from './libsecp256k1.ts'
import type { NetworkName } from '../chain.ts'
import { BadDestination } from './fault.ts'
import { type Network, networks, networksWhere } from './network.ts'

/** A step with this bit is hardened: only the private key can take it. */
export const hardened = 0x8000_0000

export interface ExtendedKey {
  /** What its letters say it is for: `plain` (xpub, tpub) or `segwit` (zpub, vpub). */
  use: 'plain' | 'segwit'
  /** Steps from the master key; 3 for an account (BIP 44). */
  depth: number
  parentFingerprint: Uint8Array
  /** The last step to it, with its `hardened` bit. */
  childNumber: number
  chainCode: Uint8Array
  /** Compressed, 33 bytes. */
  publicKey: Uint8Array
}

/** Reads an account key of `network`. Throws `BadInput` that says what is wrong and never repeats the key. */
export function readExtendedKey(text: string, network: NetworkName): ExtendedKey {
  const payload = /^[1-9A-HJ-NP-Za-km-z]{1,200}$/.test(text) ? bs58check.decodeUnsafe(text) : undefined
  if (!payload) {
    if (/^[a-z]pub/i.test(text))
      throw new BadDestination(
        { is: 'key' },
        `the extended key (${text.slice(0, 4)}…, ${text.length} characters) has a wrong base58 checksum: a character is missing or mistyped, so copy it again`,
      )
    throw new BadDestination(
      { is: 'key' },
      `expected an extended public key of ${network} (${lettersOf(network)}), got something else`,
    )
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const use = useOf(payload.length === 78 ? view.getUint32(0) : undefined, network)
  const publicKey = payload.slice(45)
  if (publicKey[0] === 0)
    throw new BadDestination(
      { is: 'key' },
      'the extended key holds a private key under the letters of a public one: give the public one',
    )
  if (!secp256k1.publicKeyVerify(publicKey))
    throw new BadDestination({ is: 'key' }, 'the extended key holds no point of the curve: it is not a key')
  const key = { depth: payload[4]!, parentFingerprint: payload.slice(5, 9), childNumber: view.getUint32(9) }
  if (key.depth === 0 && (key.childNumber !== 0 || key.parentFingerprint.some(byte => byte !== 0)))
    throw new BadDestination(
      { is: 'key' },
      'the extended key says it is a master key and names a parent: it was put together wrongly',
    )
  return { use, ...key, chainCode: payload.slice(13, 45), publicKey }
}

/** As xpub (or tpub), whatever its letters were: how descriptors write it. */
export function writeExtendedKey(key: ExtendedKey, network: NetworkName): string {
  const payload = new Uint8Array(78)
  const view = new DataView(payload.buffer)
  view.setUint32(0, networks[network].extendedKeys.plain.version)
  payload[4] = key.depth
  payload.set(key.parentFingerprint, 5)
  view.setUint32(9, key.childNumber)
  payload.set(key.chainCode, 13)
  payload.set(key.publicKey, 45)
  return bs58check.encode(payload)
}

/** A key made ready to answer for many children. The two blocks are scratch, reused from child to child. */
export interface Parent {
  /** Uncompressed, 65 bytes: adding to it spares a square root for every child. */
  point: Uint8Array
  inner: Uint8Array
  outer: Uint8Array
}

export function parentOf(publicKey: Uint8Array, chainCode: Uint8Array): Parent {
  const [inner, outer] = [
    new Uint8Array(128 + 37).fill(0x36, 0, 128),
    new Uint8Array(128 + 64).fill(0x5c, 0, 128),
  ]
  for (const [index, byte] of chainCode.entries()) {
    inner[index]! ^= byte
    outer[index]! ^= byte
  }
  inner.set(publicKey, 128)
  return { point: secp256k1.publicKeyConvert(publicKey, false), inner, outer }
}

/**
 * CKDpub of BIP 32: the child's public key, compressed. `index` below 2^31. Throws where there is none, one
 * in 2^127.
 */
export const childKey = (parent: Parent, index: number): Uint8Array =>
  secp256k1.publicKeyTweakAdd(parent.point, hmac(parent, index).subarray(0, 32))

/** The child with its own chain code, ready for children in its turn. */
export const childParent = (parent: Parent, index: number): Parent =>
  parentOf(childKey(parent, index), hmac(parent, index).subarray(32))

/** HMAC-SHA512 (RFC 2104) in its two hashes, for a Hmac object costs Node more than both together. */
function hmac({ inner, outer }: Parent, index: number): Uint8Array {
  new DataView(inner.buffer).setUint32(128 + 33, index)
  outer.set(hash('sha512', inner, 'buffer'), 128)
  return hash('sha512', outer, 'buffer')
}

function useOf(version: number | undefined, network: NetworkName): 'plain' | 'segwit' {
  const own = networks[network].extendedKeys
  if (version === own.plain.version) return 'plain'
  if (version === own.segwit.version) return 'segwit'
  const native = `give the account’s ${own.segwit.letters} (BIP 84), or a descriptor wpkh(…) or tr(…)`
  const known = version === undefined ? undefined : knownKey(version)
  if (!known) {
    if (version !== undefined && multisig.has(version))
      throw new BadDestination(
        { is: 'key' },
        `the key is a ${multisig.get(version)!}, an account of several signers, which is not supported: ${native}`,
      )
    throw new BadDestination(
      { is: 'key' },
      `expected an extended public key of ${network} (${lettersOf(network)}), and this is none`,
    )
  }
  if (known.network.coinType !== networks[network].coinType)
    throw new BadDestination(
      { is: 'key' },
      `the key is ${a(known.letters)}, of ${known.names}, and BITCOIN_NETWORK is ${network}: give the account’s ${lettersOf(network)}`,
    )
  throw new BadDestination(
    { is: 'key' },
    `the key is ${a(known.letters)}, for nested segwit (sh(wpkh)), which is not supported: ${native}`,
  )
}

/** SLIP 132's keys for accounts of several signers, whose letters differ only by being capitals. */
const multisig = new Map([
  [0x0295b43f, 'Ypub'],
  [0x02aa7ed3, 'Zpub'],
  [0x024289ef, 'Upub'],
  [0x02575483, 'Vpub'],
])

function knownKey(version: number): { letters: string; network: Network; names: string } | undefined {
  for (const network of Object.values(networks))
    for (const key of Object.values(network.extendedKeys))
      if (key.version === version)
        return {
          letters: key.letters,
          network,
          names: networksWhere(one => one.coinType === network.coinType),
        }
  return undefined
}

const lettersOf = (network: NetworkName): string => {
  const { plain, segwit } = networks[network].extendedKeys
  return `${plain.letters} or ${segwit.letters}`
}

// As it is said: an xpub, a ypub.
const a = (letters: string) => `${letters.startsWith('x') ? 'an' : 'a'} ${letters}`
