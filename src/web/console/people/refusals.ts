/** Why an act about people was not done, in the page's words. */
import type { WordsOf } from '../../../base/refusal.ts'
import type { LedgerRefusal } from '../../../ledger/ledger.ts'
import type { PeopleRefusal } from '../../../people/people.ts'
import type { Both } from '../../page/page.ts'
import { frameWords } from '../frame/words.ts'
import { peopleWords } from './words.ts'

type Words = WordsOf<Exclude<PeopleRefusal, LedgerRefusal>>

const ptRoles = frameWords['pt-BR'].roles
const pt: Words = {
  'objection-by-oneself': () => 'Ninguém registra objeção a si mesmo.',
  'about-oneself': () => 'Ninguém aprova o que é sobre si mesmo.',
  'user-unknown': ({ name }) => `Não há pessoa com o nome ${name}.`,
  'user-removed': ({ name }) => `${name} foi removido: cadastre a pessoa de novo com outro nome.`,
  'user-name-wrong': () => peopleWords['pt-BR'].people.badName,
  'user-name-taken': () => peopleWords['pt-BR'].people.taken,
  'user-name-alike': ({ of }) => peopleWords['pt-BR'].people.alike(of),
  'user-email-taken': ({ of }) => peopleWords['pt-BR'].people.emailTaken(of),
  'user-role-same': ({ name, role }) => `${name} já tem o papel de ${ptRoles[role]}.`,
  'user-role-unknown': ({ role }) => `“${role}” não é um papel deste sistema.`,
  'user-role-changed': ({ name, role }) =>
    `O papel de ${name} agora é ${ptRoles[role]}, e era outro quando isto foi proposto: recuse esta proposta e faça outra.`,
  'user-locked-already': ({ name }) => `O acesso de ${name} já está bloqueado.`,
  'user-never-in': ({ name }) => `${name} ainda não entrou nenhuma vez: remova o cadastro.`,
  'user-not-locked': ({ name }) => `O acesso de ${name} não está bloqueado.`,
  'session-unknown': () => 'Esta pessoa não tem mais esta sessão.',
}

const enRoles = frameWords.en.roles
const en: Words = {
  'objection-by-oneself': () => 'Nobody objects to themselves.',
  'about-oneself': ({ by }) => `${by} cannot approve what is about themselves.`,
  'user-unknown': ({ name }) => `There is nobody called ${name}.`,
  'user-removed': ({ name }) => `${name} was removed: add the person again under another name.`,
  'user-name-wrong': () => peopleWords.en.people.badName,
  'user-name-taken': () => peopleWords.en.people.taken,
  'user-name-alike': ({ of }) => peopleWords.en.people.alike(of),
  'user-email-taken': ({ of }) => peopleWords.en.people.emailTaken(of),
  'user-role-same': ({ name, role }) => `${name} is ${enRoles[role]} already.`,
  'user-role-unknown': ({ role }) => `“${role}” is not a role of this system.`,
  'user-role-changed': ({ name, role }) =>
    `${name} is ${enRoles[role]} now, and had another role when this was proposed: refuse this proposal and make another.`,
  'user-locked-already': ({ name }) => `${name} is locked already.`,
  'user-never-in': ({ name }) => `${name} has not signed in yet: remove them instead.`,
  'user-not-locked': ({ name }) => `${name} is not locked.`,
  'session-unknown': () => 'This person has no such session any more.',
}

export const peopleRefusals: Both<Words> = { 'pt-BR': pt, en }
