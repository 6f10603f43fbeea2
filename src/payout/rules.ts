/**
 * What a person may do to a payout: pure rules over facts that are read at once. A page asks them for its
 * buttons, and each act asks them again in its transaction.
 */
import { isByHand, paysBy } from '../base/rails.ts'
import type { Instant } from '../base/world.ts'
import { sql, type Reader } from '../db/db.ts'
import type { AccountRow } from './account.ts'
import { isRefund } from './bundle/refund.ts'
import type { PayoutRefusal } from './refusals.ts'
import { reversalOf } from './rightSize.ts'
import { attemptsOf, mayGoOut, type AttemptRow, type PayoutRow } from './row.ts'
import type { PayoutState } from './states.ts'

export interface PayoutFacts {
  payout: PayoutRow
  account: Pick<AccountRow, 'name' | 'state'>
  /** The order that may still pay it, or did; there is one at most. */
  liveOrder: AttemptRow | undefined
  /** The bundle of its last order. */
  bundle: { id: string; state: string } | undefined
  /** Its payer may be getting money back. */
  isGoingBack: boolean
  /** What it passes on, where no block has that. */
  unmined: { id: string; state: string } | undefined
  /** The program holds it for a while and will let it go on by itself. */
  goesOn: boolean
}

const alive: readonly string[] = ['sending', 'unsure', 'sent', 'success']

export async function payoutFacts(reader: Reader, payout: PayoutRow): Promise<PayoutFacts> {
  const attempts = await attemptsOf(reader, payout.id)
  const reversal = await reversalOf(reader, payout.invoice_id)
  const last = attempts.at(-1)
  return {
    payout,
    account: (await reader.one<AccountRow>(sql`select * from accounts where id = ${payout.account_id}`))!,
    liveOrder: attempts.find(({ state }) => alive.includes(state)),
    bundle:
      last?.bundle_id == null
        ? undefined
        : await reader.one<{ id: string; state: string }>(
            sql`select id, state from bundles where id = ${last.bundle_id}`,
          ),
    isGoingBack: reversal?.under_way_since != null,
    unmined: await reader.one<{ id: string; state: string }>(sql`
      select id, state from coins
      where (payout_id = ${payout.id} or id in (select coin_id from coin_refunds
        where payout_id = ${payout.id}))
        and state <> 'mined' order by id limit 1`),
    goesOn:
      payout.state === 'held' && (payout.reason === 'payment-orphaned' || reversal?.holds_payout === 1n),
  }
}

/** Holding is for one that is not ordered; what the program holds for a while may be held for good. */
export const mayHold = (facts: PayoutFacts): PayoutRefusal | undefined =>
  facts.goesOn ? undefined : inState(facts, ['owed', 'waiting'])

export const mayRelease = (facts: PayoutFacts): PayoutRefusal | undefined =>
  inState(facts, ['held']) ?? mayBeOrdered(facts)

export const mayRetry = (facts: PayoutFacts, now: Instant): PayoutRefusal | undefined =>
  inState(facts, ['waiting', 'held', 'returned', 'owed']) ?? notDue(facts, now) ?? mayBeOrdered(facts)

export const mayRedirect = (facts: PayoutFacts): PayoutRefusal | undefined =>
  inState(facts, ['owed', 'waiting', 'held', 'returned']) ?? mayBeOrdered(facts)

/**
 * Saying that it was paid by what these books did not order. A transfer may come back, a transaction cannot.
 */
export function maySettle({ id, state, rail }: PayoutRow): PayoutRefusal | undefined {
  if (isByHand(rail)) return { is: 'payout-by-hand', id }
  const allowed: readonly PayoutState[] = paysBy(rail) === 'transfer' ? ['held', 'returned'] : ['held']
  return allowed.includes(state) ? undefined : { is: 'payout-state', id, state, allowed }
}

/** Saying what a transfer is; on a chain a transaction is what it is. */
export const mayAdjudicate = ({ id, rail }: PayoutRow): PayoutRefusal | undefined =>
  paysBy(rail) === 'transfer'
    ? undefined
    : isByHand(rail)
      ? { is: 'payout-by-hand', id }
      : { is: 'payout-on-chain', id }

function inState(
  { payout: { id, state }, bundle }: PayoutFacts,
  allowed: readonly PayoutState[],
): PayoutRefusal | undefined {
  if (allowed.includes(state)) return undefined
  // What was planned or signed pays it among others, and cannot be unsaid for one of them.
  const isUnderWay = state === 'sending' || state === 'unsure' || state === 'sent'
  return { is: 'payout-state', id, state, allowed, bundle: isUnderWay ? bundle : undefined }
}

function notDue({ payout, account }: PayoutFacts, now: Instant): PayoutRefusal | undefined {
  if (payout.state !== 'owed' || payout.next_at > now) return undefined
  // A refund goes to the payer, so it waits for no account.
  const waits = account.state !== 'approved' && !isRefund(payout)
  return { is: 'payout-due', id: payout.id, account: waits ? account : undefined }
}

/** Whether a new order may be made for it, however that comes about. */
function mayBeOrdered({
  payout: { id, units, asset, rail },
  ...facts
}: PayoutFacts): PayoutRefusal | undefined {
  if (mayGoOut({ units, asset }) !== undefined) return { is: 'payout-empty', id, units, asset }
  if (facts.isGoingBack) return { is: 'payment-going-back', id }
  if (facts.liveOrder)
    return { is: 'order-alive', id, order: facts.liveOrder.external_id, state: facts.liveOrder.state, rail }
  return facts.unmined && { is: 'payment-not-mined', id, coin: facts.unmined.id, state: facts.unmined.state }
}
