/**
 * After a restore: whoever was kept out since the backup is in it as they were then, so nothing in it lets
 * anybody in at once.
 */
import { sql, type Tx } from '../db/db.ts'

/** Sessions and invitations of the backup are good no more: any of them may have been ended since. */
export async function endAllSessions(tx: Tx): Promise<void> {
  const now = await tx.now()
  await tx.run(
    sql`update sessions set revoked_at = ${now}, revoked_by = 'a restore' where revoked_at is null`,
  )
  await tx.run(sql`update invitations set closed_at = ${now}, totp_secret = '' where closed_at is null`)
}
