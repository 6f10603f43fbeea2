/** Orders follow their invoices: what moved is told to its order once, and the order moves after it. */
import { because, reasonOf, sentence, told, type Reason, type Told } from '../base/reasons.ts'
import { queueMail } from '../mail/mail.ts'
import { forUpdate, readInSets, sql, type Db, type Tx } from '../db/db.ts'
import { clockTrouble, later, millis, type World } from '../base/world.ts'
import { orderGraceSeconds, type InvoiceRow, type InvoiceState } from '../invoice/invoice.ts'
import { linesOf, type OrderRow, orders } from './order.ts'
import { forgetAskers } from './limits.ts'
import { dead, keepsGoods } from './place.ts'
import { returnStock, takeStock } from './stock.ts'
import { invoices } from '../invoice/tables.ts'

type Followed = InvoiceRow & { told_state: InvoiceState | '' }

const atOnce = 200

/**
 * Moves orders after their invoices. `writes`: whether letters can be sent. Answers how many orders moved.
 */
export async function followOrders(db: Db, world: World, { writes }: { writes: boolean }): Promise<number> {
  const isTimely = clockTrouble(world) === undefined
  if (isTimely) await abandonDrafts(db)
  if (isTimely) await forgetAskers(db)
  const untold = await db.all<{ order_id: string }>(sql`
    select distinct order_id from invoices where order_id is not null and told_state <> state
      order by order_id limit ${atOnce}`)
  const over = isTimely ? await overdueParts(db) : []
  let moved = 0
  for (const { order_id: id } of [...untold, ...over])
    moved += (await db.tx(tx => followOne(tx, world, id, writes), 'locks')) ? 1 : 0
  return moved
}

/** A draft whose time is over before anyone could be asked is asked for no more: nobody has seen its code. */
async function abandonDrafts(db: Db): Promise<void> {
  const late = await db.tx(
    async tx =>
      tx.all<{ id: string }>(sql`
      select id from invoices where state = 'draft' and order_id is not null and due_at < ${await tx.now()}
        limit ${atOnce}`),
    'locks',
  )
  for (const { id } of late)
    await db.tx(
      tx =>
        invoices.move(tx, { id, state: 'draft' }, 'canceled', {
          why: because('too-late-to-ask'),
        }),
      'locks',
    )
}

/** Orders of which nothing keeps the goods any more, though no invoice moved: only the clock says so. */
async function overdueParts(db: Db): Promise<{ order_id: string }[]> {
  return db.tx(async tx => {
    const now = millis(await tx.now())
    const over: { order_id: string }[] = []
    // Read to the end: any number of orders may still keep their goods by a newer code, and must not stand
    // before one that does not.
    for (let after = ''; over.length < atOnce;) {
      const orders = await tx.all<{ order_id: string }>(sql`
        select distinct i.order_id from orders o join invoices i on i.order_id = o.id
        where o.state = 'awaiting' and o.id > ${after} and i.state in ('late', 'underpaid', 'seen')
          order by i.order_id limit ${atOnce}`)
      if (orders.length === 0) break
      after = orders.at(-1)!.order_id
      const invoices = await readInSets(
        orders.map(({ order_id: id }) => id),
        set => tx.all<InvoiceRow>(sql`select * from invoices where order_id in (${set})`),
      )
      const keeping = new Set(
        invoices.filter(invoice => keepsGoods(invoice, now)).map(invoice => invoice.order_id),
      )
      over.push(...orders.filter(each => !keeping.has(each.order_id)))
    }
    return over
  }, 'locks')
}

async function followOne(tx: Tx, world: World, id: string, writes: boolean): Promise<boolean> {
  const order = (await tx.one<OrderRow>(sql`select * from orders where id = ${id} ${forUpdate}`))!
  const invoices = await tx.all<Followed>(sql`select * from invoices where order_id = ${id} order by ordinal`)
  for (const { id: invoiceId, state, told_state: told } of invoices)
    if (told !== state) await tx.run(sql`update invoices set told_state = ${state} where id = ${invoiceId}`)

  const moved = await moveAfter(tx, world, order, invoices, writes)
  const { paid_by: paidBy } = (await tx.one<OrderRow>(sql`select * from orders where id = ${id}`))!
  // What a person was called for once is not said again because another invoice moved.
  const before = new Set(reasons(paidBy, invoices, ({ told_state: told }) => told).map(markOf))
  for (const reason of reasons(paidBy, invoices, ({ state }) => state))
    if (!before.has(markOf(reason))) await callPerson(tx, id, reason)
  return moved
}

