/** Why an act about people was not done, as commands say it. */
import type { WordsOf } from '../../base/refusal.ts'
import type { LedgerRefusal } from '../../ledger/ledger.ts'
import type { PeopleRefusal } from '../../people/people.ts'
import { roles } from '../../people/roles.ts'

export const peopleRefusals: WordsOf<Exclude<PeopleRefusal, LedgerRefusal>> = {
  'objection-by-oneself': ({ by }) => `${by} cannot object to themselves`,
  'about-oneself': ({ by }) => `${by} cannot approve what is about themselves`,
  'user-unknown': ({ name }) => `there is no user "${name}": "repasse user list" shows them`,
  'user-removed': ({ name }) => `${name} was removed: add the person again under another name`,
  'user-name-wrong': ({ name }) =>
    `"${name}" is not a name: up to 63 letters, digits, points, underscores and hyphens, e.g. ana or ana@example.com`,
  'user-name-taken': ({ name, of, isRemoved }) =>
    isRemoved
      ? `"${name}" was the name of somebody who was removed, and the audit log still speaks of them by it: choose another name`
      : `"${name}" is taken: choose another name, or invite this person again with "repasse user reset ${of}"`,
  'user-name-alike': ({ name, of }) =>
    `"${name}" reads like "${of}", so one would be taken for the other: choose another name`,
  'user-email-taken': ({ of }) =>
    `--email is where ${of} is written to: each person has a mailbox of their own, so give another`,
  'user-role-same': ({ name, role }) => `${name} is ${role} already`,
  'user-role-unknown': ({ role }) => `"${role}" is not one of ${roles.join(', ')}`,
  'user-role-changed': ({ name, role, proposedAgainst }) =>
    `${name} is ${role} now, and was ${proposedAgainst} when this was proposed`,
  'user-locked-already': ({ name }) => `${name} is locked already`,
  'user-never-in': ({ name }) =>
    `${name} has not signed in yet: remove them, with "repasse user remove ${name}"`,
  'user-not-locked': ({ name, state }) => `${name} is not locked, but ${state}`,
  'session-unknown': ({ id }) => `there is no session "${id}" of this person`,
}
