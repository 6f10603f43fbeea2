/**
 * Invoices that are paid over the counter: asked for here alone, since there is no provider, and over when
 * due.
 */
import { because } from '../../base/reasons.ts'
import type { World } from '../../base/world.ts'
import { audit } from '../../ledger/ledger.ts'
import { forUpdate, skipLocked, sql, type Db } from '../../db/db.ts'
import { mayCancel, type Canceling } from '../bank/cancel.ts'
import type { InvoiceRow } from '../row.ts'
import { invoices } from '../tables.ts'
import { putOffDrafts } from '../unreadable.ts'
import { isReceiptPending } from './receipts.ts'

const atOnce = 100

/** Issues every draft that is due (of one slot, if named). Answers how many. */
export async function issueCash(db: Db, world: World, batchTag?: string): Promise<number> {
  for (let issued = 0; ;) {
    const count = await db.tx(async tx => {
      const only = batchTag === undefined ? sql`` : sql`and batch_tag = ${batchTag}`
      const rows = await tx.all<InvoiceRow>(sql`
        select * from invoices where state = 'draft' and rail = 'cash'
          and next_at <= ${await tx.now()} ${only}
        order by batch_tag, ordinal limit ${atOnce} ${skipLocked}`)
      for (const { id } of await putOffDrafts(tx, rows))
        await invoices.move(tx, { id, state: 'draft' }, 'issued', { why: because('paid-over-counter') }, [
          sql`provider_id = ${id}`,
        ])
      return rows.length
    }, 'locks')
    await world.at('requests made')
    issued += count
    if (count < atOnce) return issued
  }
}

/** What was not received by its due time is over. Answers how many ended. */
export async function expireCash(db: Db): Promise<number> {
  return db.tx(async tx => {
    const now = await tx.now()
    const rows = await tx.all<{ id: string }>(sql`
      select id from invoices where rail = 'cash' and state = 'issued' and due_at < ${now}
      order by id limit ${atOnce} ${skipLocked}`)
    for (const { id } of rows)
      await invoices.move(tx, { id, state: 'issued' }, 'expired', { why: because('not-paid-in-time') })
    return rows.length
  }, 'locks')
}

/** Cancels one that nobody paid. */
export async function cancelCash(
  db: Db,
  id: string,
  { by, why }: { by: string; why: string },
): Promise<Canceling> {
  return db.tx(async (tx): Promise<Canceling> => {
    const invoice = await tx.one<InvoiceRow>(
      sql`select * from invoices where id = ${id} and store_id = ${tx.store} and rail = 'cash'
        ${forUpdate}`,
    )
    if (!invoice) return { is: 'unknown' }
    const code = mayCancel(invoice) ?? ((await isReceiptPending(tx, id)) ? 'paid' : undefined)
    if (code) return { is: 'impossible', code, invoice }
    const state = invoice.state as 'draft' | 'issued'
    await invoices.move(tx, { id, state }, 'canceled', { why: because('said-by', { by, said: why }) })
    await audit(tx, { actor: by, act: 'invoice canceled', subject: id, detail: { from: state, why } })
    return { is: 'canceled', invoice: { ...invoice, state: 'canceled' } }
  }, 'locks')
}
