/**
 * Whether mails with anchors of the audit log arrive where they are to: a witness that hears nothing is none.
 */
import { millis } from '../../base/world.ts'
import type { Base } from '../../app.ts'
import type { Check } from './check.ts'

const dayMs = 24 * 3_600_000

export async function* anchorMail({ db, world, config }: Base): AsyncGenerator<Check> {
  const { anchorMailsTo } = await import('../../queries/mails.ts')
  const check = 'anchor mail'
  for (const address of config.AUDIT_ANCHOR_EMAIL ?? []) {
    const { first, sent } = await anchorMailsTo(db, address)
    const since = sent ?? first
    if (since === null)
      yield {
        check,
        is: 'info',
        says: `${address} is written to once "repasse serve" runs with the role worker`,
      }
    else if (Math.abs(world.clock.now() - millis(since)) > 2 * dayMs)
      yield {
        ...{ check, is: 'warn' },
        says:
          sent === null
            ? `none was sent to ${address} yet, since ${first}`
            : `none was sent to ${address} since ${sent}`,
        run: 'see that "repasse serve" runs with the role worker, and what "repasse status" says of mail',
      }
    else
      yield {
        check,
        is: 'ok',
        says:
          sent === null ? `the first to ${address} waits since ${first}` : `${address} has that of ${sent}`,
      }
  }
}
