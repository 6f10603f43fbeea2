/**
 * Adopting: a transfer at the bank that these books did not order, or forgot having ordered, becomes an order
 * of the payout it pays.
 */
import { sentence } from '../../base/reasons.ts'
import { newId } from '../../base/id.ts'
import { brl } from '../../base/money.ts'
import type { World } from '../../base/world.ts'
import { clearSuspense, keepBankStop, owedFor, post } from '../../ledger/ledger.ts'
import type { ProviderPayout } from '../../rails/rail.ts'
import { setWhy, remember, sql, type Cause, type Sql, type Tx, valuesOf } from '../../db/db.ts'
import { applyPayout, type Applied } from './outcome.ts'
import { assertKeyIsFree, type AttemptRow, type PayoutRow } from '../row.ts'
import { payouts } from '../tables.ts'
import { strangers } from '../../ledger/tables.ts'

/**
 * Writes an order down that was made without these books. `units`: of the order, whatever the transfer is of.
 */
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
  await assertKeyIsFree(tx, payout, key, providerId)
  const why = state === 'sent' ? null : cause.why
  await tx.run(sql`
    insert into attempts (id, payout_id, number, external_id, units, state, provider_id, why, reason, detail,
      asked_at, changed_at)
    values (${id}, ${payout.id}, ${number}, ${key}, ${units}, ${state}, ${providerId}, ${valuesOf(why)},
      ${createdAt},
      ${now})`)
  await remember(tx, 'attempts', id, '', state, cause, now)
  return (await tx.one<AttemptRow>(sql`select * from attempts where id = ${id}`))!
}

/**
 * Takes a transfer that is alive or paid as the order of a payout that has no live one: it is booked as
 * ordered, and what the bank shows of it as its outcome. Its statement lines are in suspense no more, and no
 * longer a stranger's where they were booked so: what becomes of the transfer afterwards is heard as of any
 * other order.
 */
export async function adopt(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  transfer: ProviderPayout,
  number: bigint,
  cause: Cause,
): Promise<Applied> {
  const units = await unitsOwed(tx, payout)
  const attempt = await keepAttempt(tx, world, payout, transfer, { number, state: 'sent', units }, cause)
  await clearSuspense(tx, world, transfer.providerId, sentence(cause.why))
  await clearExternal(tx, world, transfer, sentence(cause.why))
  await post(tx, world, {
    movement: 'payout ordered',
    source: attempt.id,
    amount: brl(units),
    invoiceId: payout.invoice_id,
    memo: attempt.external_id,
  })
  const now = await tx.now()
  await payouts.move(tx, payout, 'sent', cause, [sql`units = ${units}`, sql`next_at = ${now}`, setWhy(null)])
  world.log.warn(
    { payout: payout.id, order: attempt.external_id, ref: transfer.providerId },
    'a transfer is taken up as the order of a payout',
  )
  return applyPayout(
    tx,
    world,
    { externalId: attempt.external_id, found: [transfer], errors: [], readNow: true },
    cause,
  )
}

/**
 * What the books owe, whatever the row says: of an amount edited past the program the rest would stay owed by
 * a payout that is paid. One that was canceled owes nothing, and is of what it was of.
 */
async function unitsOwed(tx: Tx, { invoice_id: invoiceId, units, state }: PayoutRow): Promise<bigint> {
  const owed = state === 'canceled' ? 0n : (await owedFor(tx, invoiceId)).units
  return owed > 0n ? owed : units
}

type Transfer = Pick<ProviderPayout, 'providerId' | 'lineIds'>
type ExternalLine = { id: string; movement: 'external in' | 'external out'; units: bigint }

const ofTransfer = ({ providerId }: Transfer): Sql =>
  sql`(source = ${`transfer/${providerId}`} or source like ${`transfer/${providerId}/%`})`

/** The statement's lines about a transfer that were booked as a stranger's. */
async function externalLines(tx: Tx, transfer: Transfer): Promise<ExternalLine[]> {
  const known = await tx.all<{ id: string }>(sql`
    select id from strangers where ${ofTransfer(transfer)}
    union select id from suspense_lines where provider_id = ${transfer.providerId}`)
  const lines: ExternalLine[] = []
  for (const id of new Set([...transfer.lineIds, ...known.map(line => line.id)]))
    lines.push(
      ...(await tx.all<ExternalLine>(sql`
        select t.source as id, t.movement, e.units from ledger_transactions t
          join ledger_entries e on e.transaction_id = t.id and e.line = 1
        where t.movement in ('external in', 'external out') and t.source = ${id}`)),
    )
  return lines
}

/** What left with a transfer is a stranger's no more: it is booked as an order's instead. */
async function clearExternal(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  transfer: Transfer,
  memo: string,
): Promise<void> {
  for (const { id, movement, units } of await externalLines(tx, transfer))
    if (movement === 'external out')
      await post(tx, world, { movement: 'external out cleared', source: id, amount: brl(units), memo })
}

/** Two people said what a transfer is: its lines have been looked at, and stop nothing any more. */
export async function acceptLines(
  tx: Tx,
  transfer: Transfer,
  { by, why }: { by: string; why: string },
  cause: Cause,
): Promise<void> {
  const open = await tx.all<{ id: string }>(
    sql`select id from strangers where state = 'open' and ${ofTransfer(transfer)} order by id`,
  )
  for (const { id } of open)
    await strangers.move(tx, { id, state: 'open' }, 'accepted', cause, [
      sql`decided_by = ${by}`,
      sql`why = ${why}`,
    ])
  if (open.length > 0) await keepBankStop(tx)
}

/** Whether the statement has shown that it came back, whatever its status says. */
export async function wasSeenBack(tx: Tx, transfer: Transfer): Promise<boolean> {
  if ((await externalLines(tx, transfer)).some(({ movement }) => movement === 'external in')) return true
  const waiting = await tx.one(sql`
    select 1 as yes from suspense_lines where provider_id = ${transfer.providerId} and units > 0
      and cleared_at is null`)
  return waiting !== undefined
}

/**
 * Whether these books took its money for a stranger's, as older versions did and as they do with what bears
 * no tag.
 */
export async function wasBookedAsExternal(
  tx: Tx,
  { lineIds }: Pick<ProviderPayout, 'lineIds'>,
): Promise<boolean> {
  for (const id of lineIds)
    if (
      await tx.one(
        sql`select 1 as yes from ledger_transactions where movement = 'external out' and source = ${id}`,
      )
    )
      return true
  return false
}
