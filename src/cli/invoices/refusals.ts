/** Why an act on an invoice was not done, as commands say it. */
import { formatMoney } from '../../base/money.ts'
import type { WordsOf } from '../../base/refusal.ts'
import type { RefundRefusal } from '../../invoice/invoice.ts'
import type {
  NothingToAccept,
  OwnInvoiceRefusal,
  ReversalRefusal,
  TakeBackRefusal,
} from '../../webhooks/webhooks.ts'

export const invoiceRefusals: WordsOf<OwnInvoiceRefusal> = {
  'invoice-unknown': ({ id }) => `there is no invoice "${id}": "repasse invoice list" shows them`,
  'refund-refused': ({ id, code }) => ofRefund[code](id),
  'reversal-refused': ({ id, code }) => ofReversal[code](id),
  'receipt-refused': ({ id, code }) => ofReceipt[code](id),
  'refund-changed': ({ id, left, proposed }) =>
    `R$ ${left} of invoice ${id} is left to give back now, and when this was proposed ${proposed === undefined ? 'an older version did not keep what was left' : `R$ ${proposed} was`}: refuse it and propose it again`,
  'reversal-changed': ({ id }) =>
    `more of invoice ${id} went back since this was proposed: refuse it and propose it again`,
  'reversal-said': ({ id }) =>
    `the bank has said by now what became of the money of invoice ${id}: it is read within minutes`,
  'bank-silent': ({ id, said }) => `the bank did not say what it knows of invoice ${id}: ${said}`,
  'invoices-unread': () =>
    'the bank\'s invoices since the backup are not all read yet, so there may be more: "repasse serve" reads them in some seconds',
  'nothing-to-accept': refusal => `invoice ${refusal.id} ${causeOf(refusal)}, so there is nothing to accept`,
  'refund-not-on-chain': ({ id }) => `invoice ${id} is the bank’s: --to is for a payment in bitcoin`,
  'refund-takes-an-address': () => '--to takes one address, which the payer gives: a refund is paid once',
  'refund-to-ourselves': () =>
    '--to is of our own account (BITCOIN_DESCRIPTOR): give an address of the payer’s',
  'nothing-to-refund': ({ id, state, depth }) =>
    `invoice ${id} is ${state}, and nothing of it can be given back: only what lies ${depth} blocks deep, and neither counts nor is spent`,
  'refund-too-much': ({ id, units, maxUnits }) =>
    `--amount ${formatMoney(units, 'BTC')} is more than can be given back of ${id}: ${formatMoney(maxUnits, 'BTC')}`,
  'refund-too-small': ({ units, minUnits }) =>
    `--amount ${formatMoney(units, 'BTC')} would be lost in fees: at least ${formatMoney(minUnits, 'BTC')}`,
  'refund-by-our-books': ({ txid }) =>
    `--made "${txid}" is a transaction of these books: it is no refund by hand`,
  'refund-spends-nothing': ({ id, txid }) =>
    `--made "${txid}" spends no payment of ${id} that was not credited: give the transaction that "repasse invoice show" names, once the node has seen it`,
  'refund-known': ({ id, txid }) => `${txid} is in the books already as the refund of ${id}`,
}

function causeOf(refusal: NothingToAccept): string {
  switch (refusal.cause) {
    case 'not-on-chain':
      return 'is the bank’s, which takes no payment late or in part'
    case 'accepted-already':
      return `was accepted already, by ${refusal.by}`
    case 'not-open':
      return `is ${refusal.state}`
    case 'nothing-came':
      return `is ${refusal.state} and nothing came`
    case 'spent':
      return 'had its payment given back, or spent by a transaction that is not ours'
    case 'left-chain':
      return 'has no payment on the chain any more'
    case 'all-counts':
      return `is ${refusal.state} and all that came counts: ${formatMoney(refusal.units, 'BTC')}`
  }
}

const ofRefund: Record<RefundRefusal, (id: string) => string> = {
  'of-another-rail': id => `invoice ${id} was not paid through the bank`,
  'not-credited': id =>
    `invoice ${id} is not credited, so there is nothing to give back: "repasse invoice cancel" takes back one that nobody paid`,
  'nothing-left': id => `nothing of invoice ${id} is left to give back`,
  'too-much': id => `less than that is left of invoice ${id}: "repasse invoice show ${id}" says how much`,
  'under-way': id =>
    `money of invoice ${id} is going back already: wait until the bank says what became of it`,
}

const ofReversal: Record<ReversalRefusal, (id: string) => string> = {
  'not-going-back': id => `no money of invoice ${id} is going back`,
  'too-soon': id =>
    `money of invoice ${id} has been going back for less than half an hour: the bank may still say how it ended`,
  'being-asked': id => `a refund of invoice ${id} is still being asked for: wait until the bank has answered`,
  'too-much': id => `less than that was paid of invoice ${id}`,
  'too-little': id =>
    `the bank has said already that more than that of invoice ${id} went back: --returned is all that did`,
}

const ofReceipt: Record<TakeBackRefusal, (id: string) => string> = {
  'of-another-rail': id =>
    `invoice ${id} is not paid in cash: "repasse invoice refund ${id}" gives money back`,
  'not-received': id => `nothing is received for invoice ${id}, so there is no receipt to take back`,
  edited: id =>
    `what the row of invoice ${id} says was received is not what the books have: "repasse ledger check" says more`,
}
