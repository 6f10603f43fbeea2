/**
 * The keys that people sign with. What counts is the audit log, which says whose a key is and since when; the
 * rows hold the keys themselves.
 */
import { sameName } from '../base/person.ts'
import type { Instant } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { sql, type Reader, type Tx } from '../db/db.ts'
import { fingerprint } from './signature.ts'

/** `key`: a file of its person; `passkey`: a device's. */
export type KeyKind = 'key' | 'passkey'

export type KeyRow = {
  /** The fingerprint of the public key. */
  id: string
  user_id: string
  kind: KeyKind
  public_key: string
  label: string
  /** Of a passkey: its credential's id, and how often it has signed by its own count. */
  credential_id: string | null
  counter: bigint
  added_at: Instant
  retired_at: Instant | null
}

export const keysOf = (reader: Reader, userId: string): Promise<KeyRow[]> =>
  reader.all<KeyRow>(
    sql`select * from signing_keys where store_id = ${reader.store} and user_id = ${userId}
      order by added_at, id`,
  )

export const findKey = (reader: Reader, id: string): Promise<KeyRow | undefined> =>
  reader.one<KeyRow>(sql`select * from signing_keys where id = ${id}`)

export interface NewKey {
  user: { id: string; name: string }
  kind: KeyKind
  /** SubjectPublicKeyInfo in base64. */
  publicKey: string
  label: string
  /** How it was proven that this is the person: `said`, `code`, or the kind of an older key. */
  proof: string
  /** Of a passkey; `rp` is the name of the host that it belongs to. */
  credentialId?: string
  counter?: bigint
  rp?: string
  /** Before it, it signs nothing: whoever knows better can say so in time. */
  signsFrom?: Instant | undefined
}

/** Registers a key to a person. Answers its fingerprint, or undefined where it is registered already. */
export async function registerKey(
  tx: Tx,
  { user, kind, publicKey, label, proof, credentialId, counter = 0n, rp, signsFrom }: NewKey,
  by: string,
): Promise<string | undefined> {
  const id = fingerprint(publicKey)
  if (await findKey(tx, id)) return undefined
  const now = await tx.now()
  await tx.run(sql`
    insert into signing_keys (id, store_id, user_id, kind, public_key, label, credential_id, counter,
      added_at)
    values (${id}, ${tx.store}, ${user.id}, ${kind}, ${publicKey}, ${label}, ${credentialId ?? null},
      ${counter}, ${now})`)
  await audit(tx, {
    actor: by,
    act: 'key registered',
    subject: user.id,
    detail: {
      name: user.name,
      key: id,
      kind,
      label,
      proof,
      ...(rp !== undefined && { rp }),
      ...(signsFrom !== undefined && { signsFrom }),
    },
  })
  return id
}

/**
 * From now on it signs nothing more; what it has signed stays signed. Answers false where it was retired
 * already.
 */
export async function retireKey(
  tx: Tx,
  { id, user_id: userId }: Pick<KeyRow, 'id' | 'user_id'>,
  by: string,
  why: string,
): Promise<boolean> {
  const now = await tx.now()
  const retired = await tx.run(sql`
    update signing_keys set retired_at = ${now} where id = ${id} and store_id = ${tx.store}
      and retired_at is null`)
  if (retired > 0)
    await audit(tx, { actor: by, act: 'key retired', subject: userId, detail: { key: id, why } })
  return retired > 0
}

/**
 * Why a key was not this person's to sign with when record `seq` of the audit log was written; undefined
 * where it was.
 */
export async function notTheirs(
  reader: Reader,
  key: KeyRow,
  by: string,
  seq: bigint,
): Promise<string | undefined> {
  if (fingerprint(key.public_key) !== key.id) return `key ${key.id} is not the one that was registered`
  const acts = await reader.all<{ act: string; detail: string }>(sql`
    select act, detail from audit where subject = ${key.user_id} and act in ('key registered', 'key retired')
      and seq < ${seq} order by seq`)
  const ofIt = acts
    .map(({ act, detail }) => ({
      act,
      ...(JSON.parse(detail) as { key: string; name?: string; kind?: string; signsFrom?: string }),
    }))
    .filter(each => each.key === key.id)
  const registered = ofIt.find(({ act }) => act === 'key registered')
  if (!registered || !sameName(registered.name ?? '', by) || registered.kind !== key.kind)
    return `key ${key.id} was not registered to ${by}`
  if (registered.signsFrom !== undefined) {
    const record = await reader.one<{ at: Instant }>(sql`select at from audit where seq = ${seq}`)
    if ((record?.at ?? '') < registered.signsFrom)
      return `key ${key.id} was registered too lately to sign then`
  }
  return ofIt.some(({ act }) => act === 'key retired') ? `key ${key.id} was retired before` : undefined
}

/** Whether a key was retired, whatever its row says. */
export async function wasRetired(
  reader: Reader,
  { id, user_id: userId }: Pick<KeyRow, 'id' | 'user_id'>,
): Promise<boolean> {
  const acts = await reader.all<{ detail: string }>(
    sql`select detail from audit where subject = ${userId} and act = 'key retired'`,
  )
  return acts.some(({ detail }) => (JSON.parse(detail) as { key: string }).key === id)
}

/** From when the keys of a person sign, by their ids, where that was set when they were registered. */
export async function signsFrom(reader: Reader, userId: string): Promise<Map<string, Instant>> {
  const acts = await reader.all<{ detail: string }>(
    sql`select detail from audit where subject = ${userId} and act = 'key registered' order by seq`,
  )
  const said = acts.map(({ detail }) => JSON.parse(detail) as { key: string; signsFrom?: Instant })
  return new Map(said.flatMap(({ key, signsFrom: from }) => (from === undefined ? [] : [[key, from]])))
}

/** The host that a passkey belongs to, as it was registered. */
export async function siteOf(reader: Reader, key: KeyRow): Promise<string> {
  const acts = await reader.all<{ detail: string }>(sql`
    select detail from audit where subject = ${key.user_id} and act = 'key registered' order by seq`)
  const found = acts
    .map(({ detail }) => JSON.parse(detail) as { key: string; rp?: string })
    .find(each => each.key === key.id)
  return found?.rp ?? ''
}

/** The key of a passkey's credential. */
export const findCredential = (
  reader: Reader,
  userId: string,
  credentialId: string,
): Promise<KeyRow | undefined> =>
  reader.one<KeyRow>(sql`
    select * from signing_keys where store_id = ${reader.store} and user_id = ${userId} and kind = 'passkey'
      and credential_id = ${credentialId}`)
