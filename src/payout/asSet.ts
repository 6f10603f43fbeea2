/**
 * Whether what people set is what the audit log says they set: the stop of payouts, roles, and what was
 * proposed and approved. Limits: `limitsSaid.ts`.
 */
import {
  doneFault,
  findStatement,
  judgeApproval,
  proposalFault,
  state,
  type Approving,
  type Proof,
  type Stated,
} from '../approvals/approvals.ts'
import {
  editedObjections,
  editedPeople,
  editedProposal,
  editedSentence,
  toPeople,
  type Finding,
  type ProposalRow,
} from '../ledger/ledger.ts'
import { join, sql, type Reader, type Tx } from '../db/db.ts'
import { formatMoney } from '../base/money.ts'
import { toLimits } from './limitsSaid.ts'
import { toAccounts } from './objected.ts'
import { beyondAct } from './limitActs.ts'
import { redirectAct } from './redirect.ts'
import { isRefund } from './bundle/refund.ts'
import type { PayoutRow } from './row.ts'

const past = 'somebody has changed it past this program'
const finding = (subject: string, says: string): Finding => ({ invariant: 'approvals', subject, says })

/**
 * Why a stop that a person or a restore set is gone though nobody let payouts go, whatever else stops them;
 * undefined where it is not. Whose one was that an older release wrote is not kept.
 */
export async function stopTakenAway(reader: Reader): Promise<string | undefined> {
  const last = await reader.one<{ act: string; actor: string }>(sql`
    select act, actor from audit where subject = 'payouts'
      and act in ('payouts stopped', 'restored', 'payouts let go') order by seq desc limit 1`)
  if (!last || last.act === 'payouts let go') return undefined
  const hold = await reader.one(
    sql`select 1 as yes from holds where held_by = ${last.actor} or reason = 'said-before'`,
  )
  return hold ? undefined : `payouts were stopped, and nobody let them go: ${past}`
}

/** People whose role, state, link or wait is not what the audit log says. */
const peopleEdited = async (reader: Reader): Promise<Finding[]> =>
  (await editedPeople(reader)).map(({ id, ...edited }) => finding(id, editedSentence(edited)))

/** What is set by few rows, and is looked at every few minutes. */
export async function checkSet(reader: Reader): Promise<Finding[]> {
  const stop = await stopTakenAway(reader)
  return [
    ...(stop === undefined ? [] : [finding('payouts', stop)]),
    ...(await peopleEdited(reader)),
    ...(await editedObjections(reader, toPeople)),
    ...(await editedObjections(reader, toAccounts)),
    ...(await editedObjections(reader, toLimits)),
  ]
}

/** What a release, or another try, states of a payout as it is. */
export const approvingRelease = ({
  id,
  account_id: account,
  asset,
  units,
  state: from,
}: Pick<PayoutRow, 'id' | 'account_id' | 'asset' | 'units' | 'state'>): Omit<Approving, 'by'> => ({
  act: 'payout.release',
  subject: id,
  content: { payout: id, account, amount: formatMoney(units, asset), from },
})

/** What letting payouts go states: the reasons that were looked at, and whose they were. */
export const approvingGo = ({
  why: held,
  by: heldBy,
}: {
  why: string
  by: string
}): Omit<Approving, 'by'> => ({
  act: 'payouts.go',
  subject: 'payouts',
  content: { held, heldBy },
})

/**
 * The statement of an act that lets money go. Its reason is stated with it, but for what a passkey signed:
 * that was shown before there was a reason, which the audit record has.
 */
export const stateAct = (
  tx: Tx,
  { act, subject, content }: Omit<Approving, 'by'>,
  why: string,
  by: string,
  proof: Proof,
): Promise<Stated> =>
  state(tx, { act, subject, content: proof.is === 'passkey' ? content : { ...content, why }, by }, proof)

const statedActs = { 'payout released': 'payout.release', 'payouts let go': 'payouts.go' } as const

type StatedRecord = {
  seq: bigint
  act: keyof typeof statedActs
  actor: string
  subject: string
  detail: string
}

