/** Letters to who bought: queued in the transaction that is their reason, each kind once for an order. */
import { newId } from '../base/id.ts'
import type { Machine } from '../base/machine.ts'
import type { World } from '../base/world.ts'
import { remember, sql, type Tx } from '../store/store.ts'

export const mailMachine = {
  queued: ['sent', 'failed'],
  sent: [],
  failed: ['queued'],
} as const satisfies Machine

export type MailKind = 'placed' | 'paid' | 'late'

/** Queues a letter; a kind that the order has had is not written again. */
export async function queueMail(tx: Tx, world: Pick<World, 'clock' | 'random'>, orderId: string, kind: MailKind): Promise<void> {
  const id = newId('mail', world)
  const now = await tx.now()
  const queued = await tx.run(sql`
    insert into mails (id, order_id, kind, state, next_at, added_at, changed_at)
    values (${id}, ${orderId}, ${kind}, 'queued', ${now}, ${now}, ${now}) on conflict (order_id, kind) do nothing`)
  if (queued > 0) await remember(tx, 'mails', id, '', 'queued', { why: `the order is ${kind}`, ref: orderId }, now)
}
