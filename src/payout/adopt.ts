/** Adopting: a transfer at the bank that these books did not order, or forgot having ordered, becomes an order of the payout it pays. */
import { newId } from '../base/id.ts'
import { brl } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { clearSuspense, post } from '../ledger/ledger.ts'
import type { ProviderPayout } from '../rails/rail.ts'
import { move, remember, sql, type Cause, type Tx } from '../store/store.ts'
import { applyPayout, type Applied } from './outcome.ts'
import { payoutMachine, type AttemptRow, type PayoutRow } from './row.ts'

/** Writes an order down that was made without these books. `units`: of the order, whatever the transfer is of. */
export async function keepAttempt(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  payout: Pick<PayoutRow, 'id'>,
  { providerId, externalId, createdAt }: ProviderPayout,
  { number, state, units }: Pick<AttemptRow, 'number' | 'state' | 'units'>,
  cause: Cause,
): Promise<AttemptRow> {
  const id = newId('attempt', world)
  const now = await tx.now()
  // One without a key of ours bears none at the bank either, so it is asked about by its own id.
  const key = externalId ?? `transfer-${providerId}`
  const why = state === 'sent' ? null : cause.why
  await tx.run(sql`
    insert into attempts (id, payout_id, number, external_id, units, state, provider_id, why, asked_at, changed_at)
    values (${id}, ${payout.id}, ${number}, ${key}, ${units}, ${state}, ${providerId}, ${why}, ${createdAt}, ${now})`)
  await remember(tx, 'attempts', id, '', state, cause, now)
  return (await tx.one<AttemptRow>(sql`select * from attempts where id = ${id}`))!
}

/**
 * Takes a transfer that is alive or paid as the order of a payout that has no live one: it is booked as ordered, and what the bank shows
 * of it as its outcome. Its statement lines are in suspense no more.
 */
export async function adopt(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  transfer: ProviderPayout,
  number: bigint,
  cause: Cause,
): Promise<Applied> {
  const attempt = await keepAttempt(tx, world, payout, transfer, { number, state: 'sent', units: payout.units }, cause)
  await clearSuspense(tx, world, transfer.providerId, cause.why)
  await post(tx, world, {
    movement: 'payout ordered',
    source: attempt.id,
    amount: brl(payout.units),
    invoiceId: payout.invoice_id,
    memo: attempt.external_id,
  })
  const now = await tx.now()
  await move(tx, 'payouts', payoutMachine, payout.id, payout.state as 'held', 'sent', cause, [sql`next_at = ${now}`, sql`why = null`])
  world.log.warn(
    { payout: payout.id, order: attempt.external_id, ref: transfer.providerId },
    'a transfer is taken up as the order of a payout',
  )
  return applyPayout(tx, world, { externalId: attempt.external_id, found: [transfer], errors: [], readNow: true }, cause)
}

/** Whether these books took its money for a stranger's, as older versions did and as they do with what bears no tag. */
export async function wasBookedAsExternal(tx: Tx, { lineIds }: Pick<ProviderPayout, 'lineIds'>): Promise<boolean> {
  for (const id of lineIds)
    if (await tx.one(sql`select 1 as yes from ledger_transactions where movement = 'external out' and source = ${id}`)) return true
  return false
}
