/**
 * What payees owe us: a payer got money back that had been passed on. Kept by payout account, and set off
 * only where its terms say so.
 */
import { because, told } from '../base/reasons.ts'
import { brl, formatReais, smallest } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { post, type Finding, type MovementName } from '../ledger/ledger.ts'
import { join, setWhy, remember, sql, type Reader, type Tx, type Why } from '../db/db.ts'
import { type PayoutRow } from './row.ts'
import { bringTo } from './taken.ts'
import { payouts } from './tables.ts'

/** Whether what is owed for an account is kept back from its next payouts. */
export const recoveries = ['never', 'next-payouts'] as const
export type Recovery = (typeof recoveries)[number]

interface Receivable {
  movement: MovementName
  accountId: string
  invoiceId?: string
  /** What the movement happens once for. */
  source: string
  units: bigint
  memo: string
}

/**
 * Posts one movement of the receivable and keeps which account it is about. What is owed no more can be
 * forgiven no longer.
 */
export async function postReceivable(tx: Tx, world: World, receivable: Receivable): Promise<void> {
  const { movement, accountId, invoiceId, source, units, memo } = receivable
  await lockOwing(tx, accountId)
  const isNew = await post(tx, world, {
    movement,
    source,
    amount: brl(units),
    memo,
    ...(invoiceId !== undefined && { invoiceId }),
  })
  if (!isNew) return
  await tx.run(sql`
    insert into receivable_moves (transaction_id, account_id)
    select id, ${accountId} from ledger_transactions where movement = ${movement} and source = ${source}`)
  if (movement === 'receivable canceled') await undoForgiveness(tx, world, receivable)
}

/**
 * One account's movements come one after the other: whoever read it before another one wrote starts again.
 */
export const lockOwing = (tx: Tx, accountId: string) =>
  tx.run(sql`update accounts set recover = recover where id = ${accountId}`)

/**
 * A debt that was forgiven and then canceled is not owed to the payee: as far as the cancelation took the
 * account below zero, what was forgiven is forgiven no more. Only what was kept back or paid by the payee may
 * lie there.
 */
async function undoForgiveness(
  tx: Tx,
  world: World,
  { units: canceled, ...receivable }: Receivable,
): Promise<void> {
  const { accountId } = receivable
  const row = await tx.one<{ units: bigint }>(sql`
    select cast(coalesce(sum(e.units), 0) as bigint) as units
    from receivable_moves m join ledger_entries e on e.transaction_id = m.transaction_id
      and e.account = 'given-up'
    where m.account_id = ${accountId}`)
  const units = smallest(canceled, -(await receivableOf(tx, accountId)), row!.units)
  if (units <= 0n) return
  await postReceivable(tx, world, { ...receivable, movement: 'forgiveness undone', units })
  world.log.warn(
    { account: accountId, units: formatReais(units) },
    'a debt that was forgiven is canceled: its forgiveness is undone',
  )
}

/**
 * What is owed to us for one payout account, in cents. Below zero: more was kept back than was owed, and it
 * goes out with the next payout.
 */
export async function receivableOf(reader: Reader, accountId: string): Promise<bigint> {
  const row = await reader.one<{ units: bigint }>(sql`
    select cast(coalesce(sum(e.units), 0) as bigint) as units
    from receivable_moves m join ledger_entries e on e.transaction_id = m.transaction_id
      and e.account = 'receivable'
    where m.account_id = ${accountId}`)
  return row!.units
}

/**
 * Accounts whose debts are not kept as they are booked, so that what they owe, or are owed, is of another
 * sum: a movement that is kept for another account than its invoice's, or than two people decided about, or
 * for none. A payout that was redirected may have had debts of both accounts.
 */
export async function editedDebts(reader: Reader): Promise<Set<string>> {
  const rows = await reader.all<{ kept: string | null; own: string | null }>(sql`
    select m.account_id as kept, coalesce(p.account_id, d.subject) as own
    from ledger_entries e join ledger_transactions t on t.id = e.transaction_id
      left join receivable_moves m on m.transaction_id = e.transaction_id
      left join payouts p on p.invoice_id = e.invoice_id
      left join proposals d on d.id = t.source
    where e.account = 'receivable' and coalesce(m.account_id, '') <> coalesce(p.account_id, d.subject, '-')
      and not exists (select 1 from audit u where u.subject = p.id and u.act = 'payout redirected')`)
  return new Set(rows.flatMap(({ kept, own }) => [kept ?? [], own ?? []].flat()))
}

/** The same among these, asked before anything is set off. */
export async function debtsEditedAmong(
  reader: Reader,
  due: readonly Pick<PayoutRow, 'id' | 'account_id'>[],
): Promise<Map<string, string>> {
  const ids = due.map(({ account_id: id }) => id)
  const owing = await reader.one(
    sql`select 1 as yes from receivable_moves where account_id in (${join(ids)}) limit 1`,
  )
  if (!owing) return new Map()
  const edited = await editedDebts(reader)
  return new Map(
    due
      .filter(({ account_id: id }) => edited.has(id))
      .map(({ id }) => [id, `what its account owes us is not kept as it is booked: ${past}`]),
  )
}

