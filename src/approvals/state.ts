/**
 * Stating: an approval becomes a statement that is kept, with how it was proven, and is named by the audit
 * record of its act.
 */
import { BadInput } from '../base/answer.ts'
import { millis, type Instant } from '../base/world.ts'
import { sql, type Reader, type Tx } from '../db/db.ts'
import { canonical, digest, type Content } from './canonical.ts'
import { findKey, signsFrom, wasRetired, type KeyKind } from './keys.ts'
import { idOf, readStatement, textOf } from './statement.ts'

export type ProofKind = 'said' | 'code' | KeyKind

/** How somebody shows that it is they who approve: see docs/decisions/0015. */
export type Proof =
  | { is: 'said' | 'code' }
  | { is: 'key'; keyId: string; sign(text: string): string }
  /**
   * `text` is what was shown and signed, `signature` the assertion as it is kept: both were proven when they
   * came.
   */
  | { is: 'passkey'; keyId: string; text: string; signature: string; counter: bigint }

export const said: Proof = { is: 'said' }

/**
 * Why a signature was not taken, for a page to say in its own words; the message is what commands say.
 * `from`: when a new key signs.
 */
export class SignatureRefused extends BadInput {
  readonly code: 'stale' | 'copied' | 'retired' | 'new'
  readonly from: Instant | undefined
  constructor(code: SignatureRefused['code'], message: string, from?: Instant) {
    super(message)
    this.code = code
    this.from = from
  }
}

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
  return (
    (await reader.one<{ hash: string }>(sql`select hash from audit order by seq limit 1`))?.hash ?? genesis
  )
}

/**
 * Keeps the statement of an approval. The audit record of the act has to bear what is answered, in the same
 * transaction.
 */
export async function state(tx: Tx, { act, subject, content, by }: Approving, proof: Proof): Promise<Stated> {
  const now = await tx.now()
  const written = canonical(content)
  const text =
    proof.is === 'passkey'
      ? await shown(tx, { act, subject, content, by }, proof.text)
      : await prepare(tx, { act, subject, content, by })
  const id = idOf(text)
  const isSigned = proof.is === 'key' || proof.is === 'passkey'
  const key = isSigned ? await findKey(tx, proof.keyId) : undefined
  if (isSigned && (!key || key.retired_at !== null || (await wasRetired(tx, key))))
    throw new SignatureRefused('retired', `key ${proof.keyId} is not registered, or was retired`)
  const from = key && (await signsFrom(tx, key.user_id)).get(key.id)
  if (from !== undefined && now < from)
    throw new SignatureRefused(
      'new',
      `key ${key!.id} was registered lately, and signs from ${from} on (COOLING_OFF)`,
      from,
    )
  if (proof.is === 'passkey') await count(tx, proof)
  const signature = proof.is === 'key' ? proof.sign(text) : proof.is === 'passkey' ? proof.signature : null
  await tx.run(sql`
    insert into statements (id, store_id, act, subject, person, text, content, proof, key_id, signature,
      added_at)
    values (${id}, ${tx.store}, ${act}, ${subject}, ${by}, ${text}, ${written}, ${proof.is},
      ${key?.id ?? null}, ${signature}, ${now})
    on conflict (id) do nothing`)
  return { statement: id, proof: proof.is, ...(key && { key: key.id }) }
}

/** The text of a statement as of now: to be signed at once, or to be shown and signed within ten minutes. */
export async function prepare(
  tx: Pick<Tx, 'store' | 'one' | 'all' | 'now'>,
  { act, subject, content, by }: Approving,
): Promise<string> {
  const at = await tx.now()
  return textOf({
    act,
    subject,
    digest: digest(canonical(content)),
    by,
    at,
    installation: await installationOf(tx),
    store: tx.store,
  })
}

const longestMs = 10 * 60_000
const staleText = 'what was signed is not what is approved now: look at the page again'

/**
 * What was signed in a browser is what is approved here, and was shown just now. Throws `BadInput` where it
 * is not.
 */
async function shown(tx: Tx, { act, subject, content, by }: Approving, text: string): Promise<string> {
  const statement = readStatement(text)
  const age = statement ? millis(await tx.now()) - millis(statement.at) : NaN
  if (!(age >= 0 && age <= longestMs)) throw new SignatureRefused('stale', staleText)
  const now = {
    act,
    subject,
    digest: digest(canonical(content)),
    by,
    at: statement!.at,
    installation: await installationOf(tx),
    store: tx.store,
  }
  if (textOf(now) !== text) throw new SignatureRefused('stale', staleText)
  return text
}

/** A device that counts has to count on: one that does not was copied. Throws `BadInput` then. */
async function count(tx: Tx, { keyId, counter }: { keyId: string; counter: bigint }): Promise<void> {
  const counted = await tx.run(sql`
    update signing_keys set counter = ${counter} where id = ${keyId} and store_id = ${tx.store}
      and (counter < ${counter} or (counter = 0 and ${counter} = 0))`)
  if (counted === 0)
    throw new SignatureRefused(
      'copied',
      `passkey ${keyId} has not counted on since it signed last: it may have been copied, so retire it`,
    )
}
