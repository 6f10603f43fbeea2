/**
 * What a passkey signs: WebAuthn assertions (W3C, Web Authentication Level 3, §7.2), proven with Node's own
 * crypto, when they come and at every payment after.
 */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { idOf } from './statement.ts'

/** As a browser hands it over, each part in base64url. */
export interface Assertion {
  authenticatorData: string
  clientDataJSON: string
  signature: string
}

/** Where a passkey belongs to: `rp` is the host's name, `origin` the address people come to. */
export interface Site {
  rp: string
  origin: string
}

const parts = ['authenticatorData', 'clientDataJSON', 'signature'] as const

export function readAssertion(text: string): Assertion | undefined {
  try {
    const read = JSON.parse(text) as Record<string, unknown>
    if (parts.some(part => typeof read[part] !== 'string' || !/^[\w-]{1,8192}$/.test(read[part])))
      return undefined
    return {
      authenticatorData: read['authenticatorData'],
      clientDataJSON: read['clientDataJSON'],
      signature: read['signature'],
    } as Assertion
  } catch {
    return undefined
  }
}

const bytes = (text: string) => Buffer.from(text, 'base64url')
const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest()

// Of the authenticator's data: 32 bytes that name the site, a byte of flags, four of the counter.
const [flagsAt, counterAt, shortest] = [32, 33, 37]
const [present, verified] = [0x01, 0x04]

/** How often the device has signed, by its own count; 0 where it does not count. */
export const counterOf = ({ authenticatorData }: Assertion): bigint =>
  BigInt(bytes(authenticatorData).readUInt32BE(counterAt))

/**
 * Why an assertion does not sign `text` for `rp`; undefined where it does: it is of this very statement and
 * site, its person was there and was verified by the device, and the signature is good. `origin` is asked
 * where it is known, when the assertion comes.
 */
export function assertionFault(
  publicKey: string,
  text: string,
  assertion: Assertion,
  { rp, origin }: { rp: string; origin?: string },
): string | undefined {
  try {
    const data = bytes(assertion.authenticatorData)
    const client = bytes(assertion.clientDataJSON)
    const said = JSON.parse(client.toString('utf8')) as {
      type?: unknown
      challenge?: unknown
      origin?: unknown
      crossOrigin?: unknown
    }
    if (said.type !== 'webauthn.get') return 'it is no assertion'
    if (said.challenge !== idOf(text)) return 'it is of another statement'
    if (typeof said.origin !== 'string' || said.crossOrigin === true || !isOfSite(said.origin, rp))
      return `it is of another site than ${rp}`
    if (origin !== undefined && said.origin !== origin)
      return `it is of ${said.origin.slice(0, 200)}, and people come to ${origin}`
    if (data.length < shortest || !data.subarray(0, flagsAt).equals(sha256(rp)))
      return `it is of another site than ${rp}`
    if ((data[flagsAt]! & present) === 0 || (data[flagsAt]! & verified) === 0)
      return 'the device did not verify its person'
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256'
    return verify(digest, Buffer.concat([data, sha256(client)]), key, bytes(assertion.signature))
      ? undefined
      : 'its signature is not good'
  } catch {
    return 'it cannot be read'
  }
}

function isOfSite(origin: string, rp: string): boolean {
  const host = URL.canParse(origin) ? new URL(origin).hostname : ''
  return host === rp || host.endsWith(`.${rp}`)
}
