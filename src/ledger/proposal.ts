/**
 * Proposals: an act that needs two people is made by one and approved by another. What is approved is what
 * was proposed, to the letter.
 */
import { because } from '../base/reasons.ts'
import { createHash } from 'node:crypto'
import { newId } from '../base/id.ts'
import type { StateOf } from '../base/machine.ts'
import { samePerson } from '../base/person.ts'
import type { Instant, World } from '../base/world.ts'
import { stateTable, forUpdate, remember, sql, type Reader, type Tx } from '../db/db.ts'
import { barFor, mayProposeNow, type ApproverRefusal, type Bar } from './approver.ts'
import { audit } from './audit.ts'
import { editedProposal } from './edited.ts'
import { proposalMachine } from './proposalStates.ts'

export { proposalMachine }
const proposals = stateTable('proposals', proposalMachine)

export type ProposalRow = {
  id: string
  /** Which of the acts in `jobs/proposals.ts`. */
  act: string
  /** What it is done to: an id or a name. */
  subject: string
  /** JSON of strings. */
  detail: string
  state: StateOf<typeof proposalMachine>
  why: string
  made_by: string
  decided_by: string | null
  decided_why: string | null
  added_at: Instant
  changed_at: Instant
}

export interface NewProposal {
  act: string
  subject: string
  detail: Readonly<Record<string, string>>
  why: string
  by: string
}

export type Proposed = ProposalMade | CannotPropose

/** `there`: the same one is open already, made by the same person. */
export type ProposalMade = { is: 'proposed'; proposal: ProposalRow } | { is: 'there'; proposal: ProposalRow }

/** Another one is open for the same, or whoever proposes is objected to. */
export type CannotPropose = ProposalRefusal | ApproverRefusal

/** Another one is open for the same act on the same thing: it is decided first. */
export interface ProposalRefusal {
  is: 'another'
  proposal: ProposalRow
}

export const detailOf = ({ detail }: Pick<ProposalRow, 'detail'>) =>
  JSON.parse(detail) as Record<string, string>

export const findProposal = (reader: Reader, id: string) =>
  reader.one<ProposalRow>(sql`select * from proposals where store_id = ${reader.store} and id = ${id}`)

/** Whosever it is: what the audit log names is looked for by whoever works, for every store. */
export const proposalOfAny = (reader: Reader, id: string) =>
  reader.one<ProposalRow>(sql`select * from proposals where id = ${id}`)

/** The open proposal for an act on a thing, if there is one. */
export const openProposal = (reader: Reader, act: string, subject: string) =>
  reader.one<ProposalRow>(
    sql`select * from proposals where store_id = ${reader.store} and act = ${act} and subject = ${subject}
      and state = 'open'`,
  )

export async function openProposalCount(reader: Reader): Promise<number> {
  const row = await reader.one<{ count: bigint }>(
    sql`select count(*) as count from proposals where store_id = ${reader.store} and state = 'open'`,
  )
  return Number(row!.count)
}

/**
 * Makes a proposal that another person has to approve. Made twice by one person, it is one. Refused where
 * somebody objects to who makes it.
 */
export async function propose(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  { act, subject, detail, why, by }: NewProposal,
): Promise<Proposed> {
  const refusal = await mayProposeNow(tx, by)
  if (refusal) return refusal
  const text = JSON.stringify(detail)
  const there = await openProposal(tx, act, subject)
  if (there)
    return samePerson(there.made_by, by) && there.detail === text
      ? { is: 'there', proposal: there }
      : { is: 'another', proposal: there }
  const id = newId('proposal', world)
  const now = await tx.now()
  await tx.run(sql`
    insert into proposals (id, store_id, act, subject, detail, state, why, made_by, added_at, changed_at)
    values (${id}, ${tx.store}, ${act}, ${subject}, ${text}, 'open', ${why}, ${by}, ${now}, ${now})`)
  await remember(tx, 'proposals', id, '', 'open', { why: because('proposed-by', { by }) }, now)
  await audit(tx, {
    actor: by,
    act: 'proposal made',
    subject: id,
    detail: { act, about: subject, ...detail, why },
  })
  return { is: 'proposed', proposal: (await findProposal(tx, id))! }
}

