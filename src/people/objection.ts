/** Objections: one person objects to somebody, or to a payout account, at once; two people clear it, one who proposes that and one who approves it. */
import { newId } from '../base/id.ts'
import { BadInput } from '../base/answer.ts'
import { samePerson } from '../base/person.ts'
import type { Instant, World } from '../base/world.ts'
import { audit, propose, type ProposalRow, type Proposed } from '../ledger/ledger.ts'
import { sql, type Reader, type Sql, type Store, type Tx } from '../store/store.ts'
import { tellAbout } from './notices.ts'
import { theUser, type UserRow } from './user.ts'

export type ObjectionRow = {
  id: string
  made_by: string
  why: string
  added_at: Instant
  cleared_at: Instant | null
  cleared_by: string | null
}

/** Where objections to one kind of thing are kept, and what they are called. */
export interface ObjectionKind {
  table: Sql
  /** The column of the thing's id. */
  of: Sql
  /** Acts of the audit log. */
  objected: string
  cleared: string
  /** The act of the proposal that clears one. */
  clearAct: string
}

/** What somebody objects to. */
export interface Objected {
  id: string
  name: string
}

interface Said {
  by: string
  why: string
}

export const openOf = (reader: Reader, { table, of }: ObjectionKind, id: string): Promise<ObjectionRow | undefined> =>
  reader.one<ObjectionRow>(sql`select * from ${table} where store_id = 'sto_default' and ${of} = ${id} and cleared_at is null`)

/** Opens an objection; `isNew` is false where somebody has objected already: that one remains. */
export async function openObjectionTo(
  tx: Tx,
  world: World,
  kind: ObjectionKind,
  { id, name }: Objected,
  { by, why }: Said,
): Promise<{ isNew: boolean; objection: ObjectionRow }> {
  const there = await openOf(tx, kind, id)
  if (there) return { isNew: false, objection: there }
  const objectionId = newId('objection', world)
  await tx.run(sql`
    insert into ${kind.table} (id, store_id, ${kind.of}, made_by, why, added_at)
    values (${objectionId}, 'sto_default', ${id}, ${by}, ${why}, ${await tx.now()})`)
  await audit(tx, { actor: by, act: kind.objected, subject: id, detail: { name, why } })
  return { isNew: true, objection: (await openOf(tx, kind, id))! }
}

/** Proposes that the open objection ends. Throws `BadInput` where there is none. */
export async function proposeClearing(
  tx: Tx,
  world: World,
  kind: ObjectionKind,
  { id, name }: Objected,
  { by, why }: Said,
): Promise<Proposed> {
  const there = await openOf(tx, kind, id)
  if (!there) throw new BadInput(`nobody objects to ${name}`)
  const detail = { name, objection: there.id, objectedBy: there.made_by, because: there.why }
  return propose(tx, world, { act: kind.clearAct, subject: id, detail, why, by })
}

/** Ends it, in the transaction of the approval. */
export async function clearObjectionTo(tx: Tx, kind: ObjectionKind, { id, name }: Objected, proposal: ProposalRow): Promise<void> {
  const { made_by: madeBy, decided_by: by, why } = proposal
  const there = await openOf(tx, kind, id)
  if (!there) throw new BadInput(`nobody objects to ${name} any more`)
  const clearedBy = `${madeBy} and ${by}: ${why}`
  await tx.run(
    sql`update ${kind.table} set cleared_at = ${await tx.now()}, cleared_by = ${clearedBy} where id = ${there.id} and cleared_at is null`,
  )
  await audit(tx, { actor: by!, act: kind.cleared, subject: id, detail: { name, objectedBy: there.made_by, proposedBy: madeBy, why } })
}

export const clearAct = 'user.clear'

const toPeople: ObjectionKind = {
  ...{ table: sql`objections`, of: sql`user_id`, objected: 'objected to person', cleared: 'objection cleared', clearAct },
}

/** The open one to a person. */
export const openObjection = (reader: Reader, userId: string) => openOf(reader, toPeople, userId)

/** From now on the person neither approves nor proposes. */
export async function objectTo(store: Store, world: World, name: string, { by, why }: Said): Promise<ObjectionRow> {
  return store.tx(async tx => {
    const user = await theUser(tx, name)
    if (samePerson(user.name, by)) throw new BadInput(`${by} cannot object to themselves`)
    const { isNew, objection } = await openObjectionTo(tx, world, toPeople, user, { by, why })
    if (isNew) await tellAbout(tx, world, { kind: 'objected', about: user, by, why })
    return objection
  })
}

function assertNotAbout(user: UserRow, by: string): void {
  if (samePerson(user.name, by)) throw new BadInput(`${by} cannot clear an objection to themselves`)
}

/** Proposes that the open objection ends; another person approves it, and neither is who it is about. */
export async function proposeClear(store: Store, world: World, name: string, { by, why }: Said): Promise<Proposed> {
  return store.tx(async tx => {
    const user = await theUser(tx, name)
    assertNotAbout(user, by)
    return proposeClearing(tx, world, toPeople, user, { by, why })
  })
}

/** In the transaction of the approval. */
export async function carryOutClear(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const user = await theUser(tx, proposal.subject)
  assertNotAbout(user, proposal.decided_by!)
  await clearObjectionTo(tx, toPeople, user, proposal)
  const { made_by: by, decided_by: approvedBy, why } = proposal
  await tellAbout(tx, world, { kind: 'cleared', about: user, by, approvedBy: approvedBy!, why })
}
