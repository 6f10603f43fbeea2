/** Why an act on the bank's lines that are not ours was not done, as commands say it. */
import type { WordsOf } from '../../base/refusal.ts'
import type { ReconcileRefusal } from '../../reconcile/reconcile.ts'

export const reconcileRefusals: WordsOf<ReconcileRefusal> = {
  'line-unknown': ({ id }) =>
    `there is no statement line "${id}" that is not ours: "repasse reconcile lines" shows them`,
  'line-decided': ({ id, state, why }) => `line ${id} is ${state} already${why === null ? '' : `: ${why}`}`,
  'rule-says-nothing': () => 'a rule needs a text to compare with',
  'rule-amounts-wrong': () =>
    'the amount of one line must be above zero, and that of all lines of a period not below it',
  'rule-name-taken': ({ name }) =>
    `there is a rule "${name}" already: close it first, or choose another name`,
  'rule-unknown': ({ name }) => `there is no active rule "${name}": "repasse reconcile rule list" shows them`,
  'suspense-empty': ({ ref }) =>
    `nothing about "${ref}" is in suspense: "repasse suspense list" shows what is`,
  'suspense-of-payout': ({ ref, payout }) =>
    `${ref} bears the tag of payout ${payout}: "repasse payout adjudicate ${payout} --transfer ${ref} …" says what it is`,
  'suspense-changed': ({ ref }) =>
    `what is in suspense about "${ref}" is not what it was when this was proposed: propose it again`,
  'suspense-booked': ({ ref }) => `what moved for ${ref} is booked by now: nothing is left to close`,
}
