/**
 * The transactions of payouts on a chain: the bundle a payout goes out in, and what each of its transactions
 * pays and costs.
 */
import { because, Reason, reasonOf } from '../base/reasons.ts'
import { sql, type Reader } from '../db/db.ts'
import type { AttemptRow, BundleRow } from '../payout/payout.ts'

/** One transaction as one order sees it. */
export type OrderTransaction = {
  id: string
  state: string
  /** Satoshis: of the whole transaction, of this order's share, and what reaches the payee. */
  fee_units: bigint
  share_units: bigint
  units: bigint
  address: string
  height: bigint | null
}

/** One at most of an order's transactions is ever mined, for all spend the same coins. */
export const transactionsOf = (reader: Reader, { id }: AttemptRow): Promise<OrderTransaction[]> =>
  reader.all<OrderTransaction>(sql`
    select c.id, c.state, c.fee_units, o.fee_units as share_units, o.units, o.address, c.height
    from bundle_candidates c join bundle_outputs o on o.candidate_id = c.id where o.attempt_id = ${id}
      order by c.number`)

/** Of the one that was mined, or else of the one that is wanted now. */
export const lastOf = (transactions: OrderTransaction[]): OrderTransaction | undefined =>
  transactions.find(({ state }) => state === 'mined') ??
  transactions.findLast(({ state }) => state !== 'replaced')

/** What it waits for; undefined where it has ended. */
export function bundleWaits({ state, ...kept }: WaitingBundle): Reason | string | undefined {
  if (kept.why !== null) {
    const reason = reasonOf(kept)
    return reason === undefined ? kept.why : new Reason(reason.code, reason.detail)
  }
  switch (state) {
    case 'planned':
      return because('bundle-unsigned')
    case 'signed':
      return because('bundle-unsent')
    case 'sent':
      return because('bundle-unmined')
    case 'mined':
      return because('bundle-shallow')
    case 'paid':
    case 'void':
      return undefined
  }
}
type WaitingBundle = Pick<BundleRow, 'state' | 'why' | 'reason' | 'detail'>

/** The transactions that pay a payout, of which one at most is ever mined. */
export const txidsOf = (reader: Reader, payoutId: string): Promise<{ id: string; state: string }[]> =>
  reader.all(sql`
    select c.id, c.state from bundle_candidates c join bundle_outputs o on o.candidate_id = c.id
      join attempts a on a.id = o.attempt_id
    where a.payout_id = ${payoutId} order by a.number, c.number`)
