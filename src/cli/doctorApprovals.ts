/** Whether payouts wait for approvals that were only said, and on which accounts money goes by a name alone. */
import { approvalsNeeded, isProduction } from '../base/config.ts'
import type { Base } from '../house.ts'
import type { Check } from './doctor.ts'

export async function* approvals({ config, store }: Base): AsyncGenerator<Check> {
  const { accountsOnlySaid, listAccounts } = await import('../payout/payout.ts')
  const approved = (await listAccounts(store)).filter(({ state }) => state === 'approved')
  if (approved.length > 0)
    yield approvalCheck(
      (await accountsOnlySaid(store)).map(({ name }) => name),
      { proven: approvalsNeeded(config) === 'proven', live: isProduction(config) },
    )
}

/** Pure: of the accounts whose approval was only said. `proven`: nothing is paid on such a one. */
export function approvalCheck(onlySaid: readonly string[], { proven, live }: { proven: boolean; live: boolean }): Check {
  const check = 'approvals'
  if (onlySaid.length === 0) return { check, is: 'ok', says: 'every approved account is signed for, or confirmed by a code' }
  const some = `${onlySaid.slice(0, 5).join(', ')}${onlySaid.length > 5 ? ` and ${onlySaid.length - 5} more` : ''}`
  const run = 'repasse account sign --all --key FILE'
  if (proven)
    return { check, is: 'error', says: `the approval of ${some} was said and not proven: payouts there wait until it is signed`, run }
  const says = `the approval of ${some} was said and not proven, and money goes there all the same`
  return live ? { check, is: 'warn', says: `${says} (SIGNED_APPROVALS=optional)`, run } : { check, is: 'info', says }
}
