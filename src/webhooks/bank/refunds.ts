/**
 * A refund of an invoice as two people decide it: proposed by one, held against the bank, and begun in the
 * transaction of the other's approval.
 */
import { because } from '../../base/reasons.ts'
import { BadInput } from '../../base/answer.ts'
import { formatUnits, parseUnits } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import {
  approveOwnRefund,
  findInvoice,
  mayRefund,
  refundableUnits,
  refundAct,
  refundStatus,
  refusalOf,
  type InvoiceRow,
  type RefundStatus,
  type RefundRefusal,
} from '../../invoice/invoice.ts'
import { detailOf, propose, type Proposed, type ProposalRow } from '../../ledger/ledger.ts'
import type { Rail } from '../../rails/rail.ts'
import type { Db, Tx } from '../../db/db.ts'
import { beginReversal } from './reversals.ts'

export interface RefundWish {
  /** Cents; all that is left where nothing is said. */
  units?: bigint | undefined
  by: string
  why: string
}

export type RefundProposed =
  | (Proposed & { units: bigint })
  | { is: 'unknown' }
  | { is: 'impossible'; code: RefundRefusal }

/** One person proposes that part or all of what was paid goes back to the payer. */
export function proposeRefund(
  db: Db,
  world: World,
  id: string,
  { units: wanted, by, why }: RefundWish,
): Promise<RefundProposed> {
  return db.tx(async tx => {
    const invoice = await findInvoice(tx, id)
    if (!invoice) return { is: 'unknown' }
    const standing = await refundStatus(tx, invoice)
    const units = wanted ?? refundableUnits(standing)
    const code = mayRefund(standing, units)
    if (code) return { is: 'impossible', code }
    const detail = { amount: formatUnits(units, 'BRL'), left: leftOf(standing) }
    return { ...(await propose(tx, world, { act: refundAct, subject: id, detail, why, by })), units }
  })
}

/** What was still with us when it was proposed: an approval is of that alone. */
const leftOf = (standing: RefundStatus): string => formatUnits(refundableUnits(standing), 'BRL')

/**
 * Throws `BadInput` where it cannot be refunded now, or money went back or came again since it was proposed.
 */
function assertAsProposed(standing: RefundStatus, proposal: ProposalRow): void {
  const code = mayRefund(standing, unitsOf(proposal))
  if (code) throw refusalOf(code, proposal.subject)
  const [left, before] = [leftOf(standing), detailOf(proposal)['left']]
  if (left === before) return
  const then = before === undefined ? 'an older version did not keep what was left' : `R$ ${before} was`
  throw new BadInput(
    `R$ ${left} of invoice ${proposal.subject} is left to give back now, and when this was proposed ${then}: refuse it and propose it again`,
  )
}

const unitsOf = (proposal: ProposalRow): bigint => parseUnits(detailOf(proposal)['amount'] ?? '', 'BRL') ?? 0n

const needInvoice = async (reader: Db | Tx, id: string): Promise<InvoiceRow> => {
  const invoice = await findInvoice(reader, id)
  if (!invoice) throw new BadInput(`there is no invoice "${id}"`)
  return invoice
}

/**
 * Before the second person's approval counts, the bank must show the invoice as the books have it: one change
 * of its amount at a time.
 */
export async function checkRefund(
  { db, rail }: { db: Db; rail: Rail | undefined },
  proposal: ProposalRow,
): Promise<void> {
  if (!rail)
    throw new BadInput('the bank is not configured, and it must give the money back: set STARKBANK_*')
  const invoice = await needInvoice(db, proposal.subject)
  const standing = await refundStatus(db, invoice)
  assertAsProposed(standing, proposal)
  const shown = await rail.readInvoice(invoice.provider_id!)
  if (shown.is !== 'done')
    throw new BadInput(`the bank did not say how invoice ${invoice.id} stands: ${shown.why}`)
  if (shown.value.status !== 'paid' || shown.value.units !== refundableUnits(standing))
    throw refusalOf('under-way', invoice.id)
}

/**
 * In the transaction of the approval: the refund is written down, and the payout waits for what becomes of
 * it.
 */
export async function beginRefund(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const { subject: id, made_by: madeBy, decided_by: by, why } = proposal
  assertAsProposed(await refundStatus(tx, await needInvoice(tx, id)), proposal)
  const approved = await approveOwnRefund(tx, world, id, { units: unitsOf(proposal), madeBy, by: by!, why })
  if (approved.is === 'refused') throw refusalOf(approved.code, id)
  await beginReversal(tx, id, { why: because('refund-approved'), ref: proposal.id })
}
