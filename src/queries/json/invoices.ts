/** Invoices as programs read them, with their duplicates, their refunds and what was passed on. */
import { formatDuration } from '../../base/duration.ts'
import { maybeMoney, moneyOf } from '../../base/money.ts'
import { isOnChain } from '../../base/rails.ts'
import type { InvoiceRow, RefundRow, TwinRow } from '../../invoice/invoice.ts'
import type { PayoutRow } from '../../payout/payout.ts'
import type { InvoiceActs } from '../invoiceActs.ts'

export const invoiceJson = (row: InvoiceRow) => ({
  id: row.id,
  slot: row.slot_id,
  order: row.order_id,
  state: row.state,
  rail: row.rail,
  ...moneyOf(row.units, row.asset),
  paid: maybeMoney(row.paid_units, row.asset),
  bankFee: maybeMoney(row.fee_units, row.asset),
  payer: row.payer_name,
  payerTaxId: row.payer_tax_id,
  description: row.description,
  dueAt: row.due_at,
  ...(row.fine_bp !== null && payView(row)),
  providerId: row.provider_id,
  link: row.link,
  addedAt: row.added_at,
  changedAt: row.changed_at,
})

const payView = ({
  fine_bp: fine,
  interest_bp: interest,
  expires_in_ms: expires,
  discounts,
}: InvoiceRow) => ({
  fineBasisPoints: Number(fine),
  interestBasisPoints: Number(interest),
  discounts,
  expiresIn: formatDuration(Number(expires)),
})

/** A payout of an invoice, with the transactions that may pay it. */
export type PaidOn = { payout: PayoutRow; txids: { id: string; state: string }[] }

export const paidOnJson = ({ payout, txids }: PaidOn) => ({
  id: payout.id,
  state: payout.state,
  ...moneyOf(payout.units, payout.asset),
  why: payout.why,
  ...(isOnChain(payout.rail) && { transactions: txids.map(({ id, state }) => ({ txid: id, state })) }),
})

export const duplicateJson = (twin: TwinRow) => ({
  id: twin.provider_id,
  invoice: twin.invoice_id,
  state: twin.state,
  ...moneyOf(twin.units, 'BRL'),
  paid: maybeMoney(twin.paid_units, 'BRL'),
  bankFee: maybeMoney(twin.fee_units, 'BRL'),
  returned: moneyOf(twin.returned_units, 'BRL'),
  decidedBy: twin.decided_by,
  why: twin.decided_why,
  addedAt: twin.added_at,
  changedAt: twin.changed_at,
})

export const refundJson = (row: RefundRow) => ({
  id: row.id,
  state: row.state,
  ...moneyOf(row.units, 'BRL'),
  proposedBy: row.made_by,
  approvedBy: row.decided_by,
  why: row.decided_why,
  addedAt: row.added_at,
  changedAt: row.changed_at,
})

/** What went back of it, and what it was asked for again as, or of. */
export const backJson = ({ row: { id }, returnedUnits, underWaySince, reissues }: InvoiceActs) => ({
  returned: moneyOf(returnedUnits, 'BRL'),
  goingBackSince: underWaySince,
  reissuedAs: reissues.find(({ reissue_of: of }) => of === id)?.invoice_id ?? null,
  reissueOf: reissues.find(({ invoice_id: of }) => of === id)?.reissue_of ?? null,
})
