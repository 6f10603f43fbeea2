/** Whether what is personal and old enough is dropped: the nightly job runs in whichever process is a worker. */
import { formatRetention } from '../base/retentionSettings.ts'
import { retentionOf } from '../base/config.ts'
import { instant, later, type Instant } from '../base/world.ts'
import type { Base } from '../house.ts'
import type { Check } from './doctor.ts'

export async function retention({ config, store, world }: Base): Promise<Check> {
  const { lastRetention } = await import('../privacy/privacy.ts')
  const kept = retentionOf(config)
  const settings = [
    ['events of others', kept.othersMs],
    ['events', kept.eventsMs],
    ['statement lines', kept.linesMs],
    ['buyers', kept.buyersMs],
    ['payers', kept.payersMs],
    ['mail', kept.mailMs],
    ['sessions', kept.sessionsMs],
    ['run logs', kept.runLogsMs],
  ] as const
  const said = settings.map(([name, ms]) => `${name} ${formatRetention(ms)}`).join(', ')
  return retentionCheck(await lastRetention(store), instant(world.clock.now()), said)
}

const nightsMs = 3 * 86_400_000

/** Pure. */
export function retentionCheck(last: Instant | undefined, now: Instant, said: string): Check {
  if (last === undefined) return { check: 'retention', is: 'info', says: `${said}; no night was looked at yet: "repasse serve" does it` }
  if (later(last, nightsMs) > now) return { check: 'retention', is: 'ok', says: `${said}; last looked at ${last}` }
  return {
    check: 'retention',
    is: 'warn',
    says: `what is personal and old enough is not dropped: last looked at ${last}`,
    run: 'see that a worker runs, and that its clock is right: repasse run list --job retention',
  }
}
