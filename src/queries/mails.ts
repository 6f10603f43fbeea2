/** Mails that wait, and whether those with anchors of the audit log arrive. */
import type { Instant } from '../base/world.ts'
import { sql, type Reader } from '../db/db.ts'

/** Mails to buyers and to people that are not sent yet, and since when the oldest waits. */
export async function waitingMails(reader: Reader): Promise<{ count: bigint; since: Instant | null }> {
  return (await reader.one<{ count: bigint; since: Instant | null }>(sql`
    select count(*) as count, min(added_at) as since from (
      select added_at from mails where state = 'queued' union all select added_at from person_mails
        where state = 'queued') as waiting`))!
}

/** When the first mail with an anchor to this address was queued, and when the newest that was sent. */
export async function anchorMailsTo(
  reader: Reader,
  address: string,
): Promise<{ first: Instant | null; sent: Instant | null }> {
  return (await reader.one<{ first: Instant | null; sent: Instant | null }>(sql`
    select min(added_at) as first, max(case when state = 'sent' then added_at end) as sent
    from anchor_mails where store_id = ${reader.store} and address = ${address}`))!
}
