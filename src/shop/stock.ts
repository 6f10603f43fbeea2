/** Stock: taken when an order is placed, given back when nothing more can come for it. */
import { forUpdate, join, sql, type Tx } from '../db/db.ts'
import type { OrderLineRow } from './order.ts'
import type { ProductRow } from './product.ts'

type Wanted = Pick<OrderLineRow, 'product_id' | 'quantity'>

/**
 * Takes all of it, or nothing: then it answers the products of which there are too few, or which are not sold
 * any more.
 */
export async function takeStock(tx: Tx, lines: readonly Wanted[]): Promise<ProductRow[]> {
  // In the order of their ids, as everyone holds them.
  const products = await tx.all<ProductRow>(sql`
    select * from products where id in (${join(lines.map(line => line.product_id))})
      order by id ${forUpdate}`)
  const lacking = products.filter(({ id, stock, state }) => state !== 'listed' || stock < wantedOf(lines, id))
  if (lacking.length === 0) for (const { id } of products) await add(tx, id, -wantedOf(lines, id))
  return lacking.map(product => (product.state === 'listed' ? product : { ...product, stock: 0n }))
}

export async function returnStock(tx: Tx, lines: readonly Wanted[]): Promise<void> {
  for (const id of [...new Set(lines.map(line => line.product_id))].toSorted())
    await add(tx, id, wantedOf(lines, id))
}

const wantedOf = (lines: readonly Wanted[], id: string): bigint =>
  lines.reduce((sum, line) => (line.product_id === id ? sum + line.quantity : sum), 0n)

const add = (tx: Tx, id: string, quantity: bigint) =>
  tx.run(sql`update products set stock = stock + ${quantity} where id = ${id}`)
