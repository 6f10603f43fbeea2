/** Postings as they are read: one movement a row with both its accounts, or every entry of the ledger, in the order they were made. */
import type { Asset } from '../base/money.ts'
import type { Instant } from '../base/world.ts'
import { sql, type Reader, type Sql } from '../db/db.ts'
import type { Account, MovementName } from './chart.ts'

/** One movement: `units` of `asset`, smallest units, went from account `taken` to account `given`. */
export type PostingRow = {
  id: string
  at: Instant
  movement: MovementName
  source: string
  memo: string
  taken: Account
  given: Account
  asset: Asset
  units: bigint
  invoice_id: string | null
}

/** The movements `where` says (`t` is the transaction, `e` its first entry), oldest first. */
export const postingsOf = (reader: Reader, where: Sql): Promise<PostingRow[]> =>
  reader.all<PostingRow>(sql`
    select t.id, t.at, t.movement, t.source, t.memo, o.account as taken, e.account as given, e.asset, e.units, e.invoice_id
    from ledger_transactions t
      join ledger_entries e on e.transaction_id = t.id and e.line = 1
      join ledger_entries o on o.transaction_id = t.id and o.line = 2
    where ${where} order by t.at, t.id`)

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
