/** Schedules: rules of when to ask whom for what, their versions and their slots. */
export * from './row.ts'
export * from './schedules.ts'
export type { ScheduleRefusal } from './refusals.ts'
export { changeSchedule, type Edit, type Edited } from './change.ts'
export { lastSlotsOf, latestSlots, type LatestSlot, type RunSlot } from './recent.ts'
export { materialise, missed, slotMachine, type SlotRow } from './slots.ts'
export {
  approvingTerms,
  checkSchedules,
  digestOfSaid,
  judgeSchedule,
  schedulesOnlySaid,
  signSchedule,
  termsOf,
  type OnlySaid,
} from './terms.ts'
export { decideCatchUp } from './decideCatchUp.ts'
export { heldSlots, holdCatchUp, maxCaughtUp, type HeldSlots } from './catchUp.ts'
