/** The nightly retention: drops what is personal and old enough, and says how much of what. */
import type { Retention } from '../base/retentionSettings.ts'
import type { World } from '../base/world.ts'
import { retainNightly } from '../privacy/privacy.ts'
import type { Db } from '../db/db.ts'
import type { JobResult } from './runner.ts'

export async function dropOld(
  { db, retention }: { db: Db; retention: Retention },
  world: World,
): Promise<JobResult> {
  const found = await retainNightly({ db, world, retention })
  if (found === undefined) return undefined
  if (found === 'first') return 'the first night: nothing is dropped before the next one'
  if (found === 'gap')
    return {
      less: 'the last look was not a night ago: nothing is dropped before the next one, should the clock be wrong',
    }
  const { dropped, stays, stopped } = found
  world.log.info({ dropped, stays }, 'what was old enough was dropped')
  const counts = Object.entries(dropped).map(([name, count]) => `${name}: ${count}`)
  if (stopped !== undefined) return { less: [...counts, `stopped, for ${stopped}`].join(', ') }
  return counts.join(', ') || 'nothing was old enough'
}
