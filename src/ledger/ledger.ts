/**
 * The double-entry ledger: posts movements of the chart, once each, and answers balances. Nothing here is
 * ever changed.
 */
import { brl, type Asset, type Money } from '../base/money.ts'
import { sql, type Reader } from '../db/db.ts'
import { accounts, chart, type Account, type MovementName } from './chart.ts'
import { tally } from './tallies.ts'

export { accounts, chart, type Account, type MovementName } from './chart.ts'
export {
  authenticatorMark,
  editedPeople,
  editedPerson,
  editedProposal,
  editedSentence,
  type Edited,
} from './edited.ts'
export {
  barFor,
  barOf,
  barSentence,
  approverStatus,
  mayApproveNow,
  mayProposeNow,
  type ApproverRefusal,
  type Bar,
  type ApproverStatus,
} from './approver.ts'
export { notAsDrafted } from './draftedFor.ts'
export { clearObjections, proposeClearing, type Clearing, type LedgerRefusal } from './clearing.ts'
export {
  editedObjections,
  objectionsOf,
  openObjections,
  openObjectionTo,
  toPeople,
  type Objected,
  type Objection,
  type ObjectionKind,
} from './objection.ts'
export { account, comingTo, noneReturned, unaccounted, type BookedParts } from './accounted.ts'
export { alarmOf, listAlarms, lowerAlarm, raiseAlarm, type Alarm, type AlarmName } from './alarm.ts'
export { bankMayBeAsked, hearDenied } from './denied.ts'
export { checkAudit, checkChart, checkLedger, checkPart, type Finding } from './check.ts'
export { checkChanges, keepMark, newMark, partOf, readMark, type Mark } from './changes.ts'
export { keepFindings, keptFindings } from './findings.ts'
export { sealColumns } from './sealed.ts'
export { addUpTallies, mendTallies, tally, tallyFaults, type Off } from './tallies.ts'
export {
  audit,
  auditChain,
  exportAudit,
  hashOf,
  auditedDetails,
  walkAudit,
  type Act,
  type AuditRow,
  type AuditVerdict,
} from './audit.ts'
export {
  acceptBreak,
  anchorAudit,
  auditHead,
  checkAnchors,
  findBreak,
  readAnchors,
  recordsInForce,
  type Anchor,
  type Anchoring,
  type Break,
} from './anchors.ts'
export { exportedLine, verifyExport, type ExportVerdict } from './exported.ts'
export { mailedAnchor, readMail, withMails } from './anchorMail.ts'
export { openAnchorFile, type AnchorFile } from './anchorFile.ts'
export { entries, inOrder, postingsOf, type EntryRow, type PostingRow } from './postings.ts'
export { keepBankStop, orderMarginUnits } from './bankStop.ts'
export { strangerMachine } from './strangerStates.ts'
export { keepBalanced, readBalanced, type Balanced, type HeldAgainst } from './balanced.ts'
export {
  approve,
  detailOf,
  digestOfProposal,
  findProposal,
  mayApprove,
  openProposal,
  openProposalCount,
  proposalMachine,
  propose,
  refuse,
  type Approver,
  type NewProposal,
  type ProposalDecision,
  type ProposalRow,
  type ProposalMade,
  type Proposed,
  proposalOfAny,
} from './proposal.ts'
export {
  carryOutClose,
  clearBooked,
  clearLines,
  clearSuspense,
  openSuspense,
  suspendedMoney,
  proposeClose,
  suspend,
  suspendedLines,
  suspenseAct,
  type SuspendedLine,
  type SuspendedMoney,
  type SuspenseRefusal,
  type SuspenseRow,
} from './suspense.ts'
export { ourTags, payoutOfKey, type OurTags } from './tags.ts'
export { post, type Posting } from './post.ts'
export { keepReconciled, lastReconciled, type Reconciled } from './reconciled.ts'

/** Balance of every account, in smallest units, signed as posted. */
export async function balances(reader: Reader, asset: Asset = 'BRL'): Promise<Record<Account, bigint>> {
  const sums = Object.fromEntries(accounts.map(account => [account, 0n])) as Record<Account, bigint>
  for (const { parts, units } of await tally(reader, 'ledger')) {
    const [, , account, of] = parts as [MovementName, string, Account, Asset]
    if (of === asset && account in sums) sums[account] += units
  }
  return sums
}

/** How much of each movement was posted in all, in smallest units. */
export async function totals(reader: Reader, asset: Asset = 'BRL'): Promise<Record<MovementName, bigint>> {
  const sums = Object.fromEntries(Object.keys(chart).map(name => [name, 0n])) as Record<MovementName, bigint>
  for (const { parts, units } of await tally(reader, 'ledger')) {
    const [movement, line, , of] = parts as [MovementName, string, Account, Asset]
    if (of === asset && line === '1' && movement in sums) sums[movement] += units
  }
  return sums
}

/** What is still owed for one invoice: its payable, turned round. Negative when the payee owes. */
export async function owedFor(reader: Reader, invoiceId: string): Promise<Money<'BRL'>> {
  const row = await reader.one<{ units: bigint | null }>(sql`
    select cast(sum(units) as bigint) as units from ledger_entries where invoice_id = ${invoiceId}
      and account = 'payable'`)
  return brl(-(row?.units ?? 0n))
}

/**
 * How much of each movement was posted for one invoice, in smallest units; what was not posted is left out.
 */
export async function totalsFor(
  reader: Reader,
  invoiceId: string,
): Promise<Partial<Record<MovementName, bigint>>> {
  const rows = await reader.all<{ movement: MovementName; units: bigint }>(sql`
    select t.movement, cast(sum(e.units) as bigint) as units
    from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
    where e.line = 1 and e.invoice_id = ${invoiceId} group by t.movement`)
  return Object.fromEntries(rows.map(row => [row.movement, row.units]))
}
