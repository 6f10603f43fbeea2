/**
 * Settles orders that no answer or no event came for: asks the bank what it has under their keys, and only
 * then acts.
 */
import { because } from '../../base/reasons.ts'
import { deadlineIn, type Deadline } from '../../base/deadline.ts'
import { later, type Instant, type World } from '../../base/world.ts'
import { owedFor } from '../../ledger/ledger.ts'
import { absenceMs, callMs, type BankDestination, type ProviderPayout, type Rail } from '../../rails/rail.ts'
import { setWhy, eachApart, forUpdate, sql, throwFirst, type Db, type Tx, type Why } from '../../db/db.ts'
import type { BankAccountRow } from '../accountRow.ts'
import { destinationOf } from '../place.ts'
import { ordersNotAsBooked } from '../asBooked.ts'
import { beginLook, isFresh, staleLook } from './look.ts'
import { applyPayout, giveUp, silenceMs } from './outcome.ts'
import { mayBeGoingBack } from '../rightSize.ts'
import { type AttemptRow, type PayoutRow } from '../row.ts'
import { isStillOurs } from './send.ts'
import { bankPayoutsStopped } from './unheard.ts'
import { attempts, payouts } from '../tables.ts'

const absencesNeeded = 2n

/** Answers how many orders were asked about. */
export async function resolvePayouts(db: Db, rail: Rail, world: World): Promise<number> {
  const doubtful = await db.tx(async tx => {
    const now = await tx.now()
    await abandonSending(tx, now)
    return tx.all<Pick<AttemptRow, 'id' | 'payout_id'>>(sql`
      select a.id, a.payout_id from attempts a join payouts p on p.id = a.payout_id
      where p.rail = 'starkbank' and p.state in ('unsure', 'sent') and a.state in ('unsure', 'sent')
        and p.next_at <= ${now} order by p.next_at, a.id limit 100`)
  })
  const faults = await eachApart(doubtful, order => ask(db, rail, world, order))
  // The others come first next time; the run is shown as failed, and the payout says why.
  for (const { of: order, why } of faults)
    await db.tx(tx =>
      putOff(tx, world, order, because('cannot-be-asked-about', { fault: why.slice(0, 500) })),
    )
  throwFirst(faults)
  return doubtful.length
}

async function putOff(
  tx: Tx,
  world: World,
  { payout_id: id }: Pick<AttemptRow, 'payout_id'>,
  why: Why,
): Promise<void> {
  await tx.run(sql`
    update payouts set next_at = ${later(await tx.now(), silenceMs)}, ${setWhy(why)} where id = ${id}
      and state in ('unsure', 'sent')`)
  world.log.error({ payout: id, why }, 'an order could not be asked about')
}

/**
 * A worker that died while ordering leaves `sending` behind: past the grace, whether the money left is
 * unknown.
 */
async function abandonSending(tx: Tx, now: string): Promise<void> {
  const rows = await tx.all<PayoutRow>(
    sql`select * from payouts where rail = 'starkbank' and state = 'sending' and next_at <= ${now}
      limit 1000`,
  )
  const why = because('answer-not-written-down')
  for (const { id } of rows) {
    const attempt = await tx.one<{ id: string }>(
      sql`select id from attempts where payout_id = ${id} and state = 'sending'`,
    )
    if (attempt)
      await attempts.move(tx, { id: attempt.id, state: 'sending' }, 'unsure', { why }, [sql`absences = 0`])
    await payouts.move(tx, { id, state: 'sending' }, 'unsure', { why }, [sql`next_at = ${now}`, setWhy(why)])
  }
}

async function ask(
  db: Db,
  rail: Rail,
  world: World,
  order: Pick<AttemptRow, 'id' | 'payout_id'>,
): Promise<void> {
  const look = await beginLook(db, world, order.payout_id)
  const attempt = await db.one<AttemptRow>(
    sql`select * from attempts where id = ${order.id} and state in ('unsure', 'sent')`,
  )
  if (!attempt) return
  const answer = await rail.findPayouts(attempt.external_id)
  await world.at('payouts looked up')
  if (answer.is !== 'done')
    return world.log.warn(
      { payout: attempt.payout_id, why: answer.why },
      'the bank did not say what became of an order',
    )

  const deadline = deadlineIn(callMs, world.clock)
  const applied = await db.tx(async tx => {
    await tx.one(sql`select id from attempts where id = ${attempt.id} ${forUpdate}`)
    if (!(await isFresh(tx, look))) return 'stale'
    const result = await applyPayout(
      tx,
      world,
      { externalId: attempt.external_id, found: answer.value, errors: [], readNow: true },
      { why: because('asked-by-key') },
    )
    // What contradicts the order stays so for a while: asked about at once again, it would be told again and
    // again.
    if (result !== 'again' && result !== 'halt') return result
    if (attempt.state === 'unsure' && answer.value.length === 0) return absent(tx, world, attempt)
    await tx.run(
      sql`update payouts set next_at = ${later(await tx.now(), silenceMs)} where id = ${attempt.payout_id}`,
    )
    return result
  }, 'locks')
  if (applied === 'stale') world.log.warn({ payout: attempt.payout_id }, staleLook)
  if (typeof applied === 'object') await orderAgain(db, rail, world, attempt, applied, deadline)
}

