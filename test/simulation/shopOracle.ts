/**
 * The oracle of the shop: what was ordered, what was paid for it and what is left on the table, held against
 * each other.
 */
import { readOrder, type App } from '../../src/jobs/jobs.ts'
import type { InvoiceRow } from '../../src/invoice/invoice.ts'
import { invoicesOf, linesOf, type OrderLineRow, type OrderRow } from '../../src/shop/shop.ts'
import { sql, type Db } from '../../src/db/db.ts'

/** What was ever put there of each product, and at what prices it was ever sold. */
export type Table = Map<string, { stock: bigint; prices: Set<bigint> }>

/** `answered`: forms that were told they are an order. */
export async function judgeShop(
  db: Db,
  app: App,
  table: Table,
  answered: readonly { key: string; order: string }[],
): Promise<string[]> {
  const orders = await db.all<OrderRow>(sql`select * from orders order by id`)
  const faults: string[] = []
  for (const { key, order } of answered)
    if (orders.find(({ id }) => id === order)?.basket_key !== key)
      faults.push(`${order} was promised and is not there`)

  const taken = new Map<string, bigint>()
  for (const order of orders) {
    const lines = await linesOf(db, order.id)
    if (holdsStock(order))
      for (const { product_id: id, quantity } of lines) taken.set(id, (taken.get(id) ?? 0n) + quantity)
    faults.push(
      ...judgeSum(order, lines, table),
      ...judgeState(order, await invoicesOf(db, order.id), await askedAfterPaid(db, order)),
    )
    faults.push(...judgeTold(order, (await readOrder(app, order.token))!.standing.is))
  }
  for (const { id, stock } of await db.all<{ id: string; stock: bigint }>(
    sql`select id, stock from products order by id`,
  )) {
    const there = table.get(id)!.stock
    if (stock < 0n || stock + (taken.get(id) ?? 0n) !== there)
      faults.push(`of ${there} of ${id}, ${taken.get(id) ?? 0n} are ordered and ${stock} left`)
  }
  return faults
}

/** One that was paid late may have found the table empty: then a person was called. */
const holdsStock = ({ state, attention }: OrderRow) =>
  state !== 'expired' && !attention?.includes('too little left')

function judgeSum({ id, units }: OrderRow, lines: OrderLineRow[], table: Table): string[] {
  const sum = lines.reduce((sum, line) => sum + line.units * line.quantity, 0n)
  const strange = lines.find(line => !table.get(line.product_id)!.prices.has(line.units))
  return [
    ...(sum === units ? [] : [`${id} asks ${units} for what costs ${sum}`]),
    ...(strange ? [`${id} sells for ${strange.units} what never cost that`] : []),
  ]
}

const isPaid = ({ state }: InvoiceRow) => state === 'paid' || state === 'credited'

/**
 * An invoice made after the installation had heard of the payment, which is later than it was paid: before
 * that nobody could know that a new code was needless. By the order in which it was written: a wall clock may
 * have been set meanwhile.
 */
async function askedAfterPaid(db: Db, { id, paid_by: paidBy }: OrderRow): Promise<string | undefined> {
  const row = await db.one<{ id: string }>(sql`
    select i.id from invoices i join transitions t on t.subject = i.id and t.about = 'invoices'
      and t.from_state = ''
    where i.order_id = ${id} and t.seq > (
      select min(p.seq) from transitions p where p.subject = ${paidBy ?? ''} and p.about = 'invoices'
        and p.to_state in ('paid', 'credited'))
    order by t.seq limit 1`)
  return row?.id
}

/**
 * An order is paid where one of its invoices is, waits where one of them can be paid, and a person was called
 * for whatever is odd.
 */
function judgeState(
  { id, state, units, paid_by: paidBy, attention }: OrderRow,
  invoices: InvoiceRow[],
  needless: string | undefined,
): string[] {
  const faults: string[] = []
  const say = (text: string) => void faults.push(`${id} is ${state}: ${text}`)
  if (invoices.length === 0) say('it has no invoice')
  for (const { rail, units: asked, quote_units: quoted, id: invoice } of invoices)
    if ((rail === 'starkbank' ? asked : quoted) !== units)
      say(`${invoice} asks for another amount than ${units}`)
  const paying = invoices.filter(isPaid)
  const payer = invoices.find(invoice => invoice.id === paidBy)
  if (state !== 'paid' && paying.length > 0) say(`${paying[0]!.id} is ${paying[0]!.state}`)
  if (state !== 'paid' && payer) say(`${payer.id} paid it`)
  if (state === 'paid' && !payer) say('nothing paid it')
  if (payer && !isPaid(payer) && attention === null)
    say(`${payer.id} is ${payer.state}, and nobody was called`)
  if (needless !== undefined) say(`${needless} asks for it again`)
  if (paying.length > 1 && !attention?.includes(`paid ${paying.length} times`))
    say('it was paid more than once, and nobody was called')
  if (state !== 'paid' && invoices.some(invoice => invoice.state === 'reversed'))
    say('it was paid and given back, and nobody was called')
  if (
    state === 'awaiting' &&
    invoices.every(invoice => ['expired', 'canceled', 'refused'].includes(invoice.state))
  )
    say('nothing of it can be paid')
  return faults
}

function judgeTold({ id, state }: OrderRow, is: string): string[] {
  const wrong =
    state === 'paid' ? !['paid', 'attention', 'seen', 'confirming', 'underpaid'].includes(is) : is === 'paid'
  return wrong ? [`${id} is ${state} and is told to be ${is}`] : []
}
