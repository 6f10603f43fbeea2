/**
 * The chart of movements: what is not named here cannot be posted. Units are signed, and each movement sums
 * to zero.
 */

/**
 * `bank`: our money at the provider. `cash-box`: what was received over the counter and not handed over yet.
 * `payable`: what is owed to payees (negative while owed). `in-transit`: ordered, not yet settled.
 * `commission`: our income (negative). `transfer-fee`: what transfers cost us, less what was
 * withheld for them. `owed-to-payers`: what payers paid by mistake, to duplicates of invoices, and are to get
 * back (negative while owed). `receivable`: what payees owe us, because a payer got money back that had been
 * passed on (positive while owed). `given-up`: what of that was forgiven. `bank-fee`: what the bank charged
 * and no payee bears. `external`: movements at the bank that are not ours. `suspense`: those that bear our
 * tags and belong to nothing these books know (negative: it came in). On a chain `bank` is what lies unspent
 * in blocks at scripts of ours, and `pending` what came there and is not the payee's yet (negative), because
 * it lies too shallow or a person must say.
 */
export const accounts = [
  'bank',
  'cash-box',
  'payable',
  'in-transit',
  'commission',
  'transfer-fee',
  'owed-to-payers',
  'receivable',
  'given-up',
  'bank-fee',
  'external',
  'suspense',
  'pending',
] as const
export type Account = (typeof accounts)[number]

/** `from` is credited (−), `to` is debited (+). `source` says whose id makes the movement unique. */
interface Movement {
  from: Account
  to: Account
  source:
    | 'invoice'
    | 'reversal'
    | 'attempt'
    | 'statement line'
    | 'coin'
    | 'bundle'
    | 'payout'
    | 'twin'
    | 'proposal'
  says: string
}

