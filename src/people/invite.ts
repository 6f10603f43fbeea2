/** Invitations being made and withdrawn: a link that works once, in one browser, for a day. */
import { later, type Instant, type World } from '../base/world.ts'
import { sql, type Tx } from '../db/db.ts'
import { digestOf, newToken } from './token.ts'

const validMs = 24 * 3_600_000

/**
 * A new invitation for a user, in place of any older one. Whoever makes it could follow it, and so is behind
 * that person from then on.
 */
export async function invite(
  tx: Tx,
  world: World,
  userId: string,
  by: string,
): Promise<{ token: string; endsAt: Instant }> {
  await closeInvitations(tx, userId)
  const token = newToken(world)
  const now = await tx.now()
  const endsAt = later(now, validMs)
  await tx.run(sql`
    insert into invitations (token_hash, user_id, totp_secret, added_by, added_at, ends_at)
    values (${digestOf(token)}, ${userId}, '', ${by}, ${now}, ${endsAt})`)
  await tx.run(sql`update users set given_by = ${by} where id = ${userId}`)
  return { token, endsAt }
}

/** A closed invitation keeps no secret. */
export async function closeInvitations(tx: Tx, userId: string): Promise<void> {
  await tx.run(
    sql`update invitations set closed_at = ${await tx.now()}, totp_secret = '' where user_id = ${userId}
      and closed_at is null`,
  )
}
