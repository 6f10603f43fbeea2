/**
 * Objections: one person objects at once, to a person, a payout account or limits; two others end it, one who
 * proposes that and one who approves it. The audit log counts besides the rows, so that a row that was
 * deleted or edited past this program ends nothing.
 */
import { newId } from '../base/id.ts'
import { samePerson } from '../base/person.ts'
import { isSaidAgain } from '../base/reasons.ts'
import type { Instant, World } from '../base/world.ts'
import { join, sql, type Reader, type Sql, type Tx } from '../db/db.ts'
import { audit } from './audit.ts'
import type { Finding } from './check.ts'

/**
 * An open one. Each person has at most one to one thing; the words of whoever comes second are heard as well.
 */
export interface Objection {
  /** Null where its row is gone and the audit log alone says it. */
  id: string | null
  made_by: string
  why: string
  added_at: Instant
  /** Its record in the audit log; null where a row says it and nobody made it. */
  seq: bigint | null
}

/** Where objections to one kind of thing are kept, and what they are called. */
export interface ObjectionKind {
  table: Sql
  /** The column of the thing's id. */
  of: Sql
  /** Acts of the audit log. */
  objected: string
  cleared: string
  /** Before the thing's name, in sentences. */
  noun: string
  /** Whether two people approved the end that the audit log says; without it the log's word is enough. */
  isEnd?(reader: Reader, end: ObjectionEnd): Promise<boolean>
}

/** A record that says objections to a thing ended. */
export interface ObjectionEnd {
  seq: bigint
  actor: string
  subject: string
  objectedBy: string
}

/** What somebody objects to. */
export interface Objected {
  id: string
  name: string
}

/** The open ones to each of these things, or to all, oldest first, as the rows or the audit log say. */
export async function openObjections(
  reader: Reader,
  kind: ObjectionKind,
  ids?: readonly string[],
): Promise<Map<string, Objection[]>> {
  if (ids?.length === 0) return new Map()
  const open = await loggedObjections(reader, kind, ids)
  for (const { of, ...row } of await objectionRows(reader, kind, ids)) {
    const known = open.get(of) ?? []
    const same = known.find(each => each.id === null && samePerson(each.made_by, row.made_by))
    if (same) same.id = row.id
    else open.set(of, [...known, { ...row, seq: null }])
  }
  return new Map(
    [...open].map(([id, objections]) => [id, objections.map(({ name: _, ...objection }) => objection)]),
  )
}

/** The open ones to one thing, oldest first. */
export const objectionsOf = async (reader: Reader, kind: ObjectionKind, id: string): Promise<Objection[]> =>
  (await openObjections(reader, kind, [id])).get(id) ?? []

type Logged = Objection & { name?: string }

/**
 * Acts of this kind are few, and records of one thing may be many: the blank leads the planner to the index
 * of the acts.
 */
async function loggedObjections(
  reader: Reader,
  kind: ObjectionKind,
  ids?: readonly string[],
): Promise<Map<string, Logged[]>> {
  const { objected, cleared } = kind
  const which = ids === undefined ? sql`` : sql`and subject || '' in (${join(ids)})`
  const records = await reader.all<LoggedRow>(sql`
    select seq, at, subject, act, actor, detail from audit where act in (${objected}, ${cleared}) ${which}
      order by seq`)
  const open = new Map<string, Logged[]>()
  for (const [subject, own] of Map.groupBy(records, record => record.subject)) {
    const since = await sinceLastEnd(reader, kind, own)
    const left = since.flatMap(({ seq, at, act, actor, detail }): Logged[] => {
      const { name = subject, why = '' } = JSON.parse(detail) as { name?: string; why?: string }
      return act === cleared ? [] : [{ id: null, made_by: actor, why, added_at: at, seq, name }]
    })
    if (left.length > 0) open.set(subject, left)
  }
  return open
}

type LoggedRow = { seq: bigint; at: Instant; subject: string; act: string; actor: string; detail: string }

/** What was recorded of one thing since its objections ended last. An end that nobody approved is none. */
async function sinceLastEnd(
  reader: Reader,
  { cleared, isEnd }: ObjectionKind,
  own: readonly LoggedRow[],
): Promise<readonly LoggedRow[]> {
  for (let place = own.length - 1; place >= 0; place--) {
    const { seq, act, actor, subject, detail } = own[place]!
    if (act !== cleared) continue
    const { objectedBy = '' } = JSON.parse(detail) as { objectedBy?: string }
    if (!isEnd || (await isEnd(reader, { seq, actor, subject, objectedBy }))) return own.slice(place + 1)
  }
  return own
}

type Row = { of: string; id: string; made_by: string; why: string; added_at: Instant }

const objectionRows = (
  reader: Reader,
  { table, of }: ObjectionKind,
  ids?: readonly string[],
): Promise<Row[]> =>
  reader.all<Row>(sql`
    select ${of} as of, id, made_by, why, added_at from ${table}
    where cleared_at is null ${ids === undefined ? sql`` : sql`and ${of} in (${join(ids)})`} order by id`)

/** Objections that are not as the audit log says: taken away, edited, or of nobody. */
export async function editedObjections(reader: Reader, kind: ObjectionKind): Promise<Finding[]> {
  const logged = await loggedObjections(reader, kind)
  const rows = await objectionRows(reader, kind)
  const finding = (subject: string, says: string): Finding => ({
    ...{ invariant: 'approvals', subject },
    says: `${says}: somebody has changed it past this program`,
  })
  const found: Finding[] = []
  for (const [id, objections] of logged)
    for (const { name, made_by: by, why } of objections) {
      const row = rows.find(each => each.of === id && samePerson(each.made_by, by))
      const thing = `${kind.noun}${name}`
      if (!row) found.push(finding(id, `${by} objects to ${thing}, and nobody cleared it`))
      else if (!isSaidAgain(row.why, why))
        found.push(finding(id, `the objection to ${thing} is not as ${by} made it`))
    }
  for (const { of: id, made_by: by } of rows)
    if (!logged.get(id)?.some(each => samePerson(each.made_by, by)))
      found.push(finding(id, `an objection to ${kind.noun}${id} is open, and nobody made it`))
  return found
}

interface Said {
  by: string
  why: string
}

/** Opens an objection; `isNew` is false where the same person has objected already: that one remains. */
export async function openObjectionTo(
  tx: Tx,
  world: World,
  kind: ObjectionKind,
  { id, name }: Objected,
  { by, why }: Said,
): Promise<{ isNew: boolean; objection: Objection }> {
  const theirs = async () => (await objectionsOf(tx, kind, id)).find(each => samePerson(each.made_by, by))
  const there = await theirs()
  if (there) return { isNew: false, objection: there }
  await tx.run(sql`
    insert into ${kind.table} (id, store_id, ${kind.of}, made_by, why, added_at)
    values (${newId('objection', world)}, ${tx.store}, ${id}, ${by}, ${why}, ${await tx.now()})`)
  await audit(tx, { actor: by, act: kind.objected, subject: id, detail: { name, why } })
  return { isNew: true, objection: (await theirs())! }
}

/** To people, who approve and prepare nothing meanwhile (`approver.ts`). */
export const toPeople: ObjectionKind = {
  ...{
    table: sql`objections`,
    of: sql`user_id`,
    objected: 'objected to person',
    cleared: 'objection cleared',
    noun: '',
  },
}
