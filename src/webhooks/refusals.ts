/** Why an act on an invoice, or on money of it that came or goes back, is not done, as codes. */
import { refusing } from '../base/refusal.ts'
import type { InvoiceState, RefundRefusal } from '../invoice/invoice.ts'
import type { PayoutRefusal } from '../payout/payout.ts'

export type InvoiceRefusal = PayoutRefusal | OwnInvoiceRefusal

export type OwnInvoiceRefusal =
  | { is: 'invoice-unknown'; id: string }
  | { is: 'refund-refused'; id: string; code: RefundRefusal }
  | { is: 'reversal-refused'; id: string; code: ReversalRefusal }
  | { is: 'receipt-refused'; id: string; code: TakeBackRefusal }
  /** Reais that are left to give back; `proposed`: when this was proposed, where that was kept. */
  | { is: 'refund-changed'; id: string; left: string; proposed: string | undefined }
  /** More went back since this was proposed. */
  | { is: 'reversal-changed'; id: string }
  /** The bank has said how it ended. */
  | { is: 'reversal-said'; id: string }
  /** `said`: the bank's own words, or what happened when it was asked. */
  | { is: 'bank-silent'; id: string; said: string }
  | { is: 'invoices-unread' }
  | NothingToAccept
  | { is: 'refund-not-on-chain'; id: string }
  | { is: 'refund-takes-an-address' }
  | { is: 'refund-to-ourselves' }
  /** `depth`: how many blocks deep a payment must lie. */
  | { is: 'nothing-to-refund'; id: string; state: InvoiceState; depth: number }
  | { is: 'refund-too-much'; id: string; units: bigint; maxUnits: bigint }
  | { is: 'refund-too-small'; units: bigint; minUnits: bigint }
  | { is: 'refund-by-our-books'; txid: string }
  | { is: 'refund-spends-nothing'; id: string; txid: string }
  | { is: 'refund-known'; id: string; txid: string }

/**
 * Why people cannot say how it ended: nothing is going back, the bank may still say, or a refund is still
 * being asked for.
 */
export type ReversalRefusal = 'not-going-back' | 'too-soon' | 'being-asked' | 'too-much' | 'too-little'

/**
 * Why a receipt is not taken back: its invoice is not paid over the counter, nothing is received for it, or
 * what its row says was received is not what the books have.
 */
export type TakeBackRefusal = 'of-another-rail' | 'not-received' | 'edited'

/** No payment of an invoice waits for a person. */
export type NothingToAccept = { is: 'nothing-to-accept'; id: string; state: InvoiceState } & (
  | { cause: 'not-on-chain' | 'not-open' | 'nothing-came' | 'spent' | 'left-chain' }
  | { cause: 'accepted-already'; by: string }
  | { cause: 'all-counts'; units: bigint }
)

export const { refuse, refuseIf, answering } = refusing<InvoiceRefusal>()
