/** Accepting an invitation: whoever holds the link sets a password and shows that their authenticator works. */
import { instant, type Instant, type World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { move, sql, type Reader, type Store } from '../store/store.ts'
import { hashPassword, passwordFault, type PasswordFault } from './password.ts'
import { digestOf, isToken } from './token.ts'
import { matchingStep } from './totp.ts'
import { closeInvitations } from './invite.ts'
import { userMachine, type Language, type UserRow } from './user.ts'

/** What the welcome page shows. */
export interface Invitation {
  user: UserRow
  /** In base 32. */
  secret: string
  endsAt: Instant
}

/** The invitation of `token` while it is good: not used, not withdrawn, not a day old. */
export async function invitationOf(reader: Reader, world: World, token: string): Promise<Invitation | undefined> {
  if (!isToken(token)) return undefined
  const row = await reader.one<UserRow & { invitation_secret: string; ends_at: Instant }>(sql`
    select users.*, invitations.totp_secret as invitation_secret, invitations.ends_at
    from invitations join users on users.id = invitations.user_id
    where invitations.token_hash = ${digestOf(token)} and invitations.closed_at is null and users.state = 'invited'
      and invitations.ends_at > ${instant(world.clock.now())}`)
  if (!row) return undefined
  const { invitation_secret: secret, ends_at: endsAt, ...user } = row
  return { user, secret, endsAt }
}

export interface Acceptance {
  token: string
  password: string
  code: string
  language?: Language
}

/** `gone`: used, withdrawn or too old. `weak`: the password will not do. `code`: the code is not the authenticator's. */
export type Invited = { is: 'done'; user: UserRow } | { is: 'gone' } | { is: 'weak'; why: PasswordFault } | { is: 'code' }

/** Makes an invited person active. They sign in afterwards, with the next code: the one shown here is used up. */
export async function acceptInvitation(store: Store, world: World, acceptance: Acceptance): Promise<Invited> {
  const found = await invitationOf(store, world, acceptance.token)
  if (!found) return { is: 'gone' }
  const { user, secret } = found
  const why = passwordFault(acceptance.password, user.name)
  if (why) return { is: 'weak', why }
  const step = matchingStep(secret, acceptance.code, world.clock.now(), 0)
  if (step === undefined) return { is: 'code' }

  const password = await hashPassword(acceptance.password, world)
  return store.tx(async tx => {
    const still = await invitationOf(tx, world, acceptance.token)
    if (!still) return { is: 'gone' }
    const language = acceptance.language ?? user.language
    const active = [
      sql`password = ${password}`,
      sql`totp_secret = ${secret}`,
      sql`totp_step = ${BigInt(step)}`,
      sql`language = ${language}`,
    ]
    if (!(await move(tx, 'users', userMachine, user.id, 'invited', 'active', { why: 'accepted the invitation' }, active)))
      return { is: 'gone' }
    await closeInvitations(tx, user.id)
    await audit(tx, { actor: user.name, act: 'invitation accepted', subject: user.id, detail: {} })
    return { is: 'done', user: (await tx.one<UserRow>(sql`select * from users where id = ${user.id}`))! }
  })
}
