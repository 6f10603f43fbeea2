/**
 * The states of payouts, of their attempts and of bundles, and which may follow which. Imports nothing that
 * runs.
 */
import type { Machine, StateOf } from '../base/machine.ts'

export const payoutMachine = {
  // An order that was given up, or forgotten in a restore, may be alive or paid after all.
  owed: ['sending', 'held', 'canceled', 'sent', 'paid'],
  sending: ['sent', 'unsure', 'owed', 'waiting', 'held', 'paid', 'canceled'],
  unsure: ['sent', 'sending', 'owed', 'waiting', 'held', 'paid', 'canceled'],
  sent: ['paid', 'owed', 'waiting', 'held', 'canceled'],
  waiting: ['sending', 'held', 'canceled', 'owed', 'sent', 'paid'],
  held: ['owed', 'canceled', 'paid', 'sent'],
  // A block that paid it may be left behind, by an order of ours or by hand.
  paid: ['returned', 'canceled', 'sent', 'held'],
  returned: ['owed', 'canceled', 'sent', 'paid'],
  // What its payer got back came back; or an order that was given up paid it all the same, and the payee owes
  // it.
  canceled: ['held', 'sent', 'paid'],
} as const satisfies Machine
export type PayoutState = StateOf<typeof payoutMachine>

/**
 * Only `failed`, `canceled`, `refused` and `refunded` allow another attempt: the money is back. What was
 * given up may turn up after all.
 */
export const attemptMachine = {
  sending: ['sent', 'unsure', 'refused', 'success', 'failed', 'canceled'],
  unsure: ['sent', 'sending', 'success', 'failed', 'canceled', 'refused'],
  sent: ['success', 'failed', 'canceled'],
  success: ['refunded', 'sent'],
  failed: ['sent', 'success'],
  canceled: ['sent', 'success'],
  refused: ['sent', 'success'],
  refunded: [],
} as const satisfies Machine
export type AttemptState = StateOf<typeof attemptMachine>

/**
 * `planned`: to be signed; `signed`: its bytes are kept; `sent`: a node has taken them; `paid`: deep enough.
 * Nothing signed is ever forgotten: `void` is only what can never be mined, for somebody else has spent a
 * coin of it, deep enough.
 */
export const bundleMachine = {
  planned: ['signed', 'mined', 'void'],
  signed: ['sent', 'mined', 'void'],
  sent: ['mined', 'void'],
  // `void`: what was mined was its cancellation.
  mined: ['paid', 'sent', 'void'],
  paid: ['sent'],
  void: [],
} as const satisfies Machine
export type BundleState = StateOf<typeof bundleMachine>

/** One transaction of a bundle. `replaced`: another of its group was mined. */
export const candidateMachine = {
  planned: ['signed', 'mined', 'replaced'],
  signed: ['sent', 'mined', 'replaced'],
  sent: ['mined', 'replaced'],
  mined: ['sent', 'planned'],
  // Where the block that shut it out is left behind, it may be signed or sent again.
  replaced: ['mined', 'sent', 'planned'],
} as const satisfies Machine
export type CandidateState = StateOf<typeof candidateMachine>

export const accountMachine = {
  awaiting: ['approved', 'closed'],
  approved: ['closed'],
  closed: [],
} as const satisfies Machine
export type AccountState = StateOf<typeof accountMachine>