export type ProposalDecision =
  | { is: 'approved' | 'refused' | 'withdrawn'; proposal: ProposalRow }
  | { is: 'unknown' }
  /**
   * `own`: who approves made it. `decided`: it is open no longer. `changed`: it is not what the approver was
   * shown.
   */
  | { is: 'own' | 'decided' | 'changed'; proposal: ProposalRow }
  /** Whoever approves may not, now or at all. */
  | { is: 'barred'; by: string; bar: Bar; proposal: ProposalRow }

export interface Approver {
  by: string
  /** The digest of what was shown, where a page showed it. */
  seen?: string | undefined
  /** Keeps the statement of the approval; what it answers stands in the record. */
  state?: (tx: Tx, proposal: ProposalRow) => Promise<Readonly<Record<string, string>>>
}

/** Why somebody may not approve it as it is. */
export function mayApprove(
  proposal: ProposalRow,
  { by, seen }: Approver,
): 'decided' | 'own' | 'changed' | undefined {
  if (proposal.state !== 'open') return 'decided'
  if (samePerson(proposal.made_by, by)) return 'own'
  return seen !== undefined && seen !== digestOfProposal(proposal) ? 'changed' : undefined
}

/** Approves a proposal; what it is for has to be done in the same transaction. */
export async function approve(tx: Tx, id: string, approver: Approver): Promise<ProposalDecision> {
  const proposal = await locked(tx, id)
  if (!proposal) return { is: 'unknown' }
  const refusal = mayApprove(proposal, approver)
  if (refusal !== undefined) return { is: refusal, proposal }
  const edited = await editedProposal(tx, proposal)
  const bar: Bar | undefined = edited
    ? { is: 'edited', edited }
    : await barFor(tx, approver.by, await tx.now(), proposal.made_by)
  if (bar) return { is: 'barred', by: approver.by, bar, proposal }
  return {
    is: 'approved',
    proposal: await decide(tx, proposal, 'approved', approver.by, '', await approver.state?.(tx, proposal)),
  }
}

/** Ends a proposal undone: by whoever made it, it is withdrawn; by anybody else, refused. */
export async function refuse(
  tx: Tx,
  id: string,
  { by, why }: { by: string; why: string },
): Promise<ProposalDecision> {
  const proposal = await locked(tx, id)
  if (!proposal) return { is: 'unknown' }
  if (proposal.state !== 'open') return { is: 'decided', proposal }
  const to = samePerson(proposal.made_by, by) ? 'withdrawn' : 'refused'
  return { is: to, proposal: await decide(tx, proposal, to, by, why) }
}

const locked = (tx: Tx, id: string) =>
  tx.one<ProposalRow>(sql`select * from proposals where id = ${id} ${forUpdate}`)

async function decide(
  tx: Tx,
  { id, act, subject, made_by: madeBy }: ProposalRow,
  to: 'approved' | 'refused' | 'withdrawn',
  by: string,
  why: string,
  stated: Readonly<Record<string, string>> = {},
): Promise<ProposalRow> {
  const set = [sql`decided_by = ${by}`, sql`decided_why = ${why === '' ? null : why}`]
  await proposals.move(tx, { id, state: 'open' }, to, { why: because('became-by', { state: to, by }) }, set)
  await audit(tx, {
    actor: by,
    act: `proposal ${to}`,
    subject: id,
    detail: { act, about: subject, madeBy, ...(why !== '' && { why }), ...stated },
  })
  return (await findProposal(tx, id))!
}

/** What an approval is of: everything that says what is done and who asked for it. */
export const digestOfProposal = ({ id, act, subject, detail, why, made_by, added_at }: ProposalRow): string =>
  createHash('sha256')
    .update(JSON.stringify([id, act, subject, detail, why, made_by, added_at]))
    .digest('base64url')