export const chart = {
  'invoice credited': {
    from: 'payable',
    to: 'bank',
    source: 'invoice',
    says: 'a payer paid; all of it is the payee’s until fees are taken',
  },
  'cash received': {
    from: 'payable',
    to: 'cash-box',
    source: 'invoice',
    says: 'a payer paid over the counter; all of it is the payee’s until fees are taken',
  },
  'cash receipt taken back': {
    from: 'cash-box',
    to: 'payable',
    source: 'reversal',
    says: 'two people say that it was not received; what was handed over of it is owed by the payee',
  },
  'cash received again': {
    from: 'payable',
    to: 'cash-box',
    source: 'reversal',
    says: 'a payer paid over the counter, after another receipt of the invoice was taken back',
  },
  'coin received': {
    from: 'pending',
    to: 'bank',
    source: 'coin',
    says: 'a payment of a request is in a block',
  },
  'payment credited': {
    from: 'payable',
    to: 'pending',
    source: 'coin',
    says: 'it lies deep enough: all of it is the payee’s until fees are taken',
  },
  'bank fee': {
    from: 'bank',
    to: 'payable',
    source: 'invoice',
    says: 'what the bank charged for the invoice',
  },
  commission: { from: 'commission', to: 'payable', source: 'invoice', says: 'our share' },
  'transfer fee withheld': {
    from: 'transfer-fee',
    to: 'payable',
    source: 'invoice',
    says: 'expected cost of the transfer, where the receiver bears it',
  },
  'commission returned': {
    from: 'payable',
    to: 'commission',
    source: 'invoice',
    says: 'our share given back after a reversal',
  },
  'transfer fee returned': {
    from: 'payable',
    to: 'transfer-fee',
    source: 'invoice',
    says: 'what was withheld for a transfer that will not be made',
  },
  'payout ordered': {
    from: 'in-transit',
    to: 'payable',
    source: 'attempt',
    says: 'the net amount was ordered at the bank',
  },
  'payout returned': {
    from: 'payable',
    to: 'in-transit',
    source: 'attempt',
    says: 'the order came to nothing, so the amount is owed again',
  },
  'payout settled': { from: 'bank', to: 'in-transit', source: 'attempt', says: 'the bank paid it out' },
  'cash handed over': {
    from: 'cash-box',
    to: 'in-transit',
    source: 'attempt',
    says: 'two people say that the payee has it in hand',
  },
  'transfer fee': {
    from: 'bank',
    to: 'transfer-fee',
    source: 'attempt',
    says: 'what the bank charged for the transfer',
  },
  'transfer fee refunded': {
    from: 'transfer-fee',
    to: 'bank',
    source: 'attempt',
    says: 'with a settled transfer its charge came back too',
  },
  'payout refunded': { from: 'payable', to: 'bank', source: 'attempt', says: 'a settled transfer came back' },
  'payout revived': {
    from: 'in-transit',
    to: 'payable',
    source: 'attempt',
    says: 'an order that was given up is under way at the bank, or was paid, after all',
  },
  'payout overpaid': {
    from: 'bank',
    to: 'external',
    source: 'attempt',
    says: 'what a transfer paid beyond its order, which two people said to be ours',
  },
  'payout underpaid': {
    from: 'external',
    to: 'bank',
    source: 'attempt',
    says: 'what such a transfer paid less than its order, or what came back of one that paid more',
  },
  'payout paid elsewhere': {
    from: 'external',
    to: 'payable',
    source: 'payout',
    says: 'a person says that money which left by no order of these books has paid it',
  },
  'payout elsewhere undone': {
    from: 'payable',
    to: 'external',
    source: 'payout',
    says: 'the transaction that has paid it by no order of these books has left the chain, or two people say that the transfer has not paid it',
  },
  'invoice reversed': {
    from: 'bank',
    to: 'payable',
    source: 'reversal',
    says: 'the payer got money back; what was paid on of it is owed by the payee',
  },
  'invoice reversal undone': {
    from: 'payable',
    to: 'bank',
    source: 'reversal',
    says: 'the money that the payer got back came back to the bank',
  },
  'commission again': {
    from: 'commission',
    to: 'payable',
    source: 'reversal',
    says: 'our share of money that came back',
  },
  'transfer fee withheld again': {
    from: 'transfer-fee',
    to: 'payable',
    source: 'reversal',
    says: 'expected cost of the transfer, of money that came back',
  },
  'charges borne': {
    from: 'payable',
    to: 'bank-fee',
    source: 'reversal',
    says: 'what the bank charged for money that went back, beyond what was paid on; we bear it',
  },
  'charges borne returned': {
    from: 'bank-fee',
    to: 'payable',
    source: 'reversal',
    says: 'the payee bears it after all',
  },
  'shortfall offset': {
    from: 'payable',
    to: 'external',
    source: 'reversal',
    says: 'what a transfer paid less than its order is set against what went back to the payer: the payee never had it',
  },
  'shortfall offset returned': {
    from: 'external',
    to: 'payable',
    source: 'reversal',
    says: 'the money or the transfer came back',
  },
  'receivable booked': {
    from: 'payable',
    to: 'receivable',
    source: 'reversal',
    says: 'more was paid on than the payer left with us: the payee owes it',
  },
  'receivable canceled': {
    from: 'receivable',
    to: 'payable',
    source: 'reversal',
    says: 'the payee no longer owes it, because the money or the payout came back',
  },
  'receivable set off': {
    from: 'receivable',
    to: 'payable',
    source: 'payout',
    says: 'what the payee owes was kept back from a payout, as its account’s terms say',
  },
  'set-off returned': {
    from: 'payable',
    to: 'receivable',
    source: 'payout',
    says: 'more was kept back from payouts than the payee owes, and goes out with the next one',
  },
  'set-off returned elsewhere': {
    from: 'external',
    to: 'receivable',
    source: 'proposal',
    says: 'two people say that what was kept back too much was returned to the payee by other means',
  },
  'receivable paid': {
    from: 'receivable',
    to: 'external',
    source: 'proposal',
    says: 'two people say that the payee has paid it back by other means',
  },
  'receivable forgiven': {
    from: 'receivable',
    to: 'given-up',
    source: 'proposal',
    says: 'two people say that the payee need not pay it',
  },
  'forgiveness undone': {
    from: 'given-up',
    to: 'receivable',
    source: 'reversal',
    says: 'what was forgiven is not owed any more, because the money or the payout came back',
  },
  'duplicate credited': {
    from: 'owed-to-payers',
    to: 'bank',
    source: 'twin',
    says: 'a payer paid the duplicate of an invoice; all of it is the payer’s',
  },
  'duplicate fee': {
    from: 'bank',
    to: 'bank-fee',
    source: 'twin',
    says: 'what the bank charged for the duplicate, which we bear',
  },
  'duplicate refunded': {
    from: 'bank',
    to: 'owed-to-payers',
    source: 'twin',
    says: 'the payer got the money of the duplicate back',
  },
  'duplicate refund undone': {
    from: 'owed-to-payers',
    to: 'bank',
    source: 'twin',
    says: 'the money of the duplicate that the payer got back came back to the bank',
  },
  'duplicate kept': {
    from: 'external',
    to: 'owed-to-payers',
    source: 'twin',
    says: 'a person says that the duplicate was settled by other means',
  },
  'duplicate reopened': {
    from: 'owed-to-payers',
    to: 'external',
    source: 'twin',
    says: 'what was settled by other means was given back at the bank after all',
  },
  'external in': {
    from: 'external',
    to: 'bank',
    source: 'statement line',
    says: 'money that entered the account and is not ours to pass on',
  },
  'external in cleared': {
    from: 'bank',
    to: 'external',
    source: 'statement line',
    says: 'it is known by now what that was, and booked as such',
  },
  'external out': {
    from: 'bank',
    to: 'external',
    source: 'statement line',
    says: 'money that left the account by no order of ours',
  },
  'external out cleared': {
    from: 'external',
    to: 'bank',
    source: 'statement line',
    says: 'it belongs to a transfer that paid a payout, or is known by now, and is booked as such',
  },
  'suspense in': {
    from: 'suspense',
    to: 'bank',
    source: 'statement line',
    says: 'money that entered with a tag of ours, for nothing these books know',
  },
  'suspense out': {
    from: 'bank',
    to: 'suspense',
    source: 'statement line',
    says: 'money that left with a tag of ours, by no order these books know',
  },
  'suspense in cleared': {
    from: 'bank',
    to: 'suspense',
    source: 'statement line',
    says: 'it is known by now what that was, and booked as such',
  },
  'suspense out cleared': {
    from: 'suspense',
    to: 'bank',
    source: 'statement line',
    says: 'it is known by now what that was, and booked as such',
  },
  'coin orphaned': {
    from: 'bank',
    to: 'pending',
    source: 'coin',
    says: 'its block was left behind by the chain',
  },
  'payment uncredited': {
    from: 'pending',
    to: 'payable',
    source: 'coin',
    says: 'the chain took it back for good, before it was passed on',
  },
  'refund owed': {
    from: 'payable',
    to: 'pending',
    source: 'payout',
    says: 'a payment, or part of it, is to be given back: two people said so',
  },
  'refund withdrawn': {
    from: 'pending',
    to: 'payable',
    source: 'payout',
    says: 'it is not given back after all',
  },
  'refund made elsewhere': {
    from: 'external',
    to: 'pending',
    source: 'coin',
    says: 'what left us by no order of ours was this payment given back by hand: two people said so',
  },
  'refund elsewhere undone': {
    from: 'pending',
    to: 'external',
    source: 'coin',
    says: 'the chain took that back',
  },
  'payout mined': {
    from: 'bank',
    to: 'in-transit',
    source: 'attempt',
    says: 'a block pays it out, less its share of the network fee',
  },
  'payout unmined': {
    from: 'in-transit',
    to: 'bank',
    source: 'attempt',
    says: 'that block was left behind by the chain',
  },
  'network fee': {
    from: 'bank',
    to: 'in-transit',
    source: 'attempt',
    says: 'its share of what the miners took, as first offered',
  },
  'network fee returned': {
    from: 'in-transit',
    to: 'bank',
    source: 'attempt',
    says: 'the block that took it was left behind',
  },
  'fee bump': {
    from: 'bank',
    to: 'in-transit',
    source: 'attempt',
    says: 'what a replacement took beyond the first offer',
  },
  'fee bump returned': {
    from: 'in-transit',
    to: 'bank',
    source: 'attempt',
    says: 'the block that took it was left behind',
  },
  'cancellation fee': {
    from: 'bank',
    to: 'transfer-fee',
    source: 'bundle',
    says: 'what miners took for spending the coins of a canceled bundle to ourselves',
  },
  'cancellation fee returned': {
    from: 'transfer-fee',
    to: 'bank',
    source: 'bundle',
    says: 'the block that took it was left behind',
  },
  'dust given up': {
    from: 'bank',
    to: 'transfer-fee',
    source: 'bundle',
    says: 'change too small for an output of its own, left to the miners',
  },
  'dust returned': {
    from: 'transfer-fee',
    to: 'bank',
    source: 'bundle',
    says: 'the block that took it was left behind',
  },
} as const satisfies Record<string, Movement>

export type MovementName = keyof typeof chart
