/**
 * Our signatures against the SDK's own: the same bytes but for the nonce, and each side verifies the other's.
 */
import { createPrivateKey, generateKeyPairSync, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { placeholderPem, signingUser, signRequest } from './sign.ts'
import { isLowS, parseSignature, prove, readPublicKey } from './verify.ts'

interface SdkCurve {
  Ecdsa: {
    sign(message: string, key: unknown): { toBase64(): string }
    verify(message: string, signature: unknown, key: unknown): boolean
  }
  PrivateKey: { fromPem(pem: string): { publicKey(): unknown } }
  Signature: { fromBase64(text: string): { toBase64(): string } }
}

const path = createRequire(import.meta.url)
const sdk = path('starkbank-ecdsa') as SdkCurve
// Taken before anything here replaces it.
const signOfSdk = sdk.Ecdsa.sign

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
const pem = privateKey.export({ type: 'sec1', format: 'pem' }).toString()
const ours = readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString())
const messages = Array.from(
  { length: 50 },
  (_, index) => `project/1:${1_700_000_000 + index}:{"name":"João ${index}"}`,
)

test('the SDK verifies what we sign, byte for byte what it would have written of the same numbers [security A14]', () => {
  const theirs = sdk.PrivateKey.fromPem(pem)
  for (const message of messages) {
    const text = signRequest(message, createPrivateKey(pem))
    const read = sdk.Signature.fromBase64(text)
    expect(read.toBase64()).toBe(text)
    expect(sdk.Ecdsa.verify(message, read, theirs.publicKey())).toBe(true)
    expect(isLowS(Buffer.from(text, 'base64'))).toBe(true)
  }
})

test('what the SDK signed itself is proven by the same verifiers', () => {
  const theirs = sdk.PrivateKey.fromPem(pem)
  for (const message of messages.slice(0, 5)) {
    const text = signOfSdk(message, theirs).toBase64()
    expect(prove(Buffer.from(message), parseSignature(text)!, ours)).toBe(true)
    expect(isLowS(Buffer.from(text, 'base64'))).toBe(true)
  }
})

test('the SDK’s own arithmetic signs nothing, and its user never holds our key [security A14]', () => {
  const user = signingUser(
    { pem: placeholderPem(), privateKey: () => undefined, accessId: () => 'project/1' },
    pem,
  )
  expect(user.pem).not.toBe(pem)
  const text = sdk.Ecdsa.sign('a message', user.privateKey()).toBase64()
  expect(verify('sha256', Buffer.from('a message'), publicKey, Buffer.from(text, 'base64'))).toBe(true)
  expect(() => sdk.Ecdsa.sign('a message', sdk.PrivateKey.fromPem(pem))).toThrow(/signingUser/)
})
