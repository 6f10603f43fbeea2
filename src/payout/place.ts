/** Where accounts pay to, and whether two of them are one place. */
import { isSamePlace } from '../base/brazil.ts'
import { isAddressKind } from '../base/rails.ts'
import type { BankDestination } from '../rails/rail.ts'
import type { AccountRow, BankAccountRow, BitcoinAccountRow } from './accountRow.ts'

/** Where a new account pays to; `holder` may be left empty for Bitcoin. */
export type NewDestination =
  | ({ kind?: 'bank' } & BankDestination)
  | { kind: BitcoinAccountRow['kind']; holder: string; destination: string }

export const destinationOf = (row: BankAccountRow): BankDestination => ({
  holder: row.holder,
  taxId: row.tax_id,
  bank: row.bank,
  branch: row.branch,
  number: row.number,
  type: row.type,
})

/**
 * Whether two accounts pay to the same place, however it is written: also an address and a descriptor that
 * derives it.
 */
export async function isAtOnePlace(one: AccountRow, other: AccountRow): Promise<boolean> {
  if (one.kind === 'bank' || other.kind === 'bank' || !isAddressKind(one.kind))
    return isWrittenAlike(one, newDestinationOf(other))
  // Loaded here: what reads descriptors is heavy, and most installations have none.
  const { shareAddress } = await import('../rails/bitcoin/samePlace.ts')
  return one.kind === other.kind && shareAddress(one, other)
}

const newDestinationOf = (row: AccountRow): NewDestination =>
  row.kind === 'bank'
    ? destinationOf(row)
    : { kind: row.kind, holder: row.holder, destination: row.destination }

/** Whether an account pays to what is written as this place. */
export const isWrittenAlike = (row: AccountRow, to: NewDestination): boolean => {
  if ('destination' in to) return row.kind === to.kind && row.destination === to.destination
  return row.kind === 'bank' && isSamePlace(row, to)
}
