/** The installation’s hold: one switch that keeps every payout back, turned by a person or by a restore. */
import { createHash } from 'node:crypto'
import { said, type Proof } from '../approvals/approvals.ts'
import { audit, mayApproveNow } from '../ledger/ledger.ts'
import { forUpdate, sql, type Reader, type Db } from '../db/db.ts'
import { approvingGo, stateAct } from './asSet.ts'
import { answering, refuse, refuseIf, type PayoutRefusal } from './refusals.ts'
import { beforeThat, eachReason } from './row.ts'

export interface Hold {
  why: string
  /** A person's name, or that it was the program. */
  by: string
}

export const theProgram = 'the program'

/**
 * A restore stops every payout until `letGo`. Where they are stopped already, both reasons stand, so that
 * none is lost.
 */
export async function holdAll(db: Db, why: string, by: string, act: 'restored'): Promise<void> {
  await db.tx(async tx => {
    const before = await holdOf(tx)
    const now = before ? `${why}${beforeThat}${before.why}` : why
    await tx.run(
      sql`insert into settings (name, value) values ('hold', ${now}) on conflict (name) do update
        set value = excluded.value`,
    )
    await audit(tx, { actor: by, act, subject: 'payouts', detail: { why: now } })
  })
}

/** A person's stop: refused where one stands, because its reason is what has to be mended first. */
export const stopAll = (db: Db, why: string, by: string): Promise<{ is: 'done' } | PayoutRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const before = await holdOf(tx)
      if (before) return refuse({ is: 'stopped-already', by: before.by, why: before.why })
      await tx.run(sql`insert into settings (name, value) values ('hold', ${why})`)
      await audit(tx, { actor: by, act: 'payouts stopped', subject: 'payouts', detail: { why } })
      return { is: 'done' } as const
    }),
  )

/** Each reason of a hold, the newest first. */
export const reasonsOf = (hold: Hold): string[] => eachReason(hold)

/** A reason in few letters, for a form to say that it was shown. */
export const markOf = (reason: string): string =>
  createHash('sha256').update(reason).digest('base64url').slice(0, 16)

/**
 * Ends a hold, whoever set it, for the reasons that were looked at; one that came since stays. Answers what
 * was let go. What the books or the bank's balance stop is not a person's to let go.
 */
export const letGo = (
  db: Db,
  why: string,
  by: string,
  isSeen: (reason: string) => boolean = () => true,
  proof: Proof = said,
): Promise<{ is: 'done'; gone: Hold } | PayoutRefusal> =>
  answering(() =>
    db.tx(async tx => {
      await tx.one(sql`select value from settings where name = 'hold' ${forUpdate}`)
      const hold = await holdOf(tx)
      const reasons = hold ? reasonsOf(hold) : []
      const [seen, unseen] = [reasons.filter(isSeen), reasons.filter(reason => !isSeen(reason))]
      if (!hold || seen.length === 0) return refuse({ is: 'nothing-to-let-go' })
      refuseIf(await mayApproveNow(tx, by, await tx.now()))
      if (unseen.length === 0) await tx.run(sql`delete from settings where name = 'hold'`)
      else await tx.run(sql`update settings set value = ${unseen.join(beforeThat)} where name = 'hold'`)
      const gone = { ...hold, why: seen.join(beforeThat) }
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

/**
 * A person's hold is in the audit log under the same words; what the program saw and stopped for is not an
 * act of a person.
 */
export async function holdOf(tx: Reader): Promise<Hold | undefined> {
  const row = await tx.one<{ value: string }>(sql`select value from settings where name = 'hold'`)
  if (!row) return undefined
  const last = await tx.one<{ actor: string; detail: string }>(sql`
    select actor, detail from audit where subject = 'payouts' and act in ('payouts stopped', 'restored')
      order by seq desc limit 1`)
  const said = last && (JSON.parse(last.detail) as { why?: string }).why
  return { why: row.value, by: last && said === row.value ? last.actor : theProgram }
}
