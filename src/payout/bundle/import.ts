/**
 * Importing: what a person hands back signed is held against what was asked, output by output, and against
 * the signing policy.
 */
import { because } from '../../base/reasons.ts'
import { audit, mayApproveNow } from '../../ledger/ledger.ts'
import type { ChainRail } from '../../rails/chain.ts'
import { faultOf, sql, type Db } from '../../db/db.ts'
import { latestOf, readPlan, type CandidateRow } from './bundle.ts'
import { isCancellation, isCanceling } from './cancel.ts'
import { keepSigned, takeTurnToSign } from './sign.ts'
import { answering, refuse, refuseIf, type PayoutRefusal } from '../refusals.ts'
import type { ImportRefusal } from './refusals.ts'
import { chainUnread } from './unread.ts'

/** `already`: it had been signed or mined before, and nothing changed. */
export interface Imported {
  is: 'imported'
  bundleId: string
  txid: string
  already: boolean
}

/**
 * Takes a PSBT (base64 or hex) or a raw transaction and keeps its bytes; sending is the worker's, and while
 * payouts are stopped it waits. Refused is what is no transaction that waits for a signature, whole and
 * allowed.
 */
export async function importSigned(
  db: Db,
  rail: ChainRail,
  text: string,
  by: string,
): Promise<Imported | PayoutRefusal> {
  const known = await db.all<CandidateRow>(sql`
    select c.* from bundle_candidates c join bundles b on b.id = c.bundle_id where (b.state <> 'paid'
      and b.state <> 'void') or c.state = 'mined'
    order by case when c.state = 'planned' then 0 else 1 end, c.added_at desc, c.id limit ${maxKnown}`)
  const read = known.map(candidate => ({ candidate, signed: heldAgainst(rail, text, candidate) }))
  const match = read.find(({ signed }) => signed.is === 'signed')
  if (match?.signed.is !== 'signed') return refusalOf(read)

  const { candidate, signed } = match
  const imported = { is: 'imported' as const, bundleId: candidate.bundle_id, txid: candidate.id }
  return answering(() =>
    db.tx(async tx => {
      await takeTurnToSign(tx)
      const current = (await tx.one<CandidateRow>(
        sql`select * from bundle_candidates where id = ${candidate.id}`,
      ))!
      // Whoever signed it may have sent it too, and then a block has it.
      if (current.raw !== null || current.state === 'mined') return { ...imported, already: true }
      if (current.state === 'replaced')
        refuse({ is: 'signed-replaced', txid: candidate.id, bundle: candidate.bundle_id })
      if (!isCancellation(current) && (await isCanceling(tx, current.bundle_id)))
        refuse({
          is: 'signed-canceled',
          bundle: current.bundle_id,
          txid: (await latestOf(tx, current.bundle_id)).id,
        })
      refuseIf(await mayApproveNow(tx, by, await tx.now()))
      const unread = await chainUnread(tx)
      if (unread !== undefined) refuse({ is: 'chain-unread', unread })
      const against = await keepSigned(tx, rail, current, signed, because('handed-back-signed', { by }))
      if (against) refuse({ is: 'not-signed', against })
      await audit(tx, {
        actor: by,
        act: 'bundle signed',
        subject: candidate.bundle_id,
        detail: { txid: candidate.id },
      })
      return { ...imported, already: false }
    }, 'locks'),
  )
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
    return { is: 'wrong', fault: { is: 'plan-unreadable', said: faultOf(error) } }
  }
}

function refusalOf(
  read: { candidate: CandidateRow; signed: ReturnType<ChainRail['readSigned']> }[],
): ImportRefusal {
  const partly = read.find(({ signed }) => signed.is === 'incomplete')
  if (partly) return { is: 'signed-in-part', bundle: partly.candidate.bundle_id }
  const asked = read.filter(({ candidate }) => candidate.state === 'planned')
  if (asked.length === 0) return { is: 'nothing-to-sign' }
  return {
    is: 'signed-another',
    faults: asked.flatMap(({ candidate, signed }) =>
      signed.is === 'wrong' ? [{ bundle: candidate.bundle_id, fault: signed.fault }] : [],
    ),
  }
}
