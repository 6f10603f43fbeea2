/**
 * Verifies Schnorr signatures (BIP 340) over libsecp256k1, whose binding for Node has the curve but not this.
 */
import { crypto } from 'bitcoinjs-lib'
import { secp256k1 } from './libsecp256k1.ts'

/** `signature` 64 bytes, `message` and the x-only `key` 32. What is not of that shape does not verify. */
export function verifySchnorr(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  if (signature.length !== 64 || message.length !== 32 || key.length !== 32) return false
  const [r, s] = [signature.subarray(0, 32), signature.subarray(32)]
  const point = Buffer.concat([even, key])
  // Nought and what is not below the curve's order have no point, and are refused here with those beyond it.
  if (!secp256k1.privateKeyVerify(s) || !secp256k1.publicKeyVerify(point)) return false
  const challenge = crypto.taggedHash('BIP0340/challenge', Buffer.concat([r, key, message]))
  const e = BigInt(`0x${Buffer.from(challenge).toString('hex')}`) % order
  if (e === 0n) return false
  const minusE = Buffer.from((order - e).toString(16).padStart(64, '0'), 'hex')
  try {
    // R = s·G − e·P must have r for its x, and an even y.
    const found = secp256k1.publicKeyCombine([
      secp256k1.publicKeyCreate(s),
      secp256k1.publicKeyTweakMul(point, minusE),
    ])
    return Buffer.compare(found, Buffer.concat([even, r])) === 0
  } catch {
    // The sum is no point: R is infinite.
    return false
  }
}

/** How a compressed key with an even y begins. */
const even = Buffer.of(2)

/** Of the curve's group (SEC 2, secp256k1). */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
