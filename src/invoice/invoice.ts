/** An invoice: an amount asked from a payer on a rail. */
export { findInvoice, findOurs, type InvoiceRow } from './row.ts'
export {
  invoiceMachine,
  refundMachine,
  requestMachine,
  type InvoiceState,
  type RefundState,
  type RequestState,
} from './states.ts'
export { cancelCash, expireCash, issueCash } from './cash/issue.ts'
export { isReceiptPending, nextReceiptId, receiptStatus, receivedAct, takenBackAct } from './cash/receipts.ts'
export { invoices, refunds, requests, twins } from './tables.ts'
export {
  draftBatch,
  draftOfOrder,
  planBatch,
  type BatchRule,
  type BatchTerms,
  type Draft,
  type DraftTerms,
  type Priced,
  type Pricing,
} from './draft.ts'
export { inReaisAsSaid, type PricedInReais } from './priced.ts'
export type { PricedOnChain } from './chain/priced.ts'
export { issueDrafts, orderGraceSeconds } from './bank/issue.ts'
export { awaitsItsId, takeAsIssued } from './bank/issued.ts'
export { resolveUnsureInvoices } from './bank/resolve.ts'
export { requestDrafts, type Requesting } from './chain/request.ts'
export {
  confirmationsFor,
  requestStatus,
  type Asked,
  type Sighting,
  type RequestStatus,
} from './chain/status.ts'
export { priceNow, pricingAt, rateNow, type ChainTermsOf, type PricingRule } from './chain/pricing.ts'
export {
  findTwin,
  noteTwin,
  creditTwin,
  returnTwin,
  undoReturn,
  cancelTwin,
  twinMachine,
  twinsOfInvoice,
  type TwinRow,
  type TwinState,
} from './bank/twins.ts'
export {
  cancelInvoice,
  cancelOf,
  mayCancel,
  resolveCancels,
  type Canceling,
  type CancelRefusal,
  type CancelRow,
} from './bank/cancel.ts'
export {
  askAgain,
  mayReissue,
  reissuesOf,
  type Reissued,
  type ReissueRefusal,
  type ReissueRow,
} from './bank/reissue.ts'
export { fateOf, reversalLogs, saidIn, type Fate, type Said } from './bank/fate.ts'
export {
  approveOwnRefund,
  refundAct,
  followRefund,
  liveRefund,
  mayRefund,
  refundableUnits,
  refundsOf,
  refundStatus,
  resolveRefunds,
  type RefundDecision,
  type RefundRefusal,
  type RefundRow,
  type RefundStatus,
} from './bank/refund.ts'
export {
  approveRefund,
  failRefund,
  keepTwin,
  mayDecide,
  refundTaken,
  resolveTwins,
  sendRefund,
  type Decided,
  type Refusal,
} from './bank/refundTwin.ts'
