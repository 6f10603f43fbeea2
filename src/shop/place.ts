/**
 * Placing an order, and asking again for one whose time is over: each one transaction, with prices and stock
 * from the database.
 */
import { because } from '../base/reasons.ts'
import { newId } from '../base/id.ts'
import { brl, minRequest } from '../base/money.ts'
import type { ShopLimits } from '../base/shopSettings.ts'
import { millis, type World } from '../base/world.ts'
import { isInReais, type RailName } from '../base/rails.ts'
import {
  draftOfOrder,
  inReaisAsSaid,
  type InvoiceRow,
  type Priced,
  type Pricing,
} from '../invoice/invoice.ts'
import { queueMail } from '../mail/mail.ts'
import { ruleRef } from '../payout/payout.ts'
import { encrypted, forUpdate, join, remember, sql, type Db, type Tx } from '../db/db.ts'
import { checkBuyer, type Buyer, type BuyerFault } from './buyer.ts'
import { findOrder, invoicesOf, linesOf, numberOf, type Language, type OrderRow, orders } from './order.ts'
import { holdsTooMany, mayWrite, noteAsk, takeTurn, tooOften, type LimitFault } from './limits.ts'
import type { ProductRow } from './product.ts'
import { shopRules, type ShopRule } from './rules.ts'
import { takeStock } from './stock.ts'

/** How long a code can be paid. */
export const codeMs = 15 * 60_000
/** How long after that an address is still watched for its payer. */
export const watchMs = 86_400_000

export const maxLines = 50
export const maxOfOne = 99n
/** Ten million reais, in cents: more is rather a slip. */
const mostUnits = 1_000_000_000n

export interface BasketLine {
  productId: string
  /** 1 to 99. */
  quantity: bigint
}

export interface Placing {
  /** Of the form, made with `newKey`: sent twice, it is one order. */
  basketKey: string
  lines: readonly BasketLine[]
  buyer: Buyer
  rail: RailName
  language: Language
  /** What the buyer was shown, in BRL cents: never charged, only compared. */
  unitsShown?: bigint
  /** Where the request came from. */
  address?: string
}

/** Why an order was not placed, for the page to word beside its field. */
export type OrderFault =
  | BuyerFault
  | { field: 'rail'; is: 'not offered' | 'no rate' | 'too small' }
  | { field: 'basket'; is: 'empty' | 'too many' | 'too dear' }
  | { field: 'basket'; is: 'gone'; productId: string; name: string | undefined }
  | { field: 'basket'; is: 'too few left'; productId: string; name: string; left: bigint }
  /** A price changed since it was shown. */
  | { field: 'basket'; is: 'other total'; units: bigint }
  | { field: 'basketKey'; is: 'invalid' }
  | ({ field: 'limit' } & LimitFault)

export type Placed =
  /** `again`: it was there already, and nothing changed. */
  { is: 'placed'; order: OrderRow; again: boolean } | { is: 'refused'; faults: OrderFault[] }

/** What the domain cannot know by itself. */
export interface PlaceTerms {
  /** The rails this installation runs on. */
  rails: readonly RailName[]
  /**
   * Prices reais on a rail that lies on a chain; undefined where no rate is good or the chain is not
   * followed.
   */
  price: (tx: Tx, rail: RailName) => Promise<Pricing | undefined>
  /** Whether letters can be sent at all. */
  writes: boolean
  /** How much one buyer may ask for; as much as they like where it is not said. */
  limits?: ShopLimits | undefined
}

/** 192 random bits, for basket keys and order tokens: nobody guesses one. */
export const newKey = ({ random }: Pick<World, 'random'>): string =>
  Buffer.from(random.bytes(24)).toString('base64url')
export const isKey = (text: string): boolean => /^[A-Za-z0-9_-]{32}$/.test(text)

