/**
 * The bank's public keys as they are kept: by where they came from, with since when one is no longer
 * published and who retired it.
 */
import { instant, millis, type Instant, type World } from '../../base/world.ts'
import { audit } from '../../ledger/ledger.ts'
import { join, sql, type Reader, type Db } from '../../db/db.ts'

export interface BankKey {
  pem: string
  missingSince: number | undefined
  isRetired: boolean
}

type Row = { pem: string; missing_since: Instant | null; retired_at: Instant | null }

/**
 * `origin`: the environment, or the address of a simulated bank, which signs with another key. Newest first.
 */
export async function bankKeys(reader: Reader, origin: string): Promise<BankKey[]> {
  const rows = await reader.all<Row>(sql`
    select pem, missing_since, retired_at from bank_keys where environment = ${origin}
      order by first_seen_at desc, key_id`)
  return rows.map(({ pem, missing_since: since, retired_at: retired }) => ({
    pem,
    missingSince: since === null ? undefined : millis(since),
    isRetired: retired !== null,
  }))
}

/**
 * Keeps what the bank publishes now. One that is missing keeps the time it was first missing; one that is
 * back is as good as ever.
 */
export async function keepPublished(
  db: Db,
  origin: string,
  pems: readonly string[],
  { clock }: Pick<World, 'clock'>,
): Promise<void> {
  const now = instant(clock.now())
  await db.tx(async tx => {
    for (const pem of pems) {
      const keyId = Buffer.from(pem).toString('base64url').slice(-40)
      await tx.run(sql`
        insert into bank_keys (environment, key_id, pem, first_seen_at)
          values (${origin}, ${keyId}, ${pem}, ${now}) on conflict do nothing`)
    }
    await tx.run(sql`
      update bank_keys set missing_since = null, retired_at = null
      where environment = ${origin} and pem in (${join(pems)}) and (missing_since is not null
        or retired_at is not null)`)
    await tx.run(sql`
      update bank_keys set missing_since = ${now}
      where environment = ${origin} and pem not in (${join(pems)}) and missing_since is null`)
  })
}

/** Retires a key at once, for running processes within a minute; not one that the bank still publishes. */
export async function retireBankKey(
  db: Db,
  origin: string,
  { pem, keyId, isPublished, by }: { pem: string; keyId: string; isPublished: boolean; by: string },
): Promise<'retired' | 'already' | 'published'> {
  if (isPublished) return 'published'
  return db.tx(async tx => {
    const now = await tx.now()
    const retired = await tx.run(sql`
      update bank_keys set retired_at = ${now}, missing_since = coalesce(missing_since, ${now})
      where environment = ${origin} and pem = ${pem} and retired_at is null`)
    if (retired === 0) return 'already'
    await audit(tx, { actor: by, act: 'bank key retired', subject: keyId, detail: { origin } })
    return 'retired'
  })
}
