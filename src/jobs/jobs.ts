/** The jobs: schedules and their slots, the timetable, and the scheduler that wakes it. */
export * from './schedules.ts'
export { changeSchedule, type Edit, type Edited } from './changeSchedule.ts'
export { lastSlotsOf, latestSlots, type LatestSlot, type RunSlot } from './latestSlots.ts'
export { materialise, missed, slotMachine, type SlotRow } from './slots.ts'
export { checkSchedules, digestOfSaid, judgeSchedule, schedulesOnlySaid, signSchedule, termsOf, type OnlySaid } from './scheduleTerms.ts'
export { decideCatchUp } from './decideCatchUp.ts'
export { heldSlots, holdCatchUp, mostCaughtUp, type HeldSlots } from './catchUp.ts'
export { runDueSlots, type Issuer } from './issue-slot.ts'
export {
  moveOrders,
  newCode,
  offers,
  placeOrder,
  seeOrder,
  sendPost,
  type Counter,
  type Offer,
  type Post,
  type SeenOrder,
} from './orders.ts'
export { cancel as cancelBitcoinBundle, follow, scan, sendCoins, type BitcoinDesk } from './bitcoin.ts'
export { compareScan, holdAgainstChain, reconcileChain, type ChainReconciliation, type ScanComparison } from './chainBooks.ts'
export { checkingBeside, type Beside } from './checkBeside.ts'
export { approveAndDo, proposedActs, proposedWork, type ProposalDesk } from './proposals.ts'
export { checkBooks, checkBooksByAndBy, holdAgainstBank, reconcile, type CheckBeside, type Whole, type Reconciliation } from './books.ts'
export {
  closeRule,
  detailShown,
  externalRuleMachine,
  findRule,
  findStranger,
  listRules,
  listStrangers,
  proposeAccept,
  proposeRule,
  ruleOf,
  type ExternalRule,
  type ExternalRuleRow,
  type StrangerRow,
} from './strangers.ts'
export { forgetOthers, listening, silentMinutes, silentRails, usualSilentMs, type Silent } from './heard.ts'
export { setAsideAfterRestore, takeUpRestored } from './restored.ts'
export { Crash } from '../base/world.ts'
export { followOwnKey, watchOwnKey } from './ownKey.ts'
export { run, type Runner } from './runner.ts'
export { findRun, linesAfter, type RunLine, type RunRow } from './runs.ts'
export { timetable, type Desk, type Job } from './timetable.ts'
export { startScheduler, wake, type Scheduler } from './scheduler.ts'
