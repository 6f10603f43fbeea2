/** Postings as people read them: one movement a row, in the order they were made. */
import { formatUnits, type Asset } from '../base/money.ts'
import { sql, type Reader, type Sql } from '../store/store.ts'
import { moneyOf, table, told } from './print.ts'

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

type Row = {
  id: string
  at: string
  movement: string
  source: string
  memo: string
  taken: string
  given: string
  asset: Asset
  units: bigint
}

/** The movements `where` says (`t` is the transaction, `e` its first entry), oldest first. */
export async function postingsOf(reader: Reader, where: Sql): Promise<PostingRow[]> {
  const rows = await reader.all<Row>(sql`
    select t.id, t.at, t.movement, t.source, t.memo, o.account as taken, e.account as given, e.asset, e.units
    from ledger_transactions t
      join ledger_entries e on e.transaction_id = t.id and e.line = 1
      join ledger_entries o on o.transaction_id = t.id and o.line = 2
    where ${where} order by t.at, t.id`)
  return rows.map(({ id, at, movement, source, memo, taken, given, asset, units }) => ({
    transaction: id,
    at,
    movement,
    source,
    from: taken,
    to: given,
    ...moneyOf(units, asset),
    memo,
  }))
}

export const postingsTable = (postings: PostingRow[]) =>
  table(
    ['WHEN', 'MOVEMENT', 'FROM', 'TO', '>AMOUNT', 'MEMO'],
    postings.map(row => [row.at, row.movement, row.from, row.to, told(BigInt(row.units), row.asset), row.memo]),
  )

export type EntryRow = {
  id: string
  at: string
  movement: string
  source: string
  line: bigint
  account: string
  asset: Asset
  units: bigint
  invoice_id: string | null
  memo: string
}

/** Every entry of the ledger, a thousand transactions at a time, so that the longest ledger needs little memory. */
export async function* entries(reader: Reader): AsyncGenerator<EntryRow[]> {
  for (let after = { at: '', id: '' }; ;) {
    const page = await reader.all<EntryRow>(sql`
      select t.id, t.at, t.movement, t.source, e.line, e.account, e.asset, e.units, e.invoice_id, t.memo
      from (select * from ledger_transactions where at > ${after.at} or (at = ${after.at} and id > ${after.id}) order by at, id limit 1000) t
        join ledger_entries e on e.transaction_id = t.id
      order by t.at, t.id, e.line`)
    const last = page.at(-1)
    if (!last) return
    yield page
    after = last
  }
}

export const amountOf = ({ units, asset }: EntryRow) => formatUnits(units, asset)
