/**
 * Importing: what a person hands back signed is held against what was asked, output by output, and against
 * the signing policy.
 */
import { because } from '../../base/reasons.ts'
import { BadInput } from '../../base/answer.ts'
import { assertMayApprove, audit } from '../../ledger/ledger.ts'
import type { ChainRail } from '../../rails/chain.ts'
import { faultOf, sql, type Db } from '../../db/db.ts'
import { latestOf, readPlan, type CandidateRow } from './bundle.ts'
import { isCancellation, isCanceling } from './cancel.ts'
import { keepSigned, takeTurnToSign } from './sign.ts'
import { chainUnread, unreadSentence } from './unread.ts'

/** What is wrong with what was handed back; the message is the command line's. */
export type ImportFault = 'none-waits' | 'incomplete' | 'wrong' | 'replaced'
export class NotImported extends BadInput {
  readonly fault: ImportFault
  constructor(fault: ImportFault, message: string) {
    super(message)
    this.fault = fault
  }
}

/** `already`: it had been signed or mined before, and nothing changed. */
export interface Imported {
  bundleId: string
  txid: string
  already: boolean
}

/**
 * Takes a PSBT (base64 or hex) or a raw transaction and keeps its bytes; sending is the worker's, and while
 * payouts are stopped it waits. Throws `BadInput` on what is not a transaction that waits for a signature,
 * whole and allowed.
 */
export async function importSigned(db: Db, rail: ChainRail, text: string, by: string): Promise<Imported> {
  const known = await db.all<CandidateRow>(sql`
    select c.* from bundle_candidates c join bundles b on b.id = c.bundle_id where (b.state <> 'paid'
      and b.state <> 'void') or c.state = 'mined'
    order by case when c.state = 'planned' then 0 else 1 end, c.added_at desc, c.id limit ${maxKnown}`)
  const read = known.map(candidate => ({ candidate, signed: heldAgainst(rail, text, candidate) }))
  const match = read.find(({ signed }) => signed.is === 'signed')
  if (match?.signed.is !== 'signed') throw refusal(read)

  const { candidate, signed } = match
  const imported = { bundleId: candidate.bundle_id, txid: candidate.id }
  return db.tx(async tx => {
    await takeTurnToSign(tx)
    const current = (await tx.one<CandidateRow>(
      sql`select * from bundle_candidates where id = ${candidate.id}`,
    ))!
    // Whoever signed it may have sent it too, and then a block has it.
    if (current.raw !== null || current.state === 'mined') return { ...imported, already: true }
    if (current.state === 'replaced')
      throw new NotImported(
        'replaced',
        `${candidate.id} is needed no more: another transaction of bundle ${candidate.bundle_id} was mined in its place`,
      )
    if (!isCancellation(current) && (await isCanceling(tx, current.bundle_id)))
      throw new BadInput(
        `bundle ${current.bundle_id} is being canceled: what is to be signed is ${(await latestOf(tx, current.bundle_id)).id}`,
      )
    await assertMayApprove(tx, by, await tx.now())
    const unread = await chainUnread(tx)
    if (unread !== undefined) throw new BadInput(unreadSentence(unread))
    const against = await keepSigned(tx, rail, current, signed, because('handed-back-signed', { by }))
    if (against !== undefined) throw new BadInput(against)
    await audit(tx, {
      actor: by,
      act: 'bundle signed',
      subject: candidate.bundle_id,
      detail: { txid: candidate.id },
    })
    return { ...imported, already: false }
  }, 'locks')
}

const maxKnown = 200

/** A row that cannot be read any more is no reason to take in none of the others. */
function heldAgainst(
  rail: ChainRail,
  text: string,
  { plan }: CandidateRow,
): ReturnType<ChainRail['readSigned']> {
  try {
    return rail.readSigned(text, readPlan(plan))
  } catch (error) {
    return { is: 'wrong', why: `what was asked cannot be read any more: ${faultOf(error)}` }
  }
}

function refusal(
  read: { candidate: CandidateRow; signed: ReturnType<ChainRail['readSigned']> }[],
): NotImported {
  const partly = read.find(({ signed }) => signed.is === 'incomplete')
  if (partly)
    return new NotImported(
      'incomplete',
      `it is the transaction of bundle ${partly.candidate.bundle_id}, but not every input is signed: have it signed by all its keys`,
    )
  const asked = read.filter(({ candidate }) => candidate.state === 'planned')
  if (asked.length === 0)
    return new NotImported(
      'none-waits',
      'no bundle waits for a signature: "repasse bitcoin psbt list" shows those that do',
    )
  const whys = asked.map(
    ({ candidate, signed }) => `  ${candidate.bundle_id}: ${signed.is === 'wrong' ? signed.why : ''}`,
  )
  return new NotImported('wrong', `it is not what was asked for:\n${whys.join('\n')}`)
}
