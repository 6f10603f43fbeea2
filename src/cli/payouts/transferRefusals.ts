/** Why what somebody says of a transfer or of a transaction is refused, as commands say it. */
import { formatMoney } from '../../base/money.ts'
import type { WordsOf } from '../../base/refusal.ts'
import type { TransferRefusal } from '../../payout/payout.ts'

type Made = Extract<TransferRefusal, { is: 'transfer-made-for-another' }>['madeFor']
const ofMade = (made: Made) =>
  'invoice' in made ? `invoice ${made.invoice}` : `order ${made.order} of payout ${made.payout}`

const otherwise = ({ transfer, payout }: { transfer: string; payout: string }) =>
  `; if it has paid payout ${payout} all the same, two people say so: "repasse payout adjudicate ${payout} --transfer ${transfer} --as ours --why …"`

export const transferRefusals: WordsOf<TransferRefusal> = {
  'rail-not-configured': ({ asks }) =>
    asks === 'bank'
      ? 'the bank is not configured, and it must be asked: set STARKBANK_*'
      : 'the Bitcoin rail is not configured, and addresses must be derived: set BITCOIN_*',
  'payout-on-chain': ({ id }) =>
    `payout ${id} goes out on a chain, where a transaction is what it is: this is for one at the bank`,
  'payout-by-hand': ({ id }) =>
    `payout ${id} is handed over by people: "repasse payout hand-over ${id}" says that it was`,
  'transfer-unknown': ({ ref, payout, invoice }) =>
    `--ref "${ref}": the bank has no such transfer for invoice ${invoice} of payout ${payout}, nor one of that id`,
  'order-shown': ({ order, transfer }) =>
    `the bank shows order ${order} as transfer ${transfer}: name that one`,
  'order-too-new': ({ order, at }) =>
    `order ${order} was made at ${at}: the bank may show it late, so wait for a quarter of an hour`,
  'order-settled': ({ order, state }) => `order ${order} is ${state} by now`,
  'orders-changed': ({ payout }) =>
    `the orders of payout ${payout} changed while the bank was asked: look at it, and approve again`,
  'statement-too-long': ({ order, since }) =>
    `the bank's statement since ${since} is too long to say that nothing was moved for order ${order}`,
  'money-moved': ({ order, line }) =>
    `the bank's statement has line ${line} for order ${order}, so money was moved for it`,
  'transfer-made-for-another': ({ transfer, madeFor, payout, invoice, as }) => {
    const then =
      as === undefined ? '' : as === 'ours' ? ': it has not paid this one' : ': say of that one what it is'
    return `transfer ${transfer} is for ${ofMade(madeFor)} by its tags, and payout ${payout} passes on ${invoice}${then}`
  },
  'transfer-differs': ({ ref, status, shown, owed }) =>
    `--ref "${ref}": the bank shows it as ${status}, of ${formatMoney(shown.units, 'BRL')} to ${shown.bank} ${shown.branch} ${shown.number}, and ${formatMoney(owed.units, 'BRL')} is owed to ${owed.bank} ${owed.branch} ${owed.number}`,
  'transfer-disowned': about =>
    `two people said that transfer ${about.transfer} is not ours${otherwise(about)}`,
  'transfer-explained': ({ line, state, why, ...about }) =>
    `transfer ${about.transfer} is explained already, line ${line} is ${state}: ${why}${otherwise(about)}`,
  'transfer-too-early': ({ at, since, ...about }) =>
    `transfer ${about.transfer} was made at ${at}, before the payment that is passed on came (${since})${otherwise(about)}`,
  'transfer-contradicts': ({ transfer, payout }) =>
    `transfer ${transfer} contradicts the orders of payout ${payout}: "repasse payout show ${payout}" has them`,
  'transfer-came-back': ({ transfer, order, status }) =>
    `${order === undefined ? `transfer ${transfer}` : `order ${order}`} came back, and the bank shows it as ${status}: it has paid nothing`,
  'transfer-settled-another': ({ transfer, payout }) =>
    `transfer ${transfer} has settled payout ${payout} already`,
  'transfer-is-order': ({ transfer, order, payout }) =>
    `transfer ${transfer} is order ${order} of payout ${payout}`,
  'transfer-paid-it': ({ transfer, payout, as }) =>
    `transfer ${transfer} has paid payout ${payout}${as === 'ours' ? ': that is said already' : ', so it is ours'}`,
  'transfer-not-alive': ({ transfer, status }) =>
    `the bank shows transfer ${transfer} as ${status}, so it has paid nothing`,
  'paid-by-another': ({ payout, by, transfer }) =>
    `payout ${payout} was paid by ${by}, so ${transfer} has not paid it: say not-ours of one of them`,
  'payout-under-way': ({ id, state }) => `payout ${id} is ${state}, with an order of its own under way`,
  'not-settled': ({ id, state, ref }) =>
    `payout ${id} is ${state} still: the bank has not succeeded with ${ref}`,
  'transaction-unknown': ({ ref, payout }) =>
    `--ref "${ref}" is no transaction that spends coins of ours beside our own: "repasse payout show ${payout}" names it`,
  'transaction-pays-another': ({ ref, payout }) =>
    `--ref "${ref}" does not pay the account of payout ${payout}`,
  'transaction-not-mined': ({ ref }) => `--ref "${ref}" is in no block, so it has paid nobody yet`,
  'transaction-too-small': ({ ref, payout, paidUnits, owedUnits, settledUnits }) => {
    const before =
      settledUnits > 0n ? `, and ${formatMoney(settledUnits, 'BTC')} were settled with it before` : ''
    return `--ref "${ref}" pays ${formatMoney(paidUnits, 'BTC')} to the account of payout ${payout}, which is of ${formatMoney(owedUnits, 'BTC')}${before}`
  },
}
