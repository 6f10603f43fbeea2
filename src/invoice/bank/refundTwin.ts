/** Refunding a twin: a person approves, and the bank is asked (`askRefund.ts`). */
import { because } from '../../base/reasons.ts'
import { done } from '../../base/answer.ts'
import { brl } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import { audit, auditedDetails, mayApproveNow, post, type ApproverRefusal } from '../../ledger/ledger.ts'
import type { ProviderInvoice } from '../../rails/rail.ts'
import { eachApart, sql, throwFirst, type Cause, type Db, type Tx } from '../../db/db.ts'
import {
  askForRefund,
  eachRefund,
  failRefundOf,
  readRefund,
  refundTakenOf,
  type Refundable,
  type Refunding,
} from './askRefund.ts'
import {
  cancelTwin,
  findTwin,
  lockTwin,
  lookForTwins,
  once,
  returnTwin,
  type TwinRow,
  type TwinState,
} from './twins.ts'
import { twins } from '../tables.ts'

/** Why a person cannot decide about a twin now: nobody paid it, its money has not come, or it was decided. */
export type Refusal = 'not-found' | 'not-paid' | 'not-credited' | 'decided'

/** What keeps a person from deciding what becomes of its money; undefined where it waits for that. */
export function mayDecide({ state }: Pick<TwinRow, 'state'>): Refusal | undefined {
  if (state === 'credited') return undefined
  if (state === 'open' || state === 'canceled') return 'not-paid'
  return state === 'paid' ? 'not-credited' : 'decided'
}

export type Decided =
  | { is: 'done'; twin: TwinRow }
  | { is: 'refused'; code: Refusal; twin?: TwinRow }
  | ApproverRefusal

interface Decision {
  invoiceId: string
  /** The bank's. */
  providerId: string
  by: string
  why: string
}

/** A person has its money given back. The program proposed it, so one person is enough. */
export const approveRefund = (db: Db, rail: string, decision: Decision): Promise<Decided> =>
  decide(db, rail, decision, 'approved')

/** A person says that it was settled otherwise: its money is no longer owed to the payer. */
export const keepTwin = (db: Db, world: World, decision: Decision): Promise<Decided> =>
  decide(db, 'starkbank', decision, 'kept', (tx, twin) =>
    post(tx, world, {
      movement: 'duplicate kept',
      source: once(twin, twin.id),
      amount: brl(twin.paid_units! - twin.returned_units),
      invoiceId: twin.invoice_id,
      memo: twin.provider_id,
    }),
  )

async function decide(
  db: Db,
  rail: string,
  { invoiceId, providerId, by, why }: Decision,
  to: 'approved' | 'kept',
  book: (tx: Tx, twin: TwinRow) => Promise<unknown> = async () => undefined,
): Promise<Decided> {
  return db.tx(async tx => {
    const found = await findTwin(tx, rail, providerId)
    if (!found || found.invoice_id !== invoiceId) return { is: 'refused', code: 'not-found' }
    const twin = await lockTwin(tx, found.id)
    const code = mayDecide(twin)
    if (code) return { is: 'refused', code, twin }
    const isRefund = to === 'approved'
    const now = await tx.now()
    const barred = await mayApproveNow(tx, by, now)
    if (barred) return barred
    const nextAt = isRefund ? now : null
    const also = [
      sql`decided_by = ${by}`,
      sql`decided_why = ${why}`,
      sql`decided_at = ${now}`,
      sql`absences = 0`,
      sql`next_at = ${nextAt}`,
    ]
    await twins.move(
      tx,
      { id: twin.id, state: 'credited' },
      to,
      { why: because('decided'), ref: providerId },
      also,
    )
    await book(tx, twin)
    const detail = { duplicate: providerId, units: `${twin.paid_units}`, why }
    await audit(tx, {
      actor: by,
      act: isRefund ? 'duplicate refund approved' : 'duplicate kept',
      subject: invoiceId,
      detail,
    })
    return { is: 'done', twin: await lockTwin(tx, twin.id) }
  })
}

/** All of its money, whatever of it went back before. */
const whole: Refundable<TwinRow> = {
  table: twins,
  over: 'credited',
  lock: lockTwin,
  isApproved: async (reader, { invoice_id: invoiceId, provider_id: providerId }) =>
    (await auditedDetails(reader, invoiceId, 'duplicate refund approved')).some(
      ({ duplicate }) => duplicate === providerId,
    ),
  leftUnits: () => 0n,
  seen: shown => ({ isDone: shown.status === 'voided', isTaken: shown.units === 0n, shown }),
  look: async ({ rail }, { provider_id: id }) => {
    const answer = await rail.readInvoice(id)
    return answer.is === 'done' ? done(whole.seen(answer.value)) : answer
  },
  end: async (tx, world, twin, { shown }, cause) => void (await returnTwin(tx, world, twin, shown!, cause)),
}

/**
 * Asks the bank to give an approved twin's money back, unless something stops it. Answers where it is then.
 */
export const sendRefund = (at: Refunding, twin: TwinRow): Promise<TwinState> => askForRefund(at, whole, twin)

/** The bank told that a refund is under way: it took it on, whatever became of the answer. */
export const refundTaken = (tx: Tx, twin: TwinRow, cause: Cause): Promise<boolean> =>
  refundTakenOf(tx, whole, twin, cause)

/**
 * The bank could not give it back after it had taken that on: a person decides again. The log may be late and
 * about an earlier refund, so only what the bank shows now is believed; and while it is being asked, its
 * answer says more.
 */
export async function failRefund(
  tx: Tx,
  twin: TwinRow,
  shown: ProviderInvoice,
  cause: Cause,
): Promise<boolean> {
  return shown.units !== 0n && shown.status === 'paid' && failRefundOf(tx, whole, twin, cause)
}

/** Goes on with every twin that is due, and looks for more. Answers how many were gone on with. */
export async function resolveTwins(at: Refunding): Promise<number> {
  const { db, rail } = at
  const due = await db.tx(async tx => {
    const isStopped = (await at.stopped(tx)) !== undefined
    const held = isStopped ? sql`and state <> 'approved'` : sql``
    return tx.all<TwinRow>(sql`
      select * from invoice_twins where rail = ${rail.name} and next_at <= ${await tx.now()} ${held}
        order by next_at, id limit 100`)
  })
  const goOn = async (twin: TwinRow): Promise<void> => {
    if (twin.state === 'open') await cancelTwin(at, twin)
    else if (twin.state === 'approved') await sendRefund(at, twin)
    else await readRefund(at, whole, twin)
  }
  const faults = await eachApart([() => eachRefund(at, whole, due, goOn), () => lookForTwins(at)], work =>
    work(),
  )
  throwFirst(faults)
  return due.length
}
