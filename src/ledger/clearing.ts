/**
 * Ending objections: one person proposes it and another approves it, neither of whom the thing is. All that
 * are open end together, and only those that both were shown.
 */
import { BadInput } from '../base/answer.ts'
import { samePerson } from '../base/person.ts'
import type { World } from '../base/world.ts'
import { sql, type Reader, type Tx } from '../db/db.ts'
import { barFor, barSentence } from './approver.ts'
import { audit } from './audit.ts'
import { objectionsOf, type Objected, type Objection, type ObjectionKind } from './objection.ts'
import { detailOf, propose, type ProposalRow, type Proposed } from './proposal.ts'

export interface Clearing extends Objected {
  kind: ObjectionKind
  /** The act of the proposal. */
  act: string
  /** Whose it is: who added an account, changed a limit, or is objected to. */
  authors: readonly string[]
  /** Said to one of those. */
  refusal(by: string): string
}

/** Throws `BadInput` where `by` is one of those the thing is. */
function assertNotTheirs({ authors, refusal }: Clearing, by: string): void {
  if (authors.some(author => samePerson(author, by))) throw new BadInput(refusal(by))
}

/** The proposal lists each, so that whoever approves has read all of them. */
const listed = (objections: readonly Objection[]) => ({
  objection: objections.map(({ id, seq }) => id ?? `record ${seq}`).join(', '),
  objectedBy: objections.map(({ made_by: by }) => by).join(', '),
  because: objections.map(({ why }) => why).join('; '),
})

/** Proposes that the open objections end. Throws `BadInput` where there are none. */
export async function proposeClearing(
  tx: Tx,
  world: World,
  clearing: Clearing,
  { by, why }: { by: string; why: string },
): Promise<Proposed> {
  const { kind, act, id, name } = clearing
  assertNotTheirs(clearing, by)
  const there = await objectionsOf(tx, kind, id)
  if (there.length === 0) throw new BadInput(`nobody objects to ${name}`)
  return propose(tx, world, { act, subject: id, detail: { name, ...listed(there) }, why, by })
}

/** Ends them, in the transaction of the approval. */
export async function clearObjections(tx: Tx, clearing: Clearing, proposal: ProposalRow): Promise<void> {
  const { kind, id, name } = clearing
  const { id: proposalId, made_by: madeBy, decided_by: by, why } = proposal
  assertNotTheirs(clearing, by!)
  await assertIndependent(tx, clearing, by!)
  const there = await objectionsOf(tx, kind, id)
  if (there.length === 0) throw new BadInput(`nobody objects to ${name} any more`)
  const shown = detailOf(proposal)
  const now = listed(there)
  const isShown = shown['objectedBy'] === now.objectedBy && shown['because'] === now.because
  if (!isShown)
    throw new BadInput(
      `${now.objectedBy} objects to ${name} by now, and not only who did when this was proposed: refuse it and propose it again`,
    )
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
    if (bar?.is === 'one giver') throw new BadInput(barSentence(by, bar))
  }
}
