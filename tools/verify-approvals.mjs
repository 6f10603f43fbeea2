// The approvals in an exported audit log, for verify-audit.mjs beside it: each has its statement, to the letter, signed by a key that the log itself
// registered to that person before and had not retired (docs/decisions/0015). "audit statements" exports what was stated and the public keys.
import { createHash, createPublicKey, verify } from 'node:crypto'

const genesis = '0'.repeat(64)
const sha256 = (text, as = 'base64url') => createHash('sha256').update(text).digest(as)
const bytes = (text, as = 'base64url') => Buffer.from(text ?? '', as)
const folded = name => name?.normalize('NFKC').replaceAll(/\s+/g, ' ').trim().toLowerCase()

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `records`: of a chain that holds. `rows`: what "audit statements" wrote. Says each fault to `wrong`, and how the others were proven. */
export function approvals(records, rows, wrong) {
  const known = new Map(rows.map(row => [row?.id ?? row?.key, row]))
  const [held, proofs] = [new Map(), new Map()]
  for (const record of records) {
    const detail = parsed(record.detail) ?? {}
    if (record.act === 'key registered') held.set(detail.key, { ...detail, userId: record.subject })
    if (record.act === 'key retired' && held.get(detail.key)?.userId === record.subject)
      held.delete(detail.key)
    if (detail.statement === undefined) continue
    const fault = faultOf(
      record,
      detail,
      known,
      held.get(detail.key),
      record.seq === '1' ? genesis : records[0].hash,
    )
    if (fault) wrong(`record ${record.seq}, "${record.act}" by ${record.actor}: ${fault}`)
    else proofs.set(detail.proof, (proofs.get(detail.proof) ?? 0) + 1)
  }
  console.log(
    `approvals: ${[...proofs].map(([proof, count]) => `${count} by ${proof}`).join(', ') || 'none'}`,
  )
}

function faultOf(record, detail, known, holder, installation) {
  const row = known.get(detail.statement)
  const said = parsed(row?.text)
  if (!said || sha256(row.text) !== detail.statement)
    return 'its statement is missing, or is not the one that was made'
  const isIts =
    said.format === 'repasse approval 1' && said.subject === record.subject && said.by === record.actor
  if (!isIts || said.installation !== installation || said.at > record.at)
    return 'its statement is of another act, person or installation'
  if (sha256(row.content) !== said.digest) return 'its content is not what was stated'
  if (row.proof !== detail.proof || (row.key ?? undefined) !== detail.key)
    return 'how it was proven is not what was recorded'
  if (detail.proof === 'said' || detail.proof === 'code') return undefined
  if (!holder || holder.kind !== detail.proof || folded(holder.name) !== folded(record.actor))
    return `key ${detail.key} was not theirs then`
  const spki = bytes(known.get(detail.key)?.publicKey, 'base64')
  if (sha256(spki) !== detail.key)
    return `key ${detail.key} is missing, or is not the one that was registered`
  try {
    return isSigned(row, createPublicKey({ key: spki, format: 'der', type: 'spki' }), holder)
      ? undefined
      : 'its signature is not good'
  } catch {
    return 'its signature cannot be read'
  }
}

/** Ed25519 of the text; or a WebAuthn assertion (Level 3, §7.2) with ES256, RS256 or EdDSA: of this statement and site, its person verified by the device. */
function isSigned({ id, text, signature }, key, { kind, rp }) {
  if (kind === 'key')
    return key.asymmetricKeyType === 'ed25519' && verify(null, Buffer.from(text), key, bytes(signature))
  const assertion = parsed(signature)
  const [data, client] = [bytes(assertion.authenticatorData), bytes(assertion.clientDataJSON)]
  const { type, challenge, origin, crossOrigin } = parsed(client.toString('utf8'))
  const { hostname } = new URL(origin)
  const isOfSite = (hostname === rp || hostname.endsWith(`.${rp}`)) && crossOrigin !== true
  if (type !== 'webauthn.get' || challenge !== id || !isOfSite) return false
  // 32 bytes that name the site, then flags: somebody was there (1), and was verified (4).
  if (data.length < 37 || !data.subarray(0, 32).equals(bytes(sha256(rp))) || (data[32] & 5) !== 5)
    return false
  const message = Buffer.concat([data, bytes(sha256(client))])
  return verify(
    key.asymmetricKeyType === 'ed25519' ? null : 'sha256',
    message,
    key,
    bytes(assertion.signature),
  )
}
