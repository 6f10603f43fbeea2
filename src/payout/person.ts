/**
 * What a person does to a payout: hold it, release it, try it again. Each act has a reason and is in the
 * audit log.
 */
import { because, type Reason } from '../base/reasons.ts'
import { said, type Proof } from '../approvals/approvals.ts'
import { audit, mayApproveNow } from '../ledger/ledger.ts'
import { setWhy, remember, sql, type Db, type Tx } from '../db/db.ts'
import type { Instant } from '../base/world.ts'
import type { AccountRow } from './account.ts'
import { approvingRelease, stateAct } from './asSet.ts'
import { answering, refuse, refuseIf, type PayoutRefusal } from './refusals.ts'
import { findPayout, type PayoutRow } from './row.ts'
import { mayHold, mayRelease, mayRetry, payoutFacts, type PayoutFacts } from './rules.ts'
import { payouts } from './tables.ts'

export interface Act {
  by: string
  why: string
  /** How a release or retry is proven. */
  proof?: Proof
}

export type PayoutDone = { is: 'done'; payout: PayoutRow } | PayoutRefusal

/** Keeps one from being sent; one that the program holds for a while stays held from then on. */
export const holdPayout = (db: Db, id: string, { by, why }: Act): Promise<PayoutDone> =>
  answering(() =>
    db.tx(async tx => {
      const facts = await factsOf(tx, id)
      refuseIf(mayHold(facts))
      if (facts.goesOn) await keepHeld(tx, facts.payout, { by, why })
      else await moveTo(tx, facts.payout, 'held', { by, why }, await tx.now())
      return audited(tx, facts.payout, 'payout held', { by, why })
    }),
  )

/** Lets a held payout go: one that is not above zero stays. */
export const releasePayout = (db: Db, id: string, act: Act): Promise<PayoutDone> =>
  letGoOn(db, id, act, mayRelease)

/** Tries again what waits or came back. */
export const retryPayout = (db: Db, id: string, act: Act): Promise<PayoutDone> =>
  letGoOn(db, id, act, mayRetry)

/** What an owed payout waits for besides its turn: derived from its account, so that it is never stale. */
export function waitsFor(
  { state }: Pick<PayoutRow, 'state'>,
  account: Pick<AccountRow, 'name' | 'state'>,
): Reason | undefined {
  if ((state !== 'owed' && state !== 'waiting') || account.state === 'approved') return undefined
  return because(account.state === 'closed' ? 'account-closed-since' : 'account-awaits', {
    account: account.name,
  })
}

const letGoOn = (
  db: Db,
  id: string,
  { by, why, proof = said }: Act,
  rule: (facts: PayoutFacts, now: Instant) => PayoutRefusal | undefined,
): Promise<PayoutDone> =>
  answering(() =>
    db.tx(async tx => {
      const facts = await factsOf(tx, id)
      const { payout } = facts
      const now = await tx.now()
      refuseIf(rule(facts, now))
      refuseIf(await mayApproveNow(tx, by, now))
      if (payout.state === 'owed')
        await tx.run(sql`update payouts set next_at = ${now}, waits = 0 where id = ${id} and state = 'owed'`)
      else await moveTo(tx, payout, 'owed', { by, why }, now)
      const stated = await stateAct(tx, approvingRelease(payout), why, by, proof)
      return audited(tx, payout, 'payout released', { by, why }, stated)
    }),
  )

async function factsOf(tx: Tx, id: string): Promise<PayoutFacts> {
  const payout = await findPayout(tx, id)
  return payout ? payoutFacts(tx, payout) : refuse({ is: 'payout-unknown', id })
}

async function moveTo(
  tx: Tx,
  payout: PayoutRow,
  to: 'held' | 'owed',
  { by, why }: Act,
  now: Instant,
): Promise<void> {
  await payouts.move(tx, payout, to, { why: because('said-by', { by, said: why }) }, [
    sql`next_at = ${now}`,
    setWhy(to === 'held' ? because('said', { said: why }) : null),
    sql`tries = 0`,
    sql`waits = 0`,
  ])
}

async function audited(
  tx: Tx,
  { id, state: from }: PayoutRow,
  act: 'payout held' | 'payout released',
  { by, why }: Act,
  stated: Readonly<Record<string, string>> = {},
): Promise<PayoutDone> {
  await audit(tx, { actor: by, act, subject: id, detail: { from, why, ...stated } })
  return { is: 'done', payout: (await findPayout(tx, id))! }
}

/** From now on it is a person's hold, which nothing but a release ends. */
async function keepHeld(
  tx: Tx,
  { id, invoice_id: invoiceId, why: before }: PayoutRow,
  { by, why }: Act,
): Promise<void> {
  await tx.run(sql`update invoice_reversals set holds_payout = 0 where invoice_id = ${invoiceId}`)
  const kept = await tx.run(
    sql`update payouts set ${setWhy(because('said', { said: why }))} where id = ${id}
        and state = 'held' and why = ${before}`,
  )
  if (kept !== 1) refuse({ is: 'payout-changed', id })
  await remember(
    tx,
    'payouts',
    id,
    'held',
    'held',
    { why: because('said-by', { by, said: why }) },
    await tx.now(),
  )
}
