/**
 * Mails to people of the console about one another, payout accounts and limits, queued in the transaction
 * that does what they say.
 */
import { because } from '../base/reasons.ts'
import { createHash } from 'node:crypto'
import { newId } from '../base/id.ts'
import { isAddress } from '../base/mailAddress.ts'
import { plainName } from '../base/person.ts'
import type { World } from '../base/world.ts'
import { encrypted, isUnreadable, join, remember, sql, type Sql, type Tx } from '../db/db.ts'
import type { UserRow } from './row.ts'

/**
 * `added`, `role` and `reset`: access was given. `locked` and `removed`: it was taken, and with it whoever
 * could have approved what comes next. `key`: something new signs in their name. `opened twice`: another
 * browser came with an invitation.
 */
export type PersonNotice =
  | 'added'
  | 'role'
  | 'reset'
  | 'locked'
  | 'removed'
  | 'key'
  | 'objected'
  | 'cleared'
  | 'opened twice'

/** `account changed`: what its payee owes is kept back from its payouts, or no longer. */
export const accountNotices = [
  'account added',
  'account approved',
  'account changed',
  'account objected',
  'account cleared',
] as const
export type AccountNotice = (typeof accountNotices)[number]
export const limitNotices = ['limits lowered', 'limits set', 'limits objected', 'limits cleared'] as const
export type LimitNotice = (typeof limitNotices)[number]
export type NoticeKind = PersonNotice | AccountNotice | LimitNotice

export interface Notice {
  kind: PersonNotice
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

/**
 * Queues a mail to each checker and admin, and to the person it is about. Without SMTP_URL they stay queued,
 * and the pages alone say it.
 */
export async function tellAbout(
  tx: Tx,
  world: World,
  { kind, about, by, approvedBy, why }: Notice,
): Promise<void> {
  const readers = await tx.all<UserRow>(sql`
    select * from users where store_id = ${tx.store} and ((${whoActs} and role in ('checker', 'admin'))
      or id = ${about.id}) order by id`)
  const detail = { name: about.name, role: about.role, by, approvedBy, why }
  for (const reader of readers)
    await queue(tx, newId('mail', world), { reader, kind, about: about.id, detail })
}

/** What was done to a payout account, and by whom. */
export interface AccountNews {
  kind: AccountNotice
  account: { id: string; name: string; added_by: string }
  by: string
  approvedBy?: string | undefined
  why?: string | undefined
}

/**
 * Queues a mail to each checker and admin, to whoever added the account, and to whoever did it. Its record is
 * in the audit log already.
 */
export const tellOfAccount = (tx: Tx, { kind, account, by, approvedBy, why }: AccountNews): Promise<void> =>
  tellConcerned(tx, { kind, about: account.id, detail: { name: account.name, by, approvedBy, why } }, [
    account.added_by,
    by,
  ])

/** What was done to limits, and by whom. */
export interface LimitNews {
  kind: LimitNotice
  scope: { id: string; asset: string; account: string | null }
  by: string
  approvedBy?: string | undefined
  why?: string | undefined
  /** As the audit log has it: each limit, what it was, and from when it is higher. */
  change?: Readonly<Record<string, string>>
}

/** Queues a mail to each checker and admin, and to whoever did it. Its record is in the audit log already. */
export const tellOfLimits = (
  tx: Tx,
  { kind, scope, by, approvedBy, why, change }: LimitNews,
): Promise<void> => {
  const of = { asset: scope.asset, ...(scope.account !== null && { name: scope.account }) }
  return tellConcerned(tx, { kind, about: scope.id, detail: { ...change, ...of, by, approvedBy, why } }, [by])
}

async function tellConcerned(
  tx: Tx,
  mail: Omit<Queued, 'reader'>,
  concerned: readonly string[],
): Promise<void> {
  const readers = await tx.all<UserRow>(sql`
    select * from users where store_id = ${tx.store} and ${whoActs}
      and (role in ('checker', 'admin') or folded in (${join(concerned.map(plainName))})) order by id`)
  const now = await tx.now()
  const record = await tx.one<{ seq: bigint }>(
    sql`select max(seq) as seq from audit where subject = ${mail.about}`,
  )
  for (const reader of readers) {
    // By the record of what was done and not at random, for an approval is handed no source of that.
    const digest = createHash('sha256').update(`${mail.kind} ${record!.seq} ${reader.id}`).digest()
    const id = newId('mail', {
      clock: { now: () => Date.parse(now) },
      random: { bytes: count => digest.subarray(0, count) },
    })
    await queue(tx, id, { reader, ...mail })
  }
}

interface Queued {
  reader: UserRow
  kind: NoticeKind
  /** The id of a person or of an account, or what limits are of. */
  about: string
  detail: Readonly<Record<string, string | undefined>>
}

async function queue(tx: Tx, id: string, { reader, kind, about, detail }: Queued): Promise<void> {
  const address = addressOf(reader)
  if (address === undefined) return
  const now = await tx.now()
  const said = JSON.stringify({ ...detail, why: detail['why'] === '' ? undefined : detail['why'] })
  await tx.run(sql`
    insert into person_mails (id, store_id, address, language, kind, about, detail, state, next_at, added_at,
      changed_at)
    values (${id}, ${tx.store}, ${encrypted('person_mails.address', id, address)}, ${reader.language},
      ${kind}, ${about},
      ${encrypted('person_mails.detail', id, said)}, 'queued', ${now}, ${now}, ${now})`)
  await remember(
    tx,
    'person_mails',
    id,
    '',
    'queued',
    { why: because('notice-of', { kind }), ref: about },
    now,
  )
}
