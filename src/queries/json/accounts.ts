/** Payout accounts as programs read them. */
import { isAddressKind } from '../../base/rails.ts'
import type { AccountRow } from '../../payout/payout.ts'

/** `firstAddress`: derived again, where that was possible. */
export const accountJson = (row: AccountRow, firstAddress?: string) => ({
  id: row.id,
  name: row.name,
  state: row.state,
  kind: row.kind,
  holder: row.holder,
  ...(row.kind === 'bank'
    ? { taxId: row.tax_id, bank: row.bank, branch: row.branch, number: row.number, type: row.type }
    : {
        destination: row.destination,
        ...(isAddressKind(row.kind) && {
          firstAddress: firstAddress ?? null,
          nextIndex: Number(row.next_index),
        }),
      }),
  addedBy: row.added_by,
  addedAt: row.added_at,
  approvedBy: row.approved_by,
  recover: row.recover,
})
