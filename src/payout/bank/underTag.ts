/**
 * What the bank has under an invoice's tag, looked at before its payout is ordered: a new key is a new
 * payment to the bank, so nothing else may be alive there.
 */
import { because, Reason } from '../../base/reasons.ts'
import { isSamePlace } from '../../base/brazil.ts'
import { later, type Millis, type World } from '../../base/world.ts'
import type { ProviderPayout, Rail } from '../../rails/rail.ts'
import { setWhy, forUpdate, sql, type Cause, type Db, type Tx } from '../../db/db.ts'
import type { BankAccountRow } from '../account.ts'
import { adopt, keepAttempt, wasBookedAsExternal } from './adopt.ts'
import { applyPayout } from './outcome.ts'
import { beginLook, isFresh, withKnown, type Look } from './look.ts'
import { attemptsOf, type AttemptRow, type PayoutRow } from '../row.ts'
import { noteStrange, strangeUnderKeysOf, verdictsOn, type Verdict } from './strange.ts'
import { payouts } from '../tables.ts'

/** Alive, or paid; what a bank says in words this installation does not know is taken for that too. */
export const isAlive = ({ status }: ProviderPayout): boolean => status !== 'failed' && status !== 'canceled'

/** The number of an order of this payout, where a key is one: a restored database may have forgotten it. */
export function numberOf(payoutId: string, key: string | undefined): bigint | undefined {
  const number = key?.startsWith(`${payoutId}-`) ? key.slice(payoutId.length + 1) : undefined
  return number !== undefined && /^[1-9]\d{0,8}$/.test(number) ? BigInt(number) : undefined
}

type Found =
  | { is: 'clear' }
  /** An order that we know of and gave up is alive. */
  | { is: 'given up'; attempt: AttemptRow; transfer: ProviderPayout }
  /** An order of this payout that these books have forgotten, just as it would be made now. */
  | { is: 'forgotten'; transfer: ProviderPayout; number: bigint }
  /** Not an order of these books, or not as one is made: a person says. */
  | { is: 'strange'; transfer: ProviderPayout; why: Reason | { status: string; order: string } }

/** Pure: what stands in the way of a new order. */
export function judge(
  found: readonly ProviderPayout[],
  known: readonly AttemptRow[],
  payout: Pick<PayoutRow, 'id' | 'units'>,
  account: Pick<BankAccountRow, 'bank' | 'branch' | 'number'>,
  verdicts: ReadonlyMap<string, Verdict> = new Map(),
): Found {
  const orderOf = (transfer: ProviderPayout) =>
    known.find(({ provider_id: id }) => id === transfer.providerId) ??
    known.find(({ external_id: key }) => key === transfer.externalId)
  const alive = found.filter(transfer => {
    if (!isAlive(transfer) || verdicts.get(transfer.providerId) === 'not-ours') return false
    const attempt = orderOf(transfer)
    // Its money is back, as the bank's log said, whatever its status says.
    return !(attempt?.state === 'refunded' && attempt.provider_id === transfer.providerId)
  })
  const [transfer, another] = alive
  if (!transfer) return { is: 'clear' }
  const key = transfer.externalId ?? transfer.providerId
  if (another)
    return {
      is: 'strange',
      transfer,
      why: because('several-transfers', { transfers: alive.map(nameOf) }),
    }
  const attempt = orderOf(transfer)
  if (attempt && attempt.state !== 'refunded' && transfer.status !== 'unknown')
    return { is: 'given up', attempt, transfer }
  if (attempt)
    return {
      is: 'strange',
      transfer,
      why: because('given-up-but-shown', { order: key, status: transfer.status }),
    }
  const number = numberOf(payout.id, transfer.externalId)
  if (
    number !== undefined &&
    transfer.units === payout.units &&
    isSamePlace(transfer.to, account) &&
    transfer.status !== 'unknown'
  )
    return { is: 'forgotten', transfer, number }
  return { is: 'strange', transfer, why: { status: transfer.status, order: key } }
}

const nameOf = ({ providerId, externalId, status }: ProviderPayout) => `${externalId ?? providerId} ${status}`

async function hold(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  shown: ProviderPayout,
  why: Reason,
): Promise<void> {
  world.log.error({ payout: payout.id, why }, 'a payout is held')
  const cause = { why, ref: shown.providerId }
  await payouts.move(tx, payout, 'held', cause, [setWhy(why)])
}

/**
 * How long to wait before the bank is asked again, the longer the more often it did not answer: 1, 2, 4, 8
 * minutes, then 15.
 */
export const unansweredPauseMs = (waits: bigint): Millis =>
  Math.min(60_000 * 2 ** Math.min(Number(waits), 4), 15 * 60_000)

const askLater = async (tx: Tx, { id, waits }: PayoutRow): Promise<unknown> =>
  tx.run(sql`
    update payouts set waits = waits + 1, next_at = ${later(await tx.now(), unansweredPauseMs(waits))}
    where id = ${id} and state in ('owed', 'waiting')`)

/**
 * Looks whether a payout may be ordered under a new key, as it may where all the bank has under its invoice's
 * tag is dead: the claim then asks whether the look is fresh. What is alive is taken up as the order it is,
 * or holds the payout. `stale`: this worker stalled, or another one was faster, so what it saw says nothing.
 */
