/** Attention: a person says that what an order needed one for is looked after. */
import { BadInput } from '../base/answer.ts'
import { audit } from '../ledger/ledger.ts'
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
