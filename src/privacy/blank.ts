/** Blanking: what says who somebody is goes, and amounts, times, ids and the ledger stay. */
import { sql, type Tx } from '../db/db.ts'
import { dropBody } from '../webhooks/webhooks.ts'

/** What no column of a person holds otherwise. */
const blank = ''

/** The payer of one invoice, with the bodies of the events that are about it. */
export async function blankInvoice(tx: Tx, id: string): Promise<void> {
  const now = await tx.now()
  await tx.run(sql`
    update invoices
      set payer_name = ${blank}, payer_tax_id = ${blank}, description = ${blank}, forgotten_at = ${now}
    where id = ${id} and forgotten_at is null`)
  // Those that were settled before it was kept what they are about are found by what they moved.
  const events = await tx.all<{ id: bigint }>(sql`
    select id from inbox where about = ${id}
    union select e.id from transitions t join invoices i on i.id = t.subject join inbox e on e.rail = i.rail
      and e.event_id = t.ref
      where t.subject = ${id}`)
  for (const event of events) await dropBody(tx, event.id)
}

/**
 * Where the buyer of an order is written to: nothing the tax authority asks for. Answers whether there was an
 * address.
 */
export async function blankContact(tx: Tx, orderId: string): Promise<boolean> {
  const blanked = await tx.run(
    sql`update orders set email = ${blank} where id = ${orderId} and email <> ${blank}`,
  )
  // The server's answer may repeat the address.
  await tx.run(sql`update mails set why = null where order_id = ${orderId}`)
  return blanked > 0
}

export async function blankBuyer(tx: Tx, orderId: string): Promise<void> {
  await tx.run(sql`
    update orders set name = ${blank}, tax_id = ${blank}, forgotten_at = ${await tx.now()}
      where id = ${orderId} and forgotten_at is null`)
}
