/** Proposals as programs read them. */
import type { ProposalRow } from '../../ledger/ledger.ts'

export const proposalJson = (row: ProposalRow, detail: Record<string, string>) => ({
  id: row.id,
  state: row.state,
  act: row.act,
  subject: row.subject,
  detail,
  why: row.why,
  madeBy: row.made_by,
  decidedBy: row.decided_by,
  decidedWhy: row.decided_why,
  addedAt: row.added_at,
  changedAt: row.changed_at,
})
