/** Why an act on a schedule is not done, as codes. */
import { refusing } from '../base/refusal.ts'
import type { RosterRefusal } from '../base/roster.ts'

export type ScheduleRefusal =
  | RosterRefusal
  | { is: 'schedule-unknown'; name: string }
  | { is: 'schedule-state'; name: string; state: 'active' | 'paused' }
  /** Slots wait for a person. */
  | { is: 'schedule-slots-held'; name: string }
  /** Slots wait until the bank's invoices since the backup are read. */
  | { is: 'schedule-slots-unread'; name: string }
  /** Slots wait for a rate. */
  | { is: 'schedule-slots-unpriced'; name: string }

export const { refuse, refuseIf, answering } = refusing<ScheduleRefusal>()
