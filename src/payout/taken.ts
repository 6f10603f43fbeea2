/**
 * What was taken of an invoice under one name, brought to what is to be taken: each change is a movement of
 * its own.
 */
import { sentence } from '../base/reasons.ts'
import { brl } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { post, totalsFor, type MovementName } from '../ledger/ledger.ts'
import { sql, type Cause, type Tx } from '../db/db.ts'

const pairs = {
  commission: { more: 'commission again', less: 'commission returned' },
  'transfer fee withheld': { more: 'transfer fee withheld again', less: 'transfer fee returned' },
  'charges borne': { more: 'charges borne', less: 'charges borne returned' },
  'shortfall offset': { more: 'shortfall offset', less: 'shortfall offset returned' },
} as const satisfies Partial<Record<MovementName, { more: MovementName; less: MovementName }>>

/**
 * Brings what was taken of an invoice under one name to `wanted`. Answers how much more was taken, below zero
 * where less.
 */
export async function bringTo(
  tx: Tx,
  world: World,
  invoiceId: string,
  wanted: bigint,
  first: keyof typeof pairs,
  cause: Cause,
): Promise<bigint> {
  const { more, less } = pairs[first]
  const booked = await totalsFor(tx, invoiceId)
  const again = more === first ? 0n : (booked[more] ?? 0n)
  const beyond = wanted - ((booked[first] ?? 0n) + again - (booked[less] ?? 0n))
  if (beyond === 0n) return 0n
  const movement = beyond > 0n ? more : less
  const source = await nextSource(tx, movement, invoiceId)
  await post(tx, world, {
    movement,
    source,
    amount: brl(beyond > 0n ? beyond : -beyond),
    invoiceId,
    memo: sentence(cause.why),
  })
  return beyond
}

/** A source of its own for each time one movement happens to one invoice. */
export async function nextSource(tx: Tx, movement: MovementName, invoiceId: string): Promise<string> {
  const row = await tx.one<{ count: bigint }>(sql`
    select count(distinct t.id) as count from ledger_transactions t
      join ledger_entries e on e.transaction_id = t.id
    where t.movement = ${movement} and e.invoice_id = ${invoiceId}`)
  return `${invoiceId}/${row!.count + 1n}`
}
