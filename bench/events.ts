/** Signed events as the bank sends them: about 1.4 kB each, all distinct, half of them with a high s. */
import { createHash, createPublicKey } from 'node:crypto'
import { createRequire } from 'node:module'

const native = createRequire(import.meta.url)('secp256k1') as typeof import('secp256k1')

// SubjectPublicKeyInfo of an uncompressed secp256k1 point, up to the point itself (RFC 5480).
const spkiPrefix = Buffer.from('3056301006072a8648ce3d020106052b8104000a034200', 'hex')

/** The same key in every process of a run: nothing but the bench ever trusts it. */
const secret = createHash('sha256').update('the bench’s own signing key').digest()
export const workspaceId = '6010044957065216'
export const publicKeyPem = createPublicKey({
  key: Buffer.concat([spkiPrefix, native.publicKeyCreate(secret, false)]),
  format: 'der',
  type: 'spki',
}).export({ type: 'spki', format: 'pem' }) as string

export interface SignedEvent {
  body: Buffer
  signature: string
}

/** Event number `index`: an invoice's `credited`, by default. Ids scatter as the bank's do. */
export function makeEvent(
  index: number,
  invoice: { id: string; tag: string; units: number } = strangers(index),
): SignedEvent {
  const at = '2026-11-21T03:00:00.123456+00:00'
  const link = `https://bench.sandbox.starkbank.com/invoicelink/${createHash('md5').update(invoice.id).digest('hex')}`
  const body = Buffer.from(
    JSON.stringify({
      event: {
        created: at,
        id: scatter(index),
        log: {
          created: at,
          errors: [],
          id: scatter(index + 500_000_000),
          invoice: {
            amount: invoice.units,
            brcode: `00020101021226890014br.gov.bcb.pix2567brcode-h.sandbox.starkinfra.com/v2/${link.slice(-32)}5204000053039865802BR5925Repasse Bench6009Sao Paulo62070503***6304ABCD`,
            created: at,
            descriptions: [{ key: 'Batch', value: 'trial' }],
            discountAmount: 0,
            discounts: [],
            displayDescription: '',
            due: '2026-11-23T03:00:00.000000+00:00',
            expiration: 5097600,
            fee: 50,
            fine: 2.0,
            fineAmount: 0,
            id: invoice.id,
            interest: 1.0,
            interestAmount: 0,
            link,
            name: 'Maria Aparecida dos Santos',
            nominalAmount: invoice.units,
            pdf: `${link}.pdf`,
            rules: [],
            splits: [],
            status: 'paid',
            tags: [invoice.tag, 'slo_01kb0000000000000000000000', 'e20018183202611210300abcdef12345'],
            taxId: '012.345.678-90',
            transactionIds: [scatter(index + 1_000_000_000)],
            updated: at,
          },
          type: 'credited',
        },
        subscription: 'invoice',
        workspaceId,
      },
    }),
  )
  const { signature } = native.ecdsaSign(createHash('sha256').update(body).digest(), secret)
  // (r, n - s) is just as valid, and the bank sends it as often.
  if (index % 2 === 1) signature.set(native.privateKeyNegate(signature.slice(32)), 32)
  return { body, signature: Buffer.from(native.signatureExport(signature)).toString('base64') }
}

const strangers = (index: number) => ({
  id: scatter(index + 2_000_000_000),
  tag: 'inv_01kb0000000000000000000000',
  units: 12_345,
})

/**
 * A different 16-digit id for every number, in no order: multiplication by an odd number modulo a power of
 * two repeats nothing.
 */
export const scatter = (index: number): string =>
  String(4_000_000_000_000_000n + ((BigInt(index) * 2_862_933_555_777n) & ((1n << 51n) - 1n)))
