/** An order: its row and its lines, and how one is found. */
import type { Instant } from '../base/world.ts'
import type { RailName } from '../base/rails.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { stateTable, sql, type Reader } from '../db/db.ts'
import { orderMachine, type OrderState } from './states.ts'

export { orderMachine, type OrderState }
export const orders = stateTable('orders', orderMachine)

export const languages = ['pt-BR', 'en'] as const
export type Language = (typeof languages)[number]

export type OrderRow = {
  id: string
  store_id: string
  /** Unguessable; the order's page is found by it, and by nothing else. */
  token: string
  basket_key: string
  name: string
  email: string
  tax_id: string
  language: Language
  /** How it is paid, or will be. */
  rail: RailName
  /** BRL cents, of all lines. */
  units: bigint
  state: OrderState
  /** The invoice that paid it. */
  paid_by: string | null
  /** 1: it had expired before it was paid. */
  paid_late: bigint
  paid_at: Instant | null
  /** Why a person has to look, and the code of it with its values. */
  attention: string | null
  attention_reason: string | null
  attention_detail: string | null
  added_at: Instant
  changed_at: Instant
  /** When its name, e-mail and tax id were blanked. */
  forgotten_at: Instant | null
}

export type OrderLineRow = {
  line: bigint
  product_id: string
  /** As it was when it was ordered; `units` is the price of one, in BRL cents. */
  name: string
  units: bigint
  quantity: bigint
}

export const findOrder = (reader: Reader, id: string) =>
  reader.one<OrderRow>(sql`select * from orders where id = ${id}`)

export const findOrderByToken = (reader: Reader, token: string) =>
  reader.one<OrderRow>(sql`select * from orders where token = ${token} and store_id = ${reader.store}`)

export const linesOf = (reader: Reader, orderId: string) =>
  reader.all<OrderLineRow>(
    sql`select line, product_id, name, units, quantity from order_lines where order_id = ${orderId}
      order by line`,
  )

/** Every invoice of an order, oldest first. */
export const invoicesOf = (reader: Reader, orderId: string) =>
  reader.all<InvoiceRow>(sql`select * from invoices where order_id = ${orderId} order by ordinal`)

/** What people call it: eight characters, for talking about it; it opens nothing. */
export const numberOf = (id: string): string => id.slice(-8).toUpperCase()
