/** Letters about people: whoever has checker or admin is told what was done about another person, in the transaction that does it. */
import { newId } from '../base/id.ts'
import { isAddress } from '../base/mailAddress.ts'
import type { World } from '../base/world.ts'
import { encrypted, isUnreadable, remember, sql, type Sql, type Tx } from '../store/store.ts'
import type { UserRow } from './user.ts'

/**
 * `added`, `role` and `reset`: access was given. `locked` and `removed`: it was taken, and with it whoever could have approved what comes next.
 * `key`: something new signs in their name. `opened twice`: another browser came with an invitation.
 */
export type NoticeKind = 'added' | 'role' | 'reset' | 'locked' | 'removed' | 'key' | 'objected' | 'cleared' | 'opened twice'

export interface Notice {
  kind: NoticeKind
  about: UserRow
  /** Who did it, and who approved it. */
  by: string
  approvedBy?: string | undefined
  why?: string | undefined
}

/** People who came in, or who have a key file and need not: whoever of them has the role approves. */
export const whoActs: Sql = sql`(state = 'active' or (state = 'invited' and exists (
  select 1 from signing_keys k where k.user_id = users.id and k.retired_at is null)))`

/** Where a person is written to; undefined where nobody said. */
export const addressOf = ({ email, name }: Pick<UserRow, 'email' | 'name'>): string | undefined =>
  email === null ? (isAddress(name) ? name : undefined) : isUnreadable(email) ? undefined : email

/** Queues a letter to each checker and admin, and to the person it is about. Without SMTP_URL they stay queued, and the pages alone say it. */
export async function tellAbout(tx: Tx, world: World, { kind, about, by, approvedBy, why }: Notice): Promise<void> {
  const readers = await tx.all<UserRow>(sql`
    select * from users where store_id = 'sto_default' and ((${whoActs} and role in ('checker', 'admin')) or id = ${about.id}) order by id`)
  const detail = JSON.stringify({
    ...{ name: about.name, role: about.role, by },
    ...(approvedBy !== undefined && { approvedBy }),
    ...(why !== undefined && why !== '' && { why }),
  })
  const now = await tx.now()
  for (const reader of readers) {
    const address = addressOf(reader)
    if (address === undefined) continue
    const id = newId('mail', world)
    await tx.run(sql`
      insert into person_mails (id, store_id, address, language, kind, about, detail, state, next_at, added_at, changed_at)
      values (${id}, 'sto_default', ${encrypted('person_mails.address', address)}, ${reader.language}, ${kind}, ${about.id},
        ${encrypted('person_mails.detail', detail)}, 'queued', ${now}, ${now}, ${now})`)
    await remember(tx, 'person_mails', id, '', 'queued', { why: kind, ref: about.id }, now)
  }
}
