/**
 * Codes that change every 30 seconds (RFC 6238 over RFC 4226: SHA-1, six digits), as every authenticator app
 * makes them.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Millis, World } from '../base/world.ts'
import { isUnreadable } from '../db/db.ts'

const stepMs = 30_000
/** A code of the step before or after is taken too: clocks differ, and people type slowly. */
const window = 1

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** A new secret: 160 bits, which is what RFC 4226 recommends, in base 32 as apps want it. */
export const newSecret = ({ random }: Pick<World, 'random'>): string => toBase32(random.bytes(20))

/** The code of `secret` (base 32) for one time step. */
export function codeAt(secret: string, step: number, digits = 6): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const offset = mac[mac.length - 1]! & 0x0f
  return ((mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits).toString().padStart(digits, '0')
}

export const stepAt = (now: Millis): number => Math.floor(now / stepMs)

/**
 * The step `code` belongs to, if it is one of now and later than `lastStep`, the last one a code was taken
 * for; blanks are no matter. None fits a secret that cannot be decrypted.
 */
export function matchingStep(
  secret: string,
  code: string,
  now: Millis,
  lastStep: number,
): number | undefined {
  if (isUnreadable(secret)) return undefined
  const typed = Buffer.from(code.replace(/\s/g, ''))
  const present = stepAt(now)
  let found: number | undefined
  for (let step = present - window; step <= present + window; step++) {
    const right = Buffer.from(codeAt(secret, step))
    const same = typed.length === right.length && timingSafeEqual(typed, right)
    if (same && step > lastStep) found ??= step
  }
  return found
}

/** What the QR code says to an authenticator app (Key URI Format of Google Authenticator). */
export function otpauthUri(secret: string, name: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(name)}`
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=6&period=30`
}

/** `ABCD EFGH …`: a secret as a person types it. */
export const groups = (secret: string): string => secret.replace(/.{4}(?=.)/g, '$& ')

/** RFC 4648 without padding. */
export function toBase32(bytes: Uint8Array): string {
  let bits = 0
  let held = 0
  let text = ''
  for (const byte of bytes) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >>> (bits - 5)) & 31]!
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31]!
}

export function fromBase32(text: string): Uint8Array {
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const letter of text.toUpperCase()) {
    const value = alphabet.indexOf(letter)
    if (value < 0) throw new Error('this is not base 32')
    held = (held << 5) | value
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >>> bits) & 0xff)
    held &= (1 << bits) - 1
  }
  return Uint8Array.from(bytes)
}
