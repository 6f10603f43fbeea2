/** Why an act was not done, in the command line's words: they name its flags and commands. */
import { BadInput } from '../base/answer.ts'
import { wordRefusal, type Refusal, type WordsOf } from '../base/refusal.ts'
import type { ActRefusal } from '../jobs/jobs.ts'
import { barSentence } from '../ledger/ledger.ts'
import { accountRefusals } from './accounts/refusals.ts'
import { bundleRefusals } from './bitcoin/refusals.ts'
import { invoiceRefusals } from './invoices/refusals.ts'
import { payoutRefusals } from './payouts/refusals.ts'
import { reconcileRefusals } from './reconcile/refusals.ts'
import { scheduleRefusals } from './schedules/refusals.ts'
import { shopRefusals } from './shop/refusals.ts'
import { peopleRefusals } from './users/refusals.ts'

const words: WordsOf<ActRefusal> = {
  barred: ({ by, bar }) => barSentence(by, bar),
  another: ({ proposal: { id } }) =>
    `proposal ${id} is open for the same: it is decided first ("repasse proposal show ${id}"), or withdrawn ("repasse proposal refuse ${id} --why …")`,
  'objection-to-own': ({ by, about, name }) =>
    about === 'account'
      ? `${by} added account "${name}", so others clear the objection to it`
      : about === 'limits'
        ? `${by} proposed these limits, so others clear the objection to them`
        : `${by} cannot clear an objection to themselves`,
  'no-objection': ({ name }) => `nobody objects to ${name}`,
  'objections-changed': ({ name, by }) =>
    `${by} objects to ${name} by now, and not only who did when this was proposed: refuse it and propose it again`,
  'proposal-unknown-act': ({ id, act }) =>
    `proposal ${id} is for "${act}", which this version does not know: run the version that made it`,
  'roster-unreadable': ({ name }) =>
    `the roster of schedule ${name} cannot be decrypted, so whom it names is not known: see "repasse keys status"`,
  ...accountRefusals,
  ...bundleRefusals,
  ...invoiceRefusals,
  ...payoutRefusals,
  ...peopleRefusals,
  ...reconcileRefusals,
  ...scheduleRefusals,
  ...shopRefusals,
}

export const refusalText = (refusal: ActRefusal): string => wordRefusal(words, refusal)!

/** What an act answered where it was done; a refusal is bad input. */
export function done<A extends Refusal>(answer: A): Exclude<A, ActRefusal> {
  const refusal = wordRefusal(words, answer)
  if (refusal !== undefined) throw new BadInput(refusal)
  return answer as Exclude<A, ActRefusal>
}
