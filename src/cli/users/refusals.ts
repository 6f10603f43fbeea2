/** Why an act about people was not done, as commands say it. */
import type { WordsOf } from '../../base/refusal.ts'
import type { LedgerRefusal } from '../../ledger/ledger.ts'
import type { PeopleRefusal } from '../../people/people.ts'

export const peopleRefusals: WordsOf<Exclude<PeopleRefusal, LedgerRefusal>> = {
  'objection-by-oneself': ({ by }) => `${by} cannot object to themselves`,
}
