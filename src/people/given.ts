/**
 * Access that is given by two: adding somebody who is more than a viewer, giving such a role, and forgetting
 * such a person's password and authenticator. One proposes it and another approves it; the link is made
 * afterwards, by an admin who from then on is behind that person.
 */
import { samePerson } from '../base/person.ts'
import type { World } from '../base/world.ts'
import { audit, barFor, detailOf, propose, type ProposalRow, type Proposed } from '../ledger/ledger.ts'
import { sql, type Db, type Tx } from '../db/db.ts'
import { answering, refuse, type PeopleRefusal } from './refusals.ts'
import { tellAbout, whoActs } from './notices.ts'
import { clearAct } from './objection.ts'
import { roles, type Role } from './roles.ts'
import { assertFree, changeRoleIn, findUser, forgetSecrets, newUser, theUser, type NewUser } from './user.ts'
import { languages, type Language } from './row.ts'

export const addAct = 'user.add'
export const roleAct = 'user.role'
export const resetAct = 'user.reset'
/** What is proposed about people: checkers approve it, and admins. */
export const personActs: readonly string[] = [addAct, roleAct, resetAct, clearAct]

interface Asked {
  by: string
  why: string
}

export const proposeUser = (
  db: Db,
  world: World,
  { name, role, language, email }: NewUser,
  { by, why }: Asked,
): Promise<Proposed | PeopleRefusal> =>
  answering(() =>
    db.tx(async tx => {
      await assertFree(tx, { name, email })
      const detail = { role, language, ...(email !== undefined && { email }) }
      return propose(tx, world, { act: addAct, subject: name, detail, why, by })
    }),
  )

export const proposeRole = (
  db: Db,
  world: World,
  name: string,
  role: Role,
  { by, why }: Asked,
): Promise<Proposed | PeopleRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const user = await theUser(tx, name)
      if (user.role === role) refuse({ is: 'user-role-same', name: user.name, role })
      return propose(tx, world, {
        act: roleAct,
        subject: user.id,
        detail: { name: user.name, fromRole: user.role, role },
        why,
        by,
      })
    }),
  )

export const proposeReset = (
  db: Db,
  world: World,
  name: string,
  { by, why }: Asked,
): Promise<Proposed | PeopleRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const user = await theUser(tx, name)
      return propose(tx, world, {
        act: resetAct,
        subject: user.id,
        detail: { name: user.name, role: user.role },
        why,
        by,
      })
    }),
  )

/**
 * Whether somebody other than `by` and the person it is about could approve it now. On the server, whoever
 * runs commands does what nobody could approve: the first people come in so, and the last one who is locked
 * out does.
 */
export const canBeApproved = (db: Db, { by, about }: { by: string; about: string }): Promise<boolean> =>
  db.tx(async tx => {
    const people = await tx.all<{ name: string }>(sql`
      select name from users where store_id = ${tx.store} and ${whoActs} and role in ('checker', 'admin')
        order by id`)
    for (const { name } of people)
      if (!samePerson(name, by) && !samePerson(name, about) && !(await barFor(tx, name, await tx.now(), by)))
        return true
    return false
  })

export async function carryOutAdd(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const { subject: name, made_by: madeBy, decided_by: by } = proposal
  const { role, language, email } = detailOf(proposal)
  if (samePerson(name, by!)) refuse({ is: 'about-oneself', by: by! })
  await assertFree(tx, { name, email })
  const user = await newUser(
    tx,
    world,
    { name, role: asRole(role), language: asLanguage(language), email },
    madeBy,
  )
  const said = { name, role: user.role, approvesFrom: user.approves_from!, proposedBy: madeBy }
  await audit(tx, { actor: by!, act: 'user added', subject: user.id, detail: said })
  await tellAbout(tx, world, { kind: 'added', about: user, by: madeBy, approvedBy: by!, why: proposal.why })
}

export async function carryOutRole(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const { subject, made_by: madeBy, decided_by: by } = proposal
  const { role, fromRole } = detailOf(proposal)
  const user = await theUser(tx, subject)
  if (samePerson(user.name, by!)) refuse({ is: 'about-oneself', by: by! })
  if (user.role !== fromRole)
    refuse({
      is: 'user-role-changed',
      name: user.name,
      role: user.role,
      proposedAgainst: fromRole ?? '',
    })
  await changeRoleIn(tx, world, user, asRole(role), { by: by!, proposedBy: madeBy })
  await tellAbout(tx, world, {
    kind: 'role',
    about: (await findUser(tx, user.id))!,
    by: madeBy,
    approvedBy: by!,
    why: proposal.why,
  })
}

export async function carryOutReset(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const { subject, made_by: madeBy, decided_by: by } = proposal
  const user = await theUser(tx, subject)
  if (samePerson(user.name, by!)) refuse({ is: 'about-oneself', by: by! })
  await forgetSecrets(tx, user, by!)
  await audit(tx, {
    actor: by!,
    act: 'user reset',
    subject: user.id,
    detail: { name: user.name, proposedBy: madeBy },
  })
  await tellAbout(tx, world, { kind: 'reset', about: user, by: madeBy, approvedBy: by!, why: proposal.why })
}

function asRole(text: string | undefined): Role {
  return roles.find(each => each === text) ?? refuse({ is: 'user-role-unknown', role: text ?? '' })
}
const asLanguage = (text: string | undefined): Language => languages.find(each => each === text) ?? 'pt-BR'
