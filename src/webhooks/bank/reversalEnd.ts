/**
 * How a reversal ended of which the bank never says so: proposed by one person, held against the bank's log,
 * and written with the other's approval.
 */
import { because } from '../../base/reasons.ts'
import { formatUnits, parseUnits, formatReais } from '../../base/money.ts'
import { later, type Instant, type World } from '../../base/world.ts'
import {
  fateOf,
  findInvoice,
  liveRefund,
  saidIn,
  type InvoiceRow,
  type RefundRow,
} from '../../invoice/invoice.ts'
import { audit, detailOf, propose, type Proposed, type ProposalRow } from '../../ledger/ledger.ts'
import { reversalOf, type ReversalRow } from '../../payout/payout.ts'
import type { Rail } from '../../rails/rail.ts'
import { forUpdate, sql, type Reader, type Db, type Tx } from '../../db/db.ts'
import { refuse, type ReversalRefusal } from '../refusals.ts'
import { endReversal } from './reversals.ts'

export const reversalAct = 'invoice.reversal'

/** How long the bank is given to say what became of money that goes back, before people may. */
export const longReversalMs = 30 * 60_000

export type { ReversalRefusal }

interface Standing {
  invoice: InvoiceRow
  reversal: ReversalRow | undefined
  refund: RefundRow | undefined
  now: Instant
}

/** `returned`: cents that went back to the payer of this invoice in all. */
export function mayEndReversal(
  { invoice, reversal, refund, now }: Standing,
  returned: bigint,
): ReversalRefusal | undefined {
  const isCredited = invoice.state === 'credited' || invoice.state === 'reversed'
  if (reversal?.under_way_since == null || !isCredited || invoice.provider_id === null)
    return 'not-going-back'
  if (reversal.under_way_since > later(now, -longReversalMs)) return 'too-soon'
  if (refund && refund.state !== 'sent') return 'being-asked'
  if (returned > (invoice.paid_units ?? 0n)) return 'too-much'
  return returned < reversal.returned_units ? 'too-little' : undefined
}

const standingOf = async (reader: Reader, invoice: InvoiceRow, now: Instant): Promise<Standing> => ({
  ...{ invoice, now },
  reversal: await reversalOf(reader, invoice.id),
  refund: await liveRefund(reader, invoice.id),
})

/** Why nobody can say by now how a reversal ended, whatever it was; undefined where people may. */
export async function reversalAgainst(
  reader: Reader,
  invoice: InvoiceRow,
  now: Instant,
): Promise<ReversalRefusal | undefined> {
  const standing = await standingOf(reader, invoice, now)
  return mayEndReversal(standing, standing.reversal?.returned_units ?? 0n)
}

export interface ReversalVerdict {
  /** Cents that went back in all; none where the reversal came to nothing. */
  returned: bigint
  by: string
  why: string
}

export type ReversalProposed = Proposed | { is: 'unknown' } | { is: 'impossible'; code: ReversalRefusal }

export function proposeReversalEnd(
  db: Db,
  world: World,
  id: string,
  { returned, by, why }: ReversalVerdict,
): Promise<ReversalProposed> {
  return db.tx(async tx => {
    const invoice = await findInvoice(tx, id)
    if (!invoice) return { is: 'unknown' }
    const standing = await standingOf(tx, invoice, await tx.now())
    const code = mayEndReversal(standing, returned)
    if (code) return { is: 'impossible', code }
    const detail = {
      returned: formatUnits(returned, 'BRL'),
      before: formatUnits(standing.reversal!.returned_units, 'BRL'),
    }
    return propose(tx, world, { act: reversalAct, subject: id, detail, why, by })
  })
}

const returnedOf = (proposal: ProposalRow): bigint =>
  parseUnits(detailOf(proposal)['returned'] ?? '', 'BRL') ?? 0n

async function assertAsProposed(reader: Reader, proposal: ProposalRow, now: Instant): Promise<InvoiceRow> {
  const { subject: id } = proposal
  const standing = await standingOf(reader, (await findInvoice(reader, id))!, now)
  const code = mayEndReversal(standing, returnedOf(proposal))
  if (code) refuse({ is: 'reversal-refused', id, code })
  if (formatUnits(standing.reversal!.returned_units, 'BRL') !== detailOf(proposal)['before'])
    refuse({ is: 'reversal-changed', id })
  return standing.invoice
}

/**
 * Before the approval counts the bank is asked once more: where it has said how it ended, that counts.
 * Answers how many logs it has.
 */
export async function checkReversalEnd(
  { db, rail }: { db: Db; rail: Rail | undefined },
  proposal: ProposalRow,
): Promise<number> {
  if (!rail) return refuse({ is: 'rail-not-configured', asks: 'bank' })
  const {
    id,
    provider_id: providerId,
    paid_units: paid,
  } = await assertAsProposed(db, proposal, await db.tx(tx => tx.now()))
  const logs = await rail.invoiceLogs(providerId!)
  if (logs.is !== 'done') return refuse({ is: 'bank-silent', id, said: logs.why })
  const { isTold, underWay } = fateOf(paid ?? 0n, logs.value, saidIn(await reversalOf(db, id)))
  if (isTold && !underWay) refuse({ is: 'reversal-said', id })
  return logs.value.length
}

export async function carryOutReversalEnd(
  tx: Tx,
  world: World,
  proposal: ProposalRow,
  logCount: number,
): Promise<void> {
  const { id: proposalId, subject: id, made_by: madeBy, decided_by: by, why } = proposal
  await tx.one(sql`select id from invoices where id = ${id} ${forUpdate}`)
  await assertAsProposed(tx, proposal, await tx.now())
  const returned = returnedOf(proposal)
  await endReversal(
    tx,
    world,
    id,
    { returned, logCount },
    { why: because('two-said-how-ended'), ref: proposalId },
  )
  await audit(tx, {
    actor: by!,
    act: 'invoice reversal ended',
    subject: id,
    detail: { returned: formatReais(returned), madeBy, why },
  })
}
