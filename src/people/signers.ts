/**
 * Who can prove what they approve or prepare: people who came in, and so have an authenticator, or who have a
 * key that counts.
 */
import { sql, type Reader } from '../db/db.ts'
import { whoActs } from './notices.ts'
import type { Role } from './roles.ts'

/** How many of a role, without those somebody objects to. */
export async function countSigners(reader: Reader, role: Role): Promise<number> {
  const row = await reader.one<{ count: bigint }>(sql`
    select count(*) as count from users where store_id = ${reader.store} and role = ${role} and ${whoActs}
      and id not in (select user_id from objections where cleared_at is null)`)
  return Number(row!.count)
}
