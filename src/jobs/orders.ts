/**
 * The shop's acts that need the rails: placing an order and asking for its code at once, seeing where it
 * stands, and asking again.
 */
import type { ShopLimits } from '../base/shopSettings.ts'
import { clockTrouble } from '../base/world.ts'
import { isInShop, type RailName } from '../base/rails.ts'
import { sendMails, type MailRow, type OutboxRow } from '../mail/mail.ts'
import { composeNotice, type NoticeRow } from '../people/people.ts'
import {
  composeMail,
  findOrderByToken,
  followOrders,
  invoicesOf,
  linesOf,
  shopRules,
  orderStatus,
  watchMs,
  writeNewCode,
  writeOrder,
  type LookedAt,
  type NewCode,
  type OrderLineRow,
  type OrderRow,
  type OrderStatus,
  type Placed,
  type PlaceTerms,
  type Placing,
} from '../shop/shop.ts'
import { requestStatusOf } from '../webhooks/webhooks.ts'
import { composeAnchorMail, type AnchorMailRow } from './anchorMail.ts'
import type { MailParts } from './app.ts'
import type { FlowParts, NotNow } from './railFlow.ts'
import { railFlows, railsHere } from './rails.ts'

/** Who serves the shop: a `App` is one. */
export interface Counter extends FlowParts {
  /** There where letters can be sent. */
  post?: MailParts
  /** How much one buyer may ask for; as much as they like where it is not said. */
  shopLimits?: ShopLimits
}

/**
 * How long a buyer waits for the bank before the page is shown without a code; it comes by itself when the
 * bank has answered.
 */
const patienceMs = 4_000

/** Places an order and asks for its code. The same basket key again is the same order. */
export async function placeOrder(counter: Counter, placing: Placing): Promise<Placed> {
  const placed = await writeOrder(counter.db, counter.world, placing, termsOf(counter))
  if (placed.is === 'placed' && !placed.again) await askForCode(counter, placed.order)
  return placed
}

/**
 * Asks for a new code on an order whose time is over, on the rail it had or on `rail`. `address`: where the
 * request came from. Undefined where no order has that token.
 */
export async function newCode(
  counter: Counter,
  token: string,
  rail?: RailName,
  address?: string,
): Promise<NewCode | undefined> {
  const paid = await paidMeanwhile(counter, token)
  if (paid) return { is: 'there', order: paid }
  const made = await writeNewCode(counter.db, counter.world, token, termsOf(counter), rail, address)
  if (made?.is === 'made') await askForCode(counter, made.order)
  return made
}

/**
 * The order, where the bank shows one of its codes as paid and we have not heard of it yet: whoever paid in
 * time while nobody was at work must not be asked a second time. A bank that does not answer does not know
 * better than we do.
 */
async function paidMeanwhile(counter: Counter, token: string): Promise<OrderRow | undefined> {
  const order = await findOrderByToken(counter.db, token)
  if (!order || order.state === 'paid') return undefined
  for (const { rail, state, provider_id: id } of await invoicesOf(counter.db, order.id)) {
    if (id === null || (state !== 'issued' && state !== 'overdue')) continue
    if (await railFlows[rail].isPaidThere?.(counter, id)) return order
  }
  return undefined
}

export interface ShownOrder {
  order: OrderRow
  lines: OrderLineRow[]
  standing: OrderStatus
}

/** An order as its page tells it now; undefined where no order has that token. */
export async function readOrder(
  { db, world, rails, bitcoin }: Counter,
  token: string,
): Promise<ShownOrder | undefined> {
  return db.tx(async tx => {
    const order = await findOrderByToken(tx, token)
    if (!order) return undefined
    const invoices = await invoicesOf(tx, order.id)
    const looked = new Map<string, LookedAt>()
    const now = world.clock.now()
    for (const invoice of invoices) {
      const found = bitcoin && (await requestStatusOf(tx, invoice, bitcoin.terms, now))
      if (!found) continue
      const there = found.payments.filter(({ depth }) => depth >= 0)
      looked.set(invoice.id, {
        standing: found.standing,
        txids: [...new Set(there.map(({ coin }) => coin.txid))],
      })
    }
    const uri = (address: string, units: bigint, label: string) =>
      rails.bitcoin?.uri(address, units, label) ?? `bitcoin:${address}`
    return {
      order,
      lines: await linesOf(tx, order.id),
      standing: orderStatus(order, invoices, { now, looked, uri }),
    }
  }, 'locks')
}

/**
 * What the shop offers to pay with now, Pix first. `why`: it is offered, and cannot be used at the moment.
 */
export type Offer = { rail: RailName; why: NotNow | undefined }

export async function offers(counter: Counter): Promise<Offer[]> {
  const { db } = counter
  const here = railsHere(counter)
  const rules = (await shopRules(db)).filter(
    ({ rail, account_state: state }) => here.includes(rail) && isInShop(rail) && state !== 'closed',
  )
  const found: Offer[] = []
  for (const { rail } of rules) found.push({ rail, why: await railFlows[rail].notNow(db, counter) })
  return found
}

const termsOf = (counter: Counter): PlaceTerms => ({
  // Under a clock that is wrong a code's end would be, too.
  rails: clockTrouble(counter.world) === undefined ? railsHere(counter) : [],
  writes: counter.post !== undefined,
  limits: counter.shopLimits,
  async price(tx, rail) {
    const flow = railFlows[rail]
    if (!flow.isHere(counter) || (await flow.notNow(tx, counter)) !== undefined) return undefined
    return flow.price(tx, counter, { currency: 'BRL', watch_ms: BigInt(watchMs) })
  },
})

/**
 * Whatever does not come of this is left to the worker's jobs, which issue drafts and settle what is unsure.
 */
async function askForCode(counter: Counter, order: OrderRow): Promise<void> {
  const { world } = counter
  const over = new AbortController()
  const asking = ask(counter, order).catch((error: unknown) =>
    world.log.error(
      { order: order.id, why: error instanceof Error ? error.message : 'unknown' },
      'a code could not be asked for at once',
    ),
  )
  await Promise.race([asking, world.clock.sleep(patienceMs, over.signal)])
  over.abort()
}

async function ask(counter: Counter, order: OrderRow): Promise<void> {
  const flow = railFlows[order.rail]
  if (flow.isHere(counter)) await flow.issue(counter, order.id)
}

/** Moves orders after their invoices. Answers how many moved. */
export const moveOrders = ({ db, world, post }: Counter): Promise<number> =>
  followOrders(db, world, { writes: post !== undefined })

/** Sends the letters that are due: to people of the console first, for what they tell cannot wait. */
export async function sendDueMails(
  { db, world }: Counter,
  { mailer, ...sheet }: MailParts,
): Promise<Record<'sent' | 'failed' | 'later', number>> {
  const notices = await sendMails<NoticeRow & OutboxRow>(db, mailer, world, 'person_mails', (_, row) =>
    composeNotice(row, sheet.publicUrl),
  )
  const anchors = await sendMails<AnchorMailRow>(db, mailer, world, 'anchor_mails', (_, row) =>
    composeAnchorMail(row, sheet),
  )
  const letters = await sendMails<MailRow>(db, mailer, world, 'mails', (reader, row) =>
    composeMail(reader, row, sheet),
  )
  const sum = (how: 'sent' | 'failed' | 'later') => notices[how] + anchors[how] + letters[how]
  return { sent: sum('sent'), failed: sum('failed'), later: sum('later') }
}
