/** Postings of the ledger as they are shown, and how much there is of the books. */
import type { Asset } from '../base/money.ts'
import { sql, type Reader } from '../db/db.ts'
import { postingsOf, type PostingRow } from '../ledger/ledger.ts'
import { subjectsOf, type Subject } from './links.ts'

export interface ShownPosting {
  posting: PostingRow
  /** What it was posted for; undefined where that has no page of its own. */
  source: Subject | undefined
}

/** One movement with both its lines; undefined where no posting has this id. */
export async function showPosting(reader: Reader, id: string): Promise<ShownPosting | undefined> {
  const [posting] = await postingsOf(reader, sql`t.id = ${id}`)
  return posting && { posting, source: (await subjectsOf(reader, [posting.source])).get(posting.source) }
}

/** What a check of the books went through. */
export async function sizeOfBooks(
  reader: Reader,
): Promise<{ movements: bigint; invoices: bigint; payouts: bigint; acts: bigint }> {
  return (await reader.one<{ movements: bigint; invoices: bigint; payouts: bigint; acts: bigint }>(sql`
    select (select count(*) from ledger_transactions) as movements, (select count(*) from invoices
      where state in ('credited', 'reversed')) as invoices,
      (select count(*) from payouts) as payouts, (select count(*) from audit) as acts`))!
}

/** Reais always, and bitcoin once something was booked in it. */
export async function assetsBooked(reader: Reader): Promise<Asset[]> {
  const coins = await reader.one(sql`select 1 as yes from ledger_entries where asset = 'BTC' limit 1`)
  return coins ? ['BRL', 'BTC'] : ['BRL']
}
