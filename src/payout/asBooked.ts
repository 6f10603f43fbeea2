/** Whether what is about to be ordered is what the books owe and a second person approved: rows that somebody edited past the program are held. */
import { reais } from '../base/money.ts'
import { join, sql, type Tx } from '../store/store.ts'
import { changeSinceApproval, type BankAccountRow } from './account.ts'
import type { PayoutRow } from './row.ts'

/** Why some of these due payouts at the bank may not be ordered, by their ids: one question for all of them, and one for each account. */
export async function notAsBooked(tx: Tx, due: readonly Pick<PayoutRow, 'id' | 'account_id'>[]): Promise<Map<string, string>> {
  const refusals = new Map<string, string>()
  if (due.length === 0) return refusals
  for (const accountId of new Set(due.map(({ account_id: id }) => id))) {
    const account = (await tx.one<BankAccountRow>(sql`select * from accounts where id = ${accountId}`))!
    const change = await changeSinceApproval(tx, account)
    for (const payout of due) if (change !== undefined && payout.account_id === accountId) refusals.set(payout.id, change)
  }
  const wrong = await tx.all<{ id: string; units: bigint; owed: bigint }>(sql`
    select p.id, p.units, cast(-coalesce(sum(e.units), 0) as bigint) as owed
    from payouts p left join ledger_entries e on e.invoice_id = p.invoice_id and e.account = 'payable'
    where p.id in (${join(due.map(({ id }) => id))}) group by p.id, p.units having p.units <> -coalesce(sum(e.units), 0)`)
  for (const { id, units, owed } of wrong)
    refusals.set(id, `it is of ${reais(units)}, and the books owe ${reais(owed)}: somebody has changed it past this program`)
  return refusals
}
