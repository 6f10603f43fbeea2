/**
 * The states of invoices, at the bank and on a chain, and which may follow which. Imports nothing that runs.
 */
import type { Machine, StateOf } from '../base/machine.ts'

/**
 * Late truth is an arrow: a payer may pay what had expired, and the bank may tell `credited` before `paid`.
 */
export const invoiceMachine = {
  draft: ['issuing', 'issued', 'canceled'],
  issuing: ['issued', 'unsure', 'draft', 'refused'],
  unsure: ['issued', 'draft'],
  issued: ['overdue', 'paid', 'credited', 'expired', 'canceled', 'reversed'],
  overdue: ['paid', 'credited', 'expired', 'canceled', 'reversed'],
  paid: ['credited', 'reversed'],
  credited: ['reversed'],
  expired: ['paid', 'credited', 'reversed'],
  canceled: ['paid', 'credited', 'issued', 'reversed'],
  // What went back may come again.
  reversed: ['credited'],
  refused: [],
} as const satisfies Machine

/**
 * Where a payment request may stand between being asked for and credited. Every one may follow every other:
 * the chain decides, and may think again.
 */
const watched = ['issued', 'seen', 'underpaid', 'confirming', 'late', 'paid', 'credited', 'expired'] as const
type Watched = (typeof watched)[number]

/**
 * A request on a chain. `paid`: as deep as its value asks for; `credited`: deep enough to pay on; `late`: a
 * person decides.
 */
export const requestMachine = {
  draft: ['issued', 'canceled', 'refused'],
  ...(Object.fromEntries(watched.map(state => [state, watched.filter(other => other !== state)])) as Record<
    Watched,
    Watched[]
  >),
  canceled: [],
  refused: [],
} as const satisfies Machine
export type RequestState = StateOf<typeof requestMachine>
export type InvoiceState = StateOf<typeof invoiceMachine> | RequestState

/**
 * `approved`: two people want it. `refunding`: the bank is being asked. `sent`: it took it on. `failed`:
 * nothing went back, and one may be asked for again.
 */
export const refundMachine = {
  // Failed: this database was restored, and it may have been done since.
  approved: ['refunding', 'refunded', 'failed'],
  refunding: ['sent', 'unsure', 'approved', 'failed', 'refunded'],
  unsure: ['sent', 'approved', 'failed', 'refunded'],
  sent: ['refunded', 'failed'],
  refunded: [],
  // The bank gave it back after all.
  failed: ['refunded'],
} as const satisfies Machine
export type RefundState = StateOf<typeof refundMachine>
