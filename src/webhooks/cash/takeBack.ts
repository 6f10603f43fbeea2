/**
 * Taking back a receipt that was recorded by mistake: of money that nobody paid, or under another invoice.
 * One person proposes it and another approves it; then nothing is owed for it, and what was handed over of it
 * already its payee owes.
 */
import { brl, formatMoney, formatUnits } from '../../base/money.ts'
import { because, sentence, type KeptReason } from '../../base/reasons.ts'
import { isByHand } from '../../base/rails.ts'
import type { Instant, World } from '../../base/world.ts'
import { findInvoice, invoices, takenBackAct, type InvoiceRow } from '../../invoice/invoice.ts'
import { audit, post, propose, totalsFor, type Proposed, type ProposalRow } from '../../ledger/ledger.ts'
import { nextSource, oweAgain, rightSize } from '../../payout/payout.ts'
import { forUpdate, sql, type Cause, type Db, type Reader, type Tx } from '../../db/db.ts'
import { refuse, type TakeBackRefusal } from '../refusals.ts'

/** The name of what is proposed. */
export const notReceivedAct = 'invoice.not-received'

interface Facts {
  invoice: Pick<InvoiceRow, 'rail' | 'state' | 'paid_units'>
  /** Cents that the books have received for it and not taken back. */
  booked: bigint
}

export function mayTakeBackReceipt({ invoice, booked }: Facts): TakeBackRefusal | undefined {
  if (!isByHand(invoice.rail)) return 'of-another-rail'
  if (invoice.state !== 'credited') return 'not-received'
  return invoice.paid_units === booked && booked > 0n ? undefined : 'edited'
}

async function factsOf(reader: Reader, invoice: Facts['invoice'] & { id: string }): Promise<Facts> {
  const moved = await totalsFor(reader, invoice.id)
  const came = (moved['cash received'] ?? 0n) + (moved['cash received again'] ?? 0n)
  return { invoice, booked: came - (moved['cash receipt taken back'] ?? 0n) }
}

/** Why its receipt cannot be taken back; undefined where it can. */
export const takeBackAgainst = async (
  reader: Reader,
  invoice: Facts['invoice'] & { id: string },
): Promise<TakeBackRefusal | undefined> => mayTakeBackReceipt(await factsOf(reader, invoice))

/** The event by which it is credited, and who recorded it, as its history has them. */
async function creditedBy(
  reader: Reader,
  invoiceId: string,
): Promise<{ receipt: string; receivedBy: string }> {
  const step = await reader.one<KeptReason & { ref: string | null }>(sql`
    select reason, detail, ref from transitions
    where about = 'invoices' and subject = ${invoiceId} and to_state = 'credited' order by seq desc limit 1`)
  return {
    receipt: step?.ref ?? '',
    receivedBy: step?.reason === 'received-by' ? detailsIn(step).by : '',
  }
}

const detailsIn = ({ detail }: KeptReason) => JSON.parse(detail ?? '{}') as { by: string }

export type TakeBackProposed = Proposed | { is: 'unknown' } | { is: 'impossible'; code: TakeBackRefusal }

export function proposeTakeBack(
  db: Db,
  world: World,
  id: string,
  { by, why }: { by: string; why: string },
): Promise<TakeBackProposed> {
  return db.tx(async tx => {
    const invoice = await findInvoice(tx, id)
    if (!invoice) return { is: 'unknown' }
    const facts = await factsOf(tx, invoice)
    const code = mayTakeBackReceipt(facts)
    if (code) return { is: 'impossible', code }
    const detail = { amount: formatUnits(facts.booked, 'BRL'), ...(await creditedBy(tx, id)) }
    return propose(tx, world, { act: notReceivedAct, subject: id, detail, why, by })
  })
}

/** In the transaction of the approval. */
export async function carryOutTakeBack(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const { id: proposalId, subject: id, made_by: madeBy, decided_by: by, why } = proposal
  const invoice = await tx.one<InvoiceRow>(
    sql`select * from invoices where id = ${id} and store_id = ${tx.store} ${forUpdate}`,
  )
  if (!invoice) return refuse({ is: 'invoice-unknown', id })
  const facts = await factsOf(tx, invoice)
  const code = mayTakeBackReceipt(facts)
  if (code) refuse({ is: 'receipt-refused', id, code })

  const cause = { why: because('receipt-taken-back', { maker: madeBy, by: by!, said: why }), ref: proposalId }
  await book(tx, world, id, { movement: 'cash receipt taken back', units: facts.booked }, cause)
  await invoices.move(tx, { id, state: 'credited' }, 'reversed', cause)
  await rightSize(tx, world, id, cause)
  const detail = { amount: formatMoney(facts.booked, 'BRL'), madeBy, why }
  await audit(tx, { actor: by!, act: takenBackAct, subject: id, detail })
}

/** Another receipt of an invoice whose last one was taken back. Its row is locked. */
export async function receiveAgain(
  tx: Tx,
  world: World,
  { id }: Pick<InvoiceRow, 'id'>,
  { units, at }: { units: bigint; at: Instant },
  cause: Cause,
): Promise<void> {
  await book(tx, world, id, { movement: 'cash received again', units }, cause)
  await invoices.move(tx, { id, state: 'reversed' }, 'credited', cause, [sql`paid_at = ${at}`])
  await oweAgain(tx, world, id, cause)
}

/** Books it, and keeps how much of the invoice is taken back by now, from which its payout is sized. */
async function book(
  tx: Tx,
  world: World,
  id: string,
  { movement, units }: { movement: 'cash receipt taken back' | 'cash received again'; units: bigint },
  cause: Cause,
): Promise<void> {
  const isBack = movement === 'cash receipt taken back'
  const source = await nextSource(tx, movement, id)
  await post(tx, world, { movement, source, amount: brl(units), invoiceId: id, memo: sentence(cause.why) })
  await tx.run(
    sql`insert into invoice_reversals (invoice_id) values (${id}) on conflict (invoice_id) do nothing`,
  )
  await tx.run(sql`
    update invoice_reversals set returned_units = returned_units + ${isBack ? units : -units},
      undone = undone + ${isBack ? 0n : 1n}, logs_seen = logs_seen + 1 where invoice_id = ${id}`)
}
