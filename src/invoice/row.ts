/** An invoice: its row, and how one is found. */
import type { Asset } from '../base/money.ts'
import type { Instant } from '../base/world.ts'
import type { RailName } from '../base/rails.ts'
import { sql, type Reader } from '../db/db.ts'
import type { InvoiceState } from './states.ts'

export type InvoiceRow = {
  id: string
  store_id: string
  /** What it was drafted for: a slot of a schedule, or an order of the shop; the other is null. */
  slot_id: string | null
  order_id: string | null
  ordinal: bigint
  rail: RailName
  asset: Asset
  units: bigint
  payer_name: string
  payer_tax_id: string
  description: string
  due_at: Instant
  account_id: string
  commission_bp: bigint
  min_payout_units: bigint
  /**
   * What paying late or early costs at the bank. Null where nothing was said of it: on a chain, and before it
   * was.
   */
  fine_bp: bigint | null
  interest_bp: bigint | null
  expires_in_ms: bigint | null
  /** As `formatDiscounts` writes them. */
  discounts: string
  state: InvoiceState
  batch_tag: string
  provider_id: string | null
  paid_units: bigint | null
  fee_units: bigint | null
  brcode: string | null
  link: string | null
  absences: bigint
  added_at: Instant
  changed_at: Instant
  /** What was asked for in BRL cents, and what one BTC cost then, where the request was priced. */
  quote_units: bigint | null
  rate_units: bigint | null
  rate_at: Instant | null
  rate_sources: string | null
  address_index: bigint | null
  /** How deep its payment must lie to be `paid`. */
  confirmations: bigint | null
  watch_until: Instant | null
  /** When it was paid, by the provider's own clock; null where it was not, or the provider does not say. */
  paid_at: Instant | null
  /** Who took on what came late or was too little. */
  late_by: string | null
  /** When its payer's name and tax id, and its description, were blanked. */
  forgotten_at: Instant | null
}

export const findInvoice = (reader: Reader, id: string) =>
  reader.one<InvoiceRow>(sql`select * from invoices where id = ${id} and store_id = ${reader.store}`)

/**
 * Ours by the provider's id, or by our own id among its tags: an event may come before the answer that names
 * the provider's id.
 */
export async function findOurs(
  reader: Reader,
  rail: string,
  providerId: string,
  tag: string | undefined,
): Promise<InvoiceRow | undefined> {
  const known = await reader.one<InvoiceRow>(
    sql`select * from invoices where rail = ${rail} and provider_id = ${providerId}`,
  )
  return (
    known ??
    (tag === undefined
      ? undefined
      : reader.one<InvoiceRow>(sql`select * from invoices where rail = ${rail} and id = ${tag}`))
  )
}
