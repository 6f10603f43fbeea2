/**
 * Who may do what: one table from act to roles. Making and checking are different roles, and an admin moves
 * no money.
 */

export const roles = ['viewer', 'maker', 'checker', 'admin'] as const
export type Role = (typeof roles)[number]

interface Rule {
  roles: readonly Role[]
  /** The act asks for a code that is at most five minutes old. */
  stepUp?: true
  /** It lets money go, or people in: whoever is new, or was given access again, waits before they do it. */
  approves?: true
  /** Whoever is objected to may do it all the same. */
  harmless?: true
}

const table = {
  see: { roles: ['viewer', 'maker', 'checker', 'admin'], harmless: true },
  /** One's own language, password and sessions. */
  me: { roles: ['viewer', 'maker', 'checker', 'admin'], harmless: true },
  /** A key of one's own that signs approvals. */
  'me.key': { roles: ['viewer', 'maker', 'checker', 'admin'], stepUp: true },

  // Their terms are stated by whoever makes them, so a code shows that it is them.
  'schedule.add': { roles: ['maker'], stepUp: true },
  'schedule.edit': { roles: ['maker'], stepUp: true },
  'schedule.run': { roles: ['maker'] },
  'schedule.catch-up': { roles: ['maker'] },
  'schedule.pause': { roles: ['maker'] },
  'schedule.resume': { roles: ['maker'] },
  'product.add': { roles: ['maker'] },
  'product.edit': { roles: ['maker'] },
  'product.remove': { roles: ['maker'] },

  'account.add': { roles: ['maker'] },
  'account.approve': { roles: ['checker'], stepUp: true, approves: true },
  // What a payee owes: another person approves both.
  'account.terms': { roles: ['maker'] },
  'account.debt': { roles: ['maker'] },
  // Only what nothing was ever asked for or paid to: neither way moves money.
  'account.close': { roles: ['maker', 'checker'] },

  // Whoever was written to about it may, with a code, which shows that it is them; two people end it.
  'account.object': { roles: ['maker', 'checker', 'admin'], stepUp: true },
  'account.clear': { roles: ['checker', 'admin'], stepUp: true },
  'limits.object': { roles: ['maker', 'checker', 'admin'], stepUp: true },
  'limits.clear': { roles: ['checker', 'admin'], stepUp: true },

  'payout.hold': { roles: ['maker'], harmless: true },
  'payout.release': { roles: ['checker'], stepUp: true, approves: true },
  // One says that it is handed over, another that the payee has it; that it was not may be said by either.
  'payout.hand-over': { roles: ['maker'] },
  'payout.handed': { roles: ['checker'], stepUp: true, approves: true },
  'payout.not-handed': { roles: ['maker', 'checker'] },
  'payout.retry': { roles: ['checker'], stepUp: true, approves: true },
  // One proposes what a checker approves; lowering a limit is done at once, for less may leave then.
  'payout.beyond': { roles: ['maker'] },
  'line.accept': { roles: ['maker'] },
  'suspense.close': { roles: ['maker'] },
  'rule.add': { roles: ['maker'] },
  // What a closed rule would have covered stops payouts again, so one person may.
  'rule.close': { roles: ['maker', 'checker'] },
  'limits.set': { roles: ['maker'] },
  // The bank itself proves a transfer that bears our tag, so one person is enough; any other is a proposal.
  'payout.settle': { roles: ['checker'], stepUp: true, approves: true },
  // Proposed; whoever approves it is another person.
  'payout.adjudicate': { roles: ['maker'] },
  'payout.redirect': { roles: ['maker'] },
  // Whoever sees something wrong stops everything at once; going on is a second thought, with a code.
  'payouts.stop': { roles: ['maker', 'checker', 'admin'], harmless: true },
  'payouts.go': { roles: ['checker'], stepUp: true, approves: true },
  // What is owed for it leaves by two other acts of two people.
  'invoice.receive': { roles: ['maker'] },
  'invoice.accept': { roles: ['checker'], stepUp: true, approves: true },
  // The program itself proposes it, so one person is the second.
  'invoice.refund': { roles: ['checker'], stepUp: true, approves: true },
  // A refund of an invoice, on either rail: a second person approves it as a proposal.
  'refund.propose': { roles: ['maker'] },
  'invoice.cancel': { roles: ['maker', 'checker'] },
  'invoice.reissue': { roles: ['maker'] },
  'proposal.approve': { roles: ['checker'], stepUp: true, approves: true },
  // Ending one undone moves nothing; whoever made it withdraws it so.
  'proposal.refuse': { roles: ['maker', 'checker', 'admin'], harmless: true },
  // Nothing leaves us: its coins go to ourselves, and its payouts are owed again.
  'bundle.cancel': { roles: ['checker'], stepUp: true, approves: true },
  'psbt.export': { roles: ['maker', 'checker'] },
  'psbt.import': { roles: ['checker'], stepUp: true, approves: true },

  // CPFs whole, and in files; each time it is written down.
  'taxId.see': { roles: ['maker', 'checker', 'admin'] },
  // No money moves, and the law wants it soon, so one person is enough.
  'payer.export': { roles: ['admin'], stepUp: true },
  'payer.forget': { roles: ['admin'], stepUp: true },

  'event.replay': { roles: ['checker', 'admin'] },

  // Checkers approve what is proposed about people, so they see them; sessions and where they came from are
  // an admin's.
  'user.see': { roles: ['checker', 'admin'] },
  // Any of them alone keeps somebody from approving and proposing; two others end that.
  'user.object': { roles: ['checker', 'admin'] },
  'user.clear': { roles: ['checker', 'admin'], stepUp: true },
  'user.approve': { roles: ['checker', 'admin'], stepUp: true, approves: true },
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
export const approves = (act: Act): boolean => ruleOf(act).approves === true
export const isHarmless = (act: Act): boolean => ruleOf(act).harmless === true

/** Whether a role does more than look: giving it, or its password, takes two people. */
export const needsTwo = (role: Role): boolean => role !== 'viewer'
