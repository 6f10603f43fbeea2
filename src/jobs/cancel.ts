/** Taking back an invoice that nobody paid, on whichever rail it was asked for. */
import { findInvoice, type Canceling } from '../invoice/invoice.ts'
import type { FlowParts } from './railFlow.ts'
import { railFlows } from './rails.ts'

/** `not-here`: its rail is not configured in this process. */
export async function cancelAsked(
  parts: FlowParts,
  id: string,
  act: { by: string; why: string },
): Promise<Canceling | { is: 'not-here' }> {
  const invoice = await findInvoice(parts.db, id)
  if (!invoice) return { is: 'unknown' }
  const flow = railFlows[invoice.rail]
  if (!flow.cancel) return { is: 'impossible', code: 'of-another-rail', invoice }
  return flow.isHere(parts) ? flow.cancel(parts, invoice.id, act) : { is: 'not-here' }
}
