/** A payout: a net amount owed to one payout account; an attempt is one order sent to the provider for it. */
export { findPayout, attemptsOf, mayGoOut, type PayoutRow, type AttemptRow } from './row.ts'
export {
  dropStops,
  holdsOf,
  payoutsStopped,
  stopOf,
  stopPayouts,
  stopSentence,
  stopsOf,
  type HoldRow,
  type Stop,
} from './stops.ts'
export {
  accountMachine,
  payoutMachine,
  attemptMachine,
  type PayoutState,
  type AttemptState,
} from './states.ts'
export {
  addAccount,
  approveAccount,
  closeAccount,
  digestOfAccount,
  findAccount,
  mayApproveAccount,
  listAccounts,
  approvingAccount,
  onlySaid,
  approvalOf,
  placeOf,
  signAccount,
  twinsOf,
  type AccountRow,
  type Closing,
  type Signing,
  type BankAccountRow,
  type BitcoinAccountRow,
} from './account.ts'
export { destinationOf, type NewDestination } from './place.ts'
export { accountClearAct, accountObjections, objectionTo, type OpenObjection } from './objected.ts'
export { approvingGo, approvingRelease, checkSet, checkStatements } from './asSet.ts'
export {
  recordOf,
  scheduleRecords,
  scheduleTermsAct,
  statedTerms,
  termsOnlySaid,
  versionOf,
  type ScheduleRecord,
} from './scheduleTerms.ts'
export { accountsOnlySaid, checkApprovals, type ApprovalsNeeded } from './proven.ts'
export { netOf, termsOn, type Net, type Terms } from './net.ts'
export { owe, type Collected } from './owe.ts'
export { oweAgain } from './cash/oweAgain.ts'
export { nextSource } from './taken.ts'
export {
  confirmHandOver,
  handedBy,
  handOver,
  holdAfterRestore,
  takeBackHandOver,
  type Handed,
  type HandedRefusal,
  type HandingOver,
  type HandOverRefusal,
} from './cash/handOver.ts'
export {
  hasFailedRefund,
  holdWhileGoingBack,
  keepForPerson,
  letGoOn,
  mayBeGoingBack,
  reversalOf,
  rightSize,
  type ReversalRow,
  type Sized,
} from './rightSize.ts'
export {
  changeTerms,
  debtAct,
  debtEnds,
  endDebt,
  proposeDebtEnd,
  proposeTerms,
  type AccountProposed,
  type DebtEnd,
} from './accountTerms.ts'
export {
  receivableMoves,
  receivableOf,
  receivables,
  recoveries,
  type Owing,
  type ReceivableMove,
  type Recovery,
} from './receivable.ts'
export {
  installationScope,
  showLimits,
  usedIn,
  waitingForLimits,
  waitingForRoom,
  withinLimits,
  type LimitWait,
  type ShownLimit,
  type WaitingForLimit,
} from './limits.ts'
export { limitPers, type LimitPer, type LimitRow } from './limitRow.ts'
export {
  beyondAct,
  carryOutBeyond,
  carryOutLimits,
  changeLimits,
  limitsIn,
  proposeBeyond,
  type Beyond,
  type BeyondRefusal,
  type LimitChange,
  type LimitsChanged,
  type WantedLimits,
} from './limitActs.ts'
export { sendPayouts, type Sent } from './bank/send.ts'
export { applyPayout, type PayoutNews } from './bank/outcome.ts'
export { resolvePayouts } from './bank/resolve.ts'
export { coolingAccounts, type CoolingAccount } from './cooling.ts'
export { carryOutAccountClear, objectedAccounts, objectToAccount, proposeAccountClear } from './objection.ts'
export { ruleRef, slotFaults, termsRef } from './askedBy.ts'
export { termsAct } from './account.ts'
export { limitsAct, limitsClearAct } from './limitsSaid.ts'
export { limitedBy, nameOfScope, type LimitScope } from './limitScope.ts'
export {
  carryOutLimitsClear,
  everyLimitObjection,
  limitObjections,
  objectToLimits,
  proposeLimitsClear,
  type ObjectedLimits,
} from './limitObjection.ts'
export { holdPayout, releasePayout, retryPayout, waitsFor, type PayoutDone } from './person.ts'
export type { PayoutRefusal } from './refusals.ts'
export type { AccountRefusal } from './accountRefusals.ts'
export type { TransferRefusal } from './bank/refusals.ts'
export {
  mayAdjudicate,
  mayHold,
  mayRedirect,
  mayRelease,
  mayRetry,
  maySettle,
  payoutFacts,
  type PayoutFacts,
} from './rules.ts'
export {
  bookRefundMade,
  isRefund,
  isRefundMade,
  keepRefunds,
  oweRefund,
  refundRule,
  withdrawRefundBy,
  type NewRefund,
} from './bundle/refund.ts'
export { oweCoins, pause, resume, suspend, uncredit, type Deep } from './bundle/owe.ts'
export {
  candidatesOf,
  findBundle,
  latestOf,
  markHanded,
  minedIn,
  outputsOf,
  readPlan,
  spendable,
  type BundleRow,
  type CandidateRow,
  type OutputRow,
} from './bundle/bundle.ts'
export { bundleMachine, candidateMachine } from './states.ts'
export { planBundle, type Planning } from './bundle/plan.ts'
export type { BundleTerms, ChangeNumbers } from './bundle/terms.ts'
export { sendBundles, type BundlesSent } from './bundle/broadcast.ts'
export { againstText, objectedText } from './bundle/against.ts'
export type { AgainstSigning, BundleRefusal, ImportRefusal } from './bundle/refusals.ts'
export { importSigned, type Imported } from './bundle/import.ts'
export { bumpBundles } from './bundle/bump.ts'
export { cancelBundle, isCancellation, isCanceling, type Canceled } from './bundle/cancel.ts'
export { applyBundle } from './bundle/outcome.ts'
export {
  followElsewhere,
  forgetForeign,
  holdPaidElsewhere,
  noteForeign,
  settlePaidElsewhere,
  type Settled,
} from './bundle/foreign.ts'
export {
  chainPayoutsStopped,
  chainUnread,
  chainWasRead,
  isChainAwaited,
  isChainUnread,
  unreadSentence,
  waitForChain,
  type Unread,
} from './bundle/unread.ts'
export {
  bankLogs,
  bankPayoutsStopped,
  bankUnread,
  isAnyDueAtBank,
  bankWasRead,
  noteAbsence,
  noteHeard,
  noteLogRead,
  noteUnlisted,
  unlistedInvoices,
  unreadFor,
  unreads,
  usesBank,
  waitForBank,
} from './bank/unheard.ts'
export { holdAll, holdOf, letGo, stopAll, theProgram, type Hold } from './hold.ts'
export {
  handedText,
  handOut,
  waitingTransactions,
  type HandedBack,
  type HandedOut,
  type WaitingTransaction,
} from './bundle/handOut.ts'
export { changesOf, payeesOf, type Change, type Paid } from './bundle/outputs.ts'
export {
  disownedAmong,
  noteStrange,
  verdictsOn,
  type Disowned,
  type StrangeTransfer,
  type Verdict,
} from './bank/strange.ts'
export {
  adjudicateAct,
  carryOutVerdict,
  prepareVerdict,
  proposeVerdict,
  shownNowhere,
  verdicts,
} from './bank/verdict.ts'
export { carryOutRedirect, mayGoTo, proposeRedirect, redirectAct } from './redirect.ts'
