/** Why an act about people was not done, in the page's words. */
import type { WordsOf } from '../../../base/refusal.ts'
import type { LedgerRefusal } from '../../../ledger/ledger.ts'
import type { PeopleRefusal } from '../../../people/people.ts'
import type { Both } from '../../page/page.ts'

type Words = WordsOf<Exclude<PeopleRefusal, LedgerRefusal>>

const pt: Words = {
  'objection-by-oneself': () => 'Ninguém registra objeção a si mesmo.',
}

const en: Words = {
  'objection-by-oneself': () => 'Nobody objects to themselves.',
}

export const peopleRefusals: Both<Words> = { 'pt-BR': pt, en }
