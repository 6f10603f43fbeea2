/**
 * Signatures under statements, proven with Node's own crypto: Ed25519 of the text, or WebAuthn over its
 * digest.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { digest } from './canonical.ts'

/** Of a public key: SHA-256 of its SubjectPublicKeyInfo, in base64url. */
export const fingerprint = (spki: string): string => digest(Buffer.from(spki, 'base64'))

const spkiOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'der' }).toString('base64')

export interface KeyPair {
  /** PKCS #8, for a file. */
  pem: string
  /** SubjectPublicKeyInfo in base64. */
  publicKey: string
}

export function newKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, publicKey: spkiOf(publicKey) }
}

export interface Signer {
  publicKey: string
  /** In base64url. */
  sign(text: string): string
}

/** Reads a key file's content; undefined where it holds no Ed25519 private key. */
export function readSigner(pem: string): Signer | undefined {
  const key = privateKeyIn(pem)
  if (key?.asymmetricKeyType !== 'ed25519') return undefined
  return {
    publicKey: spkiOf(createPublicKey(key)),
    sign: text => sign(null, Buffer.from(text), key).toString('base64url'),
  }
}

function privateKeyIn(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem)
  } catch {
    return undefined
  }
}

/** Whether `signature` is by the key file of `publicKey`, of `text`. */
export function isSignedByFile(publicKey: string, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    return (
      key.asymmetricKeyType === 'ed25519' &&
      verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64url'))
    )
  } catch {
    return false
  }
}