export async function lookUnderTag(
  db: Db,
  rail: Rail,
  world: World,
  payout: PayoutRow,
): Promise<Look | 'no' | 'stale'> {
  const look = await beginLook(db, world, payout.id)
  const shown = await shownFor(db, rail, payout)
  await world.at('payout looked at')
  if (shown === undefined) {
    await db.tx(tx => askLater(tx, payout))
    return 'no'
  }
  const may = await db.tx(async (tx): Promise<Look | 'no' | 'stale'> => {
    const current = await tx.one<PayoutRow>(sql`select * from payouts where id = ${payout.id} ${forUpdate}`)
    if (!current || (current.state !== 'owed' && current.state !== 'waiting')) return 'no'
    if (!(await isFresh(tx, look))) {
      // A bank that takes too long for all that it is asked is asked less and less often, as one that does
      // not answer.
      if (look.deadline.leftMs() <= 0) await askLater(tx, payout)
      return 'stale'
    }
    const known = await attemptsOf(tx, payout.id)
    const account = (await tx.one<BankAccountRow>(
      sql`select * from accounts where id = ${current.account_id}`,
    ))!
    await rememberDead(tx, world, current, known, shown)
    const found = judge(
      shown,
      known,
      current,
      account,
      await verdictsOn(
        tx,
        shown.map(({ providerId }) => providerId),
      ),
    )
    switch (found.is) {
      case 'clear':
        return withKnown(tx, look)
      case 'given up': {
        const cause: Cause = {
          why: because('given-up-and-alive'),
          ref: found.transfer.providerId,
        }
        const sameKey = shown.filter(
          ({ externalId, providerId }) =>
            externalId === found.attempt.external_id || providerId === found.transfer.providerId,
        )
        const applied = await applyPayout(
          tx,
          world,
          { externalId: found.attempt.external_id, found: sameKey, errors: [], readNow: true },
          cause,
        )
        // What contradicts the order stops everything; nothing more is ordered for this payout either.
        if (applied !== 'moved')
          await hold(
            tx,
            world,
            current,
            found.transfer,
            because('given-up-but-shown', {
              order: found.attempt.external_id,
              status: found.transfer.status,
            }),
          )
        return 'no'
      }
      case 'forgotten':
        if (await wasBookedAsExternal(tx, found.transfer))
          await hold(
            tx,
            world,
            current,
            found.transfer,
            because('booked-as-external', {
              status: found.transfer.status,
              order: nameOf(found.transfer),
            }),
          )
        else
          await adopt(tx, world, current, found.transfer, found.number, {
            why: because('ordered-after-backup'),
            ref: found.transfer.providerId,
          })
        return 'no'
      case 'strange': {
        const { providerId, externalId: order, invoiceId: invoice } = found.transfer
        await noteStrange(tx, { rail: rail.name, providerId, tags: { invoice, order } })
        await hold(
          tx,
          world,
          current,
          found.transfer,
          found.why instanceof Reason
            ? found.why
            : because('shown-under-key', { ...found.why, restored: await wasRestored(tx) }),
        )
        return 'no'
      }
    }
  }, 'locks')
  if (may !== 'no') await world.at('payout may be ordered')
  return may
}

const wasRestored = async (tx: Tx): Promise<boolean> =>
  (await tx.one(sql`select 1 as yes from settings where name = 'restored'`)) !== undefined

/**
 * Everything under the invoice's tag, in one question; undefined where the bank did not answer. What the bank
 * once took on and does not show there (its index is late, or the order is from before invoices were tagged)
 * is asked for by its own key, and so is what was heard of under a key of this payout that these books never
 * used.
 */
async function shownFor(db: Db, rail: Rail, payout: PayoutRow): Promise<ProviderPayout[] | undefined> {
  const answer = await rail.findPayouts(payout.invoice_id)
  if (answer.is !== 'done') return undefined
  const shown = [...answer.value]
  const isShown = (id: string) => shown.some(({ providerId }) => providerId === id)
  const known = (await attemptsOf(db, payout.id)).filter(
    ({ external_id: key, provider_id: id, state }) =>
      state !== 'refunded' &&
      id !== null &&
      !isShown(id) &&
      shown.every(({ externalId }) => externalId !== key),
  )
  const strange = (await strangeUnderKeysOf(db, payout.id)).filter(({ provider_id: id }) => !isShown(id))
  for (const key of new Set([
    ...known.map(({ external_id: key }) => key),
    ...strange.map(({ order_key: key }) => key),
  ])) {
    const more = await rail.findPayouts(key)
    if (more.is !== 'done') return undefined
    shown.push(...more.value.filter(({ providerId }) => !isShown(providerId)))
  }
  return shown
}

/**
 * Orders of this payout that failed and that these books have forgotten: their numbers are used, and the bank
 * would take their keys again.
 */
async function rememberDead(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  known: AttemptRow[],
  shown: readonly ProviderPayout[],
): Promise<void> {
  for (const transfer of shown) {
    const number = numberOf(payout.id, transfer.externalId)
    if (number === undefined || isAlive(transfer) || transfer.units <= 0n) continue
    if (
      known.some(({ number: taken }) => taken === number) ||
      shown.some(other => other.externalId === transfer.externalId && isAlive(other))
    )
      continue
    const state = transfer.status === 'canceled' ? 'canceled' : 'failed'
    const cause = { why: because('ordered-after-backup'), ref: transfer.providerId }
    known.push(
      await keepAttempt(tx, world, payout, transfer, { number, state, units: transfer.units }, cause),
    )
  }
}
