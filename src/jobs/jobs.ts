/** The jobs: schedules and their slots, the timetable, and the scheduler that wakes it. */
export { runDueSlots, type Issuer } from './issue-slot.ts'
export {
  moveOrders,
  newCode,
  offers,
  placeOrder,
  readOrder,
  sendDueMails,
  type Counter,
  type Offer,
  type ShownOrder,
} from './orders.ts'
export { cancel as cancelBitcoinBundle, follow, scan, sendCoins, type BitcoinSetup } from './bitcoin.ts'
export {
  approveAndDo,
  proposedActs,
  proposedWork,
  type ActRefusal,
  type Approved,
  type ProposalParts,
} from './proposals.ts'
export { forgetOthers, listening, silentMinutes, silentRails, usualSilentMs, type Silent } from './heard.ts'
export { setAsideAfterRestore, takeUpRestored } from './restored.ts'
export { Crash } from '../base/world.ts'
export { followOwnKey, watchOwnKey } from './ownKey.ts'
export { run, type Runner } from './runner.ts'
export { findRun, linesAfter, runOfStore, type RunLine, type RunRow } from './runs.ts'
export type { App, Job, MailParts } from './app.ts'
export { timetable } from './timetable.ts'
export type { FlowParts } from './railFlow.ts'
export { cancelAsked } from './cancel.ts'
export { railFlows, railsHere } from './rails.ts'
export { startScheduler, wake, type Scheduler } from './scheduler.ts'
