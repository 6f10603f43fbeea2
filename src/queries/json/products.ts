/** Products as programs read them. */
import { moneyOf } from '../../base/money.ts'
import type { ProductRow } from '../../shop/shop.ts'

export const productJson = (row: ProductRow) => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  description: row.description,
  state: row.state,
  price: moneyOf(row.units),
  stock: Number(row.stock),
  photo: row.photo,
  addedAt: row.added_at,
  changedAt: row.changed_at,
})
