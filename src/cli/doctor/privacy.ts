/**
 * Whether what is personal and old enough is dropped: the nightly job runs in whichever process is a worker.
 */
import { formatRetention } from '../../base/retentionSettings.ts'
import { retentionOf } from '../../base/config.ts'
import { instant, later, type Instant } from '../../base/world.ts'
import type { Base } from '../../app.ts'
import type { Check } from './check.ts'

export async function retention({ config, db, world }: Base): Promise<Check> {
  const { lastRetention, retentionFailing } = await import('../../privacy/privacy.ts')
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
  const failing = await retentionFailing(db)
  if (failing)
    return {
      check: 'retention',
      is: 'warn',
      says: `what is personal and old enough is not all dropped: the job has failed since ${failing.since}, the last time with: ${failing.why}`,
      run: `repasse run show ${failing.run}; the next night tries again`,
    }
  return retentionCheck(await lastRetention(db), instant(world.clock.now()), said)
}

/** E-mails that wait for a mail server that is not set; undefined where there are none. */
export async function waitingMail({ config, db }: Base): Promise<Check | undefined> {
  if (config.SMTP_URL !== undefined) return undefined
  const { waitingMails } = await import('../../queries/mails.ts')
  const waiting = await waitingMails(db)
  if (waiting.count === 0n) return undefined
  const kept = retentionOf(config).mailMs
  const who = waiting.count === 1n ? 'e-mail waits' : 'e-mails wait'
  const dropped =
    kept === undefined ? '' : `, and those older than ${formatRetention(kept)} are dropped (RETAIN_MAIL)`
  return {
    check: 'mail',
    is: 'warn',
    says: `${waiting.count} ${who} since ${waiting.since}, and SMTP_URL is not set: nobody gets them${dropped}`,
    run: 'set SMTP_URL, MAIL_FROM and PUBLIC_URL, and restart the worker',
  }
}

const nightsMs = 3 * 86_400_000

/** Pure. */
export function retentionCheck(last: Instant | undefined, now: Instant, said: string): Check {
  if (last === undefined)
    return {
      check: 'retention',
      is: 'info',
      says: `${said}; no night was looked at yet: "repasse serve" does it`,
    }
  if (later(last, nightsMs) > now)
    return { check: 'retention', is: 'ok', says: `${said}; last looked at ${last}` }
  return {
    check: 'retention',
    is: 'warn',
    says: `what is personal and old enough is not dropped: last looked at ${last}`,
    run: 'see that a worker runs, and that its clock is right: repasse run list --job retention',
  }
}