/** As findings. */
export const checkDebts = async (reader: Reader): Promise<Finding[]> =>
  [...(await editedDebts(reader))].map(id => ({
    ...{ invariant: 'states and books', subject: id },
    says: `what account ${id} owes us is not kept as it is booked: ${past}`,
  }))

const past = 'somebody has changed it past this program'

export type Owing = { account_id: string; name: string; recover: Recovery; units: bigint }

/** Every account for which something is owed to us or was kept back too much, the largest first. */
export const receivables = (reader: Reader): Promise<Owing[]> =>
  reader.all<Owing>(sql`
    select a.id as account_id, a.name, a.recover, cast(sum(e.units) as bigint) as units
    from receivable_moves m join ledger_entries e on e.transaction_id = m.transaction_id
      and e.account = 'receivable'
      join accounts a on a.id = m.account_id and a.store_id = ${reader.store}
    group by a.id, a.name, a.recover having sum(e.units) <> 0 order by sum(e.units) desc, a.name`)

export type ReceivableMove = {
  at: string
  movement: MovementName
  invoice_id: string | null
  memo: string
  units: bigint
}

/** What made and lessened what is owed for one account, newest first. */
export const receivableMoves = (reader: Reader, accountId: string, limit = 50): Promise<ReceivableMove[]> =>
  reader.all<ReceivableMove>(sql`
    select t.at, t.movement, e.invoice_id, t.memo, e.units
    from receivable_moves m join ledger_transactions t on t.id = m.transaction_id
      join ledger_entries e on e.transaction_id = t.id and e.account = 'receivable'
    where m.account_id = ${accountId} order by t.at desc, t.id desc limit ${limit}`)

type Due = PayoutRow & { state: 'owed' | 'waiting' }

/**
 * Keeps back from payouts that are about to be ordered what is owed to us for their accounts, where the
 * account's terms say so; and puts on them what was kept back too much, whatever the terms. Answers those of
 * which something is left to send, with their units as they are now.
 */
export async function setOff<P extends Due>(tx: Tx, world: World, payouts: readonly P[]): Promise<P[]> {
  const left: P[] = []
  for (const payout of payouts) {
    const units = await setOffOne(tx, world, payout)
    if (units > 0n) left.push(units === payout.units ? payout : { ...payout, units })
  }
  return left
}

async function setOffOne(tx: Tx, world: World, payout: Due): Promise<bigint> {
  const account = await tx.one<{ recover: Recovery }>(sql`
    select recover from accounts where id = ${payout.account_id} and id in (select account_id
      from receivable_moves)`)
  if (!account) return payout.units
  await lockOwing(tx, payout.account_id)
  const owing = await receivableOf(tx, payout.account_id)
  const taken = owing < 0n ? owing : account.recover === 'next-payouts' ? smallest(owing, payout.units) : 0n
  if (taken === 0n) return payout.units

  const { id, invoice_id: invoiceId, account_id: accountId } = payout
  const why = because(taken > 0n ? 'set-off' : 'kept-back-too-much')
  const withheld = taken === payout.units ? await returnWithheld(tx, world, payout, why) : 0n
  const before = await tx.one<{ count: bigint }>(sql`
    select count(*) as count from ledger_transactions
      where movement in ('receivable set off', 'set-off returned') and source like ${`${id}/%`}`)
  await postReceivable(tx, world, {
    ...{ movement: taken > 0n ? 'receivable set off' : 'set-off returned', accountId, invoiceId, memo: id },
    ...{ source: `${id}/${before!.count + 1n}`, units: taken > 0n ? taken + withheld : -taken },
  })
  const units = payout.units - taken
  await tx.run(sql`update payouts set units = ${units} where id = ${id}`)
  await remember(
    tx,
    'payouts',
    id,
    payout.state,
    payout.state,
    { why: because('set-off-resized', { because: told(why), before: `${payout.units}`, now: `${units}` }) },
    await tx.now(),
  )
  if (units === 0n) await payouts.move(tx, { id, state: payout.state }, 'canceled', { why }, [setWhy(why)])
  return units
}

/**
 * Nothing is left to send, so no transfer is made: what was withheld for one is the payee's and is set off
 * too. What of it the payee does not owe goes out with its next payout. Answers how much that is.
 */
async function returnWithheld(
  tx: Tx,
  world: World,
  { id, invoice_id: invoiceId }: Due,
  why: Why,
): Promise<bigint> {
  const units = -(await bringTo(tx, world, invoiceId, 0n, 'transfer fee withheld', { why }))
  await tx.run(sql`update payouts set withheld_units = 0 where id = ${id}`)
  return units
}
