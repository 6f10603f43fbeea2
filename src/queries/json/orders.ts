/** Orders of the shop as programs read them. */
import { moneyOf } from '../../base/money.ts'
import type { OrderRow } from '../../shop/shop.ts'

export const orderJson = (row: OrderRow) => ({
  id: row.id,
  state: row.state,
  rail: row.rail,
  ...moneyOf(row.units),
  name: row.name,
  email: row.email,
  taxId: row.tax_id,
  language: row.language,
  paidBy: row.paid_by,
  paidAt: row.paid_at,
  paidLate: row.paid_late === 1n,
  needsPerson: row.attention,
  placedAt: row.added_at,
  changedAt: row.changed_at,
})
