/** Why somebody may not approve, in words. */
import type { Bar, Edited } from '../../../ledger/ledger.ts'
import type { Role, UserRow } from '../../../people/people.ts'
import { moment, type Language } from '../../page/page.ts'
import { frameWords } from '../frame/words.ts'
import { peopleWords } from '../people/words.ts'

export function barText(lang: Language, bar: Bar): string {
  switch (bar.is) {
    case 'waits': {
      const when = moment(lang, bar.until)
      return lang === 'en'
        ? `Your access or your role is new, so you can approve from ${when} on. Until then others can object to it.`
        : `Seu acesso ou seu papel é novo: você pode aprovar a partir de ${when}. Até lá, outras pessoas podem registrar uma objeção.`
    }
    case 'objected':
      return lang === 'en'
        ? `${bar.by} objects to you, so you neither approve nor propose until two others clear it: ${bar.why}`
        : `${bar.by} registrou uma objeção a você, então você não aprova nem propõe nada até que outras duas pessoas a encerrem: ${bar.why}`
    case 'edited':
      return editedText(lang, bar.edited)
    case 'one giver':
      return lang === 'en'
        ? `You cannot approve what ${bar.maker} made: ${bar.giver} invited or reset both of you, and could be either. Another person has to approve it. Where nobody else is there, a new invitation for one of you, made on the server with "repasse user reset", ends this.`
        : `Você não pode aprovar o que ${bar.maker} fez: ${bar.giver} fez o convite de ambas as partes e poderia ser qualquer uma delas. Outra pessoa precisa aprovar. Se não houver outra, um convite novo para uma das partes, feito no servidor com “repasse user reset”, resolve.`
  }
}

/** What of a row was edited past the program, and that it lets nobody do anything. */
export function editedText(lang: Language, { what, name, row }: Edited): string {
  const state =
    frameWords[lang].roles[row as Role] ?? peopleWords[lang].people.states[row as UserRow['state']] ?? row
  return `${(lang === 'en' ? en : pt)[what](name, state)} ${lang === 'en' ? then.en : then.pt}`
}

const then = {
  pt: 'A linha do banco de dados foi alterada fora deste programa: nada é feito com ela até que volte ao que era.',
  en: 'Its database row was changed past this program: nothing is done on it until it is what it was.',
}

const pt: Record<Edited['what'], (name: string, row: string) => string> = {
  person: name => `${name} está no banco de dados, e ninguém fez esse cadastro.`,
  role: (name, row) => `${name} está com o papel “${row}”, e ninguém deu esse papel.`,
  state: (name, row) => `${name} está com o acesso “${row}”, e ninguém o deixou assim.`,
  link: (name, row) => `O convite de ${name} aparece como feito por ${row}, e não foi.`,
  wait: (name, row) => `${name} aparece podendo aprovar a partir de ${row}, e não foi o definido.`,
  authenticator: name => `${name} está com outro autenticador, que não é o mostrado ao aceitar o convite.`,
  proposal: name => `A proposta ${name} não é mais o que foi proposto.`,
}

const en: typeof pt = {
  person: name => `${name} is in the database, and nobody added them.`,
  role: (name, row) => `${name} has the role ${row}, and nobody gave it to them.`,
  state: (name, row) => `${name} is ${row}, and nobody made them so.`,
  link: (name, row) => `The invitation of ${name} is said to be made by ${row}, and was not.`,
  wait: (name, row) => `${name} is said to approve from ${row} on, and that is not what was set.`,
  authenticator: name => `${name} has another authenticator than the one they showed when they came in.`,
  proposal: name => `Proposal ${name} is not what was proposed.`,
}
