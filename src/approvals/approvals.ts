/** Approvals: statements of what somebody approved, how that was proven, and whether it still holds. */
export { canonical, digest, type Content } from './canonical.ts'
export { exportStatements } from './exported.ts'
export { findStatement, judgeApproval, type Approved, type Judged, type StatementRow } from './judge.ts'
export { assertionFault, counterOf, readAssertion, type Assertion, type Site } from './passkey.ts'
export {
  findCredential,
  findKey,
  keysOf,
  notTheirs,
  registerKey,
  retireKey,
  signsFrom,
  wasRetired,
  type KeyKind,
  type KeyRow,
  type NewKey,
} from './keys.ts'
export {
  fingerprint,
  isSignedByFile,
  newKeyPair,
  readSigner,
  type KeyPair,
  type Signer,
} from './signature.ts'
export {
  installationOf,
  prepare,
  said,
  SignatureRefused,
  state,
  type Approving,
  type Proof,
  type ProofKind,
  type Stated,
} from './state.ts'
export { idOf, readStatement, textOf, type Statement } from './statement.ts'
export { approvingProposal, doneFault, proposalFault, type Done } from './proposed.ts'
