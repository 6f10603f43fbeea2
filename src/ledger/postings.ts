/**
 * Postings as they are read: one movement a row with both its accounts, or every entry of the ledger, in the
 * order they were made.
 */
import type { Asset } from '../base/money.ts'
import type { Instant } from '../base/world.ts'
import { sql, type Reader, type Sql } from '../db/db.ts'
import { chart, type Account, type MovementName } from './chart.ts'

/** One movement: `units` of `asset`, smallest units, was credited to one account and debited to the other. */
export type PostingRow = {
  id: string
  at: Instant
  movement: MovementName
  source: string
  memo: string
  credit_account: Account
  debit_account: Account
  asset: Asset
  units: bigint
  invoice_id: string | null
}

const place = new Map(Object.keys(chart).map((movement, at) => [movement, at]))

/**
 * The movements `where` says (`t` is the transaction, `e` its first entry), oldest first. Those of one
 * instant are in the chart's order, gross before fees, because their ids are random within it.
 */
export async function postingsOf(reader: Reader, where: Sql): Promise<PostingRow[]> {
  const rows = await reader.all<PostingRow>(sql`
    select t.id, t.at, t.movement, t.source, t.memo, o.account as credit_account, e.account as debit_account,
      e.asset, e.units, e.invoice_id
    from ledger_transactions t
      join ledger_entries e on e.transaction_id = t.id and e.line = 1
      join ledger_entries o on o.transaction_id = t.id and o.line = 2
    where ${where} order by t.at, t.id`)
  return inOrder(rows)
}

/** By time, and within one instant in the chart's order. */
export function inOrder(rows: readonly PostingRow[]): PostingRow[] {
  const placeOf = ({ movement }: PostingRow) => place.get(movement) ?? place.size
  return rows.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : placeOf(a) - placeOf(b)))
}

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

/**
 * Every entry of the ledger, a thousand transactions at a time, so that the longest ledger needs little
 * memory.
 */
export async function* entries(reader: Reader): AsyncGenerator<EntryRow[]> {
  for (let after = { at: '', id: '' }; ;) {
    const page = await reader.all<EntryRow>(sql`
      select t.id, t.at, t.movement, t.source, e.line, e.account, e.asset, e.units, e.invoice_id, t.memo
      from (select * from ledger_transactions where at > ${after.at} or (at = ${after.at}
        and id > ${after.id}) order by at, id limit 1000) t
        join ledger_entries e on e.transaction_id = t.id
      order by t.at, t.id, e.line`)
    const last = page.at(-1)
    if (!last) return
    yield page
    after = last
  }
}
