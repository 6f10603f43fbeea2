/**
 * Reconciling: whether the books agree with the bank and with the chain, line by line and coin by coin, and
 * what people decide where they do not.
 */
export {
  compareScan,
  holdAgainstChain,
  reconcileChain,
  type ChainReconciliation,
  type ScanComparison,
} from './chain.ts'
export type { ReconcileRefusal } from './refusals.ts'
export { checkingBeside, type Beside } from './checkBeside.ts'
export {
  checkBooks,
  checkBooksByAndBy,
  holdAgainstBank,
  reconcile,
  type CheckBeside,
  type Whole,
  type Reconciliation,
} from './bank.ts'
export {
  checkRules,
  closeRule,
  detailShown,
  externalRuleMachine,
  findRule,
  findStranger,
  listRules,
  listStrangers,
  proposeAccept,
  proposeRule,
  ruleOf,
  type ExternalRule,
  type ExternalRuleRow,
  type StrangerRow,
} from './strangers.ts'
