/** Hearing of money: the receiver, the poller, the inbox both fill, and the settling that empties it. */
export { beginRefund, checkRefund, proposeRefund, type RefundProposed } from './bank/refunds.ts'
export { refundAct } from '../invoice/invoice.ts'
export {
  carryOutReversalEnd,
  checkReversalEnd,
  longReversalMs,
  mayEndReversal,
  proposeReversalEnd,
  reversalAct,
  reversalAgainst,
  type ReversalRefusal,
} from './bank/reversalEnd.ts'
export { beginReversal, readUnlisted, settleReversal, settleShown, watchReversals } from './bank/reversals.ts'
export { bankKeys, keepPublished, retireBankKey, type BankKey } from './bank/keys.ts'
export { dropBody, makeInbox, othersEvents, type Arrival, type Inbox, type InboxRow } from './inbox.ts'
export { inboxMachine } from './states.ts'
export { isOwnKeyRetired, ownKeySteps, recordOwnKey, type OwnKeyAct } from './bank/ownKey.ts'
export { receiver } from './receive.ts'
export { pollEvents, type Polled } from './bank/poll.ts'
export { walkOn } from './bank/walk.ts'
export { settleInbox, settleOne, type Settling } from './settle.ts'
export { restand, restandOwedAgain } from './chain/events.ts'
export { requestStatusOf, type Looked } from './chain/status.ts'
export { acceptPayment, mayAccept } from './chain/accept.ts'
export type { InvoiceRefusal, NothingToAccept, OwnInvoiceRefusal, TakeBackRefusal } from './refusals.ts'
export {
  carryOutTakeBack,
  mayTakeBackReceipt,
  notReceivedAct,
  proposeTakeBack,
  takeBackAgainst,
  type TakeBackProposed,
} from './cash/takeBack.ts'
export {
  mayReceive,
  receiptAgainst,
  receiveCash,
  type ReceiptRefusal,
  type Receiving,
} from './cash/receive.ts'
export {
  carryOutCoinRefund,
  carryOutCoinRefundMade,
  proposeCoinRefund,
  proposeCoinRefundMade,
  refundableCoins,
  coinRefundAct,
  coinRefundMadeAct,
  withdrawCoinRefund,
} from './chain/refund.ts'
export { usualChainTerms, type ChainTerms } from './apply.ts'
export { followChain, type Followed } from './chain/follow.ts'
export { scanChain, type Progress, type Scanned } from './chain/rescan.ts'
export { reissueInvoice } from './bank/hearAgain.ts'
export {
  areInvoicesUnread,
  countForgotten,
  findForgotten,
  forgottenInvoices,
  forgottenWhy,
  lookAtForgotten,
  readInvoicesSinceBackup,
  type ForgottenInvoice,
} from './bank/forgotten.ts'
export {
  findEvent,
  judge,
  rehearse,
  replayEvent,
  replayRefusal,
  type EventVerdict,
  type Rehearsal,
} from './replay.ts'
