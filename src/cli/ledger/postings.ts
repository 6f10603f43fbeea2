/** Postings as the commands print them: one movement a row, in the order they were made. */
import { formatUnits, type Asset } from '../../base/money.ts'
import type * as ledger from '../../ledger/postings.ts'
import { moneyOf, table, formatMoney } from '../print.ts'

export { entries } from '../../ledger/postings.ts'

export interface PostingRow {
  transaction: string
  at: string
  movement: string
  source: string
  from: string
  to: string
  amount: string
  units: string
  asset: Asset
  memo: string
}

export const postingView = ({
  id,
  at,
  movement,
  source,
  memo,
  credit_account: from,
  debit_account: to,
  asset,
  units,
}: ledger.PostingRow): PostingRow => ({
  transaction: id,
  at,
  movement,
  source,
  from,
  to,
  ...moneyOf(units, asset),
  memo,
})

export const postingsTable = (postings: PostingRow[]) =>
  table(
    ['WHEN', 'MOVEMENT', 'FROM', 'TO', '>AMOUNT', 'MEMO'],
    postings.map(row => [
      row.at,
      row.movement,
      row.from,
      row.to,
      formatMoney(BigInt(row.units), row.asset),
      row.memo,
    ]),
  )

export const amountOf = ({ units, asset }: ledger.EntryRow) => formatUnits(units, asset)
