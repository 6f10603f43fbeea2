/** Invoices whose payer cannot be decrypted: nobody is asked with what is not known. They wait, and say so. */
import { later } from '../base/world.ts'
import { isUnreadable, remember, sql, type Tx } from '../db/db.ts'
import type { InvoiceRow } from './row.ts'

const againMs = 60_000

type Payer = Pick<InvoiceRow, 'payer_name' | 'payer_tax_id' | 'description'>

/** Whether a part of what would be said to the payer or of the payer is not known. */
export const isPayerUnreadable = ({ payer_name: name, payer_tax_id: taxId, description }: Payer): boolean =>
  [name, taxId, description].some(isUnreadable)

/** Leaves a draft for later: another machine may have the key, or somebody restores the value. */
export async function awaitKey(tx: Tx, { id }: Pick<InvoiceRow, 'id'>): Promise<void> {
  const now = await tx.now()
  await tx.run(sql`update invoices set next_at = ${later(now, againMs)} where id = ${id} and state = 'draft'`)
  const why = 'its payer cannot be decrypted, so nobody is asked for it: see "repasse keys status"'
  await remember(tx, 'invoices', id, 'draft', 'draft', { why, again: true }, now)
}
