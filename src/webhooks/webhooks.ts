/** Hearing of money: the receiver, the poller, the inbox both fill, and the settling that empties it. */
export { beginRefund, checkRefund, proposeRefund, refundAct, type RefundProposed } from './refunds.ts'
export {
  carryOutReversalEnd,
  checkReversalEnd,
  longReversalMs,
  mayEndReversal,
  proposeReversalEnd,
  reversalAct,
  reversalAgainst,
  reversalRefusalOf,
  type ReversalRefusal,
} from './reversalEnd.ts'
export { beginReversal, readUnlisted, settleReversal, settleShown, watchReversals } from './reversals.ts'
export { bankKeys, keepPublished, retireBankKey, type BankKey } from './bankKeys.ts'
export { dropBody, makeInbox, inboxMachine, othersEvents, type Arrival, type Inbox, type InboxRow } from './inbox.ts'
export { isOwnKeyRetired, ownKeySteps, recordOwnKey, type OwnKeyAct } from './ownKey.ts'
export { receiver } from './receive.ts'
export { pollEvents, type Polled } from './poll.ts'
export { walkOn } from './walk.ts'
export { settleInbox, settleOne, type Desk } from './settle.ts'
export { restand, restandOwedAgain } from './chainEvents.ts'
export { standingOf, type Looked } from './standingOf.ts'
export { takeOn } from './takeOn.ts'
export {
  carryOutCoinRefund,
  carryOutCoinRefundMade,
  proposeCoinRefund,
  proposeCoinRefundMade,
  refundableCoins,
  coinRefundAct,
  coinRefundMadeAct,
  withdrawCoinRefund,
} from './refundCoins.ts'
export { usualChainTerms, type ChainTerms } from './apply.ts'
export { followChain, type Followed } from './follow.ts'
export { scanChain, type Progress, type Scanned } from './rescan.ts'
export { reissueInvoice } from './hearAgain.ts'
export {
  areInvoicesUnread,
  countForgotten,
  findForgotten,
  forgottenInvoices,
  forgottenWhy,
  lookAtForgotten,
  readInvoicesSinceBackup,
  type ForgottenInvoice,
} from './forgotten.ts'
export { findEvent, judge, rehearse, replayEvent, replayRefusal, type EventVerdict, type Rehearsal } from './replay.ts'
