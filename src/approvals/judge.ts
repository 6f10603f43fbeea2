/**
 * Judging: whether what an audited act approved was proven, and is still what it was. Asked whenever money is
 * ordered, and of all of them by `ledger check`.
 */
import { sql, type Reader } from '../db/db.ts'
import { digest, type Content } from './canonical.ts'
import { findKey, notTheirs, siteOf, type KeyRow } from './keys.ts'
import { assertionFault, readAssertion } from './passkey.ts'
import { isSignedByFile } from './signature.ts'
import { installationOf, type ProofKind, type Stated } from './state.ts'
import { idOf, isOf, readStatement } from './statement.ts'

export type StatementRow = {
  id: string
  act: string
  subject: string
  person: string
  text: string
  content: string
  proof: ProofKind
  key_id: string | null
  signature: string | null
  added_at: string
}

/** A record of the audit log that bears what `state` answered. */
export interface Approved {
  seq: bigint
  actor: string
  subject: string
  detail: string
}

/**
 * `changed`: what was approved is not what there is, or its statement is not what was stated: `why` names the
 * row.
 */
export type Judged = { is: 'approved'; proof: ProofKind } | { is: 'changed'; why: string }

export const findStatement = (reader: Reader, id: string): Promise<StatementRow | undefined> =>
  reader.one<StatementRow>(sql`select * from statements where id = ${id}`)

/**
 * Judges the approval in `record` against what there is now. Approvals from before statements were only said.
 */
export async function judgeApproval(
  reader: Reader,
  record: Approved,
  act: string,
  content: Content,
): Promise<Judged> {
  const { statement: id, proof, key: keyId } = JSON.parse(record.detail) as Partial<Stated>
  if (id === undefined || proof === undefined) return { is: 'approved', proof: 'said' }
  const changed = (what: string): Judged => ({
    is: 'changed',
    why: `statement ${id} by ${record.actor}: ${what}`,
  })

  const row = await findStatement(reader, id)
  if (!row) return changed('it is missing')
  const statement = readStatement(row.text)
  if (!statement || idOf(row.text) !== id) return changed('its text is not what was stated')
  if (digest(row.content) !== statement.digest) return changed('its content is not what was stated')
  const isIts =
    statement.act === act &&
    statement.subject === record.subject &&
    statement.by === record.actor &&
    statement.installation === (await installationOf(reader))
  if (!isIts || row.act !== act || row.subject !== record.subject || row.person !== record.actor)
    return changed('it is of another act')
  if (row.proof !== proof || (row.key_id ?? undefined) !== keyId)
    return changed('how it was proven is not what was recorded')
  if (!isOf(statement, content)) return changed('what it approved is not what is there now')
  if (proof === 'said' || proof === 'code') return { is: 'approved', proof }

  const key = await findKey(reader, keyId ?? '')
  if (!key) return changed(`key ${keyId ?? ''} is missing`)
  const foreign = await notTheirs(reader, key, record.actor, record.seq)
  if (foreign !== undefined) return changed(foreign)
  if (proof !== key.kind) return changed('its key is of another kind')
  const fault = proof === 'key' ? fileFault(key, row) : passkeyFault(key, row, await siteOf(reader, key))
  if (fault !== undefined) return changed(fault)
  return { is: 'approved', proof }
}

const fileFault = (key: KeyRow, { text, signature }: StatementRow): string | undefined =>
  isSignedByFile(key.public_key, text, signature ?? '') ? undefined : 'its signature is not good'

function passkeyFault(key: KeyRow, { text, signature }: StatementRow, rp: string): string | undefined {
  const assertion = readAssertion(signature ?? '')
  return assertion ? assertionFault(key.public_key, text, assertion, { rp }) : 'its signature cannot be read'
}
