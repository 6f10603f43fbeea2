/**
 * Rows that say who may do what, held against the audit log: one that was edited past the program lets nobody
 * do anything, and is named.
 */
import { createHash } from 'node:crypto'
import type { Instant } from '../base/world.ts'
import { isUnreadable, sql, type Reader, type Sql } from '../db/db.ts'

/**
 * `person`: there is a row of theirs, and nobody added them. `link`: it names another one as whose link they
 * came in by. `wait`: they approve from another time on than was set. `authenticator`: it is another one than
 * they showed when they came in. `row` is what it says.
 */
export interface Edited {
  what: 'person' | 'role' | 'state' | 'link' | 'wait' | 'authenticator' | 'proposal'
  /** The person's name, or the proposal's id. */
  name: string
  row: string
}

const past = 'somebody has changed it past this program'

/** As commands say it. */
export function editedSentence({ what, name, row }: Edited): string {
  switch (what) {
    case 'person':
      return `${name} is in the database, and nobody added them: ${past}`
    case 'role':
      return `${name} is ${row}, and nobody gave them that role: ${past}`
    case 'state':
      return `${name} is ${row}, and nobody made them so: ${past}`
    case 'link':
      return `${name} is said to have come in by a link of ${row}, who did not make it: ${past}`
    case 'wait':
      return `${name} is said to approve from ${row} on, and that is not what was set: ${past}`
    case 'authenticator':
      return `${name} has another authenticator than the one they showed when they came in: ${past}`
    case 'proposal':
      return `proposal ${name} is not as it was made: ${past}`
  }
}

export type PersonRow = {
  id: string
  name: string
  role: string
  state: string
  given_by: string | null
  approves_from: Instant | null
  totp_secret: string | null
}

/** How the audit log names an authenticator. Its secret is 160 random bits, which nobody finds by trying. */
export const authenticatorMark = (userId: string, secret: string): string =>
  createHash('sha256').update(`${userId} ${secret}`).digest('hex').slice(0, 32)

type PersonRecord = { subject: string; act: string; actor: string; detail: string }

const stateAfter: Readonly<Record<string, string>> = {
  'user added': 'invited',
  'user reset': 'invited',
  'invitation accepted': 'active',
  'user locked': 'locked',
  'user unlocked': 'active',
  'user removed': 'removed',
}

/**
 * What was done about people. Records of one person are mostly their sign-ins, so these are found by their
 * acts, which are few.
 */
const recordsOf = (reader: Reader, which: Sql): Promise<PersonRecord[]> =>
  reader.all<PersonRecord>(sql`
    select subject, act, actor, detail from audit
      where act in ('user added', 'user reset', 'invitation accepted', 'user locked', 'user unlocked',
      'user removed', 'role changed') ${which} order by seq`)

/** What of a person's row is not as the audit log has it; undefined where all of it is. One look-up. */
export const editedPerson = async (reader: Reader, person: PersonRow): Promise<Edited | undefined> =>
  judgePerson(person, await recordsOf(reader, sql`and subject || '' = ${person.id}`))

/** The same of everybody. */
export async function editedPeople(reader: Reader): Promise<(Edited & { id: string })[]> {
  const people = await reader.all<PersonRow>(
    sql`select id, name, role, state, given_by, approves_from, totp_secret from users
      where store_id = ${reader.store} order by id`,
  )
  const records = Map.groupBy(await recordsOf(reader, sql``), ({ subject }) => subject)
  return people.flatMap(person => {
    const edited = judgePerson(person, records.get(person.id) ?? [])
    return edited ? [{ ...edited, id: person.id }] : []
  })
}

/** Pure. */
export function judgePerson(
  { name, ...row }: PersonRow,
  records: readonly PersonRecord[],
): Edited | undefined {
  const detailOf = (record: PersonRecord | undefined) =>
    JSON.parse(record?.detail ?? '{}') as Record<string, string | undefined>
  const last = (...acts: string[]) => records.findLast(({ act }) => acts.includes(act))
  const added = last('user added')
  if (!added) return { what: 'person', name, row: '' }
  const role = detailOf(last('role changed'))['to'] ?? detailOf(added)['role']
  if (role !== row.role) return { what: 'role', name, row: row.role }
  if (stateAfter[last(...Object.keys(stateAfter))!.act] !== row.state)
    return { what: 'state', name, row: row.state }
  // What two people approved makes no link; whoever makes one resets them.
  const link = last('user added', 'user reset')!
  const giver = detailOf(link)['proposedBy'] === undefined ? link.actor : null
  if (giver !== row.given_by) return { what: 'link', name, row: row.given_by ?? 'nobody' }
  // Records from before it was written down say nothing of it.
  const from = detailOf(last('user added', 'role changed', 'invitation accepted'))['approvesFrom']
  if (from !== undefined && from !== row.approves_from)
    return { what: 'wait', name, row: row.approves_from ?? 'the beginning' }
  // The same; and one that cannot be decrypted lets nobody in, whatever it is.
  const shown = detailOf(last('invitation accepted', 'user reset', 'user removed'))['authenticator']
  const { id, totp_secret: secret } = row
  const isOther =
    shown !== undefined && secret !== null && !isUnreadable(secret) && authenticatorMark(id, secret) !== shown
  if (isOther) return { what: 'authenticator', name, row: '' }
  return undefined
}

/**
 * What was written down when an open proposal was made, of which its row is a copy. One that was decided is
 * open no more: what was approved once would be done again, and what was refused be asked for again.
 */
export async function editedProposal(
  reader: Reader,
  row: { id: string; act: string; subject: string; detail: string; why: string; made_by: string },
): Promise<Edited | undefined> {
  const records = await reader.all<{ actor: string; act: string; detail: string }>(sql`
    select actor, act, detail from audit where subject = ${row.id}
      and act in ('proposal made', 'proposal approved', 'proposal refused', 'proposal withdrawn') order by seq`)
  const [record, decided] = records
  const made = JSON.parse(record?.detail ?? '{}') as Record<string, string>
  const now = {
    act: row.act,
    about: row.subject,
    ...(JSON.parse(row.detail) as Record<string, string>),
    why: row.why,
  }
  const names = Object.keys(made).filter(name => !channels.includes(name) || Object.hasOwn(now, name))
  const isSame =
    record?.act === 'proposal made' &&
    decided === undefined &&
    record.actor === row.made_by &&
    names.length === Object.keys(now).length &&
    Object.entries(now).every(([name, value]) => made[name] === value)
  return isSame ? undefined : { what: 'proposal', name: row.id, row: '' }
}

/** How a record came, which stands beside what was done. */
const channels: readonly string[] = ['channel', 'osUser', 'host']
