/** Why an act on payouts was not done, as commands say it. */
import { isOnChain } from '../../base/rails.ts'
import type { WordsOf } from '../../base/refusal.ts'
import type { LedgerRefusal } from '../../ledger/ledger.ts'
import type { AccountRefusal, BundleRefusal, PayoutRefusal } from '../../payout/payout.ts'
import { formatMoney } from '../print.ts'
import { transferRefusals } from './transferRefusals.ts'

export const payoutRefusals: WordsOf<Exclude<PayoutRefusal, AccountRefusal | BundleRefusal | LedgerRefusal>> =
  {
    ...transferRefusals,
    'payout-unknown': ({ id }) => `there is no payout "${id}": "repasse payout list" shows them`,
    'payout-state': ({ id, state, allowed, bundle }) =>
      `payout ${id} is ${state}${bundle ? inBundle(bundle) : ''}: this is for one that is ${allowed.join(' or ')}`,
    'payout-due': ({ id, account }) => {
      const waits =
        account === undefined
          ? 'is sent by itself as soon as "repasse serve" may'
          : account.state === 'closed'
            ? `cannot be sent, for account ${account.name} is closed`
            : `waits for the approval of account ${account.name}`
      return `payout ${id} is owed, so there is nothing to retry: it ${waits}`
    },
    'payout-empty': ({ id, units, asset }) =>
      `payout ${id} cannot go out, for it is of ${formatMoney(units, asset)}: nothing is left to pay on`,
    'payout-changed': ({ id }) => `payout ${id} has just changed: look again`,
    'refund-unknown': ({ id }) =>
      `--withdraw "${id}" is no refund: "repasse invoice show" names those of an invoice`,
    'refund-ordered': ({ id, state }) =>
      `refund ${id} is ${state}: only one that is not ordered yet can be withdrawn`,
    'payment-going-back': ({ id }) =>
      `payout ${id} passes on a payment that may be going back to its payer: it goes on by itself, of what is left, when the bank says what became of that`,
    'payment-not-mined': ({ id, coin, state }) =>
      `payout ${id} passes on the payment ${coin}, which is ${state} and in no block: it goes on by itself when the payment is back`,
    'order-alive': ({ id, order, state, rail }) =>
      `payout ${id} has the order ${order}, which is ${state}: wait until ${isOnChain(rail) ? 'the chain' : 'the bank'} has settled it`,
    'stopped-already': ({ by, why }) =>
      `payouts are stopped already, by ${by}: ${why}\nthat reason stays; "repasse payout go --why …" lets them go`,
    'nothing-to-let-go': () => 'payouts are not stopped: there is nothing to let go',
    'destination-unknown': ({ name }) =>
      `--to "${name}" is not an account: "repasse account list" shows them`,
    'destination-same': ({ id, name }) => `payout ${id} goes to account ${name} already`,
    'destination-not-approved': ({ name, state }) =>
      `account ${name} is ${state}: nothing is paid to one that is not approved`,
    'destination-edited': ({ why }) => why,
    'destination-of-another': ({ id, name, payee, owedTo }) =>
      `account ${name} is of ${payee || 'nobody named'}, and payout ${id} is owed to ${owedTo || 'nobody named'}: a payout goes to its payee only`,
    'destination-changed': ({ id, name }) =>
      `account ${name} is not what it was when payout ${id} was to go there`,
    'amount-changed': ({ id, amount, proposed }) =>
      `payout ${id} is of ${amount} by now, and of ${proposed} when this was proposed: refuse it and propose it again`,
  }

/** A transaction pays it among others, and what was planned or signed cannot be unsaid for one of them. */
function inBundle({ id, state }: { id: string; state: string }): string {
  const stop =
    state === 'planned' || state === 'signed'
      ? ', and only "repasse payout stop" keeps that from going out'
      : ''
  return ` in bundle ${id}, whose transaction is ${state} and pays it with others${stop}`
}
