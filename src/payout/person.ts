/**
 * What a person does to a payout: hold it, release it, try it again. Each act has a reason and is in the
 * audit log.
 */
import { said, type Proof } from '../approvals/approvals.ts'
import { BadInput } from '../base/answer.ts'
import { isOnChain } from '../base/rails.ts'
import { assertMayApprove, audit } from '../ledger/ledger.ts'
import { remember, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import type { AccountRow } from './account.ts'
import { approvingRelease, stateAct } from './asSet.ts'
import { orphanedWhy } from './bundle/owe.ts'
import { isRefund } from './bundle/refund.ts'
import { reversalOf } from './rightSize.ts'
import { attemptsOf, findPayout, mayGoOut, type AttemptRow, type PayoutRow } from './row.ts'
import type { PayoutState } from './states.ts'
import { payouts } from './tables.ts'

export interface Act {
  by: string
  why: string
  /** How a release or retry is proven. */
  proof?: Proof
}

/** Keeps one from being sent; one that the program holds for a while stays held from then on. */
export const holdPayout = (db: Db, id: string, act: Act) => actOn(db, id, act, 'held', ['owed', 'waiting'])

/**
 * Whether the program holds it for a while and will let it go on by itself: its payment may be going back, or
 * left the chain.
 */
async function goesOnByItself(
  reader: Reader,
  { state, why, invoice_id: invoiceId }: PayoutRow,
): Promise<boolean> {
  return (
    state === 'held' && (why === orphanedWhy || (await reversalOf(reader, invoiceId))?.holds_payout === 1n)
  )
}

export const mayBeHeld = async (reader: Reader, payout: PayoutRow): Promise<boolean> =>
  payout.state === 'owed' || payout.state === 'waiting' || goesOnByItself(reader, payout)

/** Lets a held payout go: one that is not above zero stays. */
export const releasePayout = (db: Db, id: string, act: Act) => actOn(db, id, act, 'owed', ['held'])

/** Tries again what waits or came back. */
export const retryPayout = (db: Db, id: string, act: Act) =>
  actOn(db, id, act, 'owed', ['waiting', 'held', 'returned', 'owed'], async (payout, tx) => {
    if (payout.state !== 'owed' || payout.next_at > (await tx.now())) return
    const account = (await tx.one<AccountRow>(sql`select * from accounts where id = ${payout.account_id}`))!
    throw new BadInput(
      `payout ${id} is owed, so there is nothing to retry: it ${waitsFor(payout, isRefund(payout) ? { ...account, state: 'approved' } : account) ?? 'is sent by itself as soon as "repasse serve" may'}`,
    )
  })

/** What an owed payout waits for besides its turn: derived from its account, so that it is never stale. */
export function waitsFor(
  { state }: Pick<PayoutRow, 'state'>,
  account: Pick<AccountRow, 'name' | 'state'>,
): string | undefined {
  if ((state !== 'owed' && state !== 'waiting') || account.state === 'approved') return undefined
  return account.state === 'closed'
    ? `cannot be sent, for account ${account.name} is closed`
    : `waits for the approval of account ${account.name}`
}

async function actOn(
  db: Db,
  id: string,
  { by, why, proof = said }: Act,
  to: 'held' | 'owed',
  from: PayoutState[],
  check?: (payout: PayoutRow, tx: Tx) => void | Promise<void>,
): Promise<PayoutRow> {
  return db.tx(async tx => {
    const payout = await findPayout(tx, id)
    if (!payout) throw new BadInput(`there is no payout "${id}": "repasse payout list" shows them`)
    const isKept = to === 'held' && (await goesOnByItself(tx, payout))
    if (!isKept && !from.includes(payout.state))
      throw new BadInput(
        `payout ${id} is ${payout.state}${await bundleSays(tx, payout)}: this is for one that is ${from.join(' or ')}`,
      )
    await check?.(payout, tx)
    if (to === 'owed') {
      await assertMayApprove(tx, by, await tx.now())
      const refusal = mayGoOut(payout)
      if (refusal !== undefined) throw new BadInput(`payout ${id} cannot go out, for ${refusal}`)
      await assertStays(tx, payout)
      await assertDead(tx, payout)
      await assertThere(tx, payout)
    }
    const now = await tx.now()
    if (isKept) await keepHeld(tx, payout, { by, why })
    else if (payout.state === to)
      await tx.run(sql`update payouts set next_at = ${now}, waits = 0 where id = ${id} and state = ${to}`)
    else
      await payouts.move(tx, { id, state: payout.state }, to, { why: `${by}: ${why}` }, [
        sql`next_at = ${now}`,
        sql`why = ${to === 'held' ? why : null}`,
        sql`tries = 0`,
        sql`waits = 0`,
      ])
    const stated = to === 'held' ? {} : await stateAct(tx, approvingRelease(payout), why, by, proof)
    await audit(tx, {
      actor: by,
      act: to === 'held' ? 'payout held' : 'payout released',
      subject: id,
      detail: { from: payout.state, why, ...stated },
    })
    return (await findPayout(tx, id))!
  })
}

/** From now on it is a person's hold, which nothing but a release ends. */
async function keepHeld(
  tx: Tx,
  { id, invoice_id: invoiceId, why: before }: PayoutRow,
  { by, why }: Act,
): Promise<void> {
  await tx.run(sql`update invoice_reversals set holds_payout = 0 where invoice_id = ${invoiceId}`)
  if (
    (await tx.run(
      sql`update payouts set why = ${why} where id = ${id} and state = 'held' and why = ${before}`,
    )) !== 1
  )
    throw new BadInput(`payout ${id} has just changed: look again`)
  await remember(tx, 'payouts', id, 'held', 'held', { why: `${by}: ${why}` }, await tx.now())
}

/** A transaction pays it among others, and what was planned or signed cannot be unsaid for one of them. */
async function bundleSays(tx: Tx, { id, state }: PayoutRow): Promise<string> {
  const last = (await attemptsOf(tx, id)).at(-1)
  if (!last || last.bundle_id === null || !['sending', 'unsure', 'sent'].includes(state)) return ''
  const bundle = (await tx.one<{ state: string }>(
    sql`select state from bundles where id = ${last.bundle_id}`,
  ))!
  const stop =
    bundle.state === 'planned' || bundle.state === 'signed'
      ? ', and only "repasse payout stop" keeps that from going out'
      : ''
  return ` in bundle ${last.bundle_id}, whose transaction is ${bundle.state} and pays it with others${stop}`
}

/**
 * While its payer may be getting money back nothing is let go: it goes on by itself, of what is left, when
 * the bank has said what became of that.
 */
export async function assertStays(tx: Tx, { id, invoice_id: invoiceId }: PayoutRow): Promise<void> {
  if ((await reversalOf(tx, invoiceId))?.under_way_since == null) return
  throw new BadInput(
    `payout ${id} passes on a payment that may be going back to its payer: it goes on by itself, of what is left, when the bank says what became of that`,
  )
}

/** What came on a chain and left it again is not there to be passed on. */
export async function assertThere(tx: Tx, { id }: PayoutRow): Promise<void> {
  const gone = await tx.one<{ id: string; state: string }>(
    sql`
      select id, state from coins
      where (payout_id = ${id} or id in (select coin_id from coin_refunds where payout_id = ${id}))
        and state <> 'mined' order by id limit 1`,
  )
  if (gone)
    throw new BadInput(
      `payout ${id} passes on the payment ${gone.id}, which is ${gone.state} and in no block: it goes on by itself when the payment is back`,
    )
}

/** The order that may still pay it, or did; there is one at most. */
export const liveOrderOf = async (reader: Reader, payoutId: string): Promise<AttemptRow | undefined> =>
  (await attemptsOf(reader, payoutId)).find(({ state }) =>
    ['sending', 'unsure', 'sent', 'success'].includes(state),
  )

export async function assertDead(tx: Tx, payout: PayoutRow): Promise<void> {
  const live = await liveOrderOf(tx, payout.id)
  if (live)
    throw new BadInput(
      `payout ${payout.id} has the order ${live.external_id}, which is ${live.state}: wait until ${isOnChain(payout.rail) ? 'the chain' : 'the bank'} has settled it`,
    )
}
