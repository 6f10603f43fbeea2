/** The installation’s hold: one switch that keeps every payout back, turned by a person or by a restore. */
import { said, type Proof } from '../approvals/approvals.ts'
import { because, type Reason } from '../base/reasons.ts'
import { audit, mayApproveNow } from '../ledger/ledger.ts'
import { join, sql, type Reader, type Db } from '../db/db.ts'
import { approvingGo, stateAct } from './asSet.ts'
import { answering, refuse, refuseIf, type PayoutRefusal } from './refusals.ts'
import { holdsOf, joined, lockHolds, stopPayouts, type HoldRow } from './stops.ts'

export interface Hold {
  /** Every reason, in words. */
  why: string
  /** Of the newest: a person's name, or that it was the program. */
  by: string
  /** Each reason, the newest first. */
  reasons: HoldRow[]
}

export const theProgram = 'the program'

/**
 * A restore stops every payout until `letGo`. What stops them already stays, so that no reason is lost.
 */
export async function holdAll(db: Db, why: Reason, by: string, act: 'restored'): Promise<void> {
  await db.tx(async tx => {
    await stopPayouts(tx, why, by)
    await audit(tx, { actor: by, act, subject: 'payouts', detail: { why: joined(await holdsOf(tx)) } })
  })
}

/** A person's stop: refused where there is one, because its reason is what has to be mended first. */
export const stopAll = (db: Db, words: string, by: string): Promise<{ is: 'done' } | PayoutRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const before = await holdOf(tx)
      if (before) return refuse({ is: 'stopped-already', by: before.by, why: before.why })
      const why = because('stopped-by-person', { by, said: words })
      await stopPayouts(tx, why, by)
      await audit(tx, {
        actor: by,
        act: 'payouts stopped',
        subject: 'payouts',
        detail: { why: why.toString() },
      })
      return { is: 'done' } as const
    }),
  )

/**
 * Ends a hold, whoever set it, for the reasons that were looked at; one that came since stays. Answers what
 * was let go. What the books or the bank's balance stop is not a person's to let go.
 */
export const letGo = (
  db: Db,
  why: string,
  by: string,
  isSeen: (reason: HoldRow) => boolean = () => true,
  proof: Proof = said,
): Promise<{ is: 'done'; gone: Hold } | PayoutRefusal> =>
  answering(() =>
    db.tx(async tx => {
      await lockHolds(tx)
      const gone = toHold((await holdsOf(tx)).filter(isSeen))
      if (!gone) return refuse({ is: 'nothing-to-let-go' })
      refuseIf(await mayApproveNow(tx, by, await tx.now()))
      await tx.run(sql`delete from holds where seq in (${join(gone.reasons.map(({ seq }) => seq))})`)
      const detail = { why, held: gone.why, heldBy: gone.by }
      const stated = await stateAct(tx, approvingGo(gone), why, by, proof)
      await audit(tx, {
        actor: by,
        act: 'payouts let go',
        subject: 'payouts',
        detail: { ...detail, ...stated },
      })
      return { is: 'done', gone } as const
    }),
  )

const toHold = (reasons: HoldRow[]): Hold | undefined =>
  reasons[0] && { why: joined(reasons), by: reasons[0].held_by ?? theProgram, reasons }

/** What people have to let go; undefined where that is nothing. */
export const holdOf = async (reader: Reader): Promise<Hold | undefined> => toHold(await holdsOf(reader))
