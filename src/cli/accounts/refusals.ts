/** Why an act on payout accounts, or on limits, was not done, as commands say it. */
import { formatMoney } from '../../base/money.ts'
import type { WordsOf } from '../../base/refusal.ts'
import type { AccountRefusal, AccountRow, OpenObjection } from '../../payout/payout.ts'

/** Also what is said where an account is added there. */
export const placeObjected = (
  account: AccountRow,
  { account: name, made_by: by, why }: OpenObjection,
): string =>
  `account "${account.name}" pays to a place that ${by} objects to as account "${name}" (${why}): it is not approved until two people have ended that (repasse account clear ${name})`

export const accountRefusals: WordsOf<AccountRefusal> = {
  'account-unknown': ({ name }) => `there is no account "${name}": "repasse account list" shows them`,
  'account-name-taken': ({ name }) =>
    `--name "${name}" is taken by another account: choose another name, or see it with "repasse account show ${name}"`,
  'account-own': ({ by, account }) =>
    `--by ${by} added account "${account.name}": someone else has to approve it (--by NAME)`,
  'account-approved-already': ({ account }) =>
    `account "${account.name}" was already approved by ${account.approved_by}`,
  'account-closed': ({ account }) =>
    `account "${account.name}" is closed: nothing is paid there, so add it again under another name`,
  'account-place-objected': ({ account, objection }) => placeObjected(account, objection),
  'account-changed': ({ account }) =>
    `account "${account.name}" is not the one that was looked at: look again`,
  'debt-changed': ({ account, owingUnits, sinceUnits }) => {
    const since = sinceUnits > 0n ? `, ${formatMoney(sinceUnits, 'BRL')} of it since this was proposed` : ''
    return `account ${account} owes ${formatMoney(owingUnits, 'BRL')} by now${since}: refuse this proposal and make another`
  },
  'proposal-unreadable': ({ about, says }) =>
    `the proposal about ${about} says "${says}", which this version does not know: refuse it and propose it again`,
  'limits-objected': ({ by, why }) =>
    `${by} objects to these limits: nobody raises them until two people have cleared that: ${why}`,
  'limit-changed': ({ per, now, proposed }) =>
    `the limit for each ${per} is ${now} now, and was ${proposed} when this was proposed: propose it again`,
  'limits-never-set': ({ name }) => `no limit of ${name} was ever set`,
  'no-limit-waits': ({ id, state }) => `payout ${id} is ${state ?? 'gone'} and waits for no limit`,
}
