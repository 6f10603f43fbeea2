/** Money of an invoice that went back, and what a person may do about it. */
import type { Instant } from '../base/world.ts'
import type { Reader } from '../db/db.ts'
import {
  cancelOf,
  mayRefund,
  mayReissue,
  refundableUnits,
  refundsOf,
  refundStatus,
  reissuesOf,
  type CancelRow,
  type InvoiceRow,
  type RefundRow,
  type ReissueRow,
} from '../invoice/invoice.ts'
import { reversalOf, type PayoutRow } from '../payout/payout.ts'
import {
  receiptAgainst,
  reversalAgainst,
  takeBackAgainst,
  type ReceiptRefusal,
  type ReversalRefusal,
  type TakeBackRefusal,
} from '../webhooks/webhooks.ts'

/** What is known of it beside the invoice's own row. */
export interface InvoiceActs {
  row: InvoiceRow
  returnedUnits: bigint
  underWaySince: Instant | null
  refunds: RefundRow[]
  cancel: CancelRow | undefined
  reissues: ReissueRow[]
  mayRefund: boolean
  mayReissue: boolean
  leftUnits: bigint
  isPassedOn: boolean
  /** Why nobody can say yet how its reversal ended. */
  reversalAgainst: ReversalRefusal | undefined
  /** Why nothing can be received for it over the counter. */
  receiptAgainst: ReceiptRefusal | undefined
  /** Why there is no receipt to take back. */
  takeBackAgainst: TakeBackRefusal | undefined
}

export async function showInvoiceActs(
  reader: Reader,
  row: InvoiceRow,
  payouts: readonly Pick<PayoutRow, 'state'>[],
  now: Instant,
): Promise<InvoiceActs> {
  const [reversal, refunds, cancel, reissues, status, against, noReceipt, noTakeBack] = await Promise.all([
    reversalOf(reader, row.id),
    refundsOf(reader, row.id),
    cancelOf(reader, row.id),
    reissuesOf(reader, row.id),
    refundStatus(reader, row),
    reversalAgainst(reader, row, now),
    receiptAgainst(reader, row, now),
    takeBackAgainst(reader, row),
  ])
  return {
    ...{ row, refunds, cancel, reissues },
    returnedUnits: reversal?.returned_units ?? 0n,
    underWaySince: reversal?.under_way_since ?? null,
    mayRefund: mayRefund(status) === undefined,
    mayReissue: mayReissue(row) === undefined && reissues.every(({ reissue_of: of }) => of !== row.id),
    leftUnits: refundableUnits(status),
    reversalAgainst: against,
    receiptAgainst: noReceipt,
    takeBackAgainst: noTakeBack,
    isPassedOn: payouts.some(({ state }) => ['sending', 'unsure', 'sent', 'paid'].includes(state)),
  }
}
