/** How bundles are made: what people set, and what the node says now. */
import type { Millis } from '../../base/world.ts'
import type { Tx } from '../../db/db.ts'
import type { ApprovalsNeeded } from '../proven.ts'

export interface BundleTerms {
  /** How long payouts are gathered before they go out together. */
  gatherMs: Millis
  /** How deep a coin must lie to be spent, and a payout to be paid. */
  payoutDepth: number
  /** Satoshis for a thousand virtual bytes. */
  mostFeeRate: bigint
  /** After so many blocks without being mined a better fee is offered. */
  bumpAfterBlocks: number
  change: ChangeNumbers
  /** See `Terms`. */
  approvals?: ApprovalsNeeded
}

/**
 * Numbers of our change addresses. A plan is made with one that is held; only a plan that is kept and pays
 * change takes it.
 */
export interface ChangeNumbers {
  /**
   * The next one, locked until the transaction ends: who plans at the same time waits here, and then sees
   * what was planned.
   */
  hold(tx: Tx): Promise<number>
  /** Takes the one that is held. */
  take(tx: Tx): Promise<unknown>
}

/** What the node says now. `height`: of our tip; `feeRate`: satoshis for a thousand virtual bytes. */
export interface Present {
  height: bigint
  feeRate: bigint
  /** What is to be said of it on each payout. */
  feeNote?: string | undefined
}
