/**
 * Owing: a credited invoice makes its movements and one payout, in the transaction that settles it. On a
 * chain each payment makes one (`bundle/owe.ts`).
 */
import { because, sentence, type Reason } from '../base/reasons.ts'
import { newId } from '../base/id.ts'
import { brl } from '../base/money.ts'
import { isByHand, type ReaisRail } from '../base/rails.ts'
import type { World } from '../base/world.ts'
import { post } from '../ledger/ledger.ts'
import { remember, sql, type Cause, type Tx, valuesOf } from '../db/db.ts'
import { netOf, termsOn, type Terms } from './net.ts'

/** What was credited for one invoice, and what decides who gets how much of it. */
export interface Collected {
  rail: ReaisRail
  /** How it came. */
  movement: 'invoice credited' | 'cash received'
  invoiceId: string
  accountId: string
  paid: bigint
  bankFee: bigint
  commissionBp: bigint
  minPayout: bigint
}

/** The one rule there is today; a split would add others, each with its own key. */
const rule = 'net'

/**
 * Books what was credited and owes its net. A second call for the same invoice changes nothing. Answers the
 * payout's id.
 */
export async function owe(
  tx: Tx,
  world: World,
  collected: Collected,
  terms: Terms,
  cause: Cause,
): Promise<string | undefined> {
  const { rail, invoiceId, paid, bankFee } = collected
  const { commission, withheld, net } = netOf(paid, bankFee, collected.commissionBp, termsOn(rail, terms))
  const book = (
    movement: Collected['movement'] | 'bank fee' | 'commission' | 'transfer fee withheld',
    units: bigint,
  ) =>
    post(tx, world, { movement, source: invoiceId, amount: brl(units), invoiceId, memo: sentence(cause.why) })

  await book(collected.movement, paid)
  await book('bank fee', bankFee)
  // Where nothing is left, nothing is taken either: a person decides what becomes of it.
  if (net > 0n) {
    await book('commission', commission)
    await book('transfer fee withheld', withheld)
  }

  const id = newId('payout', world)
  const now = await tx.now()
  const why = await keptBack(tx, net, collected)
  const state = why === null ? 'owed' : 'held'
  const made = await tx.run(sql`
    insert into payouts (id, store_id, invoice_id, rule, account_id, rail, asset, units, withheld_units,
      state,
      why, reason, detail, next_at, added_at, changed_at)
    values (${id}, (select store_id from invoices where id = ${invoiceId}), ${invoiceId},
      ${rule}, ${collected.accountId}, ${rail}, 'BRL', ${net},
      ${net > 0n ? withheld : 0n}, ${state}, ${valuesOf(why)}, ${now}, ${now}, ${now})
    on conflict (invoice_id, rule) do nothing`)
  if (made === 0) return undefined
  await remember(tx, 'payouts', id, '', state, { ...cause, why: why ?? cause.why }, now)
  return id
}

/** Why it is not to be paid on until a person has looked; null where it is. */
export async function keptBack(
  tx: Tx,
  net: bigint,
  { rail, invoiceId, minPayout }: Pick<Collected, 'invoiceId' | 'minPayout'> & { rail: string },
): Promise<Reason | null> {
  if (net <= 0n) return because('nothing-left')
  // A provider is asked what it has made since the backup. Of what people hand over nobody can be asked.
  if (isByHand(rail) && (await isFromBackup(tx, invoiceId))) return because('maybe-handed-after-backup')
  return net < minPayout ? because('below-smallest') : null
}

/** Whether the invoice is no newer than the backup that this database was restored from. */
const isFromBackup = async (tx: Tx, invoiceId: string): Promise<boolean> =>
  (await tx.one(sql`
    select 1 as yes from settings s, invoices i where s.name = 'restored' and i.id = ${invoiceId}
      and i.added_at <= s.value`)) !== undefined
