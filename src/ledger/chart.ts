/** The chart of movements: what is not named here cannot be posted. Units are signed, and each movement sums to zero. */

/**
 * `bank`: our money at the provider. `payable`: what is owed to payees (negative while owed). `in-transit`: ordered, not yet
 * settled. `commission`: the house's income (negative). `transfer-fee`: what transfers cost the house, less what was withheld
 * for them. `external`: movements at the bank that are not ours.
 */
export const accounts = ['bank', 'payable', 'in-transit', 'commission', 'transfer-fee', 'external'] as const
export type Account = (typeof accounts)[number]

/** `from` is credited (−), `to` is debited (+). `source` says whose id makes the movement unique. */
interface Movement {
  from: Account
  to: Account
  source: 'invoice' | 'reversal' | 'attempt' | 'statement line'
  says: string
}

export const chart = {
  'invoice credited': {
    from: 'payable',
    to: 'bank',
    source: 'invoice',
    says: 'a payer paid; all of it is the payee’s until fees are taken',
  },
  'bank fee': { from: 'bank', to: 'payable', source: 'invoice', says: 'what the bank charged for the invoice' },
  commission: { from: 'commission', to: 'payable', source: 'invoice', says: 'the house’s share' },
  'transfer fee withheld': {
    from: 'transfer-fee',
    to: 'payable',
    source: 'invoice',
    says: 'expected cost of the transfer, where the receiver bears it',
  },
  'commission returned': { from: 'payable', to: 'commission', source: 'invoice', says: 'the house’s share given back after a reversal' },
  'transfer fee returned': {
    from: 'payable',
    to: 'transfer-fee',
    source: 'invoice',
    says: 'what was withheld for a transfer that will not be made',
  },
  'payout ordered': { from: 'in-transit', to: 'payable', source: 'attempt', says: 'the net amount was ordered at the bank' },
  'payout returned': {
    from: 'payable',
    to: 'in-transit',
    source: 'attempt',
    says: 'the order came to nothing, so the amount is owed again',
  },
  'payout settled': { from: 'bank', to: 'in-transit', source: 'attempt', says: 'the bank paid it out' },
  'transfer fee': { from: 'bank', to: 'transfer-fee', source: 'attempt', says: 'what the bank charged for the transfer' },
  'transfer fee refunded': {
    from: 'transfer-fee',
    to: 'bank',
    source: 'attempt',
    says: 'with a settled transfer its charge came back too',
  },
  'payout refunded': { from: 'payable', to: 'bank', source: 'attempt', says: 'a settled transfer came back' },
  'invoice reversed': {
    from: 'bank',
    to: 'payable',
    source: 'reversal',
    says: 'the payer got the money back; what was paid on is now owed by the payee',
  },
  'external in': {
    from: 'external',
    to: 'bank',
    source: 'statement line',
    says: 'money that entered the account and is not ours to pass on',
  },
  'external out': { from: 'bank', to: 'external', source: 'statement line', says: 'money that left the account by no order of ours' },
} as const satisfies Record<string, Movement>

export type MovementName = keyof typeof chart
