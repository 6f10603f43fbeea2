/**
 * Acts as tests do them: answers what was done, and throws what is refused, in the command line's words. What
 * an act answers by itself is in `src`.
 */
import { BadInput } from '../../src/base/answer.ts'
import type { Refusal } from '../../src/base/refusal.ts'
import { done, refusalText } from '../../src/cli/refusals.ts'
import * as jobs from '../../src/jobs/jobs.ts'
import * as invoices from '../../src/invoice/invoice.ts'
import * as ledger from '../../src/ledger/ledger.ts'
import * as payouts from '../../src/payout/payout.ts'
import * as reconcile from '../../src/reconcile/reconcile.ts'
import * as webhooks from '../../src/webhooks/webhooks.ts'
import { unfitText } from '../../src/cli/schedules/refusals.ts'
import * as schedules from '../../src/schedule/schedule.ts'
import * as people from '../../src/people/people.ts'
import * as privacy from '../../src/privacy/privacy.ts'
import * as shop from '../../src/shop/shop.ts'
import type { Proof } from '../../src/approvals/approvals.ts'
import type { Db } from '../../src/db/db.ts'

const orThrow =
  <A extends unknown[], T extends Refusal>(act: (...args: A) => Promise<T>) =>
  async (...args: A) =>
    done(await act(...args))

type OnPayout = (...args: Parameters<typeof payouts.releasePayout>) => Promise<payouts.PayoutRow>
const onPayout =
  (act: typeof payouts.releasePayout): OnPayout =>
  async (...args) =>
    done(await act(...args)).payout

export const holdPayout = onPayout(payouts.holdPayout)
export const releasePayout = onPayout(payouts.releasePayout)
export const retryPayout = onPayout(payouts.retryPayout)
/** A proposal that is open for the same is an answer here: people decide it first. */
const orAnother =
  <A extends unknown[], T extends Refusal>(act: (...args: A) => Promise<T>) =>
  async (...args: A): Promise<Open> => {
    const answer: Refusal = await act(...args)
    return answer.is === 'another' ? (answer as Open) : (done(answer) as Open)
  }
type Open = Exclude<ledger.Proposed, ledger.ApproverRefusal>

export const propose = orAnother(ledger.propose)

export const proposeVerdict = orAnother(payouts.proposeVerdict)
export const proposeCoinRefund = orAnother(webhooks.proposeCoinRefund)
export const proposeCoinRefundMade = orAnother(webhooks.proposeCoinRefundMade)
export const proposeAccountClear = orAnother(payouts.proposeAccountClear)
export const proposeLimitsClear = orAnother(payouts.proposeLimitsClear)
export const proposeClear = orAnother(people.proposeClear)
export const proposeClose = orAnother(ledger.proposeClose)
export const proposeAccept = orAnother(reconcile.proposeAccept)
export const proposeRule = orAnother(reconcile.proposeRule)
export const cancelBitcoinBundle = orThrow(jobs.cancelBitcoinBundle)
export const importSigned = orThrow(payouts.importSigned)
export const closeRule = orThrow(reconcile.closeRule)

export const objectToAccount = async (...args: Parameters<typeof payouts.objectToAccount>) =>
  done(await payouts.objectToAccount(...args)).objection
export const objectToLimits = async (...args: Parameters<typeof payouts.objectToLimits>) =>
  done(await payouts.objectToLimits(...args)).objection
export const objectTo = async (...args: Parameters<typeof people.objectTo>) =>
  done(await people.objectTo(...args)).objection

export const addAccount = async (...args: Parameters<typeof payouts.addAccount>) =>
  done(await payouts.addAccount(...args)).account
export const approveAccount = async (
  db: Db,
  name: string,
  by: string,
  proof?: Proof,
  coolingOffMs?: number,
): Promise<payouts.AccountRow> =>
  done(await payouts.approveAccount(db, name, { by, coolingOffMs, ...(proof && { proof }) })).account

type Decided = Exclude<invoices.Decided, ledger.ApproverRefusal>
/** Why a twin waits for nobody is an answer here. */
const ofTwin =
  <A extends unknown[]>(act: (...args: A) => Promise<invoices.Decided>) =>
  async (...args: A): Promise<Decided> => {
    const answer = await act(...args)
    return answer.is === 'barred' ? done(answer) : answer
  }
