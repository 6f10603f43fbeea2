/**
 * Requests to the bank are signed by OpenSSL. The SDK's own `Ecdsa.sign` computes in JavaScript integers,
 * whose time depends on the key, and reads the key from PEM for each request. The SDK lets nobody hand in a
 * signature, so this file, and no other, replaces that one function of `starkbank-ecdsa` and what a user
 * answers for its key.
 */
import { createPrivateKey, generateKeyPairSync, KeyObject, sign } from 'node:crypto'
import { createRequire } from 'node:module'
import { isLowS } from './verify.ts'

/** What the SDK asks of the user it is given (starkcore, utils/request.js). */
export interface SdkUser {
  pem: string
  privateKey(): unknown
  accessId(): string
}
/** What it does with a signature. */
interface SdkSignature {
  toBase64(): string
}

interface Ecdsa {
  sign(message: string, key: unknown): SdkSignature
}

/** As the SDK sends it: base64 of DER over SHA-256, with the lower of the two s. */
export function signRequest(message: string, key: KeyObject): string {
  // OpenSSL answers either s; a second nonce is simpler than a second encoder of DER, and half of all tries
  // are enough.
  for (;;) {
    const der = sign('sha256', Buffer.from(message), key)
    if (isLowS(der)) return der.toString('base64')
  }
}

/** A key in PEM, or what answers the one that signs now. */
export type PemSource = string | (() => string)

/**
 * `user`, who signs with the key in `pem` from now on. The SDK never holds it: what it was made with is a key
 * of nobody.
 */
export function signingUser<User extends SdkUser>(user: User, pem: PemSource): User {
  const source = typeof pem === 'string' ? () => pem : pem
  let text = source()
  let key = createPrivateKey(text)
  ecdsa.sign = signWithNode
  // The SDK asks at each request.
  const privateKey = () => {
    const now = source()
    if (now !== text) [text, key] = [now, createPrivateKey(now)]
    return key
  }
  return Object.assign(user, { privateKey })
}

/** The SDK wants a key when a user is made, and parses it with its own arithmetic. */
export const placeholderPem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    .privateKey.export({ type: 'sec1', format: 'pem' })
    .toString()

function signWithNode(message: string, key: unknown): SdkSignature {
  if (!(key instanceof KeyObject))
    throw new Error('a request to the bank is signed by a user of signingUser alone')
  const signature = signRequest(message, key)
  return { toBase64: () => signature }
}

// The very module that starkcore signs with, wherever npm put it.
const ofSdk = createRequire(createRequire(import.meta.url).resolve('starkbank'))
const { Ecdsa: ecdsa } = createRequire(ofSdk.resolve('starkcore'))('starkbank-ecdsa') as { Ecdsa: Ecdsa }
