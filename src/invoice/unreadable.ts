/**
 * Drafts that nobody is asked for yet: their payer cannot be decrypted, or they are not of what they were
 * drafted for. They wait, and say so.
 */
import { because } from '../base/reasons.ts'
import { later } from '../base/world.ts'
import { isUnreadable, remember, sql, type Tx, type Why } from '../db/db.ts'
import { notAsDrafted } from '../ledger/ledger.ts'
import type { InvoiceRow } from './row.ts'

const againMs = 60_000

type Payer = Pick<InvoiceRow, 'payer_name' | 'payer_tax_id' | 'description'>

/** Whether a part of what would be said to the payer or of the payer is not known. */
export const isPayerUnreadable = ({ payer_name: name, payer_tax_id: taxId, description }: Payer): boolean =>
  [name, taxId, description].some(isUnreadable)

/**
 * Leaves a draft for later where nobody can be asked for it: another machine may have the key, or somebody
 * puts the row right.
 */
export async function putOffDrafts(tx: Tx, drafts: readonly InvoiceRow[]): Promise<InvoiceRow[]> {
  const moved = await notAsDrafted(tx, drafts)
  const left: InvoiceRow[] = []
  for (const draft of drafts) {
    const why = isPayerUnreadable(draft) ? unreadableWhy : edited(moved.get(draft.id))
    if (why === undefined) left.push(draft)
    else await putOff(tx, draft, why)
  }
  return left
}

const edited = (finding: string | undefined) =>
  finding === undefined ? undefined : because('edited', { finding })

const unreadableWhy = because('payer-undecryptable')

async function putOff(tx: Tx, { id }: Pick<InvoiceRow, 'id'>, why: Why): Promise<void> {
  const now = await tx.now()
  await tx.run(sql`update invoices set next_at = ${later(now, againMs)} where id = ${id} and state = 'draft'`)
  await remember(tx, 'invoices', id, 'draft', 'draft', { why, again: true }, now)
}
