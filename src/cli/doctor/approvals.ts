/**
 * Whether payouts wait for what was only said, and on which accounts and by which schedules money goes by a
 * name alone.
 */
import { approvalsNeeded, isProduction } from '../../base/config.ts'
import type { Base } from '../../app.ts'
import type { Check } from './check.ts'

export async function* approvals({ config, db }: Base): AsyncGenerator<Check> {
  const [{ accountsOnlySaid, listAccounts }, { listSchedules, schedulesOnlySaid }] = await Promise.all([
    import('../../payout/payout.ts'),
    import('../../schedule/schedule.ts'),
  ])
  const how = { proven: approvalsNeeded(config) === 'proven', live: isProduction(config) }
  const approved = (await listAccounts(db)).filter(({ state }) => state === 'approved')
  if (how.proven) {
    const { countSigners } = await import('../../people/people.ts')
    yield signersCheck({ maker: await countSigners(db, 'maker'), checker: await countSigners(db, 'checker') })
  }
  if (approved.length > 0)
    yield approvalCheck(
      (await accountsOnlySaid(db)).map(({ name }) => name),
      how,
    )
  if ((await listSchedules(db)).length > 0)
    yield termsCheck(
      (await schedulesOnlySaid(db)).map(({ row }) => row.name),
      how,
    )
}

/**
 * Pure: whether there is somebody of each role who can prove what they do, before the first payout waits for
 * them.
 */
export function signersCheck(count: Record<'maker' | 'checker', number>): Check {
  const lacking = (['checker', 'maker'] as const).filter(role => count[role] === 0)
  const check = 'signers'
  if (lacking.length === 0)
    return {
      check,
      is: 'ok',
      says: `${count.maker} can prepare and ${count.checker} can approve, and prove it`,
    }
  const follows = lacking.includes('checker') ? 'payouts wait until one signs' : 'nothing can be prepared'
  return {
    check,
    is: lacking.includes('checker') ? 'error' : 'warn',
    says: `approvals have to be proven, and no ${lacking.join(' and no ')} has an authenticator, a passkey or a key file: ${follows}`,
    run: `repasse user add NAME --role ${lacking[0]}, then: repasse user key NAME --out FILE`,
  }
}

const namesOf = (names: readonly string[]) =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
const run = 'repasse account sign --all --key FILE'

/** Pure: of the accounts whose approval was only said. `proven`: nothing is paid on such a one. */
export function approvalCheck(
  onlySaid: readonly string[],
  { proven, live }: { proven: boolean; live: boolean },
): Check {
  const check = 'approvals'
  if (onlySaid.length === 0)
    return { check, is: 'ok', says: 'every approved account is signed for, or confirmed by a code' }
  const some = namesOf(onlySaid)
  if (proven)
    return {
      check,
      is: 'error',
      says: `the approval of ${some} was said and not proven: payouts there wait until it is signed`,
      run,
    }
  const says = `the approval of ${some} was said and not proven, and money goes there all the same`
  return live
    ? { check, is: 'warn', says: `${says} (SIGNED_APPROVALS=optional)`, run }
    : { check, is: 'info', says }
}

/** Pure: the same of schedules. */
export function termsCheck(
  onlySaid: readonly string[],
  { proven, live }: { proven: boolean; live: boolean },
): Check {
  const check = 'schedule terms'
  if (onlySaid.length === 0)
    return { check, is: 'ok', says: 'the terms of every schedule are signed for, or confirmed by a code' }
  const some = namesOf(onlySaid)
  if (proven)
    return {
      check,
      is: 'error',
      says: `the terms of ${some} were said and not proven: their payouts wait until they are signed`,
      run,
    }
  const says = `the terms of ${some} were said and not proven, and what they bring is paid on all the same`
  return live
    ? { check, is: 'warn', says: `${says} (SIGNED_APPROVALS=optional)`, run }
    : { check, is: 'info', says }
}
