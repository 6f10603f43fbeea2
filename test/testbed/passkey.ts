/** A device that signs as authenticators do, in this process: its key, and what it answers to a statement. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { idOf, type Assertion } from '../../src/approvals/approvals.ts'

export interface Device {
  /** SubjectPublicKeyInfo in base64. */
  publicKey: string
  sign(text: string, more?: Partial<Answer>): Assertion
}

interface Answer {
  rp: string
  origin: string
  type: string
  challenge: string
  /** 1: its person was there; 4: it verified them. */
  flags: number
  counter: number
}

const b64 = (data: Uint8Array) => Buffer.from(data).toString('base64url')
const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest()

/** As COSE names them (RFC 9053). */
export type Algorithm = 'ES256' | 'RS256' | 'EdDSA'

const pairOf = (algorithm: Algorithm) =>
  algorithm === 'ES256'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
      : generateKeyPairSync('ed25519')

export function device(algorithm: Algorithm = 'ES256'): Device {
  const { privateKey, publicKey } = pairOf(algorithm)
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    sign(text, more = {}) {
      const usual = {
        rp: 'pay.example.com',
        origin: 'https://pay.example.com',
        type: 'webauthn.get',
        challenge: idOf(text),
        flags: 5,
        counter: 1,
      }
      const { rp, origin, type, challenge, flags, counter } = { ...usual, ...more }
      const client = Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
      const count = Buffer.alloc(4)
      count.writeUInt32BE(counter)
      const data = Buffer.concat([sha256(rp), Buffer.from([flags]), count])
      const signature = sign(algorithm === 'EdDSA' ? null : 'sha256', Buffer.concat([data, sha256(client)]), privateKey)
      return { authenticatorData: b64(data), clientDataJSON: b64(client), signature: b64(signature) }
    },
  }
}
