/** Canceling a bundle: its payouts are owed again once none of its transactions can pay them any more. */
import { because, sentence } from '../../base/reasons.ts'
import { btc } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import { audit, auditedDetails, mayApproveNow, post } from '../../ledger/ledger.ts'
import type { ChainRail } from '../../rails/chain.ts'
import { setWhy, forUpdate, sql, type Cause, type Reader, type Db, type Tx } from '../../db/db.ts'
import {
  candidatesOf,
  keepCandidate,
  keptPlan,
  latestOf,
  readPlan,
  type BundleRow,
  type CandidateRow,
} from './bundle.ts'
import type { BundleTerms, Present } from './terms.ts'
import type { AttemptRow, PayoutRow } from '../row.ts'
import { answering, refuse, refuseIf, type PayoutRefusal } from '../refusals.ts'
import { chainUnread } from './unread.ts'
import { bundles, attempts, payouts } from '../tables.ts'

/**
 * It pays nobody but ourselves: what a bundle that is canceled spends its coins by. Every other has a payee.
 */
export const isCancellation = ({ plan }: Pick<CandidateRow, 'plan'>): boolean =>
  readPlan(plan).outputs.every(({ key }) => key === undefined)

/**
 * Whether a bundle is on its way to be canceled: none of its payouts goes out by it any more, unless a block
 * has them first.
 */
export const isCanceling = async (reader: Reader, bundleId: string): Promise<boolean> =>
  (await candidatesOf(reader, bundleId)).some(
    candidate => candidate.state !== 'replaced' && isCancellation(candidate),
  )

const canceledAct = 'bundle canceled'

/** Whether a person asked for this transaction of its bundle, by canceling it. */
export const isAskedFor = async (
  reader: Reader,
  { id, bundle_id: bundleId }: Pick<CandidateRow, 'id' | 'bundle_id'>,
): Promise<boolean> => (await auditedDetails(reader, bundleId, canceledAct)).some(({ txid }) => txid === id)

export type Canceled =
  /** At once: no signature of it can exist. */
  | { is: 'canceled' }
  /** When this transaction of ours lies deep, which spends its coins to ourselves. */
  | { is: 'canceling'; txid: string }

/** Whether a bundle is in a state in which it can be canceled. Pure. */
const mayCancel = ({ id, state }: Pick<BundleRow, 'id' | 'state'>): PayoutRefusal | undefined =>
  state === 'planned' || state === 'signed' || state === 'sent'
    ? undefined
    : { is: 'bundle-state', id, state }

/** `owedAgain`: in its transaction, once its payouts are owed again at once. */
export async function cancelBundle(
  db: Db,
  rail: Pick<ChainRail, 'planCancel'>,
  world: World,
  terms: Pick<BundleTerms, 'change' | 'mostFeeRate'>,
  { height, feeRate }: Present,
  id: string,
  { by, why }: { by: string; why: string },
  owedAgain: (tx: Tx, cause: Cause) => Promise<void>,
): Promise<Canceled | PayoutRefusal> {
  const canceled = await answering(() =>
    db.tx(async tx => {
      const index = await terms.change.hold(tx)
      const bundle = await tx.one<BundleRow>(sql`select * from bundles where id = ${id} ${forUpdate}`)
      if (!bundle) return refuse({ is: 'bundle-unknown', id })
      const { state } = bundle
      refuseIf(mayCancel(bundle))
      refuseIf(await mayApproveNow(tx, by, await tx.now()))
      const unread = await chainUnread(tx)
      if (unread !== undefined) refuse({ is: 'chain-unread', unread })
      if (await isCanceling(tx, id)) refuse({ is: 'bundle-canceling', id })
      const cause = { why: because('canceled-by', { by, said: why }) }
      const said = (detail: Record<string, string>) =>
        audit(tx, { actor: by, act: canceledAct, subject: id, detail: { from: state, why, ...detail } })

      const candidates = await candidatesOf(tx, id)
      if (isNobodys(candidates)) {
        await said({})
        await endCanceled(tx, world, bundle, cause)
        await owedAgain(tx, cause)
        return { is: 'canceled' } as const
      }
      const planned = rail.planCancel({
        inputs: readPlan(candidates[0]!.plan).inputs,
        ...{ feeRate, mostFeeRate: terms.mostFeeRate, change: { index }, lockTime: Number(height) },
        replaces: candidates.map(keptPlan),
      })
      if (planned.is !== 'planned') return refuse({ is: 'bundle-coins-too-few', id })
      await said({ txid: planned.plan.txid })
      await terms.change.take(tx)
      await keepCandidate(tx, id, planned.plan, new Map())
      await tx.run(sql`update bundles set ${setWhy(null)}, next_at = ${await tx.now()} where id = ${id}`)
      return { is: 'canceling', txid: planned.plan.txid } as const
    }, 'locks'),
  )
  if (canceled.is === 'canceled' || canceled.is === 'canceling')
    world.log.warn({ bundle: id, ...canceled, by }, 'a bundle is canceled')
  return canceled
}

