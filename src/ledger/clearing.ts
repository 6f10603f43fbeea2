/**
 * Ending objections: one person proposes it and another approves it, neither of whom the thing is. All that
 * are open end together, and only those that both were shown.
 */
import { samePerson } from '../base/person.ts'
import { refusing } from '../base/refusal.ts'
import type { World } from '../base/world.ts'
import { sql, type Reader, type Tx } from '../db/db.ts'
import { barFor, type ApproverRefusal } from './approver.ts'
import { audit } from './audit.ts'
import { objectionsOf, type Objected, type Objection, type ObjectionKind } from './objection.ts'
import { detailOf, propose, type ProposalRefusal, type ProposalRow, type Proposed } from './proposal.ts'

export interface Clearing extends Objected {
  kind: ObjectionKind
  /** The act of the proposal. */
  act: string
  /** Whose it is: who added an account, changed a limit, or is objected to. */
  authors: readonly string[]
  about: 'account' | 'limits' | 'person'
}

export type ClearingRefusal =
  /** Whose the thing is clears no objection to it. */
  | { is: 'objection-to-own'; by: string; about: Clearing['about']; name: string }
  | { is: 'no-objection'; name: string }
  /** `by`: everybody who objects by now. */
  | { is: 'objections-changed'; name: string; by: string }

/** What acts of every room may answer. */
export type LedgerRefusal = ApproverRefusal | ClearingRefusal | ProposalRefusal

const { refuse } = refusing<ClearingRefusal | ApproverRefusal>()

/** Refuses where `by` is one of those the thing is. */
function assertNotTheirs({ authors, about, name }: Clearing, by: string): void {
  if (authors.some(author => samePerson(author, by))) refuse({ is: 'objection-to-own', by, about, name })
}

/** The proposal lists each, so that whoever approves has read all of them. */
const listed = (objections: readonly Objection[]) => ({
  objection: objections.map(({ id, seq }) => id ?? `record ${seq}`).join(', '),
  objectedBy: objections.map(({ made_by: by }) => by).join(', '),
  because: objections.map(({ why }) => why).join('; '),
})

/** Proposes that the open objections end; refused where there are none. */
export async function proposeClearing(
  tx: Tx,
  world: World,
  clearing: Clearing,
  { by, why }: { by: string; why: string },
): Promise<Proposed> {
  const { kind, act, id, name } = clearing
  assertNotTheirs(clearing, by)
  const there = await objectionsOf(tx, kind, id)
  if (there.length === 0) refuse({ is: 'no-objection', name })
  return propose(tx, world, { act, subject: id, detail: { name, ...listed(there) }, why, by })
}

/** Ends them, in the transaction of the approval. */
export async function clearObjections(tx: Tx, clearing: Clearing, proposal: ProposalRow): Promise<void> {
  const { kind, id, name } = clearing
  const { id: proposalId, made_by: madeBy, decided_by: by, why } = proposal
  assertNotTheirs(clearing, by!)
  await assertIndependent(tx, clearing, by!)
  const there = await objectionsOf(tx, kind, id)
  if (there.length === 0) refuse({ is: 'no-objection', name })
  const shown = detailOf(proposal)
  const now = listed(there)
  const isShown = shown['objectedBy'] === now.objectedBy && shown['because'] === now.because
  if (!isShown) refuse({ is: 'objections-changed', name, by: now.objectedBy })
  const clearedBy = `${madeBy} and ${by}: ${why}`
  await tx.run(
    sql`update ${kind.table} set cleared_at = ${await tx.now()}, cleared_by = ${clearedBy}
      where ${kind.of} = ${id} and cleared_at is null`,
  )
  const detail = { name, objectedBy: now.objectedBy, proposedBy: madeBy, proposal: proposalId, why }
  await audit(tx, { actor: by!, act: kind.cleared, subject: id, detail })
}

/**
 * Who approves may be nobody whom an author let in, or who let the author in: they could be one person, as
 * where an account is approved.
 */
async function assertIndependent(
  reader: Reader & Pick<Tx, 'now'>,
  { authors }: Clearing,
  by: string,
): Promise<void> {
  for (const author of authors) {
    const bar = await barFor(reader, by, await reader.now(), author)
    if (bar?.is === 'one giver') refuse({ is: 'barred', by, bar })
  }
}
