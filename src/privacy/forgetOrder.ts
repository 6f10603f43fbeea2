/** Forgetting the buyer of an order: who it was goes, what was sold and paid stays. */
import { because } from '../base/reasons.ts'
import { withoutTaxIds } from '../base/brazil.ts'
import { audit } from '../ledger/ledger.ts'
import type { World } from '../base/world.ts'
import { withdrawMails } from '../mail/mail.ts'
import { orderCalled, type OrderRow } from '../shop/shop.ts'
import { forUpdate, sql, type Db, type Tx } from '../db/db.ts'
import { blankBuyer, blankContact, blankInvoice } from './blank.ts'
import { payerDigest } from './digest.ts'
import { factsOf, heldFor, isUnsettled, type Facts, type Held } from './held.ts'
import { answering, refuse, type PrivacyRefusal } from './refusals.ts'

export interface ForgetAct {
  by: string
  why: string
  /**
   * Where the records that the tax authority asks for are kept, as whoever forgets says; then these books
   * keep none.
   */
  keptElsewhere?: string | undefined
}

export interface OrderOutcome {
  order: OrderRow
  /**
   * `all`: nothing says any more who it was. `contact`: the name and the tax id stay, for `held`. `nothing`:
   * for `held`.
   */
  forgotten: 'all' | 'contact' | 'nothing'
  held?: Held
  /** The invoice that it is held for, where it is one. */
  invoiceId?: string
  /** It was so before. */
  again: boolean
}

/** Forgets as much as may be forgotten now. Twice is once. */
export const forgetOrder = (
  db: Db,
  world: World,
  name: string,
  act: ForgetAct,
): Promise<{ is: 'done'; outcome: OrderOutcome } | PrivacyRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const called = await orderCalled(tx, name)
      if (called.is !== 'found') return refuse(called)
      const { id, tax_id: taxId } = called.order
      const outcome = await forgetBuyer(tx, id, act.keptElsewhere !== undefined)
      if (outcome.forgotten !== 'nothing' && !outcome.again) {
        const payer = taxId === '' ? undefined : await payerDigest(tx, world.random, taxId)
        const detail = detailOf(outcome, act, payer)
        await audit(tx, { actor: act.by, act: 'order forgotten', subject: id, detail })
      }
      return { is: 'done', outcome } as const
    }),
  )

function detailOf(
  { forgotten, held }: OrderOutcome,
  { why, keptElsewhere }: ForgetAct,
  payer: string | undefined,
): Record<string, string> {
  return {
    forgotten,
    ...(payer !== undefined && { payer }),
    ...(held?.until !== undefined && { keptFor: held.why, until: held.until }),
    ...(keptElsewhere !== undefined && { keptElsewhere: withoutTaxIds(keptElsewhere) }),
    why: withoutTaxIds(why),
  }
}

/** In an open transaction, without a record of the act. */
export async function forgetBuyer(tx: Tx, orderId: string, keptElsewhere: boolean): Promise<OrderOutcome> {
  const order = (await tx.one<OrderRow>(sql`select * from orders where id = ${orderId} ${forUpdate}`))!
  const now = await tx.now()
  const invoices = await factsOf(tx, sql`i.order_id = ${orderId}`)
  const { held, invoiceId } = heldForOrder(order, invoices, now, keptElsewhere)
  const kept = { order, ...(held && { held }), ...(invoiceId !== undefined && { invoiceId }) }
  if (held && isUnsettled(held)) return { ...kept, forgotten: 'nothing', again: false }

  const isFresh = order.forgotten_at === null
  await withdrawMails(tx, orderId, because('buyer-forgotten'))
  const hadContact = await blankContact(tx, orderId)
  if (held) return { ...kept, forgotten: 'contact', again: !hadContact }
  await blankBuyer(tx, orderId)
  for (const { id } of invoices) await blankInvoice(tx, id)
  return { ...kept, forgotten: 'all', again: !isFresh }
}

/** Pure. What is held longest counts, and what is not settled before everything. */
export function heldForOrder(
  { state, attention }: Pick<OrderRow, 'state' | 'attention'>,
  invoices: readonly Facts[],
  now: string,
  keptElsewhere: boolean,
): { held?: Held; invoiceId?: string } {
  if (state === 'awaiting') return { held: { why: 'open' } }
  if (attention !== null) return { held: { why: 'attention' } }
  const all = invoices.flatMap(invoice => {
    const held = heldFor(invoice, now, keptElsewhere)
    return held ? [{ held, invoiceId: invoice.id }] : []
  })
  const unsettled = all.find(({ held }) => isUnsettled(held))
  return unsettled ?? all.toSorted((a, b) => ((a.held.until ?? '') < (b.held.until ?? '') ? 1 : -1))[0] ?? {}
}
