/** Invoices and payouts of one asset by their state: how many, and how much. */
import type { Asset } from '../base/money.ts'
import { tally } from '../ledger/ledger.ts'
import type { Reader } from '../db/db.ts'

export interface InState {
  state: string
  count: bigint
  units: bigint
}

export async function byState(
  reader: Reader,
  about: 'invoices' | 'payouts',
  asset: Asset,
): Promise<InState[]> {
  const all = await tally(reader, about)
  return all
    .filter(({ parts }) => parts[0] === asset)
    .map(({ parts, count, units }) => ({ state: parts[1]!, count, units }))
}

export const countsOf = (rows: readonly Pick<InState, 'state' | 'count'>[]): Record<string, number> =>
  Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]))
