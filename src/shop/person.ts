/**
 * What a person does with an order: says that it is looked after, ends what waits for nothing, has its
 * letters sent again.
 */
import { because } from '../base/reasons.ts'
import { BadInput } from '../base/answer.ts'
import { audit } from '../ledger/ledger.ts'
import { writeAgain } from '../mail/mail.ts'
import { forUpdate, sql, type Reader, type Db } from '../db/db.ts'
import { findOrder, invoicesOf, linesOf, numberOf, type OrderRow, orders } from './order.ts'
import { returnStock } from './stock.ts'

/** By id, or by the number people call it by. Throws `BadInput` where none or several are meant. */
export async function needOrder(reader: Reader, name: string): Promise<OrderRow> {
  const known = await findOrder(reader, name)
  if (known?.store_id === reader.store) return known
  const found = /^[0-9a-z]{8}$/i.test(name)
    ? await reader.all<OrderRow>(
        sql`select * from orders where store_id = ${reader.store} and id like ${`%${name.toLowerCase()}`}
          order by id limit 2`,
      )
    : []
  if (found.length === 1) return found[0]!
  throw new BadInput(
    found.length === 0
      ? `there is no order "${name}": "repasse order list" shows them`
      : `several orders are called ${numberOf(found[0]!.id)}: say which by its id`,
  )
}

/** Throws `BadInput` where the order needs nobody. */
export async function attended(
  db: Db,
  name: string,
  { by, why }: { by: string; why: string },
): Promise<OrderRow> {
  return db.tx(async tx => {
    const { id } = await needOrder(tx, name)
    const order = (await tx.one<OrderRow>(sql`select * from orders where id = ${id} ${forUpdate}`))!
    if (order.attention === null) throw new BadInput(`order ${id} needs nobody`)
    await tx.run(sql`update orders set attention = null, changed_at = ${await tx.now()} where id = ${id}`)
    await audit(tx, {
      actor: by,
      act: 'order attended',
      subject: id,
      detail: { why, needed: order.attention },
    })
    return { ...order, attention: null }
  })
}

/**
 * Ends an order that waits though its time is over: paid in part and never in whole, or at a bank that never
 * told. Its stock goes back; money that comes all the same makes it paid late. Throws `BadInput` while it can
 * be paid in time.
 */
export async function endOrder(
  db: Db,
  name: string,
  { by, why }: { by: string; why: string },
): Promise<OrderRow> {
  return db.tx(async tx => {
    const { id } = await needOrder(tx, name)
    const order = (await tx.one<OrderRow>(sql`select * from orders where id = ${id} ${forUpdate}`))!
    if (order.state !== 'awaiting') throw new BadInput(`order ${id} is ${order.state} already`)
    const now = await tx.now()
    for (const invoice of await invoicesOf(tx, id)) {
      const isOnItsWay = ['seen', 'confirming', 'paid', 'credited'].includes(invoice.state)
      if (isOnItsWay)
        throw new BadInput(`order ${id} is being paid: invoice ${invoice.id} is ${invoice.state}`)
      if (!['expired', 'canceled', 'refused'].includes(invoice.state) && invoice.due_at >= now)
        throw new BadInput(`order ${id} can be paid until ${invoice.due_at}: end it after that`)
    }
    await orders.move(tx, { id, state: 'awaiting' }, 'expired', {
      why: because('ended-by', { by, said: why }),
    })
    await returnStock(tx, await linesOf(tx, id))
    await audit(tx, { actor: by, act: 'order ended', subject: id, detail: { why } })
    return (await findOrder(tx, id))!
  })
}

/**
 * Has the letters that could not be sent tried again. Throws `BadInput` where none failed. Answers how many.
 */
export async function sendMailsAgain(
  db: Db,
  name: string,
  by: string,
): Promise<{ order: OrderRow; letters: number }> {
  return db.tx(async tx => {
    const order = await needOrder(tx, name)
    if (order.email === '')
      throw new BadInput(`the buyer of order ${order.id} was forgotten: there is nowhere to write to`)
    const letters = await writeAgain(tx, order.id, because('mail-sent-again', { by }))
    if (letters === 0)
      throw new BadInput(
        `no letter of order ${order.id} has failed: "repasse order show ${order.id}" says how they stand`,
      )
    await audit(tx, {
      actor: by,
      act: 'letters sent again',
      subject: order.id,
      detail: { letters: `${letters}` },
    })
    return { order, letters }
  })
}