/** Places an order: order, lines, stock and the draft of its invoice are there together, or none is. */
export async function writeOrder(db: Db, world: World, placing: Placing, terms: PlaceTerms): Promise<Placed> {
  if (!isKey(placing.basketKey)) return refuse({ field: 'basketKey', is: 'invalid' })
  const { faults, checked } = checkBuyer(placing.buyer)
  const basket = gathered(placing.lines)
  return db.tx(async (tx): Promise<Placed> => {
    const there = await ofBasket(tx, placing.basketKey)
    if (there) return { is: 'placed', order: there, again: true }
    const { limits } = terms
    const turn =
      limits && faults.length === 0 ? await takeTurn(tx, { ...checked, address: placing.address }) : undefined
    const often =
      limits &&
      turn &&
      ((await tooOften(tx, limits, turn)) ?? (await holdsTooMany(tx, limits, turn, itemsOf(basket))))
    if (often) {
      // The same form, sent twice at once, may be what used the limit up.
      const twin = await ofBasket(tx, placing.basketKey)
      return twin ? { is: 'placed', order: twin, again: true } : refuse({ field: 'limit', ...often })
    }

    const { found, wrong } = await priceBasket(tx, basket, placing.unitsShown)
    const asked = await askable(tx, placing.rail, totalOf(found), terms)
    const all = [...faults, ...wrong, ...(asked.is === 'refused' ? asked.faults : [])]
    if (all.length > 0 || asked.is === 'refused') {
      // The same form, sent twice at once: what is lacking now may be what the other has just ordered.
      const twin = await ofBasket(tx, placing.basketKey)
      return twin ? { is: 'placed', order: twin, again: true } : { is: 'refused', faults: all }
    }

    const order = await insertOrder(tx, world, placing, checked, totalOf(found), asked)
    // The same form, sent twice at once: the other was first.
    if (!order) return { is: 'placed', order: (await ofBasket(tx, placing.basketKey))!, again: true }
    for (const [line, { product, quantity }] of found.entries())
      await tx.run(sql`
        insert into order_lines (order_id, line, product_id, name, units, quantity)
        values (${order.id}, ${line}, ${product.id}, ${product.name}, ${product.units}, ${quantity})`)
    // Every product was held and counted above.
    const lacking = await takeStock(tx, await linesOf(tx, order.id))
    if (lacking.length > 0)
      throw new Error(`order ${order.id} lacks ${lacking.map(({ name }) => name).join(', ')}`)
    await draft(tx, world, order, asked)
    if (turn) await noteAsk(tx, turn, order.id)
    if (terms.writes && (!limits || (await mayWrite(tx, limits, order))))
      await queueMail(tx, world, order.id, 'placed')
    return { is: 'placed', order, again: false }
  }, 'locks')
}

export type NewCode =
  /** A new code is being asked for. */
  | { is: 'made'; order: OrderRow }
  /** There is one that can be paid, or money that came: nothing changed. */
  | { is: 'there'; order: OrderRow }
  | { is: 'refused'; faults: OrderFault[] }

/**
 * Asks again for an order whose time is over, on the rail it had or on another. Pressed twice it is one.
 * Undefined where there is no such order.
 */
export async function writeNewCode(
  db: Db,
  world: World,
  token: string,
  terms: PlaceTerms,
  rail?: RailName,
  address?: string,
): Promise<NewCode | undefined> {
  return db.tx(async (tx): Promise<NewCode | undefined> => {
    const order = await tx.one<OrderRow>(sql`select * from orders where token = ${token} ${forUpdate}`)
    if (!order) return undefined
    if (!mayAskAgain(order, await invoicesOf(tx, order.id), millis(await tx.now())))
      return { is: 'there', order }

    const lines = await linesOf(tx, order.id)
    const { limits } = terms
    const turn =
      limits && (await takeTurn(tx, { email: order.email, taxId: order.tax_id, address, orderId: order.id }))
    const often =
      limits &&
      turn &&
      ((await tooOften(tx, limits, turn)) ?? (await holdsTooMany(tx, limits, turn, itemsOf(lines), order.id)))
    if (often) return refuse({ field: 'limit', ...often })

    const asked = await askable(tx, rail ?? order.rail, order.units, terms)
    if (asked.is === 'refused') return asked
    const cause = { why: because('new-code-asked-for'), ref: ruleRef(asked.rule) }
    if (order.state === 'expired') {
      const lacking = await takeStock(tx, lines)
      if (lacking.length > 0) return { is: 'refused', faults: lacking.map(product => tooFew(product)) }
      await orders.move(tx, { id: order.id, state: 'expired' }, 'awaiting', cause)
    } else await remember(tx, 'orders', order.id, order.state, order.state, cause, await tx.now())
    await tx.run(sql`update orders set rail = ${asked.rule.rail} where id = ${order.id}`)
    const again = (await findOrder(tx, order.id))!
    await draft(tx, world, again, asked)
    if (turn) await noteAsk(tx, turn, order.id)
    return { is: 'made', order: again }
  }, 'locks')
}

