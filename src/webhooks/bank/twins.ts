/**
 * The bank's events about a twin: a second invoice of one of our tags. Read at the bank, written down, and
 * canceled at once unless somebody paid it.
 */
import type { Answer } from '../../base/answer.ts'
import type { World } from '../../base/world.ts'
import {
  cancelTwin,
  creditTwin,
  failRefund,
  refundTaken,
  returnTwin,
  noteTwin,
  undoReturn,
  type InvoiceRow,
  type TwinRow,
} from '../../invoice/invoice.ts'
import type { ProviderEvent, ProviderInvoice, Rail } from '../../rails/rail.ts'
import type { Cause, Tx } from '../../db/db.ts'
import { finish, unconfirmed, type Claimed, type Settling, type Outcome } from '../apply.ts'

type InvoiceEvent = ProviderEvent & { about: 'invoice' }

/**
 * Settles an event of any log about an invoice that bears our tag and is not the one our books have; false
 * when it waits. `shown`: what the bank was seen to have, where it was asked already.
 */
export async function settleTwin(
  app: Settling & { rail: Rail },
  row: Claimed,
  event: InvoiceEvent,
  ours: InvoiceRow,
  shown?: Answer<ProviderInvoice>,
): Promise<boolean> {
  const { rail, world } = app
  const answer = shown ?? (await rail.readInvoice(event.invoice.providerId))
  if (!shown) await world.at('invoice read again')
  if (answer.is !== 'done') return finish(app, row, event.kind, async () => unconfirmed(answer))
  if (answer.value.tag !== ours.id)
    return finish(app, row, event.kind, async () => ({
      is: 'quarantined',
      why: 'the bank shows this invoice without our tag',
    }))

  let twin: TwinRow | undefined
  const isSettled = await finish(app, row, event.kind, async tx => {
    const cause: Cause = { why: 'seen-in-event', ref: event.eventId }
    twin = await noteTwin(tx, world, ours, answer.value, cause)
    return apply(tx, world, twin, event, answer.value)
  })
  if (twin?.state === 'open') await cancelTwin(app, twin)
  return isSettled
}

async function apply(
  tx: Tx,
  world: World,
  twin: TwinRow,
  event: InvoiceEvent,
  shown: ProviderInvoice,
): Promise<Outcome> {
  const of = `of a duplicate of ${twin.invoice_id}`
  const ref = event.eventId
  switch (event.log) {
    case 'credited':
      if (twin.paid_units !== null) return { is: 'done', why: `${of}, which was credited before` }
      if (shown.status !== 'paid' && shown.status !== 'voided')
        return { is: 'again', why: `the bank shows it as ${shown.status}` }
      await creditTwin(tx, world, twin, event.invoice.units, shown, { why: 'credited-at-bank', ref })
      return { is: 'done', why: `${of}: its money is the payer’s` }
    case 'reversed':
    case 'voided':
      if (twin.paid_units === null) return { is: 'again', why: `${of}, whose credit has not come yet` }
      return (await returnTwin(tx, world, twin, shown, { why: 'returned-at-bank', ref }, event.invoice.units))
        ? { is: 'done', why: `${of}: its money went back to the payer` }
        : { is: 'done', why: `${of}: nothing more went back` }
    case 'reversing':
    case 'sending':
    case 'sent':
      return (await refundTaken(tx, twin, { why: 'taken-on', ref }))
        ? { is: 'done', why: `${of}: its refund is under way` }
        : { is: 'done', why: `${of}, which is ${twin.state}` }
    case 'failed':
    case 'refunded':
      if (await undoReturn(tx, world, twin, shown, { why: 'came-back', ref }))
        return { is: 'done', why: `${of}: what went back to the payer came back` }
      return (await failRefund(tx, twin, shown, { why: 'failed', ref }))
        ? { is: 'done', why: `${of}: its refund failed` }
        : { is: 'done', why: `${of}: no refund of it was under way` }
    default:
      return { is: 'done', why: `${of}, which is ${twin.state}` }
  }
}
