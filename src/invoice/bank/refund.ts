/**
 * Refunding an invoice that was paid: part or all of it goes back to its payer through the bank, once two
 * people said so.
 */
import { because } from '../../base/reasons.ts'
import { done } from '../../base/answer.ts'
import { newId } from '../../base/id.ts'
import { formatUnits, formatReais } from '../../base/money.ts'
import type { Instant, World } from '../../base/world.ts'
import { doneFault } from '../../approvals/approvals.ts'
import { audit } from '../../ledger/ledger.ts'
import { forUpdate, remember, sql, type Cause, type Reader, type Tx } from '../../db/db.ts'
import {
  askForRefund,
  eachRefund,
  failRefundOf,
  readRefund,
  refundTakenOf,
  type Refundable,
  type Refunding,
} from './askRefund.ts'
import { fateOf, saidIn, type Fate } from './fate.ts'
import type { InvoiceRow } from '../row.ts'
import type { RefundState } from '../states.ts'
import { refunds } from '../tables.ts'

export type RefundRow = {
  id: string
  store_id: string
  rail: string
  invoice_id: string
  provider_id: string
  state: RefundState
  units: bigint
  /** What the bank shows of the invoice once it is done. */
  left_units: bigint
  made_by: string
  decided_by: string
  decided_why: string
  decided_at: Instant
  absences: bigint
  asked_at: Instant | null
  next_at: Instant | null
  added_at: Instant
  changed_at: Instant
}

/** The act of the proposal. */
export const refundAct = 'invoice.refund'

const live = sql`('approved', 'refunding', 'unsure', 'sent')`

export const refundsOf = (reader: Reader, invoiceId: string) =>
  reader.all<RefundRow>(
    sql`select * from invoice_refunds where invoice_id = ${invoiceId} order by added_at, id`,
  )

/** The refund of an invoice that is not over; there is one at most. */
export const liveRefund = (reader: Reader, invoiceId: string) =>
  reader.one<RefundRow>(
    sql`select * from invoice_refunds where invoice_id = ${invoiceId} and state in ${live}`,
  )

/** The last refund of an invoice, where the bank did not make it. */
const failedRefund = async (reader: Reader, invoiceId: string): Promise<RefundRow | undefined> => {
  const last = (await refundsOf(reader, invoiceId)).at(-1)
  return last?.state === 'failed' ? last : undefined
}

const lockRefund = async (tx: Tx, id: string): Promise<RefundRow> =>
  (await tx.one<RefundRow>(sql`select * from invoice_refunds where id = ${id} ${forUpdate}`))!

/** Why an invoice cannot be refunded now. */
export type RefundRefusal = 'of-another-rail' | 'not-credited' | 'nothing-left' | 'too-much' | 'under-way'

/** What decides that, as one read of the books. */
export interface RefundStatus {
  invoice: Pick<InvoiceRow, 'rail' | 'state' | 'paid_units' | 'provider_id'>
  returnedUnits: bigint
  isUnderWay: boolean
}

export const refundableUnits = ({ invoice, returnedUnits }: RefundStatus): bigint =>
  (invoice.paid_units ?? 0n) - returnedUnits

/**
 * What keeps `units` of it from being given back; undefined where nothing does. Whole where no units are
 * named.
 */
export function mayRefund(
  standing: RefundStatus,
  units = refundableUnits(standing),
): RefundRefusal | undefined {
  const { invoice } = standing
  if (invoice.rail !== 'starkbank') return 'of-another-rail'
  if (invoice.state === 'reversed') return 'nothing-left'
  if (invoice.state !== 'credited' || invoice.provider_id === null) return 'not-credited'
  if (standing.isUnderWay) return 'under-way'
  const left = refundableUnits(standing)
  return left <= 0n || units <= 0n ? 'nothing-left' : units > left ? 'too-much' : undefined
}

export async function refundStatus(reader: Reader, invoice: InvoiceRow): Promise<RefundStatus> {
  const row = await reader.one<{ returned_units: bigint; under_way_since: Instant | null }>(
    sql`select returned_units, under_way_since from invoice_reversals where invoice_id = ${invoice.id}`,
  )
  const isUnderWay = row?.under_way_since != null || (await liveRefund(reader, invoice.id)) !== undefined
  return { invoice, returnedUnits: row?.returned_units ?? 0n, isUnderWay }
}

export interface RefundDecision {
  units: bigint
  madeBy: string
  by: string
  why: string
}

/**
 * Two people want it: written down, so that the bank is asked. The caller holds the invoice's payout
 * meanwhile.
 */
