/** Attention: a person says that what an order needed one for is looked after, or has its letters written again. */
import { BadInput } from '../base/answer.ts'
import { audit } from '../ledger/ledger.ts'
import { writeAgain } from '../mail/mail.ts'
import { forUpdate, sql, type Reader, type Store } from '../store/store.ts'
import { findOrder, numberOf, type OrderRow } from './order.ts'

/** By id, or by the number people call it by. Throws `BadInput` where none or several are meant. */
export async function needOrder(reader: Reader, name: string): Promise<OrderRow> {
  const known = await findOrder(reader, name)
  if (known) return known
  const found = /^[0-9a-z]{8}$/i.test(name)
    ? await reader.all<OrderRow>(sql`select * from orders where id like ${`%${name.toLowerCase()}`} order by id limit 2`)
    : []
  if (found.length === 1) return found[0]!
  throw new BadInput(
    found.length === 0
      ? `there is no order "${name}": "repasse order list" shows them`
      : `several orders are called ${numberOf(found[0]!.id)}: say which by its id`,
  )
}

/** Throws `BadInput` where the order needs nobody. */
export async function attended(store: Store, name: string, { by, why }: { by: string; why: string }): Promise<OrderRow> {
  return store.tx(async tx => {
    const { id } = await needOrder(tx, name)
    const order = (await tx.one<OrderRow>(sql`select * from orders where id = ${id} ${forUpdate}`))!
    if (order.attention === null) throw new BadInput(`order ${id} needs nobody`)
    await tx.run(sql`update orders set attention = null, changed_at = ${await tx.now()} where id = ${id}`)
    await audit(tx, { actor: by, act: 'order attended', subject: id, detail: { why, needed: order.attention } })
    return { ...order, attention: null }
  })
}

/** Has the letters that could not be sent tried again. Throws `BadInput` where none failed. Answers how many. */
export async function sendLettersAgain(store: Store, name: string, by: string): Promise<{ order: OrderRow; letters: number }> {
  return store.tx(async tx => {
    const order = await needOrder(tx, name)
    const letters = await writeAgain(tx, order.id, `${by} has it sent again`)
    if (letters === 0) throw new BadInput(`no letter of order ${order.id} has failed: "repasse order show ${order.id}" says how they stand`)
    await audit(tx, { actor: by, act: 'letters sent again', subject: order.id, detail: { letters: `${letters}` } })
    return { order, letters }
  })
}
