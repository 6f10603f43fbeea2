/** What somebody types after `payout go` who has read every reason why payouts are stopped. */
import { holdsOf } from '../../src/payout/payout.ts'
import type { Reader } from '../../src/db/db.ts'

export async function reasonsSeen(reader: Reader): Promise<string[]> {
  const holds = await holdsOf(reader)
  return holds.length > 0 ? ['--seen', ...holds.map(({ why }) => why)] : []
}
