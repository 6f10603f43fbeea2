/** What somebody types after `payout go` who has read every reason why payouts are stopped. */
import { holdOf, reasonsOf } from '../../src/payout/payout.ts'
import type { Reader } from '../../src/db/db.ts'

export async function reasonsSeen(reader: Reader): Promise<string[]> {
  const hold = await holdOf(reader)
  return hold ? ['--seen', ...reasonsOf(hold)] : []
}
