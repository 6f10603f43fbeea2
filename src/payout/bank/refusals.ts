/** Why what somebody says of a transfer at the bank, or of a transaction on the chain, is refused. */
import type { Instant } from '../../base/world.ts'
import type { ProviderPayout } from '../../rails/rail.ts'
import type { AttemptState, PayoutState } from '../states.ts'
import type { Verdict } from './strange.ts'

/** Whose a transfer is by the tags it bears. */
export type MadeFor = { invoice: string } | { order: string; payout: string }

export type TransferRefusal =
  | { is: 'rail-not-configured'; asks: 'bank' | 'chain' }
  | { is: 'payout-on-chain'; id: string }
  /** People say of it that it was handed over; nothing was sent. */
  | { is: 'payout-by-hand'; id: string }
  | { is: 'transfer-unknown'; ref: string; payout: string; invoice: string }
  /** The bank shows an order under this id of its own. */
  | { is: 'order-shown'; order: string; transfer: string }
  | { is: 'order-too-new'; order: string; at: Instant }
  | { is: 'order-settled'; order: string; state: AttemptState }
  | { is: 'orders-changed'; payout: string }
  | { is: 'statement-too-long'; order: string; since: Instant }
  | { is: 'money-moved'; order: string; line: string }
  /** `as`: what it was said to be. */
  | {
      is: 'transfer-made-for-another'
      transfer: string
      madeFor: MadeFor
      payout: string
      invoice: string
      as?: Verdict
    }
  /** `shown`: as the bank has it; `owed`: as the payout has it. */
  | { is: 'transfer-differs'; ref: string; status: ProviderPayout['status']; shown: Owed; owed: Owed }
  | { is: 'transfer-disowned'; transfer: string; payout: string }
  | { is: 'transfer-explained'; transfer: string; payout: string; line: string; state: string; why: string }
  /** It was made before the payment came that is passed on. */
  | { is: 'transfer-too-early'; transfer: string; payout: string; at: Instant; since: Instant }
  | { is: 'transfer-contradicts'; transfer: string; payout: string }
  | {
      is: 'transfer-came-back'
      transfer: string
      order?: string | undefined
      status: ProviderPayout['status']
    }
  | { is: 'transfer-settled-another'; transfer: string; payout: string }
  | { is: 'transfer-is-order'; transfer: string; order: string; payout: string }
  /** `as`: what it was said to be. */
  | { is: 'transfer-paid-it'; transfer: string; payout: string; as: Verdict }
  | { is: 'transfer-not-alive'; transfer: string; status: ProviderPayout['status'] }
  | { is: 'paid-by-another'; payout: string; by: string; transfer: string }
  | { is: 'payout-under-way'; id: string; state: PayoutState }
  | { is: 'not-settled'; id: string; state: PayoutState; ref: string }
  | { is: 'transaction-unknown'; ref: string; payout: string }
  | { is: 'transaction-pays-another'; ref: string; payout: string }
  | { is: 'transaction-not-mined'; ref: string }
  /** `settled`: what was settled with it before. */
  | {
      is: 'transaction-too-small'
      ref: string
      payout: string
      paidUnits: bigint
      owedUnits: bigint
      settledUnits: bigint
    }

interface Owed {
  units: bigint
  bank: string
  branch: string
  number: string
}
