/** Stating: an approval becomes a statement that is kept, with how it was proven, and is named by the audit record of its act. */
import { BadInput } from '../base/answer.ts'
import { sql, type Reader, type Tx } from '../store/store.ts'
import { canonical, digest, type Content } from './canonical.ts'
import { findKey, type KeyKind } from './keys.ts'
import { idOf, textOf } from './statement.ts'

export type ProofKind = 'said' | 'code' | KeyKind

/** How somebody shows that it is they who approve: see docs/decisions/0015. */
export type Proof = { is: 'said' | 'code' } | { is: 'key'; keyId: string; sign(text: string): string }

export const said: Proof = { is: 'said' }

export interface Approving {
  act: string
  subject: string
  content: Content
  by: string
}

/** What the audit record of an approval says of its statement. */
export type Stated = { statement: string; proof: ProofKind; key?: string }

const genesis = '0'.repeat(64)

/** What tells this installation from every other. */
export async function installationOf(reader: Reader): Promise<string> {
  return (await reader.one<{ hash: string }>(sql`select hash from audit order by seq limit 1`))?.hash ?? genesis
}

/** Keeps the statement of an approval. The audit record of the act has to bear what is answered, in the same transaction. */
export async function state(tx: Tx, { act, subject, content, by }: Approving, proof: Proof): Promise<Stated> {
  const now = await tx.now()
  const written = canonical(content)
  const statement = { act, subject, digest: digest(written), by, at: now, installation: await installationOf(tx), store: 'sto_default' }
  const text = textOf(statement)
  const id = idOf(text)
  const key = proof.is === 'key' ? await findKey(tx, proof.keyId) : undefined
  if (proof.is === 'key' && (!key || key.retired_at !== null)) throw new BadInput(`key ${proof.keyId} is not registered, or was retired`)
  const signature = proof.is === 'key' ? proof.sign(text) : null
  await tx.run(sql`
    insert into statements (id, store_id, act, subject, person, text, content, proof, key_id, signature, added_at)
    values (${id}, 'sto_default', ${act}, ${subject}, ${by}, ${text}, ${written}, ${proof.is}, ${key?.id ?? null}, ${signature}, ${now})
    on conflict (id) do nothing`)
  return { statement: id, proof: proof.is, ...(key && { key: key.id }) }
}
