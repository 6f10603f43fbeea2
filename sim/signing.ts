/**
 * The bank's signing keys: ECDSA on secp256k1 over SHA-256, DER, base64, and high-S as often as not, as the
 * genuine ones are.
 */
import { createHash } from 'node:crypto'
import secp256k1 from 'secp256k1'
import type { Office } from './office.ts'

export interface Signer {
  /** Signs the exact bytes, with the newest key or with one the bank never had. */
  sign(bytes: Buffer, key?: 'own' | 'stranger'): string
  rotate(): void
  /** Newest first, as GET /v2/public-key lists them. */
  publicKeys(): { content: string; created: string }[]
}

// SubjectPublicKeyInfo of an uncompressed secp256k1 point (RFC 5480, OID 1.3.132.0.10), up to the point
// itself.
const spkiPrefix = Buffer.from('3056301006072a8648ce3d020106052b8104000a034200', 'hex')

export function makeSigner(office: Office): Signer {
  const fresh = () => {
    let secret = office.random.bytes(32)
    while (!secp256k1.privateKeyVerify(secret)) secret = office.random.bytes(32)
    return secret
  }
  const issue = () => {
    const secret = fresh()
    return { secret, content: publicPem(secret), created: office.stamp() }
  }
  const keys = [issue()]
  const stranger = fresh()

  return {
    rotate: () => void keys.unshift(issue()),
    publicKeys: () => keys.map(({ content, created }) => ({ content, created })),
    sign(bytes, key = 'own') {
      const hash = createHash('sha256').update(bytes).digest()
      // RFC 6979 makes the nonce from key and message, so the same seed gives the same signature.
      const { signature } = secp256k1.ecdsaSign(hash, key === 'own' ? keys[0]!.secret : stranger)
      // (r, n - s) is just as valid, and the library always gives the lower s of the two.
      if (office.random.next() < 0.5) signature.set(secp256k1.privateKeyNegate(signature.slice(32)), 32)
      return Buffer.from(secp256k1.signatureExport(signature)).toString('base64')
    },
  }
}

function publicPem(secret: Uint8Array): string {
  const der = Buffer.concat([spkiPrefix, secp256k1.publicKeyCreate(secret, false)]).toString('base64')
  return `-----BEGIN PUBLIC KEY-----\n${der.replace(/(.{64})/g, '$1\n')}\n-----END PUBLIC KEY-----`
}
