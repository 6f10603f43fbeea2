/**
 * The bank's events about a twin: a second invoice of one of our tags. Read at the bank, written down, and
 * canceled at once unless somebody paid it.
 */
import { because } from '../../base/reasons.ts'
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
      why: because('tag-missing'),
    }))

  let twin: TwinRow | undefined
  const isSettled = await finish(app, row, event.kind, async tx => {
    const cause: Cause = { why: because('seen-in-event'), ref: event.eventId }
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
      if (twin.paid_units !== null) return { is: 'done', why: because('twin-credited-before', { of }) }
      if (shown.status !== 'paid' && shown.status !== 'voided')
        return { is: 'again', why: because('shown-as', { status: shown.status }) }
      await creditTwin(tx, world, twin, event.invoice.units, shown, { why: because('credited-at-bank'), ref })
      return { is: 'done', why: because('twin-credited', { of }) }
    case 'reversed':
    case 'voided':
      if (twin.paid_units === null) return { is: 'again', why: because('twin-not-credited', { of }) }
      return (await returnTwin(
        tx,
        world,
        twin,
        shown,
        { why: because('returned-at-bank'), ref },
        event.invoice.units,
      ))
        ? { is: 'done', why: because('twin-returned', { of }) }
        : { is: 'done', why: because('twin-nothing-back', { of }) }
    case 'reversing':
    case 'sending':
    case 'sent':
      return (await refundTaken(tx, twin, { why: because('taken-on'), ref }))
        ? { is: 'done', why: because('twin-refund-under-way', { of }) }
        : { is: 'done', why: because('twin-is', { of, state: twin.state }) }
    case 'failed':
    case 'refunded':
      if (await undoReturn(tx, world, twin, shown, { why: because('came-back'), ref }))
        return { is: 'done', why: because('twin-came-back', { of }) }
      return (await failRefund(tx, twin, shown, { why: because('failed'), ref }))
        ? { is: 'done', why: because('twin-refund-failed', { of }) }
        : { is: 'done', why: because('twin-no-refund', { of }) }
    default:
      return { is: 'done', why: because('twin-is', { of, state: twin.state }) }
  }
}
