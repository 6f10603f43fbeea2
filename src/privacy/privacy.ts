/** Privacy (LGPD): what is held on a person, forgetting them, and for how long anything of people is kept. */
export { exportPayer, type PayerExport } from './exportPayer.ts'
export { forgetOrder, type ForgetAct, type OrderOutcome } from './forgetOrder.ts'
export { forgetPayer, type InvoiceOutcome, type PayerForgotten } from './forgetPayer.ts'
export { fiscalUntil, heldFor, reversibleMs, type Held, type HeldWhy } from './held.ts'
export { noteExport, noteShown, type Export, type Shown } from './readings.ts'
export {
  lastRetention,
  retain,
  retainNightly,
  retentionFailing,
  type Failing,
  type Retained,
} from './retain.ts'
export { tracesOf, type Traces } from './person.ts'
