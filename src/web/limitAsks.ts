/** What limits keep waiting and a person should know of: payouts that two people have to let go, and limits that have been used up for long. */
import { told, type Asset } from '../base/money.ts'
import { later, type Instant } from '../base/world.ts'
import { waitingForRoom, type LimitPer } from '../payout/payout.ts'
import { sql, type Reader } from '../store/store.ts'
import { firstOfEach, type Ask } from './asks.ts'

/** Whoever waits for room goes by itself; for longer than this, a person should know. */
const mostForRoomMs = 3_600_000

/** Of a payout `number` is its limit; of a limit, how many payouts wait for it. `of` is the asset, `why` what the limit is for. */
export const limitAsks = async (reader: Reader, now: Instant | undefined): Promise<Ask[]> => [
  ...(await reader.all<Ask>(
    firstOfEach(sql`
      select 'payout over limit' as kind, p.id, w.cap_units as number, p.asset as of_it, w.per as why, p.units
      from limit_waits w join payouts p on p.id = w.payout_id where w.needs = 'person' and p.state in ('owed', 'waiting')`),
  )),
  ...(now === undefined ? [] : await waitingForRoom(reader))
    .filter(({ since }) => since < later(now!, -mostForRoomMs))
    .map(({ account, asset: of, per: why, cap_units: units, count: number }): Ask => ({
      ...{ kind: 'limit used up', id: account ?? of, of, why, number, units },
    })),
]

const pers = { payout: 'for one payout', hour: 'an hour', day: 'a day' } as const satisfies Record<LimitPer, string>

export function limitSentence({ kind, id, number, of, why, units }: Ask): string {
  const money = (amount: bigint | null) => told(amount ?? 0n, of as Asset)
  const per = pers[why as LimitPer]
  return kind === 'payout over limit'
    ? `payout ${id} of ${money(units)} is above the limit of ${money(number)} ${per}: repasse payout approve ${id} --why … proposes to pay it all the same`
    : `${id}: ${number} ${number === 1n ? 'payout has' : 'payouts have'} waited for more than an hour for the limit of ${money(units)} ${per}: repasse limits show`
}
