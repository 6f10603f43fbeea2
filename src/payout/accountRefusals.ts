/** Why an act on payout accounts, or on limits, is not done, as codes. */
import type { AccountRow } from './accountRow.ts'
import type { LimitPer } from './limitRow.ts'
import type { OpenObjection } from './objected.ts'
import type { PayoutState } from './states.ts'

export type AccountRefusal =
  | { is: 'account-unknown'; name: string }
  | { is: 'account-name-taken'; name: string; account: AccountRow }
  /** Whoever approves it added it. */
  | { is: 'account-own'; by: string; account: AccountRow }
  | { is: 'account-approved-already'; account: AccountRow }
  | { is: 'account-closed'; account: AccountRow }
  /** `objection`: to it, or to another account at its place. */
  | { is: 'account-place-objected'; account: AccountRow; objection: OpenObjection }
  /** It is not what the approver was shown. */
  | { is: 'account-changed'; account: AccountRow }
  /** `sinceUnits`: came to be owed since this was proposed. */
  | { is: 'debt-changed'; account: string; owingUnits: bigint; sinceUnits: bigint }
  /** A proposal of a later version, or one that was edited. */
  | { is: 'proposal-unreadable'; about: string; says: string }
  /** Nobody raises them until two people have cleared that. */
  | { is: 'limits-objected'; by: string; why: string }
  /** Amounts as proposals write them, or `none`. */
  | { is: 'limit-changed'; per: LimitPer; now: string; proposed: string }
  | { is: 'limits-never-set'; name: string }
  | { is: 'no-limit-waits'; id: string; state: PayoutState | undefined }
