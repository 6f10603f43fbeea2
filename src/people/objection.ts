/** Objections to people: from then on they approve and prepare nothing, until two others clear it. */
import { samePerson } from '../base/person.ts'
import type { World } from '../base/world.ts'
import {
  clearObjections,
  objectionsOf,
  openObjectionTo,
  proposeClearing,
  toPeople,
  type Clearing,
  type Objection,
  type ProposalRow,
  type Proposed,
} from '../ledger/ledger.ts'
import type { Reader, Db, Tx } from '../db/db.ts'
import { answering, refuse, type PeopleRefusal } from './refusals.ts'
import { tellAbout } from './notices.ts'
import { theUser } from './user.ts'
import type { UserRow } from './row.ts'

export const clearAct = 'user.clear'

interface Said {
  by: string
  why: string
}

/** The open ones to a person. */
export const personObjections = (reader: Reader, userId: string): Promise<Objection[]> =>
  objectionsOf(reader, toPeople, userId)

export const objectTo = (
  db: Db,
  world: World,
  name: string,
  { by, why }: Said,
): Promise<{ is: 'done'; objection: Objection } | PeopleRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const user = await theUser(tx, name)
      if (samePerson(user.name, by)) refuse({ is: 'objection-by-oneself', by })
      const { isNew, objection } = await openObjectionTo(tx, world, toPeople, user, { by, why })
      if (isNew) await tellAbout(tx, world, { kind: 'objected', about: user, by, why })
      return { is: 'done', objection } as const
    }),
  )

const clearing = ({ id, name }: UserRow): Clearing => ({
  ...{ kind: toPeople, act: clearAct, id, name, authors: [name], about: 'person' },
})

/** Proposes that the open objections end; another person approves it, and neither is who it is about. */
export const proposeClear = (
  db: Db,
  world: World,
  name: string,
  { by, why }: Said,
): Promise<Proposed | PeopleRefusal> =>
  answering(() =>
    db.tx(async tx => proposeClearing(tx, world, clearing(await theUser(tx, name)), { by, why })),
  )

/** In the transaction of the approval. */
export async function carryOutClear(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const user = await theUser(tx, proposal.subject)
  await clearObjections(tx, clearing(user), proposal)
  const { made_by: by, decided_by: approvedBy, why } = proposal
  await tellAbout(tx, world, { kind: 'cleared', about: user, by, approvedBy: approvedBy!, why })
}
