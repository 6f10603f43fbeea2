/** What a receipt means: its invoice is credited, and its net is owed to the payee. */
import { createHash } from 'node:crypto'
import { because } from '../../base/reasons.ts'
import { findInvoice, invoices, receiptStatus, type InvoiceRow } from '../../invoice/invoice.ts'
import { owe } from '../../payout/payout.ts'
import { readReceipt, type Receipt } from '../../rails/cash/receipt.ts'
import { forUpdate, sql, type Tx } from '../../db/db.ts'
import { finish, type Outcome, type Settler, type Settling } from '../apply.ts'
import type { InboxRow } from '../inbox.ts'
import { receiveAgain } from './takeBack.ts'

export const digestOf = (raw: Uint8Array): string => createHash('sha256').update(raw).digest('hex')

export const cashSettler = (app: Settling): Settler => ({
  rail: 'cash',
  together: async () => row => settle(app, row),
})

async function settle(app: Settling, row: InboxRow): Promise<boolean> {
  let receipt: Receipt
  try {
    receipt = readReceipt(row.raw)
  } catch {
    return finish(app, row, undefined, async () => ({
      is: 'quarantined',
      why: because('not-a-receipt'),
    }))
  }
  const known = await findInvoice(app.db, receipt.invoice)
  const about = { ...row, about: known?.id ?? null, isForgotten: known?.forgotten_at != null }
  return finish(app, about, 'received', tx => apply(tx, app, row, receipt))
}

/**
 * Whoever can write to the database can write a receipt, and no signature proves one: it counts where the
 * audit log has it, under its id and its digest.
 */
async function apply(tx: Tx, { world, terms }: Settling, row: InboxRow, receipt: Receipt): Promise<Outcome> {
  const { invoice: id, units, by, note, at } = receipt
  const status = await receiptStatus(tx, id, { id: row.event_id, digest: digestOf(row.raw) })
  if (status === 'unrecorded') return { is: 'quarantined', why: because('receipt-not-said') }
  const invoice = await tx.one<InvoiceRow>(
    sql`select * from invoices where id = ${id} and rail = 'cash' ${forUpdate}`,
  )
  if (!invoice) return { is: 'quarantined', why: because('receipt-of-nothing', { invoice: id }) }
  const { state } = invoice
  if (status === 'taken back') return { is: 'done', why: because('receipt-over') }
  if (state === 'credited') return { is: 'done', why: because('was-before', { state }) }
  if (invoice.units !== units || (state === 'reversed' && invoice.paid_units !== units))
    return { is: 'quarantined', why: because('receipt-differs') }
  // It was received in time, and its time has passed since.
  if (state !== 'issued' && state !== 'expired' && state !== 'reversed')
    return { is: 'quarantined', why: because('received-though', { state }) }

  const cause = { why: because('received-by', { by, said: note }), ref: row.event_id }
  if (state === 'reversed') {
    await receiveAgain(tx, world, invoice, { units, at }, cause)
    return { is: 'done', why: because('credited') }
  }
  await invoices.move(tx, { id, state }, 'credited', cause, [
    sql`paid_units = ${units}`,
    sql`fee_units = 0`,
    sql`paid_at = ${at}`,
  ])
  await owe(
    tx,
    world,
    {
      rail: 'cash',
      movement: 'cash received',
      invoiceId: id,
      accountId: invoice.account_id,
      paid: units,
      bankFee: 0n,
      commissionBp: invoice.commission_bp,
      minPayout: invoice.min_payout_units,
    },
    terms,
    cause,
  )
  return { is: 'done', why: because('credited') }
}
