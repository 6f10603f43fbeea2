/**
 * A refund of an invoice as two people decide it: proposed by one, held against the bank, and begun in the
 * transaction of the other's approval.
 */
import { because } from '../../base/reasons.ts'
import { formatUnits, parseUnits } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import {
  approveOwnRefund,
  findInvoice,
  mayRefund,
  refundableUnits,
  refundAct,
  refundStatus,
  type InvoiceRow,
  type RefundStatus,
  type RefundRefusal,
} from '../../invoice/invoice.ts'
import { detailOf, propose, type Proposed, type ProposalRow } from '../../ledger/ledger.ts'
import type { Rail } from '../../rails/rail.ts'
import type { Db, Tx } from '../../db/db.ts'
import { refuse } from '../refusals.ts'
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

/** Refuses where it cannot be refunded now, or money went back or came again since it was proposed. */
function assertAsProposed(standing: RefundStatus, proposal: ProposalRow): void {
  const code = mayRefund(standing, unitsOf(proposal))
  const { subject: id } = proposal
  if (code) refuse({ is: 'refund-refused', id, code })
  const [left, proposed] = [leftOf(standing), detailOf(proposal)['left']]
  if (left !== proposed) refuse({ is: 'refund-changed', id, left, proposed })
}

const unitsOf = (proposal: ProposalRow): bigint => parseUnits(detailOf(proposal)['amount'] ?? '', 'BRL') ?? 0n

const needInvoice = async (reader: Db | Tx, id: string): Promise<InvoiceRow> =>
  (await findInvoice(reader, id)) ?? refuse({ is: 'invoice-unknown', id })

/**
 * Before the second person's approval counts, the bank must show the invoice as the books have it: one change
 * of its amount at a time.
 */
export async function checkRefund(
  { db, rail }: { db: Db; rail: Rail | undefined },
  proposal: ProposalRow,
): Promise<void> {
  if (!rail) return refuse({ is: 'rail-not-configured', asks: 'bank' })
  const invoice = await needInvoice(db, proposal.subject)
  const standing = await refundStatus(db, invoice)
  assertAsProposed(standing, proposal)
  const shown = await rail.readInvoice(invoice.provider_id!)
  if (shown.is !== 'done') return refuse({ is: 'bank-silent', id: invoice.id, said: shown.why })
  if (shown.value.status !== 'paid' || shown.value.units !== refundableUnits(standing))
    refuse({ is: 'refund-refused', id: invoice.id, code: 'under-way' })
}

/**
 * In the transaction of the approval: the refund is written down, and the payout waits for what becomes of
 * it.
 */
export async function beginRefund(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const { subject: id, made_by: madeBy, decided_by: by, why } = proposal
  assertAsProposed(await refundStatus(tx, await needInvoice(tx, id)), proposal)
  const approved = await approveOwnRefund(tx, world, id, { units: unitsOf(proposal), madeBy, by: by!, why })
  if (approved.is === 'refused') refuse({ is: 'refund-refused', id, code: approved.code })
  await beginReversal(tx, id, { why: because('refund-approved'), ref: proposal.id })
}
