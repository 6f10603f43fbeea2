/** Orders as they are listed and shown: with their lines, invoices and mails. */
import { empty, history, sql, where, type Reader, type Transition } from '../db/db.ts'
import { tipOf } from '../chain/chain.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import type { MailRow } from '../mail/mail.ts'
import {
  invoicesOf,
  linesOf,
  orderCalled,
  type OrderLineRow,
  type OrderRefusal,
  type OrderRow,
} from '../shop/shop.ts'
import type { FilterOf, orderFilters } from './filters.ts'
import { ordersBy } from './lookup.ts'
import { inWindow, type After, type Filters } from './page.ts'

/** The newest first. */
export function listOrders(
  reader: Reader,
  filters: Filters<FilterOf<typeof orderFilters>>,
  limit: number,
): Promise<OrderRow[]> {
  const { q, state, rail } = filters.query
  const byNumberOrMail = q === undefined ? undefined : ordersBy(reader, q)
  return reader.all<OrderRow>(sql`
    select * from orders ${where([
      sql`store_id = ${reader.store}`,
      q === undefined
        ? undefined
        : sql`(id = ${q.toLowerCase()}${byNumberOrMail ? sql` or id in (${byNumberOrMail})` : empty})`,
      state === undefined ? undefined : sql`state = ${state}`,
      rail === undefined ? undefined : sql`rail = ${rail}`,
      ...inWindow(sql`added_at`, sql`id`, filters),
    ])} order by added_at desc, id desc limit ${limit}`)
}

/** Where a list goes on behind this one. */
export const placeOfOrder = (reader: Reader, id: string): Promise<After | undefined> =>
  reader.one<After>(
    sql`select id, added_at as at from orders where store_id = ${reader.store} and id = ${id}`,
  )

export interface ShownOrderRecord {
  is: 'shown'
  row: OrderRow
  lines: OrderLineRow[]
  invoices: InvoiceRow[]
  mails: MailRow[]
  steps: Transition[]
}

/** By its id or the eight characters it is called by. */
export async function showOrderRecord(
  reader: Reader,
  name: string,
): Promise<ShownOrderRecord | OrderRefusal> {
  const called = await orderCalled(reader, name)
  if (called.is !== 'found') return called
  const { order: row } = called
  return {
    is: 'shown',
    row,
    lines: await linesOf(reader, row.id),
    invoices: await invoicesOf(reader, row.id),
    mails: await reader.all<MailRow>(
      sql`select * from mails where order_id = ${row.id} order by added_at, id`,
    ),
    steps: await history(reader, row.id),
  }
}

/** Another text after every step of an order, of its invoices, and of what lies on the chain for them. */
export async function markOfOrder(reader: Reader, token: string): Promise<string> {
  const rows = await reader.all<Record<string, string | null>>(sql`
    select o.state, o.changed_at as at, i.state as invoice, i.changed_at as invoice_at, c.state as coin,
      c.changed_at as coin_at
    from orders o left join invoices i on i.order_id = o.id left join coins c on c.invoice_id = i.id
    where o.token = ${token} order by i.ordinal, c.id`)
  const tip = rows.some(({ coin }) => coin !== null) ? await tipOf(reader) : undefined
  return [tip?.hash, ...rows.map(row => Object.values(row).join(' '))].join(', ')
}
