/** Signing in: name, password and code, one answer for every failure, and slower after each. */
import { sameNetwork } from '../base/network.ts'
import type { Millis, World } from '../base/world.ts'
import { audit, editedPerson, type Edited } from '../ledger/ledger.ts'
import { sameAs, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { isPassword } from './password.ts'
import { openSession, type Person } from './session.ts'
import { forgive, ofAddress, ofName, ofSession, takeGuess } from './throttle.ts'
import { digestOf, isToken } from './token.ts'
import { matchingStep } from './totp.ts'
import { findUser, folded } from './user.ts'
import type { UserRow } from './row.ts'

export interface SignIn {
  name: string
  password: string
  code: string
  /** Where the request comes from, as nginx says. */
  address: string
  /** The browser's User-Agent, of which a few words are kept. */
  agent: string
  /** The token the browser came with, if any: it is of no use afterwards. */
  previous?: string | undefined
}

/**
 * `refused` says nothing of what was wrong. `edited`: their row was, past the program, so it lets nobody in.
 * `untilMs`: when the next try is looked at.
 */
export type SignInAnswer =
  | { is: 'in'; token: string; person: Person }
  | { is: 'refused' }
  | { is: 'edited'; edited: Edited }
  | { is: 'throttled'; untilMs: Millis }

export async function signIn(db: Db, world: World, attempt: SignIn): Promise<SignInAnswer> {
  const user = await findUser(db, attempt.name.slice(0, 200))
  const guess = await guessAs(db, attempt.name, user, attempt.address)
  if (guess.is === 'throttled') return guess

  // The same work whether there is such a person or not.
  const known = user?.state === 'active' ? user : undefined
  const right = await isPassword(attempt.password, known?.password)
  const step = matchingStep(
    known?.totp_secret ?? nobodysSecret,
    attempt.code,
    world.clock.now(),
    Number(known?.totp_step ?? 0),
  )
  if (!known || !right || step === undefined) return { is: 'refused' }

  return db.tx(async tx => {
    // Of two who show one code at the same moment, one is too late; so is who was locked meanwhile, or got
    // another password.
    if (!(await takeStep(tx, known, step))) return { is: 'refused' }
    const edited = await editedPerson(tx, known)
    if (edited) return { is: 'edited', edited }
    await forgive(tx, ofName(known.folded), ofAddress(attempt.address))
    if (attempt.previous !== undefined && isToken(attempt.previous))
      await tx.run(sql`
        update sessions set revoked_at = ${await tx.now()}, revoked_by = ${known.name}
        where token_hash = ${digestOf(attempt.previous)} and revoked_at is null`)
    const opened = await openSession(tx, world, known.id, attempt)
    const detail = { address: attempt.address.slice(0, 64), session: opened.person.sessionId }
    await audit(tx, { actor: known.name, act: 'signed in', subject: known.id, detail })
    return { is: 'in', ...opened }
  })
}

const nobodysSecret = 'A'.repeat(32)

export type StepUpAnswer = { is: 'stepped up' } | { is: 'refused' } | { is: 'throttled'; untilMs: Millis }

/**
 * A fresh code in an open session: for the next five minutes it may do what moves money. Wrong codes slow the
 * session down.
 */
export async function stepUp(db: Db, world: World, person: Person, code: string): Promise<StepUpAnswer> {
  const subject = ofSession(person.sessionId)
  const guess = await takeGuess(db, [subject])
  if (guess.is === 'throttled') return guess
  const user = await findUser(db, person.id)
  if (guess.bursts.length > 0) await tellBurst(db, user, { session: person.sessionId })
  if (user?.state !== 'active' || user.totp_secret === null) return { is: 'refused' }

  const step = matchingStep(user.totp_secret, code, world.clock.now(), Number(user.totp_step))
  if (step === undefined) return { is: 'refused' }
  return db.tx(async tx => {
    if (!(await takeStep(tx, user, step))) return { is: 'refused' }
    await forgive(tx, subject)
    const written = await tx.run(
      sql`update sessions set stepped_up_at = ${await tx.now()} where id = ${person.sessionId}
        and revoked_at is null`,
    )
    return written > 0 ? { is: 'stepped up' } : { is: 'refused' }
  })
}

/** Takes a code for good: no one can use it, or an older one, again. */
export async function takeStep(tx: Tx, user: UserRow, step: number): Promise<boolean> {
  const taken = await tx.run(sql`
    update users set totp_step = ${BigInt(step)}
    where id = ${user.id} and state = 'active' and totp_step < ${BigInt(step)} and password = ${user.password}
      and totp_secret in (${sameAs('users.totp_secret', user.totp_secret ?? '', user.id)})`)
  return taken > 0
}

/**
 * Counts a guess at who `name` is. An address of this person’s last fifty sessions answers for itself alone:
 * a stranger who guesses elsewhere does not keep them out.
 */
async function guessAs(db: Db, name: string, user: UserRow | undefined, address: string) {
  const isKnownHere = user !== undefined && (await hasSignedInFrom(db, user.id, address))
  // A person is one subject, whether they are called by their name or by their id.
  const own = ofName(user?.folded ?? folded(name.slice(0, 200)))
  const subjects = isKnownHere ? [ofAddress(address)] : [ofAddress(address), own]
  const guess = await takeGuess(db, subjects)
  if (guess.is === 'allowed' && guess.bursts.length > 0)
    await tellBurst(db, user, {
      address: address.slice(0, 64),
      slowed: guess.bursts.map(subject => subject.replace(/:.*/, '')).join(' and '),
    })
  return guess
}

const hasSignedInFrom = async (reader: Reader, userId: string, address: string): Promise<boolean> =>
  (
    await reader.all<{ address: string }>(
      sql`select id, address from sessions where user_id = ${userId} order by added_at desc limit 50`,
    )
  ).some(known => sameNetwork(known.address, address))

/**
 * A burst of failures is an act worth keeping. Names nobody has are not repeated: people type passwords
 * there.
 */
const tellBurst = (db: Db, user: UserRow | undefined, detail: Record<string, string>): Promise<void> =>
  db.tx(tx =>
    audit(tx, {
      actor: user?.name ?? 'somebody',
      act: 'sign-in slowed',
      subject: user?.id ?? 'console',
      detail,
    }),
  )
