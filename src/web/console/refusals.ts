/** Why an act was not done, in the page's words. */
import { BadInput } from '../../base/answer.ts'
import { wordRefusal, type Refusal, type WordsOf } from '../../base/refusal.ts'
import type { ActRefusal } from '../../jobs/jobs.ts'
import type { Both, Language } from '../page/page.ts'
import { payoutRefusals } from './payouts/refusals.ts'
import { barText } from './schedules/barsWords.ts'

const words: Both<WordsOf<ActRefusal>> = {
  'pt-BR': {
    barred: ({ bar }) => barText('pt-BR', bar),
    another: () => 'Já há uma proposta em aberto para isto: decida-a ou retire-a antes.',
    ...payoutRefusals['pt-BR'],
  },
  en: {
    barred: ({ bar }) => barText('en', bar),
    another: () => 'A proposal for this is open already: decide or withdraw it first.',
    ...payoutRefusals.en,
  },
}

export const refusalText = (lang: Language, refusal: ActRefusal): string => wordRefusal(words[lang], refusal)!

/** What an act answered where it was done; a refusal is bad input. */
export function done<A extends Refusal>(lang: Language, answer: A): Exclude<A, ActRefusal> {
  const refusal = wordRefusal(words[lang], answer)
  if (refusal !== undefined) throw new BadInput(refusal)
  return answer as Exclude<A, ActRefusal>
}
