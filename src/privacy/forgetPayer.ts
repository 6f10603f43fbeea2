/**
 * Forgetting a person: everything that may be forgotten of them now, and a list of what is kept, why and
 * until when.
 */
import { withoutTaxIds } from '../base/brazil.ts'
import { audit } from '../ledger/ledger.ts'
import type { World } from '../base/world.ts'
import { sql, type Db, type Tx } from '../db/db.ts'
import { blankInvoice } from './blank.ts'
import { payerDigest } from './digest.ts'
import { forgetBuyer, type ForgetAct, type OrderOutcome } from './forgetOrder.ts'
import { factsOf, heldFor, type Held } from './held.ts'
import { answering, type PrivacyRefusal } from './refusals.ts'
import { isUnknown, tracesOf, type InRoster, type Traces } from './person.ts'

export interface InvoiceOutcome {
  id: string
  forgotten: boolean
  held?: Held
}

export type PayerForgotten =
  | { is: 'unknown' }
  /** A roster names them: its next slot would ask them again, so they are taken out of it first. */
  | { is: 'in-roster'; rosters: InRoster[] }
  | {
      is: 'forgotten'
      payer: string
      orders: OrderOutcome[]
      /** Of schedules. */
      invoices: InvoiceOutcome[]
      lines: number
      /** They are who money is paid to, under a contract that is not ended here. */
      accounts: Traces['accounts']
    }

/** Throws `BadInput` where it is no tax id. Twice is once: what was forgotten is not found again. */
export const forgetPayer = (
  db: Db,
  world: World,
  taxId: string,
  act: ForgetAct,
): Promise<PayerForgotten | PrivacyRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const traces = await tracesOf(tx, taxId)
      if (isUnknown(traces)) return { is: 'unknown' } as const
      if (traces.rosters.length > 0) return { is: 'in-roster', rosters: traces.rosters } as const
      const keptElsewhere = act.keptElsewhere !== undefined

      const orders: OrderOutcome[] = []
      for (const { id } of traces.orders) orders.push(await forgetBuyer(tx, id, keptElsewhere))
      const invoices: InvoiceOutcome[] = []
      for (const { id } of traces.invoices.filter(({ order_id: order }) => order === null))
        invoices.push(await forgetInvoice(tx, id, keptElsewhere))
      const lines = await blankLines(tx, traces)

      const payer = await payerDigest(tx, world.random, taxId)
      const detail = {
        orders: `${orders.filter(({ forgotten }) => forgotten === 'all').length} of ${orders.length}`,
        invoices: `${invoices.filter(({ forgotten }) => forgotten).length} of ${invoices.length}`,
        lines: `${lines}`,
        ...(act.keptElsewhere !== undefined && { keptElsewhere: withoutTaxIds(act.keptElsewhere) }),
        why: withoutTaxIds(act.why),
      }
      await audit(tx, { actor: act.by, act: 'payer forgotten', subject: payer, detail })
      return { is: 'forgotten', payer, orders, invoices, lines, accounts: traces.accounts } as const
    }),
  )

async function forgetInvoice(tx: Tx, id: string, keptElsewhere: boolean): Promise<InvoiceOutcome> {
  const [facts] = await factsOf(tx, sql`i.id = ${id}`)
  const held = heldFor(facts!, await tx.now(), keptElsewhere)
  if (held) return { id, forgotten: false, held }
  await blankInvoice(tx, id)
  return { id, forgotten: true }
}

/** A line that is open stops payouts, and is looked at by its text. */
async function blankLines(tx: Tx, { lines }: Traces): Promise<number> {
  let blanked = 0
  for (const { id } of lines)
    blanked += await tx.run(sql`
      update strangers set description = '' where id = ${id} and state in ('ruled', 'accepted')
        and description <> ''`)
  return blanked
}
