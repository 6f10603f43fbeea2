/** Why somebody may not approve, in words. */
import type { Bar } from '../../../ledger/ledger.ts'
import { moment, type Language } from '../../page/page.ts'

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
    case 'one giver':
      return lang === 'en'
        ? `You cannot approve what ${bar.maker} made: ${bar.giver} invited or reset both of you, and could be either. Another person has to approve it. Where nobody else is there, a new invitation for one of you, made on the server with "repasse user reset", ends this.`
        : `Você não pode aprovar o que ${bar.maker} fez: ${bar.giver} fez o convite de ambas as partes e poderia ser qualquer uma delas. Outra pessoa precisa aprovar. Se não houver outra, um convite novo para uma das partes, feito no servidor com “repasse user reset”, resolve.`
  }
}
