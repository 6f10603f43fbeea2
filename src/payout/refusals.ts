/** Why an act on payouts is not done, as codes. */
import type { Asset } from '../base/money.ts'
import type { RailName } from '../base/rails.ts'
import { refusing } from '../base/refusal.ts'
import type { LedgerRefusal } from '../ledger/ledger.ts'
import type { AccountRow } from './accountRow.ts'
import type { AccountRefusal } from './accountRefusals.ts'
import type { TransferRefusal } from './bank/refusals.ts'
import type { BundleRefusal } from './bundle/refusals.ts'
import type { AttemptState, PayoutState } from './states.ts'

export type PayoutRefusal =
  | LedgerRefusal
  | TransferRefusal
  | AccountRefusal
  | BundleRefusal
  | { is: 'payout-unknown'; id: string }
  /** `bundle`: the transaction it goes out in, with others. */
  | {
      is: 'payout-state'
      id: string
      state: PayoutState
      allowed: readonly PayoutState[]
      bundle?: { id: string; state: string } | undefined
    }
  /** It goes on by itself. `account`: the one it waits for. */
  | { is: 'payout-due'; id: string; account?: Pick<AccountRow, 'name' | 'state'> | undefined }
  | { is: 'payout-empty'; id: string; units: bigint; asset: Asset }
  | { is: 'payout-changed'; id: string }
  | { is: 'refund-unknown'; id: string }
  | { is: 'refund-ordered'; id: string; state: PayoutState }
  /** Its payer may be getting money back. */
  | { is: 'payment-going-back'; id: string }
  /** What it passes on left the chain. */
  | { is: 'payment-not-mined'; id: string; coin: string; state: string }
  | { is: 'order-alive'; id: string; order: string; state: AttemptState; rail: RailName }
  | { is: 'stopped-already'; by: string; why: string }
  | { is: 'nothing-to-let-go' }
  | { is: 'destination-unknown'; name: string }
  | { is: 'destination-same'; id: string; name: string }
  | { is: 'destination-not-approved'; name: string; state: AccountRow['state'] }
  /** `why`: how it is not what was approved. */
  | { is: 'destination-edited'; name: string; why: string }
  | { is: 'destination-of-another'; id: string; name: string; payee: string; owedTo: string }
  /** It is not what it was when this was proposed. */
  | { is: 'destination-changed'; id: string; name: string }
  | { is: 'amount-changed'; id: string; amount: string; proposed: string }

export const { refuse, refuseIf, answering } = refusing<PayoutRefusal>()