/**
 * In the transaction that owes a bundle's payouts again: their payments may have left the chain while it was
 * under way.
 */
export type OwedAgain = (tx: Tx, bundleId: string, cause: Cause) => Promise<void>

/**
 * Ends a bundle that may not be signed, where no signature of it can exist: its payouts are owed again, and
 * each is held or planned by itself.
 */
export async function endUnsigned(
  tx: Tx,
  world: World,
  { bundle_id: id }: Pick<CandidateRow, 'bundle_id'>,
  why: string,
  owedAgain: OwedAgain,
): Promise<void> {
  world.log.error({ bundle: id, why }, 'a bundle is not signed')
  const bundle = (await tx.one<BundleRow>(sql`select * from bundles where id = ${id} ${forUpdate}`))!
  if (bundle.state !== 'planned' || !isNobodys(await candidatesOf(tx, id))) return
  const cause = { why: because('policy', { fault: why }) }
  await endCanceled(tx, world, bundle, cause)
  await owedAgain(tx, id, cause)
}

/** Nobody was ever given any of them to sign. */
const isNobodys = (candidates: readonly CandidateRow[]): boolean =>
  candidates.every(({ raw, handed_at: handedAt }) => raw === null && handedAt === null)

/** A better offer for a cancellation that waits too long. */
export async function offerCancelAgain(
  tx: Tx,
  rail: Pick<ChainRail, 'planCancel'>,
  terms: Pick<BundleTerms, 'change' | 'mostFeeRate'>,
  { height, feeRate }: Present,
  id: string,
  index: number,
): Promise<boolean> {
  const candidates = await candidatesOf(tx, id)
  const planned = rail.planCancel({
    inputs: readPlan((await latestOf(tx, id)).plan).inputs,
    ...{
      feeRate,
      mostFeeRate: terms.mostFeeRate,
      change: { index },
      lockTime: Number(height),
      replaces: candidates.map(keptPlan),
    },
  })
  if (planned.is !== 'planned') return false
  await terms.change.take(tx)
  await keepCandidate(tx, id, planned.plan, new Map())
  return true
}

/** Its payouts are owed again, and its coins are free. */
export async function endCanceled(
  tx: Tx,
  world: World,
  { id, state }: Pick<BundleRow, 'id' | 'state'>,
  cause: Cause,
): Promise<void> {
  await bundles.move(tx, { id, state }, 'void', cause, [setWhy(cause.why)])
  await tx.run(
    sql`delete from bundle_coins where bundle_id = ${id} and outpoint in (select id from coins
      where spent_by is null)`,
  )
  const now = await tx.now()
  const onTheirWay = await tx.all<AttemptRow>(
    sql`select * from attempts where bundle_id = ${id} and state in ('sending', 'sent') order by id`,
  )
  for (const attempt of onTheirWay) {
    const payout = (await tx.one<PayoutRow>(
      sql`select * from payouts where id = ${attempt.payout_id} ${forUpdate}`,
    ))!
    await attempts.move(tx, attempt, 'failed', cause, [setWhy(cause.why)])
    await payouts.move(tx, payout, 'owed', cause, [setWhy(null), sql`next_at = ${now}`])
    const owed = { amount: btc(attempt.units), invoiceId: payout.invoice_id, memo: sentence(cause.why) }
    await post(tx, world, { movement: 'payout returned', source: attempt.id, ...owed })
  }
}
