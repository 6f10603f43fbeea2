/**
 * Proves that bytes were signed by a key: strict about every byte of the signature, and fast, because the
 * receiver runs it first.
 */
import { createHash, createPublicKey, verify as nodeVerify, type KeyObject } from 'node:crypto'
import { createRequire } from 'node:module'
import { BadInput } from '../../base/answer.ts'

/** One public key, ready to verify with. `keyId` is short and stable, for the inbox and the log. */
export interface PublicKey {
  keyId: string
  pem: string
  /** Uncompressed point: 04, x, y. */
  point: Uint8Array
  node: KeyObject
}

/** Whether `signature` (r and s, 32 bytes each) over a SHA-256 digest's message was made by `key`. */
export type Prover = (raw: Uint8Array, signature: Uint8Array, key: PublicKey) => boolean

// SEC 2: the order of secp256k1's base point.
const order = Buffer.from('fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141', 'hex')
const halfOrder = Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex')
const zero = Buffer.alloc(32)
// Two integers of at most 33 bytes, each with a tag and a length, inside a sequence: 72 bytes, so every
// length is one byte.
const maxBytes = 72
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * Reads a Digital-Signature header: base64 of a DER ECDSA signature. Answers r and s as 64 bytes, or
 * undefined for anything but the one encoding a signature has. High s is kept: half of the bank's own
 * signatures have it.
 */
export function parseSignature(text: string): Uint8Array | undefined {
  if (text.length < 12 || text.length > (maxBytes / 3) * 4 || !base64.test(text)) return undefined
  const der = Buffer.from(text, 'base64')
  // The pattern lets unused trailing bits through (`QQ==` and `QR==` decode alike): only one of them
  // re-encodes to itself.
  return der.toString('base64') === text ? parseDer(der) : undefined
}

/** Strict DER (X.690 §10): minimal lengths, minimal positive integers, nothing after them, 1 <= r, s < n. */
export function parseDer(der: Uint8Array): Uint8Array | undefined {
  if (der.length < 8 || der.length > maxBytes || der[0] !== 0x30 || der[1] !== der.length - 2)
    return undefined
  const signature = new Uint8Array(64)
  const afterR = readInteger(der, 2, signature.subarray(0, 32))
  if (afterR === undefined) return undefined
  return readInteger(der, afterR, signature.subarray(32)) === der.length ? signature : undefined
}

/** Of a signature in DER: whether its s is the lower of the two that prove the same. */
export function isLowS(der: Uint8Array): boolean {
  const signature = parseDer(der)
  return signature !== undefined && Buffer.compare(signature.subarray(32), halfOrder) <= 0
}

/** Copies the integer at `from` into the end of `into`; answers the position after it. */
function readInteger(der: Uint8Array, from: number, into: Uint8Array): number | undefined {
  const length = der[from + 1]
  if (der[from] !== 0x02 || length === undefined || length < 1 || length > 33) return undefined
  const start = from + 2
  const end = start + length
  if (end > der.length || der[start]! >= 0x80) return undefined
  const padded = der[start] === 0
  if (padded && length > 1 && der[start + 1]! < 0x80) return undefined
  const digits = der.subarray(padded ? start + 1 : start, end)
  if (digits.length > 32) return undefined
  into.set(digits, 32 - digits.length)
  return Buffer.compare(into, zero) > 0 && Buffer.compare(into, order) < 0 ? end : undefined
}

/** Reads an SPKI PEM secp256k1 public key, its point compressed or not. Throws `BadInput` for any other. */
export function readPublicKey(pem: string): PublicKey {
  // Node would also take a certificate or a private key here, and derive the public one.
  if (!/^-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----$/.test(pem.trim()))
    throw notAKey()
  const node = parseKey(pem)
  if (node.asymmetricKeyType !== 'ec' || node.asymmetricKeyDetails?.namedCurve !== 'secp256k1')
    throw notAKey()
  const { x, y } = node.export({ format: 'jwk' })
  if (!x || !y) throw notAKey()
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  return { keyId: createHash('sha256').update(point).digest('hex').slice(0, 16), pem, point, node }
}

const notAKey = () => new BadInput('a public key must be a secp256k1 key in PEM (BEGIN PUBLIC KEY)')

function parseKey(pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch {
    throw notAKey()
  }
}

/** Node's own: slower, and always there. */
export const proveWithNode: Prover = (raw, signature, { node }) =>
  nodeVerify('sha256', raw, { key: node, dsaEncoding: 'ieee-p1363' }, signature)

type Native = Pick<typeof import('secp256k1'), 'ecdsaVerify' | 'signatureNormalize'>

/** libsecp256k1, about six times as fast; undefined where the package has no build for this machine. */
export const proveWithNative: Prover | undefined = (() => {
  const native = loadNative()
  if (!native) return undefined
  return (raw, signature, { point }) =>
    // The library calls high s false, so it is given the low twin, which proves the same.
    native.ecdsaVerify(
      native.signatureNormalize(signature.slice()),
      createHash('sha256').update(raw).digest(),
      point,
    )
})()

// The package's main file falls back to a slow JavaScript curve in silence; its native half is asked for by
// name instead.
function loadNative(): Native | undefined {
  try {
    return createRequire(import.meta.url)('secp256k1/bindings') as Native
  } catch {
    return undefined
  }
}

export const prove: Prover = proveWithNative ?? proveWithNode
export const provenBy = proveWithNative ? 'libsecp256k1' : 'OpenSSL'
