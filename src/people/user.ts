/** Users: people who may sign in. A name is one person's for ever, for the audit log and the accounts speak of people by name. */
import { BadInput } from '../base/answer.ts'
import { newId } from '../base/id.ts'
import type { Machine, StateOf } from '../base/machine.ts'
import type { Instant, World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { move, remember, sql, type Reader, type Store, type Tx } from '../store/store.ts'
import { closeInvitations, invite } from './invite.ts'
import { roles, type Role } from './roles.ts'
import { revokeAll } from './session.ts'

export const userMachine = {
  invited: ['active', 'removed'],
  active: ['invited', 'locked', 'removed'],
  locked: ['active', 'invited', 'removed'],
  removed: [],
} as const satisfies Machine

export const languages = ['pt-BR', 'en'] as const
export type Language = (typeof languages)[number]

export type UserRow = {
  id: string
  store_id: string
  name: string
  folded: string
  role: Role
  language: Language
  state: StateOf<typeof userMachine>
  password: string | null
  totp_secret: string | null
  totp_step: bigint
  added_by: string
  added_at: Instant
  changed_at: Instant
}

/** Letters, digits, points, underscores, hyphens and one @: nothing two names could look alike by. */
export const isUserName = (text: string): boolean =>
  /^[a-z0-9][a-z0-9._-]{0,62}(@[a-z0-9.-]{1,63})?$/i.test(text) && !/^[a-z]{3}_[0-9a-z]{26}$/.test(text)

/** A name in other letters is the same name. */
export const folded = (name: string): string => name.normalize('NFKC').trim().toLowerCase()

export const findUser = (reader: Reader, name: string): Promise<UserRow | undefined> =>
  reader.one<UserRow>(sql`select * from users where store_id = 'sto_default' and (folded = ${folded(name)} or id = ${name})`)

/** Every person, the removed last, with when they were last seen. */
export const listUsers = (reader: Reader): Promise<(UserRow & { seen_at: Instant | null })[]> =>
  reader.all(sql`
    select users.*, (select max(seen_at) from sessions where user_id = users.id) as seen_at from users
    order by case when state = 'removed' then 1 else 0 end, folded`)

/** A person and the token of the link by which they set a password; it is told once and kept nowhere. */
export interface NewInvitation {
  user: UserRow
  token: string
  endsAt: Instant
}

/** Adds a person, who is invited until they have set a password and shown a code. Throws `BadInput` for a name that is taken or is none. */
export async function addUser(
  store: Store,
  world: World,
  { name, role, language }: { name: string; role: Role; language: Language },
  by: string,
): Promise<NewInvitation> {
  if (!isUserName(name))
    throw new BadInput(`"${name}" is not a name: up to 63 letters, digits, points, underscores and hyphens, e.g. ana or ana@example.com`)
  return store.tx(async tx => {
    const taken = await findUser(tx, name)
    if (taken)
      throw new BadInput(
        taken.state === 'removed'
          ? `"${name}" was the name of somebody who was removed, and the audit log still speaks of them by it: choose another name`
          : `"${name}" is taken: choose another name, or invite this person anew with "repasse user reset ${taken.name}"`,
      )
    const id = newId('user', world)
    const now = await tx.now()
    await tx.run(sql`
      insert into users (id, store_id, name, folded, role, language, state, added_by, added_at, changed_at)
      values (${id}, 'sto_default', ${name}, ${folded(name)}, ${role}, ${language}, 'invited', ${by}, ${now}, ${now})`)
    await remember(tx, 'users', id, '', 'invited', { why: `added by ${by}` }, now)
    const invitation = await invite(tx, world, id, by)
    await audit(tx, { actor: by, act: 'user added', subject: id, detail: { name, role } })
    return { user: (await findUser(tx, id))!, ...invitation }
  })
}

/** Another role, at once: the next request of any session is judged by it. */
export const changeRole = (store: Store, name: string, role: Role, by: string): Promise<UserRow> =>
  changed(store, name, async (tx, user) => {
    if (!roles.includes(role)) throw new BadInput(`"${String(role)}" is not one of ${roles.join(', ')}`)
    if (user.role === role) throw new BadInput(`${user.name} is ${role} already`)
    const now = await tx.now()
    await tx.run(sql`update users set role = ${role}, changed_at = ${now} where id = ${user.id}`)
    await audit(tx, { actor: by, act: 'role changed', subject: user.id, detail: { name: user.name, from: user.role, to: role } })
  })

export const changeLanguage = (store: Store, name: string, language: Language): Promise<UserRow> =>
  changed(store, name, async (tx, user) => {
    await tx.run(sql`update users set language = ${language} where id = ${user.id}`)
  })

/** Invites a person anew: password and authenticator are forgotten, every session ends. For a lost device, or an invitation that ran out. */
export async function resetUser(store: Store, world: World, name: string, by: string): Promise<NewInvitation> {
  let invitation: Omit<NewInvitation, 'user'> | undefined
  const user = await changed(store, name, async (tx, row) => {
    if (row.state === 'active' || row.state === 'locked') {
      const forgotten = [sql`password = null`, sql`totp_secret = null`]
      await move(tx, 'users', userMachine, row.id, row.state, 'invited', { why: `reset by ${by}` }, forgotten)
    }
    await revokeAll(tx, row.id, by)
    invitation = await invite(tx, world, row.id, by)
    await audit(tx, { actor: by, act: 'user reset', subject: row.id, detail: { name: row.name } })
  })
  return { user, ...invitation! }
}

/** Keeps a person out for now: nothing is forgotten, every session ends. */
export const lockUser = (store: Store, name: string, by: string): Promise<UserRow> =>
  changed(store, name, async (tx, user) => {
    if (user.state === 'locked') throw new BadInput(`${user.name} is locked already`)
    if (user.state !== 'active')
      throw new BadInput(`${user.name} has not signed in yet: remove them, with "repasse user remove ${user.name}"`)
    await move(tx, 'users', userMachine, user.id, 'active', 'locked', { why: `locked by ${by}` })
    await revokeAll(tx, user.id, by)
    await audit(tx, { actor: by, act: 'user locked', subject: user.id, detail: { name: user.name } })
  })

export const unlockUser = (store: Store, name: string, by: string): Promise<UserRow> =>
  changed(store, name, async (tx, user) => {
    if (user.state !== 'locked') throw new BadInput(`${user.name} is not locked, but ${user.state}`)
    await move(tx, 'users', userMachine, user.id, 'locked', 'active', { why: `unlocked by ${by}` })
    await audit(tx, { actor: by, act: 'user unlocked', subject: user.id, detail: { name: user.name } })
  })

/** Removes a person for good: sessions end, secrets are erased, the name stays taken. */
export const removeUser = (store: Store, name: string, by: string): Promise<UserRow> =>
  changed(store, name, async (tx, user) => {
    const erased = [sql`password = null`, sql`totp_secret = null`]
    await move(tx, 'users', userMachine, user.id, user.state, 'removed', { why: `removed by ${by}` }, erased)
    await revokeAll(tx, user.id, by)
    await closeInvitations(tx, user.id)
    await audit(tx, { actor: by, act: 'user removed', subject: user.id, detail: { name: user.name } })
  })

async function changed(store: Store, name: string, change: (tx: Tx, user: UserRow) => Promise<void>): Promise<UserRow> {
  return store.tx(async tx => {
    const user = await findUser(tx, name)
    if (!user) throw new BadInput(`there is no user "${name}": "repasse user list" shows them`)
    if (user.state === 'removed') throw new BadInput(`${user.name} was removed: add a person anew under another name`)
    await change(tx, user)
    return (await findUser(tx, user.id))!
  })
}
