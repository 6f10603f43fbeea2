/** Why a bundle is not canceled, or what was handed back signed for one is not taken, as codes. */
import type { BundleState } from '../states.ts'
import type { Unread } from './unread.ts'

export type BundleRefusal =
  | { is: 'bundle-unknown'; id: string }
  /** Only one that no block has is canceled. */
  | { is: 'bundle-state'; id: string; state: BundleState }
  | { is: 'bundle-canceling'; id: string }
  /** Its coins do not cover the fee of spending them to ourselves. */
  | { is: 'bundle-coins-too-few'; id: string }
  /** `said`: what the node answered; undefined where the chain was not looked at yet. */
  | { is: 'node-silent'; said: string | undefined }
  | { is: 'chain-unread'; unread: Unread }
  | ImportRefusal

/** `txid`: what is to be signed instead. */
export type ImportRefusal =
  | { is: 'nothing-to-sign' }
  | { is: 'signed-in-part'; bundle: string }
  /** `faults`: how it differs from each that waits, as the rail says it. */
  | { is: 'signed-another'; faults: readonly { bundle: string; why: string }[] }
  | { is: 'signed-replaced'; txid: string; bundle: string }
  | { is: 'signed-canceled'; bundle: string; txid: string }
  /** `why`: what the signing policy, or an objection, has against it. */
  | { is: 'not-signed'; why: string }
