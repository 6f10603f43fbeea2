/**
 * Users: people who may sign in. A name is one person's for ever, for the audit log and the accounts speak of
 * people by name.
 */
import { because } from '../base/reasons.ts'
import { newId } from '../base/id.ts'
import { mailboxOf } from '../base/mailAddress.ts'
import { looksLike, samePerson } from '../base/person.ts'
import { later, type Instant, type World } from '../base/world.ts'
import { keysOf, retireKey } from '../approvals/approvals.ts'
import { audit } from '../ledger/ledger.ts'
import { encrypted, remember, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { answering, refuse, type PeopleRefusal } from './refusals.ts'
import { closeInvitations, invite } from './invite.ts'
import { tellAbout } from './notices.ts'
import { needsTwo, roles, type Role } from './roles.ts'
import { revokeAll } from './session.ts'
import { type Language, type UserRow, users } from './row.ts'

/** Letters, digits, points, underscores, hyphens and one @: nothing two names could look alike by. */
export const isUserName = (text: string): boolean =>
  /^[a-z0-9][a-z0-9._-]{0,62}(@[a-z0-9.-]{1,63})?$/i.test(text) && !/^[a-z]{3}_[0-9a-z]{26}$/.test(text)

/** A name in other letters is the same name. */
export const folded = (name: string): string => name.normalize('NFKC').trim().toLowerCase()

export const findUser = (reader: Reader, name: string): Promise<UserRow | undefined> =>
  reader.one<UserRow>(
    sql`select * from users where store_id = ${reader.store} and (folded = ${folded(name)} or id = ${name})`,
  )

/**
 * A person, removed or not, whose name is another and reads like this one: `PauI`, with a capital i, and
 * `Paul`.
 */
export async function findAlike(reader: Reader, name: string): Promise<Pick<UserRow, 'name'> | undefined> {
  const known = await reader.all<Pick<UserRow, 'name' | 'folded'>>(
    sql`select name, folded from users where store_id = ${reader.store} order by folded`,
  )
  return known.find(each => each.folded !== folded(name) && looksLike(each.name, name))
}

/** Every person, the removed last, with when they were last seen. */
export const listUsers = (
  reader: Reader,
): Promise<(UserRow & { seen_at: Instant | null; objected_by: string | null })[]> =>
  reader.all(sql`
    select users.*, (select max(seen_at) from sessions where user_id = users.id) as seen_at,
      (select min(made_by) from objections where user_id = users.id and cleared_at is null) as objected_by
        from users where store_id = ${reader.store}
    order by case when state = 'removed' then 1 else 0 end, folded`)

/** A person and the token of the link by which they set a password; it is told once and kept nowhere. */
export interface NewInvitation {
  user: UserRow
  token: string
  endsAt: Instant
}

export interface NewUser {
  name: string
  role: Role
  language: Language
  /** Where they are written to. */
  email?: string | undefined
}

export type UserChanged = { is: 'done'; user: UserRow } | PeopleRefusal

/** Refuses a name that is taken, is none, or reads like another person's, and another's mailbox. */
export async function assertFree(
  tx: Tx,
  { name, email = name }: Pick<NewUser, 'name' | 'email'>,
): Promise<void> {
  if (!isUserName(name)) refuse({ is: 'user-name-wrong', name })
  const there = await findUser(tx, name)
  if (there) refuse({ is: 'user-name-taken', name, of: there.name, isRemoved: there.state === 'removed' })
  const alike = await findAlike(tx, name)
  if (alike) refuse({ is: 'user-name-alike', name, of: alike.name })
  if (email.includes('@')) await assertMailboxFree(tx, email)
}

/**
 * Whose mailbox an address is already: whoever reads it gets the links, and the warnings, of both. Somebody
 * without an address is written to where their name is one.
 */
export async function mailboxTaken(
  reader: Reader,
  email: string,
  except?: string,
): Promise<Pick<UserRow, 'name'> | undefined> {
  const people = (await mailboxes(reader)).filter(({ id }) => id !== except)
  return people.find(({ mailbox }) => mailbox === mailboxOf(email))
}

/** Everybody who is not removed and has one. */
async function mailboxes(reader: Reader): Promise<{ id: string; name: string; mailbox: string }[]> {
  const people = await reader.all<Pick<UserRow, 'id' | 'name' | 'email'>>(sql`
    select id, name, email from users where store_id = ${reader.store} and state <> 'removed'
      order by folded`)
  return people.flatMap(({ id, name, email }) => {
    const address = email ?? name
    return address.includes('@') ? [{ id, name, mailbox: mailboxOf(address) }] : []
  })
}

/** Names of those who share one, as a version before let them. */
export const sharedMailboxes = async (reader: Reader): Promise<string[][]> =>
  [...Map.groupBy(await mailboxes(reader), ({ mailbox }) => mailbox).values()]
    .filter(group => group.length > 1)
    .map(group => group.map(({ name }) => name))

/** Pairs of people whose names are taken for one another, as a version before let them. */
export async function namesAlike(reader: Reader): Promise<[string, string][]> {
  const people = await reader.all<Pick<UserRow, 'name'>>(
    sql`select name from users where store_id = ${reader.store} and state <> 'removed' order by folded`,
  )
  return people.flatMap(({ name: one }, place) =>
    people
      .slice(place + 1)
      .flatMap(({ name: other }): [string, string][] => (looksLike(one, other) ? [[one, other]] : [])),
  )
}

async function assertMailboxFree(tx: Tx, email: string, except?: string): Promise<void> {
  const of = await mailboxTaken(tx, email, except)
  if (of) refuse({ is: 'user-email-taken', of: of.name })
}

/** The row of a person who has no link yet. */
export async function newUser(
  tx: Tx,
  world: World,
  { name, role, language, email }: NewUser,
  by: string,
): Promise<UserRow> {
  const id = newId('user', world)
  const now = await tx.now()
  await tx.run(sql`
    insert into users (id, store_id, name, folded, role, language, email, state, approves_from, added_by,
      added_at, changed_at)
    values (${id}, ${tx.store}, ${name}, ${folded(name)}, ${role}, ${language},
      ${encrypted('users.email', id, email ?? null)}, 'invited', ${await approvesFrom(tx, world)},
      ${by}, ${now}, ${now})`)
  await remember(tx, 'users', id, '', 'invited', { why: because('added-by', { by }) }, now)
  return (await findUser(tx, id))!
}

/** Adds a person by one person's word, who is invited until they have set a password and shown a code. */
export const addUser = (
  db: Db,
  world: World,
  wanted: NewUser,
  by: string,
): Promise<({ is: 'done' } & NewInvitation) | PeopleRefusal> =>
  answering(() =>
    db.tx(async tx => {
      await assertFree(tx, wanted)
      const user = await newUser(tx, world, wanted, by)
      const invitation = await invite(tx, world, user.id, by)
      const detail = { name: user.name, role: user.role, approvesFrom: user.approves_from! }
      await audit(tx, { actor: by, act: 'user added', subject: user.id, detail })
      if (needsTwo(user.role)) await tellAbout(tx, world, { kind: 'added', about: user, by })
      return { is: 'done', user: (await findUser(tx, user.id))!, ...invitation } as const
    }),
  )

/** Another role by one person's word, at once: the next request of any session is judged by it. */
export const changeRole = (
  db: Db,
  world: World,
  name: string,
  role: Role,
  by: string,
): Promise<UserChanged> =>
  changed(db, name, async (tx, user) => {
    if (!roles.includes(role)) refuse({ is: 'user-role-unknown', role: String(role) })
    if (user.role === role) refuse({ is: 'user-role-same', name: user.name, role })
    await changeRoleIn(tx, world, user, role, { by })
    if (needsTwo(role)) await tellAbout(tx, world, { kind: 'role', about: { ...user, role }, by })
  })

/** From then on they may approve, where their role lets them. */
export async function changeRoleIn(
  tx: Tx,
  world: World,
  user: UserRow,
  role: Role,
  { by, proposedBy }: { by: string; proposedBy?: string },
): Promise<void> {
  const from = await approvesFrom(tx, world)
  await tx.run(
    sql`update users set role = ${role}, approves_from = ${from}, changed_at = ${await tx.now()}
      where id = ${user.id}`,
  )
  const detail = {
    name: user.name,
    from: user.role,
    to: role,
    approvesFrom: from,
    ...(proposedBy !== undefined && { proposedBy }),
  }
  await audit(tx, { actor: by, act: 'role changed', subject: user.id, detail })
}

/** From when somebody who is given access now may approve. */
export const approvesFrom = async (
  tx: Tx,
  { coolingOffMs = 0 }: Pick<World, 'coolingOffMs'>,
): Promise<Instant> => later(await tx.now(), coolingOffMs)

export const changeLanguage = (db: Db, name: string, language: Language): Promise<UserChanged> =>
  changed(db, name, async (tx, user) => {
    await tx.run(sql`update users set language = ${language} where id = ${user.id}`)
  })

/** Where they are written to about people; '' where their name says it, or nobody does. */
export const changeEmail = (db: Db, name: string, email: string, by: string): Promise<UserChanged> =>
  changed(db, name, async (tx, user) => {
    if (email !== '') await assertMailboxFree(tx, email, user.id)
    await tx.run(
      sql`update users set email = ${encrypted('users.email', user.id, email === '' ? null : email)}
        where id = ${user.id}`,
    )
    await audit(tx, {
      actor: by,
      act: 'e-mail address changed',
      subject: user.id,
      detail: { name: user.name },
    })
  })

/**
 * Invites a person again by one person's word: password and authenticator are forgotten, every session ends.
 * For a lost device, or an invitation that ran out; somebody who never came in has nothing to be forgotten,
 * and gets another link.
 */
export async function resetUser(
  db: Db,
  world: World,
  name: string,
  by: string,
): Promise<({ is: 'done' } & NewInvitation) | PeopleRefusal> {
  let invitation: Omit<NewInvitation, 'user'> | undefined
  const answer = await changed(db, name, async (tx, row) => {
    // Somebody else's link is taken from whoever had it, so that is told as well.
    const isTaken = row.state !== 'invited' || (row.given_by !== null && !samePerson(row.given_by, by))
    await forgetSecrets(tx, row, by)
    invitation = await invite(tx, world, row.id, by)
    await audit(tx, { actor: by, act: 'user reset', subject: row.id, detail: { name: row.name } })
    if (isTaken && needsTwo(row.role)) await tellAbout(tx, world, { kind: 'reset', about: row, by })
  })
  return answer.is === 'done' ? { ...answer, ...invitation! } : answer
}

/** Password and authenticator are forgotten, sessions end, and an open link is good no more. */
export async function forgetSecrets(tx: Tx, user: UserRow, by: string): Promise<void> {
  if (user.state === 'active' || user.state === 'locked') {
    const forgotten = [sql`password = null`, sql`totp_secret = null`]
    await users.move(tx, user, 'invited', { why: because('reset-by', { by }) }, forgotten)
  }
  await tx.run(sql`update users set given_by = null where id = ${user.id}`)
  await retireKeys(tx, user, by)
  await revokeAll(tx, user.id, by)
  await closeInvitations(tx, user.id)
}

/** What they have signed stays signed. */
export async function retireKeys(
  tx: Tx,
  user: Pick<UserRow, 'id' | 'name'>,
  by: string,
  why = `access of ${user.name} ended`,
): Promise<void> {
  for (const key of await keysOf(tx, user.id)) if (key.retired_at === null) await retireKey(tx, key, by, why)
}

/** Keeps a person out for now: nothing is forgotten, every session ends. */
export const lockUser = (db: Db, world: World, name: string, by: string): Promise<UserChanged> =>
  changed(db, name, async (tx, user) => {
    if (user.state === 'locked') refuse({ is: 'user-locked-already', name: user.name })
    if (user.state !== 'active') refuse({ is: 'user-never-in', name: user.name })
    await users.move(tx, { id: user.id, state: 'active' }, 'locked', { why: because('locked-by', { by }) })
    await revokeAll(tx, user.id, by)
    await audit(tx, { actor: by, act: 'user locked', subject: user.id, detail: { name: user.name } })
    if (needsTwo(user.role)) await tellAbout(tx, world, { kind: 'locked', about: user, by })
  })

export const unlockUser = (db: Db, name: string, by: string): Promise<UserChanged> =>
  changed(db, name, async (tx, user) => {
    if (user.state !== 'locked') refuse({ is: 'user-not-locked', name: user.name, state: user.state })
    await users.move(tx, { id: user.id, state: 'locked' }, 'active', { why: because('unlocked-by', { by }) })
    await audit(tx, { actor: by, act: 'user unlocked', subject: user.id, detail: { name: user.name } })
  })

/** Removes a person for good: sessions end, secrets are erased, the name stays taken. */
export const removeUser = (db: Db, world: World, name: string, by: string): Promise<UserChanged> =>
  changed(db, name, async (tx, user) => {
    const erased = [sql`password = null`, sql`totp_secret = null`]
    await users.move(tx, user, 'removed', { why: because('removed-by', { by }) }, erased)
    await revokeAll(tx, user.id, by)
    await closeInvitations(tx, user.id)
    await retireKeys(tx, user, by)
    await audit(tx, { actor: by, act: 'user removed', subject: user.id, detail: { name: user.name } })
    if (needsTwo(user.role)) await tellAbout(tx, world, { kind: 'removed', about: user, by })
  })

/** The person of a name, who is there; refuses where nobody is, or was removed. */
export async function theUser(tx: Tx, name: string): Promise<UserRow> {
  const user = await findUser(tx, name)
  if (!user) return refuse({ is: 'user-unknown', name })
  return user.state === 'removed' ? refuse({ is: 'user-removed', name: user.name }) : user
}

const changed = (
  db: Db,
  name: string,
  change: (tx: Tx, user: UserRow) => Promise<void>,
): Promise<UserChanged> =>
  answering(() =>
    db.tx(async tx => {
      const user = await theUser(tx, name)
      await change(tx, user)
      return { is: 'done', user: (await findUser(tx, user.id))! } as const
    }),
  )
