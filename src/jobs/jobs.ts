/** The jobs: schedules and their slots, the timetable, and the scheduler that wakes it. */
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
export { approveAndDo, proposedActs, proposedWork, type ProposalDesk } from './proposals.ts'
export { forgetOthers, listening, silentMinutes, silentRails, usualSilentMs, type Silent } from './heard.ts'
export { setAsideAfterRestore, takeUpRestored } from './restored.ts'
export { Crash } from '../base/world.ts'
export { followOwnKey, watchOwnKey } from './ownKey.ts'
export { run, type Runner } from './runner.ts'
export { findRun, linesAfter, type RunLine, type RunRow } from './runs.ts'
export { timetable, type Desk, type Job } from './timetable.ts'
export { startScheduler, wake, type Scheduler } from './scheduler.ts'
