/** Owing again: an invoice whose receipt was taken back is received after all. */
import { because } from '../../base/reasons.ts'
import type { World } from '../../base/world.ts'
import { forUpdate, setWhy, sql, type Cause, type Reader, type Tx } from '../../db/db.ts'
import { keptBack } from '../owe.ts'
import { rightSize } from '../rightSize.ts'
import type { PayoutRow } from '../row.ts'
import { payouts } from '../tables.ts'

/**
 * Its payout is of what is owed now. One that was on its way when the receipt was taken back goes on by
 * itself, unless it is to be looked at first; one that was held is held again.
 */
export async function oweAgain(tx: Tx, world: World, invoiceId: string, cause: Cause): Promise<void> {
  await rightSize(tx, world, invoiceId, cause)
  const payout = await tx.one<PayoutRow & { min_payout_units: bigint }>(sql`
    select p.*, i.min_payout_units from payouts p join invoices i on i.id = p.invoice_id
      where p.invoice_id = ${invoiceId} ${forUpdate}`)
  if (payout?.state !== 'held') return
  const { id, rail, units, min_payout_units: minPayout } = payout
  const kept =
    (await keptBack(tx, units, { rail, invoiceId, minPayout })) ??
    ((await wasDue(tx, id)) ? null : because('held-before-taken-back'))
  if (kept !== null) await tx.run(sql`update payouts set ${setWhy(kept)} where id = ${id}`)
  else
    await payouts.move(tx, { id, state: 'held' }, 'owed', cause, [
      setWhy(null),
      sql`next_at = ${await tx.now()}`,
    ])
}

/** When it was canceled last, it was neither held nor handed over. */
async function wasDue(reader: Reader, id: string): Promise<boolean> {
  const step = await reader.one<{ from_state: string }>(sql`
    select from_state from transitions where about = 'payouts' and subject = ${id} and to_state = 'canceled'
      order by seq desc limit 1`)
  return step?.from_state === 'owed' || step?.from_state === 'waiting'
}
