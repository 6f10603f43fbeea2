/**
 * Accepting an invitation. Its link alone shows nothing that is worth anything: the authenticator's secret is
 * made when somebody presses the button, is shown to that browser once, and is good in that browser alone.
 * Whoever comes with the same link from another one withdraws it.
 */
import { because } from '../base/reasons.ts'
import { instant, millis, type Instant, type World } from '../base/world.ts'
import { audit, authenticatorMark } from '../ledger/ledger.ts'
import { encrypted, isUnreadable, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { closeInvitations } from './invite.ts'
import { tellAbout } from './notices.ts'
import { hashPassword, passwordFault, type PasswordFault } from './password.ts'
import { digestOf, isToken } from './token.ts'
import { matchingStep, newSecret } from './totp.ts'
import { approvesFrom, retireKeys } from './user.ts'
import { type Language, type UserRow, users } from './row.ts'

/** What the welcome page shows. */
export interface Invitation {
  user: UserRow
  endsAt: Instant
  /** When a browser began it; null until one does. */
  openedAt: Instant | null
  /** Whether it was this one. */
  here: boolean
}

type Row = UserRow & {
  token_hash: string
  invitation_secret: string
  ends_at: Instant
  browser_hash: string | null
  opened_at: Instant | null
  invited_by: string
}

const find = (reader: Reader, world: World, token: string): Promise<Row | undefined> =>
  reader.one<Row>(sql`
    select users.*, i.token_hash, i.totp_secret as invitation_secret, i.ends_at, i.browser_hash, i.opened_at,
      i.added_by as invited_by
    from invitations i join users on users.id = i.user_id
    where i.token_hash = ${digestOf(token)} and users.store_id = ${reader.store}
      and i.closed_at is null and users.state = 'invited' and i.ends_at > ${instant(world.clock.now())}`)

/**
 * The invitation of `token` while it is good: not used, not withdrawn, not a day old. `browser`: the token
 * that the browser bears, if any.
 */
export async function invitationOf(
  reader: Reader,
  world: World,
  token: string,
  browser?: string,
): Promise<Invitation | undefined> {
  if (!isToken(token)) return undefined
  const row = await find(reader, world, token)
  if (!row) return undefined
  const {
    invitation_secret: _,
    ends_at: endsAt,
    browser_hash: browserHash,
    opened_at: openedAt,
    invited_by: __,
    token_hash: ___,
    ...user
  } = row
  return { user, endsAt, openedAt, here: browser !== undefined && browserHash === digestOf(browser) }
}

export type Opening =
  /**
   * `secret`: in base 32, for a minute, for a button that is pressed twice was pressed once; left out
   * afterwards.
   */
  | { is: 'open'; invitation: Invitation; secret?: string }
  /** Another browser had begun it: the link is good no more. */
  | { is: 'withdrawn'; user: UserRow }
  | { is: 'gone' }

const shownForMs = 60_000

/** Begins an invitation in the browser that bears `browser`, or withdraws it where another one did. */
export async function openInvitation(db: Db, world: World, token: string, browser: string): Promise<Opening> {
  if (!isToken(token) || !isToken(browser)) return { is: 'gone' }
  return db.tx(async tx => {
    const row = await find(tx, world, token)
    if (!row) return { is: 'gone' }
    if (row.browser_hash !== null && row.browser_hash !== digestOf(browser))
      return withdraw(tx, world, token, row)
    const now = await tx.now()
    if (row.browser_hash === null)
      await tx.run(sql`
        update invitations
          set totp_secret = ${encrypted('invitations.totp_secret', digestOf(token), newSecret(world))},
            browser_hash = ${digestOf(browser)}, opened_at = ${now}
        where token_hash = ${digestOf(token)} and browser_hash is null`)
    const opened = (await find(tx, world, token))!
    const invitation = (await invitationOf(tx, world, token, browser))!
    const isShown = millis(now) - millis(opened.opened_at!) < shownForMs
    return {
      is: 'open',
      invitation,
      ...(isShown && !isUnreadable(opened.invitation_secret) && { secret: opened.invitation_secret }),
    }
  })
}

/** Two people had the link, and nobody knows which of them is the one it was meant for. */
async function withdraw(
  tx: Tx,
  world: World,
  token: string,
  row: Row,
): Promise<{ is: 'withdrawn'; user: UserRow }> {
  await tx.run(sql`update invitations set twice_at = ${await tx.now()} where token_hash = ${digestOf(token)}`)
  await closeInvitations(tx, row.id)
  const detail = { name: row.name, invitedBy: row.invited_by }
  await audit(tx, { actor: 'somebody', act: 'invitation opened twice', subject: row.id, detail })
  await tellAbout(tx, world, { kind: 'opened twice', about: row, by: row.invited_by })
  world.log.warn({ user: row.id }, 'an invitation was opened in two browsers and is withdrawn')
  return { is: 'withdrawn', user: row }
}

export interface Acceptance {
  token: string
  /** The token that the browser bears. */
  browser: string
  password: string
  code: string
  language?: Language
}

/**
 * `gone`: used, withdrawn or too old, or begun in no browser yet. `withdrawn`: another browser had begun it.
 * `weak`: the password will not do. `code`: the code is not the authenticator's.
 */
export type Invited =
  | { is: 'done'; user: UserRow }
  | { is: 'gone' }
  | { is: 'withdrawn'; user: UserRow }
  | { is: 'weak'; why: PasswordFault }
  | { is: 'code' }

/**
 * Makes an invited person active. They sign in afterwards, with the next code: the one shown here is used up.
 */
export async function acceptInvitation(db: Db, world: World, acceptance: Acceptance): Promise<Invited> {
  const { token, browser } = acceptance
  const found = isToken(token) && isToken(browser) ? await find(db, world, token) : undefined
  if (!found || found.browser_hash === null) return { is: 'gone' }
  if (found.browser_hash !== digestOf(browser)) {
    const opening = await openInvitation(db, world, token, browser)
    return opening.is === 'withdrawn' ? opening : { is: 'gone' }
  }
  const why = passwordFault(acceptance.password, found.name)
  if (why) return { is: 'weak', why }
  const secret = found.invitation_secret
  const step = matchingStep(secret, acceptance.code, world.clock.now(), 0)
  if (step === undefined) return { is: 'code' }

  const password = await hashPassword(acceptance.password, world)
  return db.tx(async tx => {
    const still = await find(tx, world, token)
    if (!still || still.browser_hash !== found.browser_hash || still.invitation_secret !== secret)
      return { is: 'gone' }
    const language = acceptance.language ?? found.language
    const from = await approvesFrom(tx, world)
    const active = [
      sql`password = ${password}`,
      sql`totp_secret = ${encrypted('users.totp_secret', found.id, secret)}`,
      sql`totp_step = ${BigInt(step)}`,
      sql`language = ${language}`,
      sql`approves_from = ${from}`,
    ]
    if (
      !(await users.move(
        tx,
        { id: found.id, state: 'invited' },
        'active',
        { why: because('invitation-accepted') },
        active,
      ))
    )
      return { is: 'gone' }
    await closeInvitations(tx, found.id)
    // Whoever runs commands could register one before, in their name and by their own word alone; from now on
    // it takes a code.
    await retireKeys(tx, found, found.name, `it was registered before ${found.name} came in`)
    await audit(tx, {
      actor: found.name,
      act: 'invitation accepted',
      subject: found.id,
      detail: { approvesFrom: from, authenticator: authenticatorMark(found.id, secret) },
    })
    return { is: 'done', user: (await tx.one<UserRow>(sql`select * from users where id = ${found.id}`))! }
  })
}
