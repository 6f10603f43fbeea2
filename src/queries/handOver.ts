/** What people hand over: what is owed so, and what was handed over and waits to be confirmed. */
import { handRails } from '../base/rails.ts'
import { join, sql, type Reader } from '../db/db.ts'
import { handedBy, type PayoutRow } from '../payout/payout.ts'

export type HandOverRow = Pick<
  PayoutRow,
  'id' | 'state' | 'asset' | 'units' | 'why' | 'added_at' | 'changed_at'
> & {
  account: string
  holder: string
  place: string
}

export interface HandOvers {
  owed: HandOverRow[]
  /** With whoever said that it is handed over, who does not confirm it. */
  handed: (HandOverRow & { by: string | undefined })[]
}

/** As many as fit a page; what comes after them is reached once these are done. */
const most = 200

/** The oldest first, of accounts that are approved. */
export async function handOvers(reader: Reader): Promise<HandOvers> {
  const rows = (state: 'owed' | 'sent') =>
    reader.all<HandOverRow>(sql`
      select p.id, p.state, p.asset, p.units, p.why, p.added_at, p.changed_at, a.name as account, a.holder,
        a.destination as place
      from payouts p join accounts a on a.id = p.account_id
      where p.store_id = ${reader.store} and p.rail in (${join(handRails)}) and p.state = ${state}
        and a.state <> 'awaiting'
      order by p.added_at, p.id limit ${most}`)
  const handed: HandOvers['handed'] = []
  for (const row of await rows('sent')) handed.push({ ...row, by: await handedBy(reader, row.id) })
  return { owed: await rows('owed'), handed }
}
