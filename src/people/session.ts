/**
 * Sessions: a random token in a cookie, kept here as a digest. One ends a quarter of an hour idle, eight
 * hours after sign-in, or when somebody ends it.
 */
import { newId } from '../base/id.ts'
import { instant, millis, type Instant, type World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { encrypted, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { answering, refuse, type PeopleRefusal } from './refusals.ts'
import type { Role } from './roles.ts'
import { digestOf, isToken, newToken } from './token.ts'
import type { Language } from './row.ts'

const idleMs = 15 * 60_000
const absoluteMs = 8 * 3_600_000
const steppedUpMs = 5 * 60_000
/** `seen` is written at most this often: a page is a read. */
const seenEveryMs = 60_000

/** Who is asking, as the console knows them. `name` is what is written down as who did something. */
export interface Person {
  id: string
  name: string
  role: Role
  language: Language
  sessionId: string
  csrf: string
  /** They showed a code within the last five minutes. */
  steppedUp: boolean
}

export type SessionRow = {
  id: string
  user_id: string
  added_at: Instant
  seen_at: Instant
  stepped_up_at: Instant
  address: string
  agent: string
  revoked_at: Instant | null
  revoked_by: string | null
}

type Joined = SessionRow & { csrf: string; name: string; role: Role; language: Language }

/**
 * The person behind `token`, or undefined when there is no such session or it is over. One read by the
 * token's digest.
 */
export async function sessionOf(
  db: Db,
  world: World,
  token: string | undefined,
): Promise<Person | undefined> {
  if (token === undefined || !isToken(token)) return undefined
  const row = await joined(db, digestOf(token))
  const now = world.clock.now()
  if (!row || isOver(row, now)) return undefined
  if (now - millis(row.seen_at) >= seenEveryMs)
    await db.tx(async tx => {
      const at = instant(now)
      await tx.run(
        sql`update sessions set seen_at = ${at} where id = ${row.id} and seen_at < ${at}
          and revoked_at is null`,
      )
    }, 'locks')
  return personOf(row, now)
}

const joined = (reader: Reader, tokenHash: string) =>
  reader.one<Joined>(sql`
    select sessions.*, users.name, users.role, users.language from sessions
      join users on users.id = sessions.user_id and users.store_id = ${reader.store}
    where sessions.token_hash = ${tokenHash} and sessions.revoked_at is null and users.state = 'active'`)

const personOf = (row: Joined, now: number): Person => ({
  id: row.user_id,
  name: row.name,
  role: row.role,
  language: row.language,
  sessionId: row.id,
  csrf: row.csrf,
  steppedUp: now - millis(row.stepped_up_at) < steppedUpMs,
})

const isOver = ({ added_at, seen_at }: SessionRow, now: number) =>
  now - millis(seen_at) >= idleMs || now - millis(added_at) >= absoluteMs

/** A new session in an open transaction, under a token never used before. */
export async function openSession(
  tx: Tx,
  world: World,
  userId: string,
  { address, agent }: { address: string; agent: string },
): Promise<{ token: string; person: Person }> {
  const token = newToken(world)
  const [id, now] = [newId('session', world), await tx.now()]
  await tx.run(sql`
    insert into sessions (id, user_id, token_hash, csrf, added_at, seen_at, stepped_up_at, address, agent)
    values (${id}, ${userId}, ${digestOf(token)}, ${newToken(world)}, ${now}, ${now}, ${now},
      ${encrypted('sessions.address', id, address.slice(0, 64))}, ${shortAgent(agent)})`)
  return { token, person: personOf((await joined(tx, digestOf(token)))!, millis(now)) }
}

// A stranger writes it: what is read of it is short, and no expression over it may go back over what it has
// read.
const longestAgent = 256
const browsers = /(Edg|OPR|Firefox|Chrome|Safari|curl)[A-Za-z]{0,12}\/(\d{1,6})/g

/** `Firefox 140 · Linux`: what tells one's own devices apart, and no more of it. */
export function shortAgent(agent: string): string {
  const read = agent.slice(0, longestAgent)
  const named = [...read.matchAll(browsers)]
  // Edge and Opera name Chrome too, before themselves.
  const browser = named.find(([, name]) => name === 'Edg' || name === 'OPR') ?? named[0]
  const system = /Android|iPhone|iPad|Windows|Mac OS X|CrOS|Linux/.exec(read)?.[0]
  const name = browser && `${browser[1]!.replace('Edg', 'Edge').replace('OPR', 'Opera')} ${browser[2]}`
  return [name, system?.replace('Mac OS X', 'macOS')].filter(Boolean).join(' · ')
}

/** Ends the session of `token`, by whoever has it. */
export async function signOut(db: Db, world: World, token: string): Promise<void> {
  await db.tx(async tx => {
    const row = await joined(tx, digestOf(token))
    if (!row) return
    await revoke(tx, row.id, row.name)
    await audit(tx, { actor: row.name, act: 'signed out', subject: row.user_id, detail: { session: row.id } })
  })
}

/** Ends one session of `userId`; refused where that person has none of this id. */
export const endSession = (
  db: Db,
  userId: string,
  sessionId: string,
  by: string,
): Promise<{ is: 'done' } | PeopleRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const row = await tx.one<SessionRow>(
        sql`select * from sessions where id = ${sessionId} and user_id = ${userId}`,
      )
      if (!row) refuse({ is: 'session-unknown', id: sessionId })
      if ((await revoke(tx, sessionId, by)) > 0)
        await audit(tx, { actor: by, act: 'session ended', subject: userId, detail: { session: sessionId } })
      return { is: 'done' } as const
    }),
  )

/** Ends every session of `userId` but `except`; answers how many there were. */
export const endSessionsOf = (db: Db, userId: string, by: string, except = ''): Promise<number> =>
  db.tx(async tx => {
    const ended = await revokeAll(tx, userId, by, except)
    if (ended > 0)
      await audit(tx, {
        actor: by,
        act: 'sessions ended',
        subject: userId,
        detail: { sessions: String(ended) },
      })
    return ended
  })

const revoke = async (tx: Tx, id: string, by: string) =>
  tx.run(
    sql`update sessions set revoked_at = ${await tx.now()}, revoked_by = ${by} where id = ${id}
      and revoked_at is null`,
  )

export const revokeAll = async (tx: Tx, userId: string, by: string, except = ''): Promise<number> =>
  tx.run(sql`
    update sessions set revoked_at = ${await tx.now()}, revoked_by = ${by}
    where user_id = ${userId} and id <> ${except} and revoked_at is null`)

/** The latest sessions of a person, newest first, and which of them are open. */
export async function listSessions(
  reader: Reader,
  world: World,
  userId: string,
): Promise<(SessionRow & { open: boolean })[]> {
  const rows = await reader.all<SessionRow>(sql`
    select id, user_id, added_at, seen_at, stepped_up_at, address, agent, revoked_at, revoked_by from sessions
    where user_id = ${userId} order by added_at desc, id desc limit 50`)
  const now = world.clock.now()
  return rows.map(row => ({ ...row, open: row.revoked_at === null && !isOver(row, now) }))
}
