/**
 * Accounts that nothing is paid to now: one that two people approved lately, so that whoever knows better can
 * say so in time (`COOLING_OFF`), and one that somebody objects to.
 */
import { because } from '../base/reasons.ts'
import { later, type Instant } from '../base/world.ts'
import { setWhy, join, sql, type Reader, type Tx } from '../db/db.ts'
import { objectionsTo, objectionWhy } from './objected.ts'
import type { PayoutRow } from './row.ts'

/**
 * Looked at again by then at the latest: what waits for longer than a day was put off by a clock that was
 * ahead (`jobs/clock.ts`).
 */
const againMs = 12 * 3_600_000

/**
 * Those of these due payouts whose account may be paid now; the others are put off until it may. That the
 * time is the approved one is asked besides.
 */
export async function payableNow<P extends Pick<PayoutRow, 'id' | 'account_id'>>(
  tx: Tx,
  due: readonly P[],
): Promise<P[]> {
  if (due.length === 0) return []
  return afterCoolingOff(tx, await putOffObjected(tx, due))
}

/** When an objection is cleared its payouts are looked at again at once. */
async function putOffObjected<P extends Pick<PayoutRow, 'id' | 'account_id'>>(
  tx: Tx,
  due: readonly P[],
): Promise<P[]> {
  const objections = await objectionsTo(tx, due)
  if (objections.size === 0) return [...due]
  const next = later(await tx.now(), againMs)
  const left: P[] = []
  for (const payout of due) {
    const objection = objections.get(payout.id)
    if (!objection) left.push(payout)
    else
      await tx.run(sql`
        update payouts set next_at = ${next}, ${setWhy(objectionWhy(objection))} where id = ${payout.id}
          and state in ('owed', 'waiting')`)
  }
  return left
}

async function afterCoolingOff<P extends Pick<PayoutRow, 'id'>>(tx: Tx, due: readonly P[]): Promise<P[]> {
  if (due.length === 0) return []
  const now = await tx.now()
  const latest = later(now, againMs)
  const rows = await tx.all<{ id: string; name: string; payable_from: Instant }>(sql`
    select p.id, a.name, a.payable_from from payouts p join accounts a on a.id = p.account_id
    where p.id in (${join(due.map(({ id }) => id))}) and a.payable_from > ${now}`)
  for (const { id, name, payable_from: from } of rows) {
    const why = because('account-cooling', { account: name, from })
    const next = from < latest ? from : latest
    await tx.run(
      sql`update payouts set next_at = ${next}, ${setWhy(why)} where id = ${id}
        and state in ('owed', 'waiting')`,
    )
  }
  return due.filter(({ id }) => rows.every(row => row.id !== id))
}

export type CoolingAccount = { name: string; payable_from: Instant; count: bigint }

/** Accounts that keep payouts waiting so, and how many. */
export const coolingAccounts = (reader: Reader, now: Instant): Promise<CoolingAccount[]> =>
  reader.all<CoolingAccount>(sql`
    select a.name, a.payable_from, count(*) as count from accounts a join payouts p on p.account_id = a.id
    where a.store_id = ${reader.store} and a.payable_from > ${now} and a.state = 'approved'
      and p.state in ('owed', 'waiting')
      group by a.name, a.payable_from
    order by a.payable_from, a.name`)