export async function approveOwnRefund(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  invoiceId: string,
  { units, madeBy, by, why }: RefundDecision,
): Promise<{ is: 'done'; refund: RefundRow } | { is: 'refused'; code: RefundRefusal }> {
  const invoice = (await tx.one<InvoiceRow>(
    sql`select * from invoices where id = ${invoiceId} ${forUpdate}`,
  ))!
  const standing = await refundStatus(tx, invoice)
  const code = mayRefund(standing, units)
  if (code) return { is: 'refused', code }
  const [id, now] = [newId('refund', world), await tx.now()]
  const leftUnits = refundableUnits(standing) - units
  await tx.run(sql`
    insert into invoice_refunds (id, store_id, rail, invoice_id, provider_id, state, units, left_units,
      made_by, decided_by, decided_why,
      decided_at, next_at, added_at, changed_at)
    values (${id}, ${invoice.store_id}, ${invoice.rail}, ${invoiceId}, ${invoice.provider_id}, 'approved',
      ${units}, ${leftUnits}, ${madeBy},
      ${by}, ${why}, ${now}, ${now}, ${now}, ${now})`)
  await remember(tx, 'invoice_refunds', id, '', 'approved', { why: because('decided'), ref: invoiceId }, now)
  await audit(tx, {
    actor: by,
    act: 'invoice refund approved',
    subject: invoiceId,
    detail: {
      refund: id,
      amount: formatReais(units),
      left: formatReais(leftUnits),
      providerId: invoice.provider_id!,
      madeBy,
      why,
    },
  })
  return { is: 'done', refund: await lockRefund(tx, id) }
}

/** Part or all of an invoice's own money. */
const own: Refundable<RefundRow> = {
  table: refunds,
  over: 'failed',
  lock: lockRefund,
  isApproved: async (
    reader,
    { id, invoice_id: invoiceId, units, left_units: left, provider_id: providerId },
  ) => {
    const records = await reader.all<{ seq: bigint; actor: string; detail: string }>(
      sql`select seq, actor, detail from audit where subject = ${invoiceId}
        and act = 'invoice refund approved' order by seq`,
    )
    const record = records.find(({ detail }) => (JSON.parse(detail) as { refund?: string }).refund === id)
    if (!record) return false
    const said = JSON.parse(record.detail) as Record<string, string>
    // An older version kept the amount alone.
    const isSame = (what: string, now: string) => said[what] === undefined || said[what] === now
    if (
      said['amount'] !== formatReais(units) ||
      !isSame('left', formatReais(left)) ||
      !isSame('providerId', providerId)
    )
      return false
    return (
      (await doneFault(reader, record, {
        act: refundAct,
        about: invoiceId,
        says: { amount: formatUnits(units, 'BRL') },
      })) === undefined
    )
  },
  leftUnits: ({ left_units: left }) => left,
  // That the bank took it on is all it answers: whether the money has left, its log says.
  seen: shown => ({ isDone: false, isTaken: true, shown }),
  look: async ({ db, rail }, row) => {
    const answer = await rail.invoiceLogs(row.provider_id)
    if (answer.is !== 'done') return answer
    const known = await db.one<{ paid_units: bigint; said_units: bigint | null; said_logs: bigint }>(sql`
      select i.paid_units, r.said_units, r.said_logs from invoices i
        join invoice_reversals r on r.invoice_id = i.id
      where i.id = ${row.invoice_id}`)
    const { left, underWay } = fateOf(known!.paid_units, answer.value, saidIn(known))
    return done({ isDone: left <= row.left_units, isTaken: underWay })
  },
  end: (tx, _, row, __, cause) => end(tx, row, cause),
  moved: (tx, row) => readAgain(tx, row),
}

async function end(tx: Tx, row: RefundRow, cause: Cause): Promise<void> {
  await refunds.move(tx, row, 'refunded', cause, [sql`next_at = null`])
  await readAgain(tx, row)
}

/** The books of the invoice follow: its logs are read at once. */
const readAgain = async (tx: Tx, { invoice_id: id }: Pick<RefundRow, 'invoice_id'>): Promise<void> =>
  void (await tx.run(sql`update invoice_reversals set next_at = ${await tx.now()} where invoice_id = ${id}`))

/** What was read of the invoice's logs says where its refund is: over, under way, or failed. */
export async function followRefund(
  tx: Tx,
  invoiceId: string,
  { left, underWay, failedAt }: Fate,
  cause: Cause,
): Promise<void> {
  // One that was given up, as after a restore, may have been made all the same.
  const found = (await liveRefund(tx, invoiceId)) ?? (await failedRefund(tx, invoiceId))
  if (!found) return
  const row = await lockRefund(tx, found.id)
  if (left <= row.left_units) await end(tx, row, cause)
  else if (underWay) await refundTakenOf(tx, own, row, cause)
  // A log from before it was asked for says nothing about it.
  else if (row.state === 'sent' && failedAt !== undefined && failedAt >= row.asked_at!)
    await failRefundOf(tx, own, row, { ...cause, why: because('failed') })
}

/** Goes on with every refund that is due. Answers how many. */
export async function resolveRefunds(at: Refunding): Promise<number> {
  const { db, rail } = at
  const due = await db.tx(async tx => {
    const held = (await at.stopped(tx)) !== undefined ? sql`and state <> 'approved'` : sql``
    return tx.all<RefundRow>(sql`
      select * from invoice_refunds where rail = ${rail.name} and next_at <= ${await tx.now()} ${held}
        order by next_at, id limit 100`)
  })
  await eachRefund(at, own, due, row =>
    row.state === 'approved' ? askForRefund(at, own, row) : readRefund(at, own, row),
  )
  return due.length
}
