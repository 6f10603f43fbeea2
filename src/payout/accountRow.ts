/** Payout accounts as the database keeps them: at a bank, or on a chain. */
import type { AccountKind } from '../base/rails.ts'
import type { Instant } from '../base/world.ts'
import type { BankDestination } from '../rails/rail.ts'
import type { Recovery } from './receivable.ts'
import type { AccountState } from './states.ts'

type CommonRow = {
  id: string
  store_id: string
  name: string
  holder: string
  state: AccountState
  added_by: string
  added_at: string
  approved_by: string | null
  /** Before it nothing is paid there; null: since it was approved. */
  payable_from: Instant | null
  /** Whether what its payee owes us is kept back from its next payouts. */
  recover: Recovery
}

export type BankAccountRow = CommonRow & {
  kind: 'bank'
  tax_id: string
  bank: string
  branch: string
  number: string
  type: BankDestination['type']
}

/** `destination`: an address, or a descriptor that gives each payout one of its own, from `next_index` on. */
export type BitcoinAccountRow = CommonRow & {
  kind: Exclude<AccountKind, 'bank'>
  destination: string
  next_index: bigint
}

export type AccountRow = BankAccountRow | BitcoinAccountRow
