/** Why an act about people is not done, as codes. */
import { refusing } from '../base/refusal.ts'
import type { LedgerRefusal } from '../ledger/ledger.ts'
import type { Role } from './roles.ts'
import type { UserRow } from './row.ts'

export type PeopleRefusal =
  | LedgerRefusal
  | { is: 'objection-by-oneself'; by: string }
  | { is: 'about-oneself'; by: string }
  | { is: 'user-unknown'; name: string }
  | { is: 'user-removed'; name: string }
  | { is: 'user-name-wrong'; name: string }
  /** `of`: whose name it is or was; the log speaks of somebody removed by theirs. */
  | { is: 'user-name-taken'; name: string; of: string; isRemoved: boolean }
  /** One would be taken for the other. */
  | { is: 'user-name-alike'; name: string; of: string }
  /** `of`: who is written to there already. */
  | { is: 'user-email-taken'; of: string }
  | { is: 'user-role-same'; name: string; role: Role }
  | { is: 'user-role-unknown'; role: string }
  | { is: 'user-role-changed'; name: string; role: Role; proposedAgainst: string }
  | { is: 'user-locked-already'; name: string }
  | { is: 'user-never-in'; name: string }
  | { is: 'user-not-locked'; name: string; state: UserRow['state'] }
  | { is: 'session-unknown'; id: string }

export const { refuse, refuseIf, answering } = refusing<PeopleRefusal>()
