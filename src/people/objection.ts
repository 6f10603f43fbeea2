/** Objections: any checker or admin objects to a person at once, and two others clear it. */
import { newId } from '../base/id.ts'
import { BadInput } from '../base/answer.ts'
import { samePerson } from '../base/person.ts'
import type { Instant, World } from '../base/world.ts'
import { audit, propose, type ProposalRow, type Proposed } from '../ledger/ledger.ts'
import { sql, type Reader, type Store, type Tx } from '../store/store.ts'
import { tellAbout } from './notices.ts'
import { theUser } from './user.ts'

export type ObjectionRow = {
  id: string
  user_id: string
  made_by: string
  why: string
  added_at: Instant
  cleared_at: Instant | null
  cleared_by: string | null
}

export const clearAct = 'user.clear'

/** The open one. */
export const openObjection = (reader: Reader, userId: string): Promise<ObjectionRow | undefined> =>
  reader.one<ObjectionRow>(sql`select * from objections where store_id = 'sto_default' and user_id = ${userId} and cleared_at is null`)

/** From now on the person neither approves nor proposes. Where somebody has objected already, that one stands. */
export async function objectTo(store: Store, world: World, name: string, { by, why }: { by: string; why: string }): Promise<ObjectionRow> {
  return store.tx(async tx => {
    const user = await theUser(tx, name)
    if (samePerson(user.name, by)) throw new BadInput(`${by} cannot object to themselves`)
    const there = await openObjection(tx, user.id)
    if (there) return there
    await tx.run(sql`
      insert into objections (id, store_id, user_id, made_by, why, added_at)
      values (${newId('objection', world)}, 'sto_default', ${user.id}, ${by}, ${why}, ${await tx.now()})`)
    await audit(tx, { actor: by, act: 'objected to person', subject: user.id, detail: { name: user.name, why } })
    await tellAbout(tx, world, { kind: 'objected', about: user, by, why })
    return (await openObjection(tx, user.id))!
  })
}

/** Proposes that the open objection ends; another person approves it, and neither is who it is about. */
export async function proposeClear(store: Store, world: World, name: string, { by, why }: { by: string; why: string }): Promise<Proposed> {
  return store.tx(async tx => {
    const user = await theUser(tx, name)
    if (samePerson(user.name, by)) throw new BadInput(`${by} cannot clear an objection to themselves`)
    const there = await openObjection(tx, user.id)
    if (!there) throw new BadInput(`nobody objects to ${user.name}`)
    const detail = { name: user.name, objection: there.id, objectedBy: there.made_by, because: there.why }
    return propose(tx, world, { act: clearAct, subject: user.id, detail, why, by })
  })
}

/** In the transaction of the approval. */
export async function carryOutClear(tx: Tx, world: World, { subject, made_by: madeBy, decided_by: by, why }: ProposalRow): Promise<void> {
  const user = await theUser(tx, subject)
  if (samePerson(user.name, by!)) throw new BadInput(`${by} cannot clear an objection to themselves`)
  const there = await openObjection(tx, user.id)
  if (!there) throw new BadInput(`nobody objects to ${user.name} any more`)
  const clearedBy = `${madeBy} and ${by}: ${why}`
  await tx.run(
    sql`update objections set cleared_at = ${await tx.now()}, cleared_by = ${clearedBy} where id = ${there.id} and cleared_at is null`,
  )
  const detail = { name: user.name, objectedBy: there.made_by, proposedBy: madeBy, why }
  await audit(tx, { actor: by!, act: 'objection cleared', subject: user.id, detail })
  await tellAbout(tx, world, { kind: 'cleared', about: user, by: madeBy, approvedBy: by!, why })
}
