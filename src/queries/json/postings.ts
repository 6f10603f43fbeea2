/** Postings as programs read them: one movement each, in the order they were made. */
import { moneyOf } from '../../base/money.ts'
import type { PostingRow } from '../../ledger/ledger.ts'

export const postingJson = ({
  id,
  at,
  movement,
  source,
  memo,
  credit_account: from,
  debit_account: to,
  asset,
  units,
}: PostingRow) => ({
  transaction: id,
  at,
  movement,
  source,
  from,
  to,
  ...moneyOf(units, asset),
  memo,
})
