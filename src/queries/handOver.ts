/** What people hand over: what is owed so, and what was handed over and waits to be confirmed. */
import { handRails } from '../base/rails.ts'
import { join, sql, type Reader } from '../db/db.ts'
import { handedBy, type PayoutRow } from '../payout/payout.ts'

export type HandOverRow = Pick<
  PayoutRow,
  'id' | 'state' | 'asset' | 'units' | 'why' | 'reason' | 'detail' | 'added_at' | 'changed_at'
> & {
  account: string
  holder: string
  place: string
  /** Somebody objects to its account, so it is not handed over. */
  objected: bigint
  /** The id of its last order. */
  order_id: string | null
}

export interface HandOvers {
  owed: HandOverRow[]
  /** With whoever said that it is handed over, who does not confirm it. */
  handed: (HandOverRow & { by: string | undefined })[]
  /** Whether there are more than are listed. */
  isCut: boolean
}

/** As many as fit a page; what comes after them is reached once these are done, and said. */
export const maxHandOvers = 200

/** The oldest first, of accounts that are approved. */
export async function handOvers(reader: Reader, max = maxHandOvers): Promise<HandOvers> {
  const rows = (state: 'owed' | 'sent') =>
    reader.all<HandOverRow>(sql`
      select p.id, p.state, p.asset, p.units, p.why, p.reason, p.detail, p.added_at, p.changed_at,
        a.name as account, a.holder, a.destination as place,
        (select id from attempts where payout_id = p.id order by number desc limit 1) as order_id,
        (select count(*) from account_objections where account_id = a.id and cleared_at is null) as objected
      from payouts p join accounts a on a.id = p.account_id
      where p.store_id = ${reader.store} and p.rail in (${join(handRails)}) and p.state = ${state}
        and a.state <> 'awaiting'
      order by p.added_at, p.id limit ${max + 1}`)
  const owed = await rows('owed')
  const sent = await rows('sent')
  const handed: HandOvers['handed'] = []
  for (const row of sent.slice(0, max)) handed.push({ ...row, by: await handedBy(reader, row.id) })
  return {
    owed: owed.slice(0, max),
    handed,
    isCut: Math.max(owed.length, sent.length) > max,
  }
}
