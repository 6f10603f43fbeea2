/** What two people approve: the statement of a proposal, and whether what was done since is what it says. */
import { detailOf, proposalOfAny, type ProposalRow } from '../ledger/ledger.ts'
import { sql, type Reader } from '../db/db.ts'
import { judgeApproval, type Approved } from './judge.ts'
import type { Approving } from './state.ts'

const past = 'somebody has changed it past this program'

/** What an approval of a proposal is of. */
export const approvingProposal = (row: ProposalRow): Omit<Approving, 'by'> => ({
  act: 'proposal.approve',
  subject: row.id,
  content: {
    ...{ id: row.id, act: row.act, subject: row.subject, detail: row.detail, why: row.why },
    ...{ madeBy: row.made_by, addedAt: row.added_at },
  },
})

/** Why an approved proposal is not what somebody approved; undefined where it is. */
export async function proposalFault(reader: Reader, row: ProposalRow): Promise<string | undefined> {
  const record = await reader.one<Pick<Approved, keyof Approved>>(sql`
    select seq, actor, subject, detail from audit where subject = ${row.id} and act = 'proposal approved'
      order by seq desc limit 1`)
  const { act, subject, content } = approvingProposal(row)
  const judged = record && (await judgeApproval(reader, record, act, content))
  if (!judged || record.actor !== row.decided_by)
    return `proposal ${subject} is approved, and nobody approved it: ${past}`
  return judged.is === 'changed' ? `proposal ${subject} is not as it was approved: ${judged.why}` : undefined
}

/** A record of the audit log that says what two people did. */
export type Done = Pick<Approved, 'seq' | 'actor'>

export interface DoneBy {
  /** The proposal's act. */
  act: string
  about: string
  /** What of the proposal's detail what was done goes by. */
  says: Readonly<Record<string, string>>
}

/** Whatever is done in the transaction of an approval is recorded after it, with little between the two. */
const maxBetween = 10n

/**
 * Why what the audit log says was done is not what two people approved just before it; undefined where it is.
 * So a record that somebody appended by themselves, with a hash that fits, lets nothing go, for behind it is
 * no statement.
 */
export async function doneFault(
  reader: Reader,
  { seq, actor }: Done,
  { act, about, says }: DoneBy,
): Promise<string | undefined> {
  const approved = await reader.one<{ subject: string; actor: string }>(sql`
    select subject, actor from audit
    where act = 'proposal approved' and seq < ${seq} and seq >= ${seq - maxBetween} order by seq desc
      limit 1`)
  const row = approved?.actor === actor ? await proposalOfAny(reader, approved.subject) : undefined
  const isIts = row !== undefined && row.act === act && row.subject === about && row.state === 'approved'
  if (!isIts || Object.entries(says).some(([name, value]) => detailOf(row)[name] !== value))
    return `record ${seq} of the audit log says that ${actor} approved ${act} of ${about}, and nobody did: ${past}`
  return proposalFault(reader, row)
}
