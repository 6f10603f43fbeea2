/**
 * Receiving: an operator says that an invoice was paid over the counter. What was said goes into the inbox,
 * as a provider's event does, and is settled from there.
 */
import { formatMoney } from '../../base/money.ts'
import {
  findInvoice,
  isReceiptPending,
  nextReceiptId,
  receivedAct,
  type InvoiceRow,
} from '../../invoice/invoice.ts'
import { audit, mayProposeNow, notAsDrafted, type ApproverRefusal } from '../../ledger/ledger.ts'
import { writeReceipt } from '../../rails/cash/receipt.ts'
import type { Instant } from '../../base/world.ts'
import { forUpdate, sql, type Reader } from '../../db/db.ts'
import type { Settling } from '../apply.ts'
import { keepAll, type InboxRow } from '../inbox.ts'
import { cashSettler, digestOf } from './events.ts'

/**
 * Why money does not fit an invoice: it is not of this rail, not asked for yet, received before (and that
 * was not taken back), canceled or refused, over, edited past the program, or another amount was asked for.
 */
export type ReceiptRefusal =
  | 'of-another-rail'
  | 'not-issued'
  | 'received'
  | 'canceled'
  | 'late'
  | 'edited'
  | 'wrong-amount'

export interface ReceivingFacts {
  invoice: Pick<InvoiceRow, 'rail' | 'state' | 'units' | 'due_at'>
  /** A receipt of it was recorded, and is not settled yet. */
  isPending: boolean
  /** It is not what was drafted. */
  isEdited: boolean
  now: Instant
}

/** `units`: undefined where only whether it can be received at all is asked. */
export function mayReceive(
  { invoice: { rail, state, units: asked, due_at: due }, isPending, isEdited, now }: ReceivingFacts,
  units: bigint = asked,
): ReceiptRefusal | undefined {
  if (rail !== 'cash') return 'of-another-rail'
  if (state === 'draft') return 'not-issued'
  if (state === 'credited' || state === 'paid') return 'received'
  if (state === 'expired') return 'late'
  if (state !== 'issued' && state !== 'reversed') return 'canceled'
  if (due < now) return 'late'
  if (isPending) return 'received'
  if (isEdited) return 'edited'
  return units === asked ? undefined : 'wrong-amount'
}

async function receivingFacts(reader: Reader, invoice: InvoiceRow, now: Instant): Promise<ReceivingFacts> {
  const { id } = invoice
  const isEdited = (await notAsDrafted(reader, [invoice])).has(id)
  return { invoice, isPending: await isReceiptPending(reader, id), isEdited, now }
}

/** Why nothing can be received for it, whatever the amount; undefined where something can. */
export const receiptAgainst = async (
  reader: Reader,
  invoice: InvoiceRow,
  now: Instant,
): Promise<ReceiptRefusal | undefined> => mayReceive(await receivingFacts(reader, invoice, now))

export type Receiving =
  | { is: 'unknown' }
  | { is: 'impossible'; code: ReceiptRefusal; invoice: InvoiceRow }
  | ApproverRefusal
  | { is: 'received'; invoice: InvoiceRow }

/** It is in the inbox. */
interface Recorded {
  is: 'recorded'
  eventId: string
}

/**
 * Said twice, the second is refused. It is settled at once; where that fails, it waits in the inbox as any
 * event does.
 */
export async function receiveCash(
  app: Settling,
  id: string,
  { units, by, note }: { units: bigint; by: string; note: string },
): Promise<Receiving> {
  const { db, world } = app
  const receiving = await db.tx(async (tx): Promise<Receiving | Recorded> => {
    const invoice = await tx.one<InvoiceRow>(
      sql`select * from invoices where id = ${id} and store_id = ${tx.store} ${forUpdate}`,
    )
    if (!invoice) return { is: 'unknown' }
    const at = await tx.now()
    const code = mayReceive(await receivingFacts(tx, invoice, at), units)
    if (code) return { is: 'impossible', code, invoice }
    const refusal = await mayProposeNow(tx, by)
    if (refusal) return refusal
    const raw = writeReceipt({ invoice: id, units, by, note, at })
    const eventId = await nextReceiptId(tx, id)
    const [kept] = await keepAll(tx, [{ rail: 'cash', eventId, raw, via: 'poll' }])
    if (kept !== 'new') throw new Error(`event ${eventId} was put into the inbox at the same moment`)
    const detail = { amount: formatMoney(units, 'BRL'), note, receipt: digestOf(raw), event: eventId }
    await audit(tx, { actor: by, act: receivedAct, subject: id, detail })
    return { is: 'recorded', eventId }
  }, 'locks')
  if (receiving.is !== 'recorded') return receiving
  await world.at('events kept')
  const row = await db.one<InboxRow>(
    sql`select * from inbox where rail = 'cash' and event_id = ${receiving.eventId}`,
  )
  const settle = await cashSettler(app).together([row!])
  await settle(row!)
  return { is: 'received', invoice: (await findInvoice(db, id))! }
}