/** An order to be repeated: when it was claimed, and what was checked then. */
interface Again {
  askedAt: Instant
  invoiceId: string
  to: BankDestination
}

/**
 * Absent once may be a slow index; absent twice, a grace apart, it is ordered again under the same key, which
 * cannot pay twice. But only what is still owed is ordered: while the payment may be going back to its payer
 * it waits, and an order of another amount is given up.
 */
async function absent(tx: Tx, world: World, attempt: AttemptRow): Promise<Again | 'again' | 'moved'> {
  const now = await tx.now()
  await tx.run(sql`update payouts set next_at = ${later(now, absenceMs)} where id = ${attempt.payout_id}`)
  await tx.run(sql`update attempts set absences = absences + 1 where id = ${attempt.id}`)
  if (attempt.absences + 1n < absencesNeeded) return 'again'
  const payout = (await tx.one<PayoutRow>(
    sql`select * from payouts where id = ${attempt.payout_id} ${forUpdate}`,
  ))!
  if (await tx.one(sql`select 1 as yes from payouts where id = ${payout.id} and ${mayBeGoingBack}`))
    return 'again'
  // What is in transit is owed no more: anything else that is owed or lacking came or went since it was
  // ordered.
  if ((await owedFor(tx, payout.invoice_id)).units !== 0n) {
    const why = because('absent-and-changed', { order: attempt.external_id })
    await giveUp(tx, world, attempt, payout, why, { why })
    return 'moved'
  }
  if ((await bankPayoutsStopped(tx, now)) !== undefined) return 'again'
  const edited = (await ordersNotAsBooked(tx, [attempt])).get(attempt.id)
  if (edited !== undefined) {
    await tx.run(
      sql`update payouts set ${setWhy(because('edited', { finding: edited }))} where id = ${payout.id}`,
    )
    return 'again'
  }
  const account = (await tx.one<BankAccountRow>(
    sql`select * from accounts where id = ${attempt.account_id ?? payout.account_id}`,
  ))!
  // As at the first order: while it is asked for, no event may call it dead, for the next try of this call
  // would bring it to life.
  const why = because('absent-so-repeated')
  const mine = await attempts.move(tx, { id: attempt.id, state: 'unsure' }, 'sending', { why }, [
    sql`asked_at = ${now}`,
  ])
  return mine && (await payouts.move(tx, { id: attempt.payout_id, state: 'unsure' }, 'sending', { why }))
    ? { askedAt: now, invoiceId: payout.invoice_id, to: destinationOf(account) }
    : 'again'
}

async function orderAgain(
  db: Db,
  rail: Rail,
  world: World,
  attempt: AttemptRow,
  { askedAt, invoiceId, to }: Again,
  deadline: Deadline,
): Promise<void> {
  const { external_id: externalId, units } = attempt
  const again = { externalId, invoiceId, units, to, description: `Repasse ${invoiceId}` }
  const answer = await rail.pay([again], deadline)
  await world.at('payout asked for again')
  // Only a plain yes changes anything: an earlier order of this key may still turn up, so a refusal proves
  // nothing.
  if (answer.is === 'done') await db.tx(tx => sentAgain(tx, attempt, answer.value[0]!), 'locks')
  else {
    world.log.warn({ payout: attempt.payout_id, why: answer.why }, 'an order could not be repeated')
    await db.tx(async tx => {
      if (await isStillOurs(tx, { attemptId: attempt.id, askedAt }))
        await unsureAgain(tx, attempt, because('said', { said: answer.why }))
    }, 'locks')
  }
}

async function sentAgain(tx: Tx, attempt: AttemptRow, { providerId }: ProviderPayout): Promise<void> {
  const cause = { why: because('bank-accepted'), ref: providerId }
  const next = later(await tx.now(), silenceMs)
  if (
    await attempts.move(tx, { id: attempt.id, state: 'sending' }, 'sent', cause, [
      sql`provider_id = ${providerId}`,
    ])
  )
    await payouts.move(tx, { id: attempt.payout_id, state: 'sending' }, 'sent', cause, [
      sql`next_at = ${next}`,
      setWhy(null),
    ])
}

async function unsureAgain(tx: Tx, attempt: AttemptRow, why: Why): Promise<void> {
  const next = later(await tx.now(), absenceMs)
  if (await attempts.move(tx, { id: attempt.id, state: 'sending' }, 'unsure', { why }, [sql`absences = 0`]))
    await payouts.move(tx, { id: attempt.payout_id, state: 'sending' }, 'unsure', { why }, [
      sql`next_at = ${next}`,
      setWhy(why),
    ])
}
