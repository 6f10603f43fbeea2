/** Payouts and their attempts: rows, and how they are found. */
import { type Asset } from '../base/money.ts'
import { because, type Reason } from '../base/reasons.ts'
import type { RailName } from '../base/rails.ts'
import type { World } from '../base/world.ts'
import { setWhy, sql, type Reader, type Tx, type Why } from '../db/db.ts'
import { type AttemptState, type PayoutState } from './states.ts'
import { payouts } from './tables.ts'

export type PayoutRow = {
  id: string
  invoice_id: string
  rule: string
  account_id: string
  /** Of its invoice: by it a payout is found by what sends it. */
  rail: RailName
  asset: Asset
  units: bigint
  withheld_units: bigint
  state: PayoutState
  why: string | null
  reason: string | null
  detail: string | null
  tries: bigint
  /** How often in a row it found no balance, or nobody to ask. */
  waits: bigint
  fence: bigint
  next_at: string
  added_at: string
  changed_at: string
}

export type AttemptRow = {
  id: string
  payout_id: string
  number: bigint
  external_id: string
  units: bigint
  fee_units: bigint | null
  state: AttemptState
  provider_id: string | null
  why: string | null
  reason: string | null
  detail: string | null
  absences: bigint
  asked_at: string
  bundle_id: string | null
  /** Where it was sent, once its payout goes to another account. */
  account_id: string | null
  /** Where it was to go when it was made, as canonical JSON. */
  destination: string | null
}

export const findPayout = (reader: Reader, id: string) =>
  reader.one<PayoutRow>(sql`select * from payouts where id = ${id} and store_id = ${reader.store}`)
export const attemptsOf = (reader: Reader, id: string) =>
  reader.all<AttemptRow>(sql`select * from attempts where payout_id = ${id} order by number`)

/**
 * Why a payout may not go out, whoever lets it: the one rule that releasing, retrying, ordering and planning
 * ask. Undefined where it may.
 */
export const mayGoOut = ({ units, asset }: Pick<PayoutRow, 'units' | 'asset'>): Reason | undefined =>
  units > 0n ? undefined : because('nothing-to-pay', { units: `${units}`, asset })

/**
 * Holds a due payout that cannot go out, and says so: it must not keep back the others. Answers false where
 * it is due no more.
 */
export async function holdBack(
  tx: Tx,
  world: Pick<World, 'log'>,
  { id, state }: PayoutRow,
  why: Why,
): Promise<boolean> {
  const isHeld = await payouts.move(tx, { id, state }, 'held', { why }, [setWhy(why)])
  if (isHeld) world.log.error({ payout: id, why }, 'a payout is held')
  return isHeld
}

/**
 * A key, and a transfer, belong to one payout's order. Throws where they are kept as another's: an older
 * version let people say of a transfer under this payout's key that it had paid that one.
 */
export async function assertKeyIsFree(
  tx: Tx,
  { id }: Pick<PayoutRow, 'id'>,
  key: string,
  providerId = '',
): Promise<void> {
  const other = await tx.one<{ payout_id: string; provider_id: string | null }>(sql`
    select payout_id, provider_id from attempts where (external_id = ${key} or provider_id = ${providerId})
      and payout_id <> ${id}`)
  if (!other) return
  const undo = `, and "repasse payout adjudicate ${other.payout_id} --transfer ${other.provider_id} --as not-ours --why …" takes that back`
  throw new Error(
    `order ${key} is kept as one of payout ${other.payout_id}${other.provider_id === null ? '' : undo}`,
  )
}
