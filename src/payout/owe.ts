/** Owing: a credited invoice makes its movements and one payout, in the transaction that settles it. */
import { newId } from '../base/id.ts'
import { brl } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { owedFor, post } from '../ledger/ledger.ts'
import { forUpdate, move, remember, sql, type Cause, type Tx } from '../store/store.ts'
import { netOf, type Terms } from './net.ts'
import { payoutMachine, type PayoutRow } from './row.ts'

/** What was credited for one invoice, and what decides who gets how much of it. */
export interface Collected {
  invoiceId: string
  accountId: string
  paid: bigint
  bankFee: bigint
  commissionBp: bigint
  minPayout: bigint
  /** The bank has begun to give the payer money back: nothing is sent until it is booked what. */
  comingBack: boolean
}

/** The one rule there is today; a split would add others, each with its own key. */
const rule = 'net'

/** Books what was credited and owes its net. A second call for the same invoice changes nothing. Answers the payout's id. */
export async function owe(tx: Tx, world: World, collected: Collected, terms: Terms, cause: Cause): Promise<string | undefined> {
  const { invoiceId, paid, bankFee } = collected
  const { commission, withheld, net } = netOf(paid, bankFee, collected.commissionBp, terms)
  const book = (movement: 'invoice credited' | 'bank fee' | 'commission' | 'transfer fee withheld', units: bigint) =>
    post(tx, world, { movement, source: invoiceId, amount: brl(units), invoiceId, memo: cause.why })

  await book('invoice credited', paid)
  await book('bank fee', bankFee)
  // Where nothing is left, nothing is taken either: a person decides what becomes of it.
  if (net > 0n) {
    await book('commission', commission)
    await book('transfer fee withheld', withheld)
  }

  const id = newId('payout', world)
  const now = await tx.now()
  const why =
    net <= 0n
      ? 'nothing is left after fees'
      : net < collected.minPayout
        ? 'below the smallest payout of its schedule'
        : collected.comingBack
          ? 'the payer is being given money back'
          : null
  const state = why === null ? 'owed' : 'held'
  const made = await tx.run(sql`
    insert into payouts (id, store_id, invoice_id, rule, account_id, asset, units, withheld_units, state, why, next_at, added_at, changed_at)
    values (${id}, 'sto_default', ${invoiceId}, ${rule}, ${collected.accountId}, 'BRL', ${net}, ${net > 0n ? withheld : 0n}, ${state}, ${why}, ${now}, ${now}, ${now})
    on conflict (invoice_id, rule) do nothing`)
  if (made === 0) return undefined
  await remember(tx, 'payouts', id, '', state, { ...cause, why: why ?? cause.why }, now)
  return id
}

/**
 * The payer got money back: `units` more than what was taken back before. Books it, and stops the payout if it has not gone out.
 * `all`: nothing of the payment is left. Answers `late` when money was already ordered or paid on: the payee owes it, and a person acts.
 */
export async function takeBack(
  tx: Tx,
  world: World,
  invoiceId: string,
  units: bigint,
  total: bigint,
  all: boolean,
  cause: Cause,
): Promise<'stopped' | 'late'> {
  await post(tx, world, { movement: 'invoice reversed', source: `${invoiceId}/${total}`, amount: brl(units), invoiceId, memo: cause.why })

  const payout = await tx.one<PayoutRow>(sql`select * from payouts where invoice_id = ${invoiceId} ${forUpdate}`)
  if (!payout) return 'stopped'
  if (payout.state !== 'owed' && payout.state !== 'waiting' && payout.state !== 'held' && payout.state !== 'returned') return 'late'
  if (!all) {
    if (payout.state === 'owed' || payout.state === 'waiting')
      await move(tx, 'payouts', payoutMachine, payout.id, payout.state, 'held', { ...cause, why: 'part of its payment was taken back' }, [
        sql`why = 'part of its payment was taken back'`,
      ])
    return 'stopped'
  }
  await move(tx, 'payouts', payoutMachine, payout.id, payout.state, 'canceled', cause, [sql`why = ${cause.why}`])
  await giveBackFees(tx, world, invoiceId, cause)
  return 'stopped'
}

/** A commission on money that went back was never earned. */
export async function giveBackFees(tx: Tx, world: World, invoiceId: string, cause: Cause): Promise<void> {
  for (const [taken, returned] of [
    ['commission', 'commission returned'],
    ['transfer fee withheld', 'transfer fee returned'],
  ] as const) {
    const row = await tx.one<{ units: bigint }>(sql`
      select e.units from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
      where t.movement = ${taken} and t.source = ${invoiceId} and e.line = 1`)
    if (row) await post(tx, world, { movement: returned, source: invoiceId, amount: brl(row.units), invoiceId, memo: cause.why })
  }
}

export { owedFor }
