/** Postings as the commands print them: one movement a row, in the order they were made. */
import { formatUnits } from '../../base/money.ts'
import type { EntryRow, PostingRow } from '../../ledger/postings.ts'
import { table, formatMoney } from '../print.ts'

export { entries } from '../../ledger/postings.ts'

export const postingsTable = (postings: readonly PostingRow[]) =>
  table(
    ['WHEN', 'MOVEMENT', 'FROM', 'TO', '>AMOUNT', 'MEMO'],
    postings.map(row => [
      row.at,
      row.movement,
      row.credit_account,
      row.debit_account,
      formatMoney(row.units, row.asset),
      row.memo,
    ]),
  )

export const amountOf = ({ units, asset }: EntryRow) => formatUnits(units, asset)
