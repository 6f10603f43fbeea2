/** What an order and a product may become. It imports types alone, so that `--help` loads no database. */
import type { Machine, StateOf } from '../base/machine.ts'

/**
 * Late truth is an arrow here too: what had expired may be paid, or be asked for again. What was paid stays
 * so; a person is told of what changes after.
 */
export const orderMachine = {
  awaiting: ['paid', 'expired'],
  expired: ['paid', 'awaiting'],
  paid: [],
} as const satisfies Machine
export type OrderState = StateOf<typeof orderMachine>

export const productMachine = {
  listed: ['removed'],
  removed: ['listed'],
} as const satisfies Machine
export type ProductState = StateOf<typeof productMachine>
