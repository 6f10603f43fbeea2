/** Why an act was not done, in the page's words. */
import { BadInput } from '../../base/answer.ts'
import { wordRefusal, type Refusal, type WordsOf } from '../../base/refusal.ts'
import type { ActRefusal } from '../../jobs/jobs.ts'
import type { Both, Language } from '../page/page.ts'
import { accountRefusals } from './accounts/refusals.ts'
import { bundleRefusals } from './bitcoin/refusals.ts'
import { invoiceRefusals } from './invoices/refusals.ts'
import { payoutRefusals } from './payouts/refusals.ts'
import { peopleRefusals } from './people/refusals.ts'
import { shopRefusals } from './products/refusals.ts'
import { reconcileRefusals } from './reconciliation/refusals.ts'
import { scheduleRefusals } from './schedules/refusals.ts'
import { barText } from './schedules/barsWords.ts'

const words: Both<WordsOf<ActRefusal>> = {
  'pt-BR': {
    barred: ({ bar }) => barText('pt-BR', bar),
    another: () => 'Já há uma proposta em aberto para isto: decida-a ou retire-a antes.',
    'objection-to-own': ({ by, about }) =>
      about === 'account'
        ? `${by} cadastrou esta conta, então outras pessoas encerram a objeção.`
        : about === 'limits'
          ? `${by} propôs estes limites, então outras pessoas encerram a objeção.`
          : 'Ninguém encerra uma objeção a si mesmo.',
    'no-objection': () => 'Não há mais objeção em aberto aqui.',
    'objections-changed': ({ by }) =>
      `As objeções mudaram desde que isto foi proposto (agora: ${by}): recuse esta proposta e faça outra.`,
    'proposal-unknown-act': ({ act }) =>
      `A proposta é de “${act}”, que esta versão não conhece: decida-a na versão em que foi feita.`,
    'roster-unreadable': ({ name }) =>
      `A lista de pagadores de ${name} não pode ser decifrada, então não se sabe quem está nela. Rode “repasse keys status” no servidor.`,
    ...accountRefusals['pt-BR'],
    ...bundleRefusals['pt-BR'],
    ...invoiceRefusals['pt-BR'],
    ...payoutRefusals['pt-BR'],
    ...peopleRefusals['pt-BR'],
    ...reconcileRefusals['pt-BR'],
    ...scheduleRefusals['pt-BR'],
    ...shopRefusals['pt-BR'],
  },
  en: {
    barred: ({ bar }) => barText('en', bar),
    another: () => 'A proposal for this is open already: decide or withdraw it first.',
    'objection-to-own': ({ by, about }) =>
      about === 'account'
        ? `${by} added this account, so others clear the objection.`
        : about === 'limits'
          ? `${by} proposed these limits, so others clear the objection.`
          : 'Nobody clears an objection to themselves.',
    'no-objection': () => 'Nobody objects any more.',
    'objections-changed': ({ by }) =>
      `The objections have changed since this was proposed (now: ${by}): refuse this proposal and make another.`,
    'proposal-unknown-act': ({ act }) =>
      `The proposal is for “${act}”, which this version does not know: decide it in the version that made it.`,
    'roster-unreadable': ({ name }) =>
      `The roster of ${name} cannot be decrypted, so whom it names is not known. Run “repasse keys status” on the server.`,
    ...accountRefusals.en,
    ...bundleRefusals.en,
    ...invoiceRefusals.en,
    ...payoutRefusals.en,
    ...peopleRefusals.en,
    ...reconcileRefusals.en,
    ...scheduleRefusals.en,
    ...shopRefusals.en,
  },
}

export const refusalText = (lang: Language, refusal: ActRefusal): string => wordRefusal(words[lang], refusal)!

/** What an act answered where it was done; a refusal is bad input. */
export function done<A extends Refusal>(lang: Language, answer: A): Exclude<A, ActRefusal> {
  const refusal = wordRefusal(words[lang], answer)
  if (refusal !== undefined) throw new BadInput(refusal)
  return answer as Exclude<A, ActRefusal>
}