/** Whether nothing of an order can be paid in time any more and nothing came. Pure. */
export function mayAskAgain(order: OrderRow, invoices: readonly InvoiceRow[], now: number): boolean {
  if (order.state === 'paid' || order.forgotten_at !== null) return false
  if (!invoices.every(({ state }) => quiet.has(state))) return false
  const newest = invoices.at(-1)!
  return dead.has(newest.state) || now > millis(newest.due_at)
}

/** Nothing came. */
const quiet = new Set<InvoiceRow['state']>([
  'draft',
  'issuing',
  'unsure',
  'issued',
  'overdue',
  'expired',
  'canceled',
  'refused',
])
/** Nothing can come, except late. */
export const dead = new Set<InvoiceRow['state']>(['expired', 'canceled', 'refused'])

/**
 * Whether an invoice still keeps its order's goods from others at `now`. A part of the price, however small,
 * does so no longer than nothing would; the whole that lies in no block does so while it counts in time. What
 * came all the same is a person's, or a refund's. Pure.
 */
export function keepsGoods(
  { state, due_at: dueAt, watch_until: watchUntil }: InvoiceRow,
  now: number,
): boolean {
  switch (state) {
    case 'expired':
    case 'canceled':
    case 'refused':
    case 'late':
      return false
    case 'underpaid':
      return now <= millis(dueAt)
    case 'seen':
      return now <= millis(watchUntil ?? dueAt)
    default:
      return true
  }
}

const refuse = (...faults: OrderFault[]): { is: 'refused'; faults: OrderFault[] } => ({
  is: 'refused',
  faults,
})

const ofBasket = (tx: Tx, key: string) =>
  tx.one<OrderRow>(sql`select * from orders where basket_key = ${key}`)

/**
 * One line for each product, in the order of their ids: so are they held, and no two orders wait for each
 * other.
 */
function gathered(lines: readonly BasketLine[]): BasketLine[] {
  const sums = new Map<string, bigint>()
  for (const { productId, quantity } of lines) sums.set(productId, (sums.get(productId) ?? 0n) + quantity)
  return [...sums]
    .map(([productId, quantity]) => ({ productId, quantity }))
    .toSorted((a, b) => (a.productId < b.productId ? -1 : 1))
}

const itemsOf = (lines: readonly { quantity: bigint }[]): bigint =>
  lines.reduce((sum, { quantity }) => sum + quantity, 0n)

interface Found {
  product: ProductRow
  quantity: bigint
}

const totalOf = (found: Found[]): bigint =>
  found.reduce((sum, { product, quantity }) => sum + product.units * quantity, 0n)

const tooFew = ({ id, name, stock }: Pick<ProductRow, 'id' | 'name' | 'stock'>): OrderFault => ({
  ...{ field: 'basket', is: 'too few left' },
  ...{ productId: id, name, left: stock },
})

