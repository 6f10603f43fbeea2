/** The jobs: schedules and their slots, the timetable, and the scheduler that wakes it. */
export * from './schedules.ts'
export { materialise, missed, slotMachine, type SlotRow } from './slots.ts'
export { runDueSlots } from './issue-slot.ts'
export { checkBooks, holdAgainstBank, reconcile, type Reconciliation } from './books.ts'
export { setAsideAfterRestore } from './restored.ts'
export { Crash, run, type Runner } from './runner.ts'
export { timetable, type Desk, type Job } from './timetable.ts'
export { startScheduler, wake, type Scheduler } from './scheduler.ts'
