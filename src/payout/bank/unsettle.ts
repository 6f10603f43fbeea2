/**
 * Taking back what an older version booked: that a transfer at the bank had paid a payout, without an order
 * of it.
 */
import { because } from '../../base/reasons.ts'
import { brl } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import { post } from '../../ledger/ledger.ts'
import type { ProviderPayout } from '../../rails/rail.ts'
import { setWhy, sql, type Cause, type Tx } from '../../db/db.ts'
import { type PayoutRow } from '../row.ts'
import { payouts } from '../tables.ts'

/**
 * What became of such a transfer afterwards was heard by nobody. Two people who say that it has not paid the
 * payout, as where it came back, have it owed again, and held.
 */
export async function unsettleElsewhere(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  { providerId, externalId }: ProviderPayout,
  cause: Cause,
): Promise<void> {
  const { id, state, invoice_id: invoiceId } = payout
  const booked = await tx.one<{ units: bigint }>(sql`
    select e.units from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
      and e.account = 'payable'
    where t.movement = 'payout paid elsewhere' and t.source = ${id}
      and t.memo in (${providerId}, ${externalId ?? providerId})
      and not exists (select 1 from ledger_transactions u where u.movement = 'payout elsewhere undone'
        and u.source = ${id})`)
  if (!booked || state !== 'paid') return
  await post(tx, world, {
    movement: 'payout elsewhere undone',
    source: id,
    amount: brl(booked.units),
    invoiceId,
    memo: providerId,
  })
  const why = because('settlement-undone', { transfer: providerId })
  await payouts.move(tx, { id, state: 'paid' }, 'held', { ...cause, why }, [setWhy(why)])
}
