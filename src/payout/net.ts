/** Net: what is left of a payment to pass on. Pure, and the only place it is decided. */
import { shareOf, type BasisPoints } from '../base/money.ts'
import { chargesFees } from '../base/rails.ts'
import type { ApprovalsNeeded } from './proven.ts'

export interface Terms {
  /** Who bears the transfer's own fee, and what it is expected to be. */
  transferFeeBy: 'receiver' | 'house'
  transferFeeUnits: bigint
  /** Whether payouts wait for approvals that were only said; they do not where this is left out. */
  approvals?: ApprovalsNeeded
}

/** Where nobody charges for a transfer, nothing is withheld for one. */
export const termsOn = (rail: string, terms: Terms): Terms =>
  chargesFees(rail) ? terms : { ...terms, transferFeeBy: 'house', transferFeeUnits: 0n }

export interface Net {
  commission: bigint
  withheld: bigint
  /** May be zero or negative: then there is nothing to pay on, and a person looks. */
  net: bigint
}

/**
 * `paid` − bank fee − commission (of what was paid) − the transfer's fee where the receiver bears it; all in
 * smallest units.
 */
export function netOf(paid: bigint, bankFee: bigint, commissionBp: BasisPoints, terms: Terms): Net {
  const commission = shareOf(paid, commissionBp)
  const withheld = terms.transferFeeBy === 'receiver' ? terms.transferFeeUnits : 0n
  return { commission, withheld, net: paid - bankFee - commission - withheld }
}
