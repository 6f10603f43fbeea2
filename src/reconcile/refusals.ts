/** Why an act on the bank's lines that are not ours, or on a rule for them, is not done, as codes. */
import type { StateOf } from '../base/machine.ts'
import { refusing } from '../base/refusal.ts'
import type { strangerMachine, SuspenseRefusal } from '../ledger/ledger.ts'

export type LineRefusal =
  | { is: 'line-unknown'; id: string }
  /** `why`: what was said of it then. */
  | { is: 'line-decided'; id: string; state: StateOf<typeof strangerMachine>; why: string | null }
  | { is: 'rule-says-nothing' }
  /** The amount of one line is zero, or above that of all lines of a period. */
  | { is: 'rule-amounts-wrong' }
  | { is: 'rule-name-taken'; name: string }
  | { is: 'rule-unknown'; name: string }

export type ReconcileRefusal = LineRefusal | SuspenseRefusal

export const { refuse, refuseIf } = refusing<ReconcileRefusal>()
