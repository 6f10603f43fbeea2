/** A device that signs as authenticators do, in this process: its key, and what it answers to a statement. */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'
import { idOf, type Assertion } from '../../src/approvals/approvals.ts'

export interface Device {
  /** SubjectPublicKeyInfo in base64. */
  publicKey: string
  sign(text: string, more?: Partial<Answer>): Assertion
  /** What a browser answers when the device is registered for a session with this challenge. */
  register(challenge: string, more?: Partial<Answer>): string
}

interface Answer {
  rp: string
  origin: string
  type: string
  challenge: string
  /** 1: its person was there; 4: it verified them. */
  flags: number
  counter: number
  /** Asked for within a page of another site. */
  crossOrigin: boolean
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

/** A public key as devices write it: its kind, its algorithm, and its numbers. */
function coseOf(algorithm: Algorithm, publicKey: KeyObject): Uint8Array {
  const { x, y, n, e } = publicKey.export({ format: 'jwk' })
  const number = (text: string | undefined) => new Uint8Array(Buffer.from(text!, 'base64url'))
  const parts: Record<Algorithm, () => [number, number | Uint8Array][]> = {
    ES256: () => [
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, number(x)],
      [-3, number(y)],
    ],
    RS256: () => [
      [1, 3],
      [3, -257],
      [-1, number(n)],
      [-2, number(e)],
    ],
    EdDSA: () => [
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, number(x)],
    ],
  }
  return isoCBOR.encode(new Map(parts[algorithm]()))
}

const usual = {
  rp: 'pay.example.com',
  origin: 'https://pay.example.com',
  flags: 5,
  counter: 1,
  crossOrigin: false,
}

/** The authenticator's data, and the client's. */
function answerOf(
  { rp, origin, type, challenge, flags, counter, crossOrigin }: Answer,
  registered = Buffer.alloc(0),
) {
  const client = Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin }))
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  return { client, data: Buffer.concat([sha256(rp), Buffer.from([flags]), count, registered]) }
}

export function device(algorithm: Algorithm = 'ES256'): Device {
  const { privateKey, publicKey } = pairOf(algorithm)
  const id = randomBytes(16)
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    sign(text, more = {}) {
      const { client, data } = answerOf({ ...usual, type: 'webauthn.get', challenge: idOf(text), ...more })
      const signature = sign(
        algorithm === 'EdDSA' ? null : 'sha256',
        Buffer.concat([data, sha256(client)]),
        privateKey,
      )
      return { authenticatorData: b64(data), clientDataJSON: b64(client), signature: b64(signature) }
    },
    register(challenge, more = {}) {
      const registered = Buffer.concat([
        Buffer.alloc(16),
        Buffer.from([0, id.length]),
        id,
        coseOf(algorithm, publicKey),
      ])
      // 64: the device's data hold its new key.
      const { client, data } = answerOf(
        { ...usual, type: 'webauthn.create', challenge, flags: 64 + 5, ...more },
        registered,
      )
      const made = new Map<string, unknown>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', new Uint8Array(data)],
      ])
      const attestationObject = b64(isoCBOR.encode(made as never))
      const response = { clientDataJSON: b64(client), attestationObject }
      return JSON.stringify({
        id: b64(id),
        rawId: b64(id),
        type: 'public-key',
        response,
        clientExtensionResults: {},
      })
    },
  }
}