/** Holds every product of the basket until the transaction ends, and says what cannot be had. */
async function priceBasket(
  tx: Tx,
  basket: BasketLine[],
  shown: bigint | undefined,
): Promise<{ found: Found[]; wrong: OrderFault[] }> {
  if (basket.length === 0 || basket.some(({ quantity }) => quantity < 1n))
    return { found: [], wrong: [{ field: 'basket', is: 'empty' }] }
  if (basket.length > maxLines || basket.some(({ quantity }) => quantity > maxOfOne))
    return { found: [], wrong: [{ field: 'basket', is: 'too many' }] }
  const products = await tx.all<ProductRow>(sql`
    select * from products where store_id = ${tx.store}
      and id in (${join(basket.map(line => line.productId))}) order by id ${forUpdate}`)
  const found: Found[] = []
  const wrong: OrderFault[] = []
  for (const { productId, quantity } of basket) {
    const product = products.find(({ id }) => id === productId)
    if (product?.state !== 'listed')
      wrong.push({ field: 'basket', is: 'gone', productId, name: product?.name })
    else if (product.stock < quantity) wrong.push(tooFew(product))
    else found.push({ product, quantity })
  }
  const units = totalOf(found)
  if (units > mostUnits) wrong.push({ field: 'basket', is: 'too dear' })
  if (wrong.length === 0 && shown !== undefined && shown !== units)
    wrong.push({ field: 'basket', is: 'other total', units })
  return { found, wrong }
}

interface Askable {
  is: 'askable'
  rule: ShopRule
  priced: Priced
}

/** Whether `units` reais cents can be asked for on a rail now, and under which rule and price. */
async function askable(
  tx: Tx,
  rail: RailName,
  units: bigint,
  terms: PlaceTerms,
): Promise<Askable | { is: 'refused'; faults: OrderFault[] }> {
  const rule = terms.rails.includes(rail) ? (await shopRules(tx)).find(each => each.rail === rail) : undefined
  if (!rule || rule.account_state === 'closed') return refuse({ field: 'rail', is: 'not offered' })
  if (isInReais(rail)) return { is: 'askable', rule, priced: inReaisAsSaid(rail)(brl(units)) }
  const price = await terms.price(tx, rail)
  if (!price) return refuse({ field: 'rail', is: 'no rate' })
  const priced = price(brl(units))
  return priced.amount.units < minRequest
    ? refuse({ field: 'rail', is: 'too small' })
    : { is: 'askable', rule, priced }
}

async function insertOrder(
  tx: Tx,
  world: World,
  placing: Placing,
  buyer: Buyer,
  units: bigint,
  { rule }: Askable,
): Promise<OrderRow | undefined> {
  const id = newId('order', world)
  const now = await tx.now()
  const inserted = await tx.run(sql`
    insert into orders (id, store_id, token, basket_key, name, email, tax_id, language, rail, units, state,
      added_at, changed_at)
    values (${id}, ${tx.store}, ${newKey(world)}, ${placing.basketKey},
      ${encrypted('orders.name', id, buyer.name)},
      ${encrypted('orders.email', id, buyer.email)}, ${encrypted('orders.tax_id', id, buyer.taxId)},
        ${placing.language},
      ${placing.rail}, ${units}, 'awaiting', ${now}, ${now}) on conflict (basket_key) do nothing`)
  if (inserted === 0) return undefined
  await remember(
    tx,
    'orders',
    id,
    '',
    'awaiting',
    { why: because('placed-in-shop'), ref: ruleRef(rule) },
    now,
  )
  return findOrder(tx, id)
}

async function draft(tx: Tx, world: World, order: OrderRow, { rule, priced }: Askable): Promise<void> {
  await draftOfOrder(
    tx,
    world,
    order.id,
    {
      storeId: order.store_id,
      dueInMs: codeMs,
      accountId: rule.account_id,
      commissionBp: rule.commission_bp,
      minPayoutUnits: rule.min_payout_units,
    },
    { name: order.name, taxId: order.tax_id, description: titleOf(order) },
    priced,
  )
}

/** What the payer's bank or wallet shows. */
export const titleOf = ({ id, language }: Pick<OrderRow, 'id' | 'language'>): string =>
  `${language === 'en' ? 'Order' : 'Pedido'} ${numberOf(id)}`
