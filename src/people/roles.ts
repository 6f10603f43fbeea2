/** Who may do what: one table from act to roles. Making and checking are different roles, and an admin moves no money. */

export const roles = ['viewer', 'maker', 'checker', 'admin'] as const
export type Role = (typeof roles)[number]

interface Rule {
  roles: readonly Role[]
  /** The act asks for a code that is at most five minutes old. */
  stepUp?: true
}

const table = {
  see: { roles: ['viewer', 'maker', 'checker', 'admin'] },
  /** One's own language, password and sessions. */
  me: { roles: ['viewer', 'maker', 'checker', 'admin'] },

  'schedule.add': { roles: ['maker'] },
  'schedule.edit': { roles: ['maker'] },
  'schedule.run': { roles: ['maker'] },
  'schedule.catch-up': { roles: ['maker'] },
  'schedule.pause': { roles: ['maker'] },
  'schedule.resume': { roles: ['maker'] },
  'product.add': { roles: ['maker'] },
  'product.edit': { roles: ['maker'] },
  'product.remove': { roles: ['maker'] },

  'account.add': { roles: ['maker'] },
  'account.approve': { roles: ['checker'], stepUp: true },
  // What a payee owes: another person approves both.
  'account.terms': { roles: ['maker'] },
  'account.debt': { roles: ['maker'] },
  // Only what nothing was ever asked for or paid to: neither way moves money.
  'account.close': { roles: ['maker', 'checker'] },

  'payout.hold': { roles: ['maker'] },
  'payout.release': { roles: ['checker'], stepUp: true },
  'payout.retry': { roles: ['checker'], stepUp: true },
  // One proposes what a checker approves; lowering a limit is done at once, for less may leave then.
  'payout.beyond': { roles: ['maker'] },
  'line.accept': { roles: ['maker'] },
  'rule.add': { roles: ['maker'] },
  // What a closed rule would have covered stops payouts again, so one person may.
  'rule.close': { roles: ['maker', 'checker'] },
  'limits.set': { roles: ['maker'] },
  // The bank itself proves a transfer that bears our tag, so one person is enough; any other is a proposal.
  'payout.settle': { roles: ['checker'], stepUp: true },
  // Proposed; whoever approves it is another person.
  'payout.adjudicate': { roles: ['maker'] },
  'payout.redirect': { roles: ['maker'] },
  // Whoever sees something wrong stops everything at once; going on is a second thought, with a code.
  'payouts.stop': { roles: ['maker', 'checker', 'admin'] },
  'payouts.go': { roles: ['checker'], stepUp: true },
  'invoice.accept': { roles: ['checker'], stepUp: true },
  // The program itself proposes it, so one person is the second.
  'invoice.refund': { roles: ['checker'], stepUp: true },
  // A refund of an invoice, on either rail: a second person approves it as a proposal.
  'refund.propose': { roles: ['maker'] },
  'invoice.cancel': { roles: ['maker', 'checker'] },
  'invoice.reissue': { roles: ['maker'] },
  'proposal.approve': { roles: ['checker'], stepUp: true },
  // Ending one undone moves nothing; whoever made it withdraws it so.
  'proposal.refuse': { roles: ['maker', 'checker'] },
  // Nothing leaves us: its coins go to ourselves, and its payouts are owed again.
  'bundle.cancel': { roles: ['checker'], stepUp: true },
  'psbt.export': { roles: ['maker', 'checker'] },
  'psbt.import': { roles: ['checker'], stepUp: true },

  'event.replay': { roles: ['checker', 'admin'] },

  'user.see': { roles: ['admin'] },
  'user.add': { roles: ['admin'], stepUp: true },
  'user.role': { roles: ['admin'], stepUp: true },
  'user.reset': { roles: ['admin'], stepUp: true },
  'user.lock': { roles: ['admin'] },
  'user.unlock': { roles: ['admin'], stepUp: true },
  'user.remove': { roles: ['admin'], stepUp: true },
  'session.revoke': { roles: ['admin'] },
} as const satisfies Record<string, Rule>

export type Act = keyof typeof table
export const acts = Object.keys(table) as Act[]

const ruleOf = (act: Act): Rule => table[act]

export const may = (role: Role, act: Act): boolean => ruleOf(act).roles.includes(role)

export const needsStepUp = (act: Act): boolean => ruleOf(act).stepUp === true
