/** Why a bundle is not canceled, or what was handed back signed for one is not taken, as codes. */
import type { Told } from '../../base/reasons.ts'
import type { SignedFault } from '../../rails/chain.ts'
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
  /** `faults`: how it differs from each that waits. */
  | { is: 'signed-another'; faults: readonly { bundle: string; fault: SignedFault }[] }
  | { is: 'signed-replaced'; txid: string; bundle: string }
  | { is: 'signed-canceled'; bundle: string; txid: string }
  | { is: 'not-signed'; against: AgainstSigning }

/** What is against signing a transaction now, or keeping that it was signed. */
export type AgainstSigning =
  /** It is not what the books owe and people approved; `what`: how, for people. */
  | { is: 'not-as-owed'; what: readonly string[] }
  /** `why`: who objects to what it pays; as it was said where it is about limits. */
  | { is: 'objected'; why: Told }
  /** `said`: what the signing policy has against it. */
  | { is: 'policy'; said: string }
  /** It was canceled, or can never be mined. */
  | { is: 'ended' }
