/** That the bank has an invoice of ours, wherever it was learnt. */
import type { ProviderInvoice } from '../../rails/rail.ts'
import { encrypted, sql, type Cause, type Tx } from '../../db/db.ts'
import type { InvoiceRow } from '../row.ts'
import type { InvoiceState } from '../states.ts'
import { invoices } from '../tables.ts'

const asking: readonly InvoiceState[] = ['draft', 'issuing', 'unsure']

/**
 * Whether what the bank has under its tag may be this invoice. Where it is not, and another is not known
 * either, all of that is twins.
 */
export const awaitsItsId = ({ state, provider_id: id }: Pick<InvoiceRow, 'state' | 'provider_id'>): boolean =>
  id === null && asking.includes(state)

/**
 * Writes down that the bank has this invoice, wherever that was learnt. False when it was known, or another
 * of the same tag is.
 */
export async function takeAsIssued(
  tx: Tx,
  id: string,
  made: ProviderInvoice,
  cause: Cause,
): Promise<boolean> {
  const row = await tx.one<{ state: InvoiceState; provider_id: string | null }>(
    sql`select state, provider_id from invoices where id = ${id}`,
  )
  if (!row || !awaitsItsId(row)) return false
  const also = [
    sql`provider_id = ${made.providerId}`,
    sql`brcode = ${encrypted('invoices.brcode', id, made.brcode)}`,
    sql`link = ${encrypted('invoices.link', id, made.link)}`,
  ]
  return invoices.move(tx, { id, state: row.state }, 'issued', cause, also)
}
