/**
 * The curve for bitcoinjs-lib, over libsecp256k1: importing this file is what makes its taproot parts work.
 */
import { initEccLib } from 'bitcoinjs-lib'
import { hasLibrary, secp256k1 } from './libsecp256k1.ts'

/**
 * A point by its x alone, with even y (BIP 340), moved by `tweak` times the generator; null where that is no
 * point (BIP 341).
 */
export function xOnlyPointAddTweak(
  point: Uint8Array,
  tweak: Uint8Array,
): { parity: 0 | 1; xOnlyPubkey: Uint8Array } | null {
  try {
    const moved = secp256k1.publicKeyTweakAdd(even(point), tweak)
    return { parity: moved[0] === 3 ? 1 : 0, xOnlyPubkey: moved.subarray(1) }
  } catch {
    return null
  }
}

/** Whether 32 bytes are the x of a point on the curve (BIP 340's lift_x succeeds). */
export const isXOnlyPoint = (point: Uint8Array): boolean =>
  point.length === 32 && secp256k1.publicKeyVerify(even(point))

function even(point: Uint8Array): Uint8Array {
  const key = new Uint8Array(33)
  key[0] = 2
  key.set(point, 1)
  return key
}

// bitcoinjs-lib proves what it is given by its own vectors, once, before it takes it.
if (hasLibrary) initEccLib({ isXOnlyPoint, xOnlyPointAddTweak })
