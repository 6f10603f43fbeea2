/** Whether what people set is what the audit log says they set: the stop of payouts, roles, and what was proposed and approved. Limits: `limitsSaid.ts`. */
import { judgeApproval, state, type Approving, type Proof, type Stated } from '../approvals/approvals.ts'
import type { Finding, ProposalRow } from '../ledger/ledger.ts'
import { sql, type Reader, type Tx } from '../store/store.ts'

const past = 'somebody has changed it past this program'
const finding = (subject: string, says: string): Finding => ({ invariant: 'approvals', subject, says })

/** Why a stop that a person or a restore set is gone though nobody let payouts go; undefined where it is not. */
export async function stopTakenAway(reader: Reader): Promise<string | undefined> {
  const last = await reader.one<{ act: string }>(sql`
    select act from audit where subject = 'payouts' and act in ('payouts stopped', 'restored', 'payouts let go') order by seq desc limit 1`)
  if (!last || last.act === 'payouts let go') return undefined
  const hold = await reader.one(sql`select 1 as yes from settings where name = 'hold'`)
  return hold ? undefined : `payouts were stopped, and nobody let them go: ${past}`
}

/** People whose role nobody gave them. */
async function rolesNotGiven(reader: Reader): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; name: string; role: string; detail: string | null }>(sql`
    select u.id, u.name, u.role, (select a.detail from audit a where a.subject = u.id and a.act in ('user added', 'role changed')
      order by a.seq desc limit 1) as detail from users u where u.store_id = 'sto_default' and u.state <> 'removed' order by u.id`)
  return rows.flatMap(({ id, name, role, detail }) => {
    const { role: added, to } = JSON.parse(detail ?? '{}') as { role?: string; to?: string }
    return (to ?? added) === role ? [] : [finding(id, `${name} is ${role}, and nobody gave them that role: ${past}`)]
  })
}

/** People who are objected to, of whom no row says so any more though nobody cleared it. */
async function objectionsTakenAway(reader: Reader): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; name: string }>(sql`
    select u.id, u.name from users u where u.store_id = 'sto_default' and u.state <> 'removed'
      and (select a.act from audit a where a.subject = u.id and a.act in ('objected to person', 'objection cleared') order by a.seq desc limit 1)
        = 'objected to person'
      and not exists (select 1 from objections o where o.user_id = u.id and o.cleared_at is null) order by u.id`)
  return rows.map(({ id, name }) => finding(id, `somebody objects to ${name}, and nobody cleared it: ${past}`))
}

/** What is set by few rows, and is looked at every few minutes. */
export async function checkSet(reader: Reader): Promise<Finding[]> {
  const stop = await stopTakenAway(reader)
  return [
    ...(stop === undefined ? [] : [finding('payouts', stop)]),
    ...(await rolesNotGiven(reader)),
    ...(await objectionsTakenAway(reader)),
  ]
}

/** What an approval of a proposal is of. */
export const approvingProposal = (row: ProposalRow): Omit<Approving, 'by'> => ({
  act: 'proposal.approve',
  subject: row.id,
  content: {
    ...{ id: row.id, act: row.act, subject: row.subject, detail: row.detail, why: row.why },
    ...{ madeBy: row.made_by, addedAt: row.added_at },
  },
})

/** The statement of an act that lets money go. */
export const stateAct = (
  tx: Tx,
  act: 'payout.release' | 'payouts.go',
  subject: string,
  content: Record<string, string>,
  by: string,
  proof: Proof,
): Promise<Stated> => state(tx, { act, subject, content, by }, proof)

const statedActs = { 'payout released': 'payout.release', 'payouts let go': 'payouts.go' } as const

/** Every statement but those of accounts: proposals as they are now, releases and goes by themselves. Many rows, so once a night. */
export async function checkStatements(reader: Reader): Promise<Finding[]> {
  const found: Finding[] = []
  const proposals = await reader.all<ProposalRow>(
    sql`select * from proposals where store_id = 'sto_default' and state = 'approved' order by id`,
  )
  for (const row of proposals) {
    const record = await reader.one<{ seq: bigint; actor: string; subject: string; detail: string }>(sql`
      select seq, actor, subject, detail from audit where subject = ${row.id} and act = 'proposal approved' order by seq desc limit 1`)
    const { act, subject, content } = approvingProposal(row)
    const judged = record && (await judgeApproval(reader, record, act, content))
    if (!judged || record.actor !== row.decided_by)
      found.push(finding(subject, `proposal ${subject} is approved, and nobody approved it: ${past}`))
    else if (judged.is === 'changed') found.push(finding(subject, `proposal ${subject} is not as it was approved: ${judged.why}`))
  }
  const records = await reader.all<{
    seq: bigint
    act: keyof typeof statedActs
    actor: string
    subject: string
    detail: string
    content: string | null
  }>(sql`
    select a.seq, a.act, a.actor, a.subject, a.detail, s.content from audit a left join statements s on a.detail like '%"statement":"' || s.id || '"%' and s.subject = a.subject
    where a.act in ('payout released', 'payouts let go') and a.detail like '%"statement"%' order by a.seq`)
  for (const record of records) {
    const judged = await judgeApproval(reader, record, statedActs[record.act], JSON.parse(record.content ?? '{}') as Record<string, string>)
    if (judged.is === 'changed') found.push(finding(record.subject, `${record.act} ${record.subject}: ${judged.why}`))
  }
  return found
}
