/**
 * Who may approve: the one rule that is asked of whoever lets money go, or lets people in, on the console and
 * at the command line. Somebody who is new or was given access again waits; so does somebody whom another
 * objects to; nobody may be behind both who asks and who approves; and a row that is not what the audit log
 * says lets nobody do anything.
 */
import { plainName } from '../base/person.ts'
import type { Instant } from '../base/world.ts'
import { sql, type Reader } from '../db/db.ts'
import { editedPerson, editedSentence, type Edited, type PersonRow } from './edited.ts'
import { objectionsOf, toPeople } from './objection.ts'

export interface ApproverStatus {
  name: string
  /** Before it they approve nothing. */
  approvesFrom: Instant | null
  objection: { by: string; why: string; at: Instant } | undefined
  /**
   * Themselves; who made the link by which they came in, and so could be them; who made that one's; and so
   * on. People of the console alone.
   */
  behind: readonly string[]
  /** What of their row, or of the row of somebody behind them, was edited past the program. */
  edited: Edited | undefined
}

export type Bar =
  | { is: 'waits'; until: Instant }
  | { is: 'objected'; by: string; why: string }
  /** What would let them is not what the audit log says. */
  | { is: 'edited'; edited: Edited }
  /** `giver` is behind both. */
  | { is: 'one giver'; giver: string; maker: string }

/**
 * Why somebody may not approve now what `maker` made; undefined where they may. Whoever is no person of the
 * console runs commands on the server, and could do anything there. Pure.
 */
export function barOf(
  person: ApproverStatus | undefined,
  now: Instant,
  maker?: ApproverStatus,
): Bar | undefined {
  if (!person) return undefined
  const { objection, approvesFrom, behind, edited } = person
  if (edited) return { is: 'edited', edited }
  if (objection) return { is: 'objected', by: objection.by, why: objection.why }
  if (approvesFrom !== null && now < approvesFrom) return { is: 'waits', until: approvesFrom }
  if (maker?.edited) return { is: 'edited', edited: maker.edited }
  const giver = maker?.behind.find(each => behind.includes(each))
  return giver === undefined ? undefined : { is: 'one giver', giver, maker: maker!.name }
}

/** What an act answers to somebody who may not let anything go now, or propose it. */
export interface ApproverRefusal {
  is: 'barred'
  by: string
  bar: Bar
}

/** Why `by` may not let anything go now. */
export async function mayApproveNow(
  reader: Reader,
  by: string,
  now: Instant,
): Promise<ApproverRefusal | undefined> {
  const bar = await barFor(reader, by, now)
  return bar && { is: 'barred', by, bar }
}

/** Why `by` may not propose anything: what somebody who is objected to prepares is not looked at. */
export async function mayProposeNow(reader: Reader, by: string): Promise<ApproverRefusal | undefined> {
  const { objection, edited } = (await approverStatus(reader, by)) ?? {}
  if (edited) return { is: 'barred', by, bar: { is: 'edited', edited } }
  return objection && { is: 'barred', by, bar: { is: 'objected', by: objection.by, why: objection.why } }
}

/** As commands say it. */
export function barSentence(name: string, bar: Bar): string {
  switch (bar.is) {
    case 'waits':
      return `${name} may not approve before ${bar.until}: they are new, or were given access or a role again (COOLING_OFF)`
    case 'objected':
      return `${bar.by} objects to ${name}, who neither approves nor proposes until two others clear it: ${bar.why}`
    case 'edited':
      return `${editedSentence(bar.edited)}. Nothing is approved or proposed on it until the row is what it was`
    case 'one giver':
      return `${name} may not approve what ${bar.maker} made: ${bar.giver} is behind both, having invited or reset them, and could be either. Somebody else approves it; where nobody else is there, "repasse user reset" on the server gives one of the two another link, which a second person approves`
  }
}

const find = (reader: Reader, name: string): Promise<PersonRow | undefined> =>
  reader.one<PersonRow>(sql`
    select id, name, role, state, given_by, approves_from, totp_secret from users
      where store_id = ${reader.store} and (folded = ${plainName(name)} or id = ${name})`)

/** How a person of the console stands, by their name; undefined where there is none of that name. */
export async function approverStatus(reader: Reader, name: string): Promise<ApproverStatus | undefined> {
  const person = await find(reader, name)
  if (!person) return undefined
  const [first] = await objectionsOf(reader, toPeople, person.id)
  const objection = first && { by: first.made_by, why: first.why, at: first.added_at }
  const behind = [person.name]
  let edited = await editedPerson(reader, person)
  for (let giver = person.given_by; giver !== null;) {
    const known = await find(reader, giver)
    if (!known || behind.includes(known.name)) break
    behind.push(known.name)
    edited ??= await editedPerson(reader, known)
    giver = known.given_by
  }
  return { name: person.name, approvesFrom: person.approves_from, objection, behind, edited }
}

/** Why `by` may not approve now what `maker` made, or anything where nobody did. */
export const barFor = async (
  reader: Reader,
  by: string,
  now: Instant,
  maker?: string,
): Promise<Bar | undefined> =>
  barOf(
    await approverStatus(reader, by),
    now,
    maker === undefined ? undefined : await approverStatus(reader, maker),
  )