export const approveRefund = ofTwin(invoices.approveRefund)
export const keepTwin = ofTwin(invoices.keepTwin)

export const proposeRedirect = orThrow(payouts.proposeRedirect)
export const settlePaidElsewhere = orThrow(payouts.settlePaidElsewhere)
export const stopAll = orThrow(payouts.stopAll)

export const acceptPayment = orThrow(webhooks.acceptPayment)
export const withdrawCoinRefund = async (...args: Parameters<typeof webhooks.withdrawCoinRefund>) =>
  done(await webhooks.withdrawCoinRefund(...args)).payout
export const lookAtForgotten = async (...args: Parameters<typeof webhooks.lookAtForgotten>) =>
  done(await webhooks.lookAtForgotten(...args)).count

export async function addSchedule(
  ...args: Parameters<typeof schedules.addSchedule>
): Promise<schedules.ScheduleRow> {
  const added = await schedules.addSchedule(...args)
  if (added.is === 'added') return added.schedule
  throw new BadInput(unfitText(added.is === 'there' ? 'name taken' : added.why, args[2]))
}
export const setScheduleState = async (...args: Parameters<typeof schedules.setScheduleState>) =>
  done(await schedules.setScheduleState(...args)).schedule
/** Undefined where the payers are those it has. */
export async function changePayers(
  ...args: Parameters<typeof schedules.changePayers>
): Promise<schedules.ScheduleRow | undefined> {
  const answer = done(await schedules.changePayers(...args))
  return answer.is === 'changed' ? answer.schedule : undefined
}

export const decideCatchUp = async (...args: Parameters<typeof schedules.decideCatchUp>) =>
  done(await schedules.decideCatchUp(...args)).count

const onProduct =
  <A extends unknown[]>(act: (...args: A) => Promise<shop.ProductKept | shop.ShopRefusal>) =>
  async (...args: A) =>
    done(await act(...args)).product
export const addProduct = onProduct(shop.addProduct)
export const editProduct = onProduct(shop.editProduct)
export const removeProduct = onProduct(shop.removeProduct)
export const payShopTo = orThrow(shop.payShopTo)
export const stopOffering = orThrow(shop.stopOffering)
export const attended = orThrow(shop.attended)
export const endOrder = orThrow(shop.endOrder)
export const sendMailsAgain = orThrow(shop.sendMailsAgain)

export const forgetOrder = async (...args: Parameters<typeof privacy.forgetOrder>) =>
  done(await privacy.forgetOrder(...args)).outcome
/** Undefined where nothing is held on them. */
export async function exportPayer(
  ...args: Parameters<typeof privacy.exportPayer>
): Promise<privacy.PayerExport | undefined> {
  const answer = done(await privacy.exportPayer(...args))
  return answer.is === 'exported' ? answer.found : undefined
}
export const forgetPayer = orThrow(privacy.forgetPayer)

const onPerson =
  <A extends unknown[]>(act: (...args: A) => Promise<people.UserChanged>) =>
  async (...args: A) =>
    done(await act(...args)).user
export const changeRole = onPerson(people.changeRole)
export const lockUser = onPerson(people.lockUser)
export const unlockUser = onPerson(people.unlockUser)
export const removeUser = onPerson(people.removeUser)
export const addUser = orThrow(people.addUser)
export const resetUser = orThrow(people.resetUser)
export const endSession = orThrow(people.endSession)
export const proposeUser = orAnother(people.proposeUser)
export const proposeRole = orAnother(people.proposeRole)
export const proposeReset = orAnother(people.proposeReset)

/** What was let go; undefined where that is nothing. */
export async function letGo(...args: Parameters<typeof payouts.letGo>): Promise<payouts.Hold | undefined> {
  const answer = await payouts.letGo(...args)
  return answer.is === 'nothing-to-let-go' ? undefined : done(answer).gone
}

/** The decision; what cannot be done any more throws. */
export async function approveAndDo(
  ...args: Parameters<typeof jobs.approveAndDo>
): Promise<Exclude<jobs.Approved, { is: 'cannot' }>> {
  const decision = await jobs.approveAndDo(...args)
  if (decision.is === 'cannot') throw new BadInput(refusalText(decision.refusal))
  return decision
}