/** Why a release or a go is not what somebody stated; undefined where it is, or where none was stated. */
async function statedFault(reader: Reader, record: StatedRecord): Promise<string | undefined> {
  const { statement } = JSON.parse(record.detail) as { statement?: string }
  if (statement === undefined) return undefined
  const row = await findStatement(reader, statement)
  const judged = await judgeApproval(
    reader,
    record,
    statedActs[record.act],
    JSON.parse(row?.content ?? '{}') as Record<string, string>,
  )
  return judged.is === 'changed' ? `${record.act} ${record.subject}: ${judged.why}` : undefined
}

/**
 * Why nothing is ordered: a stop is gone though nobody let payouts go, or whoever did is not who stated it.
 */
export async function stopEdited(reader: Reader): Promise<string | undefined> {
  const gone = await stopTakenAway(reader)
  if (gone !== undefined) return gone
  const last = await reader.one<StatedRecord>(sql`
    select seq, act, actor, subject, detail from audit where subject = 'payouts' and act = 'payouts let go'
      order by seq desc limit 1`)
  return last && (await statedFault(reader, last))
}

/** What two people do to one payout, by its record, and the act that they approve. */
const proposedActs = new Map([
  ['payout redirected', redirectAct],
  ['payout let beyond limits', beyondAct],
])

/** What of the proposal a record goes by. Those from before ids were written down name the account alone. */
function saidIn({ act, detail }: { act: string; detail: string }): Record<string, string> {
  if (act !== 'payout redirected') return {}
  const { to, toId } = JSON.parse(detail) as { to: string; toId?: string }
  return toId === undefined ? { toAccount: to } : { accountId: toId }
}

/**
 * Why some of these payouts, or what they give back, are not what somebody released, redirected or let go
 * beyond a limit; by their ids.
 */
export async function decidedOtherwise(
  reader: Reader,
  due: readonly { id: string; invoice_id: string; rule: string }[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  if (due.length === 0) return found
  const records = await reader.all<Omit<StatedRecord, 'act'> & { act: string }>(sql`
    select seq, act, actor, subject, detail from audit where subject in (${join(due.map(({ id }) => id))})
      and act in ('payout released', 'payout redirected', 'payout let beyond limits') order by seq`)
  // Few payouts are, and only theirs are looked for among all proposals.
  const proposed = [
    ...records
      .filter(({ act }) => act !== 'payout released')
      .map(({ subject }) => ({ id: subject, about: subject })),
    ...due.filter(isRefund).map(({ id, invoice_id: about }) => ({ id, about })),
  ]
  for (const record of records)
    if (record.act === 'payout released') {
      const fault = await statedFault(reader, { ...record, act: record.act })
      if (fault !== undefined) found.set(record.subject, fault)
    }
  for (const record of records) {
    const act = proposedActs.get(record.act)
    const fault =
      act && (await doneFault(reader, record, { act, about: record.subject, says: saidIn(record) }))
    if (fault !== undefined) found.set(record.subject, fault)
  }
  if (proposed.length === 0) return found
  const rows = await reader.all<ProposalRow>(sql`
    select * from proposals where state = 'approved'
      and subject in (${join(proposed.map(({ about }) => about))})`)
  for (const row of rows) {
    const fault = await proposalFault(reader, row)
    if (fault !== undefined)
      for (const { id, about } of proposed) if (about === row.subject) found.set(id, fault)
  }
  return found
}

/**
 * Every statement but those of accounts and schedules: proposals as they are now, releases and goes by
 * themselves. Many rows, so once a night.
 */
export async function checkStatements(reader: Reader): Promise<Finding[]> {
  const found: Finding[] = []
  const proposals = await reader.all<ProposalRow>(
    sql`select * from proposals where state in ('approved', 'open') order by id`,
  )
  for (const row of proposals) {
    const edited = row.state === 'open' ? await editedProposal(reader, row) : undefined
    const fault = row.state === 'open' ? edited && editedSentence(edited) : await proposalFault(reader, row)
    if (fault !== undefined) found.push(finding(row.id, fault))
  }
  const records = await reader.all<StatedRecord>(
    sql`select seq, act, actor, subject, detail from audit where act in ('payout released', 'payouts let go')
      order by seq`,
  )
  for (const record of records) {
    const fault = await statedFault(reader, record)
    if (fault !== undefined) found.push(finding(record.subject, fault))
  }
  return found
}
