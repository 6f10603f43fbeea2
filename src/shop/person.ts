/**
 * What a person does with an order: says that it is looked after, ends what waits for nothing, has its
 * letters sent again.
 */
import { because } from '../base/reasons.ts'
import type { Instant } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import { writeAgain } from '../mail/mail.ts'
import { forUpdate, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { findOrder, invoicesOf, linesOf, numberOf, type OrderRow, orders } from './order.ts'
import { answering, refuse, refuseIf, type OrderRefusal, type ShopRefusal } from './refusals.ts'
import { returnStock } from './stock.ts'

/** By id, or by the number people call it by. */
export async function orderCalled(
  reader: Reader,
  name: string,
): Promise<{ is: 'found'; order: OrderRow } | OrderRefusal> {
  const known = await findOrder(reader, name)
  if (known?.store_id === reader.store) return { is: 'found', order: known }
  const found = /^[0-9a-z]{8}$/i.test(name)
    ? await reader.all<OrderRow>(
        sql`select * from orders where store_id = ${reader.store} and id like ${`%${name.toLowerCase()}`}
          order by id limit 2`,
      )
    : []
  if (found.length > 1) return { is: 'order-ambiguous', number: numberOf(found[0]!.id) }
  return found[0] ? { is: 'found', order: found[0] } : { is: 'order-unknown', name }
}

/** The same within an act, with the order's row locked. */
async function needOrder(tx: Tx, name: string): Promise<OrderRow> {
  const called = await orderCalled(tx, name)
  if (called.is !== 'found') return refuse(called)
  return (await tx.one<OrderRow>(sql`select * from orders where id = ${called.order.id} ${forUpdate}`))!
}

export interface OrderAct {
  by: string
  why: string
}
type OrderDone = { is: 'done'; order: OrderRow }

/** Says that what the order needed a person for was looked after. */
export const attended = (db: Db, name: string, { by, why }: OrderAct): Promise<OrderDone | ShopRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const order = await needOrder(tx, name)
      const { id, attention: needed } = order
      if (needed === null) return refuse({ is: 'order-attended', id })
      await tx.run(sql`
        update orders set attention = null, attention_reason = null, attention_detail = null,
          changed_at = ${await tx.now()}
        where id = ${id}`)
      await audit(tx, { actor: by, act: 'order attended', subject: id, detail: { why, needed } })
      return {
        is: 'done',
        order: { ...order, attention: null, attention_reason: null, attention_detail: null },
      } as const
    }),
  )

/**
 * Ends an order that waits though its time is over: paid in part and never in whole, or at a bank that never
 * told. Its stock goes back; money that comes all the same makes it paid late.
 */
export const endOrder = (db: Db, name: string, { by, why }: OrderAct): Promise<OrderDone | ShopRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const order = await needOrder(tx, name)
      const { id } = order
      refuseIf(mayEnd(order, await invoicesOf(tx, id), await tx.now()))
      await orders.move(tx, { id, state: 'awaiting' }, 'expired', {
        why: because('ended-by', { by, said: why }),
      })
      await returnStock(tx, await linesOf(tx, id))
      await audit(tx, { actor: by, act: 'order ended', subject: id, detail: { why } })
      return { is: 'done', order: (await findOrder(tx, id))! } as const
    }),
  )

/** Pure: not while the order can be paid in time. */
export function mayEnd(
  { id, state }: Pick<OrderRow, 'id' | 'state'>,
  invoices: readonly Pick<InvoiceRow, 'id' | 'state' | 'due_at'>[],
  now: Instant,
): OrderRefusal | undefined {
  if (state !== 'awaiting') return { is: 'order-state', id, state }
  for (const invoice of invoices) {
    if (['seen', 'confirming', 'paid', 'credited'].includes(invoice.state))
      return { is: 'order-being-paid', id, invoice: invoice.id, state: invoice.state }
    if (!['expired', 'canceled', 'refused'].includes(invoice.state) && invoice.due_at >= now)
      return { is: 'order-payable', id, until: invoice.due_at }
  }
  return undefined
}

/** Has the letters that could not be sent tried again. Answers how many. */
export const sendMailsAgain = (
  db: Db,
  name: string,
  by: string,
): Promise<{ is: 'done'; order: OrderRow; letters: number } | ShopRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const order = await needOrder(tx, name)
      const { id } = order
      if (order.email === '') refuse({ is: 'order-buyer-forgotten', id })
      const letters = await writeAgain(tx, id, because('mail-sent-again', { by }))
      if (letters === 0) refuse({ is: 'order-no-mail-failed', id })
      const detail = { letters: `${letters}` }
      await audit(tx, { actor: by, act: 'letters sent again', subject: id, detail })
      return { is: 'done', order, letters } as const
    }),
  )
