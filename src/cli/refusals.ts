/** Why an act was not done, in the command line's words: they name its flags and commands. */
import { BadInput } from '../base/answer.ts'
import { wordRefusal, type Refusal, type WordsOf } from '../base/refusal.ts'
import type { ActRefusal } from '../jobs/jobs.ts'
import { barSentence } from '../ledger/ledger.ts'
import { payoutRefusals } from './payouts/refusals.ts'

const words: WordsOf<ActRefusal> = {
  barred: ({ by, bar }) => barSentence(by, bar),
  another: ({ proposal: { id } }) =>
    `proposal ${id} is open for the same: it is decided first ("repasse proposal show ${id}"), or withdrawn ("repasse proposal refuse ${id} --why …")`,
  ...payoutRefusals,
}

export const refusalText = (refusal: ActRefusal): string => wordRefusal(words, refusal)!

/** What an act answered where it was done; a refusal is bad input. */
export function done<A extends Refusal>(answer: A): Exclude<A, ActRefusal> {
  const refusal = wordRefusal(words, answer)
  if (refusal !== undefined) throw new BadInput(refusal)
  return answer as Exclude<A, ActRefusal>
}
