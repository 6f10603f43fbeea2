/** Posting: one movement of the chart, once for its source. What is written here is never changed. */
import { newId } from '../base/id.ts'
import type { Money } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { sql, type Tx } from '../db/db.ts'
import { chart, type MovementName } from './chart.ts'

export interface Posting {
  movement: MovementName
  /** The id that makes this movement happen once: see the chart's `source`. */
  source: string
  amount: Money
  /** The invoice the money belongs to, where there is one: conservation is proved per invoice. */
  invoiceId?: string
  memo: string
}

/**
 * Posts one movement; a second posting of the same movement from the same source answers false and changes
 * nothing. Zero posts nothing.
 */
export async function post(
  tx: Tx,
  world: Pick<World, 'clock' | 'random'>,
  { movement, source, amount, invoiceId, memo }: Posting,
): Promise<boolean> {
  if (amount.units < 0n)
    throw new RangeError(
      `${movement} of ${amount.units}: a movement has a direction, so its amount is not negative`,
    )
  if (amount.units === 0n) return false

  const id = newId('transaction', world)
  const now = await tx.now()
  const first = await tx.run(sql`
    insert into ledger_transactions (id, movement, source, at, memo)
      values (${id}, ${movement}, ${source}, ${now}, ${memo})
    on conflict (movement, source) do nothing`)
  if (first === 0) return false

  const { from, to } = chart[movement]
  await tx.run(sql`
    insert into ledger_entries (transaction_id, line, account, asset, units, invoice_id) values
      (${id}, 1, ${to}, ${amount.asset}, ${amount.units}, ${invoiceId ?? null}),
      (${id}, 2, ${from}, ${amount.asset}, ${-amount.units}, ${invoiceId ?? null})`)
  return true
}