async function moveAfter(
  tx: Tx,
  world: World,
  order: OrderRow,
  invoices: Followed[],
  writes: boolean,
): Promise<boolean> {
  if (order.state === 'paid') return false
  const came = invoices
    .filter(({ state }) => isPaid(state))
    .toSorted((a, b) => (paidAt(a) < paidAt(b) ? -1 : 1))[0]
  // It was paid and given back before anybody followed it: a person is called as if each had been seen.
  const paid = came ?? invoices.find(({ state }) => state === 'reversed')
  if (paid) {
    const hadExpired = order.state === 'expired'
    const wasLate = hadExpired && !wasInTime(paid)
    const cause = { why: because(wasLate ? 'paid-after-expiry' : 'paid'), ref: paid.id }
    const also = [
      sql`paid_by = ${paid.id}`,
      sql`paid_late = ${wasLate ? 1 : 0}`,
      sql`paid_at = ${paidAt(paid)}`,
    ]
    await orders.move(tx, order, 'paid', cause, also)
    if (hadExpired) await takeAgain(tx, order.id)
    if (writes && came) await queueMail(tx, world, order.id, wasLate ? 'late' : 'paid')
    return true
  }
  const now = millis(await tx.now())
  if (order.state !== 'awaiting' || invoices.some(invoice => keepsGoods(invoice, now))) return false
  const isPart = invoices.some(({ state }) => !dead.has(state))
  const why = because(isPart ? 'expired-with-part' : 'expired-unpaid')
  await orders.move(tx, { id: order.id, state: 'awaiting' }, 'expired', { why })
  await returnStock(tx, await linesOf(tx, order.id))
  return true
}

/** When the payer paid, by whoever knows best: the provider's clock, else when we heard of it. */
const paidAt = ({ paid_at: at, changed_at: heardAt }: InvoiceRow): string => at ?? heardAt

/**
 * Whether the provider's own time says that it was paid while it could be, whatever we heard first. The bank
 * lets a code live a little longer.
 */
const wasInTime = ({ paid_at: at, due_at: dueAt }: InvoiceRow): boolean =>
  at !== null && at <= later(dueAt, orderGraceSeconds * 1_000)

/** What was given back at expiry is the buyer's after all, as far as it is still there. */
async function takeAgain(tx: Tx, id: string): Promise<void> {
  const lacking = await takeStock(tx, await linesOf(tx, id))
  if (lacking.length > 0)
    await callPerson(
      tx,
      id,
      because('paid-and-too-little-left', { products: lacking.map(({ name }) => name).join(', ') }),
    )
}

const isPaid = (state: InvoiceState | '') => state === 'paid' || state === 'credited'

/** Why a person has to look, by the states that `stateOf` says. Pure. */
function reasons(
  paidBy: string | null,
  invoices: Followed[],
  stateOf: (row: Followed) => InvoiceState | '',
): Reason[] {
  const paid = invoices.filter(row => isPaid(stateOf(row)))
  const found =
    paid.length > 1 ? [because('paid-times', { count: paid.length, invoices: paid.map(({ id }) => id) })] : []
  const payer = invoices.find(({ id }) => id === paidBy)
  if (!payer || isPaid(stateOf(payer))) return found
  const state = stateOf(payer)
  if (state === 'reversed') return [...found, because('its-payment-given-back', { payment: payer.id })]
  // Before it was paid it is on its way; after, it is gone.
  return isPaid(payer.told_state) && paid.length === 0
    ? [...found, because('its-payment-left-chain', { payment: payer.id })]
    : found
}

/** Two that have it are the same reason. */
const markOf = ({ code, detail }: Reason): string => JSON.stringify([code, detail])

type Called = Pick<OrderRow, 'attention' | 'attention_reason' | 'attention_detail'>

async function callPerson(tx: Tx, id: string, reason: Reason): Promise<void> {
  const before = await tx.one<Called>(
    sql`select attention, attention_reason, attention_detail from orders where id = ${id}`,
  )
  const { attention, code, detail } = joined(before!, reason)
  await tx.run(sql`
    update orders set attention = ${attention}, attention_reason = ${code}, attention_detail = ${detail},
      changed_at = ${await tx.now()}
    where id = ${id}`)
}

/** Beside what they were called for already; where an older release wrote words alone, words it stays. */
function joined({ attention, attention_reason: code, attention_detail: detail }: Called, reason: Reason) {
  if (attention === null) return kept(reason)
  const before = reasonOf({ reason: code, detail })
  const words = `${attention}; ${reason.toString()}`
  if (before === undefined || sentence(before) !== attention)
    return { attention: words, code: null, detail: null }
  const list = before.code === 'several' ? (before.detail as { reasons: Told[] }).reasons : [before]
  return kept(because('several', { reasons: [...list, told(reason)] }))
}

const kept = (reason: Reason) => ({
  attention: reason.toString(),
  code: reason.code,
  detail: reason.detail === undefined ? null : JSON.stringify(reason.detail),
})
