/**
 * Handing over: payouts that no provider sends. One person says that it is handed over, which is the order;
 * another one confirms it, or takes it back. Nothing proves either but the two.
 */
import { canonical } from '../../approvals/approvals.ts'
import { newId } from '../../base/id.ts'
import { brl, formatMoney } from '../../base/money.ts'
import { samePerson } from '../../base/person.ts'
import { because, sentence } from '../../base/reasons.ts'
import type { World } from '../../base/world.ts'
import { audit, barFor, mayProposeNow, post, type ApproverRefusal } from '../../ledger/ledger.ts'
import { forUpdate, remember, setWhy, sql, type Db, type Reader, type Tx } from '../../db/db.ts'
import { placeOf, type AccountRow } from '../account.ts'
import { notAsBooked, ordersNotAsBooked } from '../asBooked.ts'
import { payableNow } from '../cooling.ts'
import { withinLimits } from '../limits.ts'
import { withProof, type ApprovalsNeeded } from '../proven.ts'
import { setOff } from '../receivable.ts'
import { rightSize } from '../rightSize.ts'
import { holdBack, mayGoOut, type AttemptRow, type PayoutRow } from '../row.ts'
import { payoutsStopped } from '../stops.ts'
import { attempts, payouts } from '../tables.ts'

const handedAct = 'payout handed over'

/**
 * Why a payout is not handed over now: it is sent by its rail, is not owed, payouts are stopped, its
 * account is not approved, it was held for what it is, it waits (for a proof, a limit, the end of an
 * objection), or it is of another amount than whoever hands it over was shown.
 */
export type HandOverRefusal =
  | 'of-another-rail'
  | 'not-owed'
  | 'stopped'
  | 'not-approved'
  | 'held'
  | 'waits'
  | 'other-amount'
/**
 * Why nobody may say how it ended: nobody said that it was handed over, the same person did, or it was handed
 * over again since whoever confirms it was shown it.
 */
export type HandedRefusal = 'of-another-rail' | 'not-handed' | 'same-person' | 'edited' | 'other-order'

export type HandingOver =
  | { is: 'unknown' }
  | { is: 'impossible'; code: HandOverRefusal; payout: PayoutRow; why?: string }
  | ApproverRefusal
  | { is: 'handed'; payout: PayoutRow }

export type Handed =
  | { is: 'unknown' }
  | { is: 'impossible'; code: HandedRefusal; payout: PayoutRow; why?: string }
  | ApproverRefusal
  | { is: 'paid' | 'held'; payout: PayoutRow }

const lock = (tx: Tx, id: string) =>
  tx.one<PayoutRow>(sql`select * from payouts where id = ${id} and store_id = ${tx.store} ${forUpdate}`)

type Due = PayoutRow & { state: 'owed' | 'waiting' }
const isDue = (payout: PayoutRow): payout is Due => payout.state === 'owed' || payout.state === 'waiting'

/**
 * Says that a payout is handed over: the same rules let it go that let one go at the bank. What they keep
 * is left as they keep it. `shown`: cents that whoever hands it over was shown; what was set off or kept
 * back since is kept, and they are shown the amount of now.
 */
export async function handOver(
  db: Db,
  world: World,
  id: string,
  { by, note, shown }: { by: string; note: string; shown?: bigint | undefined },
  approvals?: ApprovalsNeeded,
): Promise<HandingOver> {
  return db.tx(async (tx): Promise<HandingOver> => {
    const payout = await lock(tx, id)
    if (!payout) return { is: 'unknown' }
    const impossible = (code: HandOverRefusal, why?: string | null): HandingOver => ({
      is: 'impossible',
      code,
      payout,
      ...(why != null && { why }),
    })
    if (payout.rail !== 'cash') return impossible('of-another-rail')
    if (!isDue(payout)) return impossible('not-owed')
    const barred = await mayProposeNow(tx, by)
    if (barred) return barred
    const stopped = await payoutsStopped(tx)
    if (stopped !== undefined) return impossible('stopped', stopped)
    const account = (await tx.one<AccountRow>(sql`select * from accounts where id = ${payout.account_id}`))!
    if (account.state !== 'approved') return impossible('not-approved')
    const refusal = mayGoOut(payout) ?? (await notAsBooked(tx, [payout])).get(id)
    if (refusal !== undefined) {
      await holdBack(tx, world, payout, refusal)
      return impossible('held', sentence(refusal))
    }
    const ready = await payableNow(tx, await withProof(tx, [payout], approvals))
    const [going] = await withinLimits(tx, 'BRL', await setOff(tx, world, ready))
    if (!going) return impossible('waits', (await lock(tx, id))?.why)
    if (shown !== undefined && going.units !== shown)
      return impossible('other-amount', formatMoney(going.units, 'BRL'))
    await order(tx, world, going, account, { by, note })
    return { is: 'handed', payout: (await lock(tx, id))! }
  }, 'locks')
}

async function order(
  tx: Tx,
  world: World,
  payout: Due,
  account: AccountRow,
  { by, note }: { by: string; note: string },
): Promise<void> {
  const { id, invoice_id: invoiceId, units } = payout
  const now = await tx.now()
  const last = await tx.one<{ number: bigint | null }>(
    sql`select max(number) as number from attempts where payout_id = ${id}`,
  )
  const number = (last?.number ?? 0n) + 1n
  const attemptId = newId('attempt', world)
  const key = `${id}-${number}`
  const why = because('handed-by', { by, said: note })
  await payouts.move(tx, payout, 'sent', { why, ref: attemptId }, [
    sql`tries = tries + 1`,
    setWhy(null),
    sql`next_at = ${now}`,
  ])
  await tx.run(sql`
    insert into attempts (id, payout_id, number, external_id, units, state, asked_at, changed_at, destination)
    values (${attemptId}, ${id}, ${number}, ${key}, ${units}, 'sent', ${now}, ${now},
      ${canonical(placeOf(account))})`)
  await remember(tx, 'attempts', attemptId, '', 'sent', { why, ref: id }, now)
  await post(tx, world, {
    movement: 'payout ordered',
    source: attemptId,
    amount: brl(units),
    invoiceId,
    memo: key,
  })
  const detail = { amount: formatMoney(units, 'BRL'), to: account.name, order: key, note }
  await audit(tx, { actor: by, act: handedAct, subject: id, detail })
}

/** Who said that it was handed over, as the audit log has it. */
export async function handedBy(reader: Reader, id: string): Promise<string | undefined> {
  const row = await reader.one<{ actor: string }>(
    sql`select actor from audit where subject = ${id} and act = ${handedAct} order by seq desc limit 1`,
  )
  return row?.actor
}

/** Another person confirms that the payee has it. `order`: the id of the one that they were shown. */
export const confirmHandOver = (
  db: Db,
  world: World,
  id: string,
  act: { by: string; why: string; order?: string | undefined },
): Promise<Handed> =>
  end(db, id, act, 'paid', (tx, payout, attempt) => settle(tx, world, payout, attempt, act))

/** The payee does not have it: it is held until a person releases it. */
export const takeBackHandOver = (
  db: Db,
  world: World,
  id: string,
  act: { by: string; why: string },
): Promise<Handed> =>
  end(db, id, act, 'held', (tx, payout, attempt) => takeBack(tx, world, payout, attempt, act))

async function end(
  db: Db,
  id: string,
  { by, order: shown }: { by: string; order?: string | undefined },
  to: 'paid' | 'held',
  work: (tx: Tx, payout: PayoutRow & { state: 'sent' }, attempt: AttemptRow) => Promise<void>,
): Promise<Handed> {
  return db.tx(async (tx): Promise<Handed> => {
    const payout = await lock(tx, id)
    if (!payout) return { is: 'unknown' }
    if (payout.rail !== 'cash') return { is: 'impossible', code: 'of-another-rail', payout }
    if (payout.state !== 'sent') return { is: 'impossible', code: 'not-handed', payout }
    const attempt = await lastOrder(tx, id)
    if (!attempt) return { is: 'impossible', code: 'edited', payout, why: 'its order is not here any more' }
    if (shown !== undefined && attempt.id !== shown) return { is: 'impossible', code: 'other-order', payout }
    const maker = await handedBy(tx, id)
    const edited = await editedSince(tx, maker, attempt)
    // Either is booked with the order's amount, so taking back an edited one would owe what nobody is owed.
    if (edited !== undefined) return { is: 'impossible', code: 'edited', payout, why: edited }
    // Taking back moves nothing out, so whoever said it may, too.
    if (to === 'paid') {
      if (samePerson(by, maker!)) return { is: 'impossible', code: 'same-person', payout }
      const bar = await barFor(tx, by, await tx.now(), maker)
      if (bar) return { is: 'barred', by, bar }
    } else {
      const barred = await mayProposeNow(tx, by)
      if (barred) return barred
    }
    await work(tx, { ...payout, state: 'sent' }, attempt)
    return { is: to, payout: (await lock(tx, id))! }
  }, 'locks')
}

const lastOrder = (tx: Tx, payoutId: string) =>
  tx.one<AttemptRow>(
    sql`select * from attempts where payout_id = ${payoutId} order by number desc limit 1 ${forUpdate}`,
  )

/** Why the order of a payout that is handed over is not as somebody said it; undefined where it is. */
async function editedSince(
  tx: Tx,
  maker: string | undefined,
  attempt: AttemptRow,
): Promise<string | undefined> {
  if (maker === undefined) return 'nobody said that it was handed over'
  if (attempt.state !== 'sent')
    return `its order ${attempt.external_id} is ${attempt.state} here, and nobody said so: it was edited past this program`
  return (await ordersNotAsBooked(tx, [attempt])).get(attempt.id)
}

interface Act {
  by: string
  why: string
}

async function settle(
  tx: Tx,
  world: World,
  payout: PayoutRow & { state: 'sent' },
  attempt: AttemptRow,
  { by, why }: Act,
): Promise<void> {
  const cause = { why: because('handover-confirmed', { by, said: why }), ref: attempt.id }
  await attempts.move(tx, attempt, 'success', cause, [sql`fee_units = 0`])
  await post(tx, world, {
    movement: 'cash handed over',
    source: attempt.id,
    amount: brl(attempt.units),
    invoiceId: payout.invoice_id,
    memo: attempt.external_id,
  })
  await payouts.move(tx, payout, 'paid', cause, [setWhy(null)])
  await rightSize(tx, world, payout.invoice_id, cause)
  const detail = { order: attempt.external_id, amount: formatMoney(attempt.units, 'BRL'), why }
  await audit(tx, { actor: by, act: 'handover confirmed', subject: payout.id, detail })
}

async function takeBack(
  tx: Tx,
  world: World,
  payout: PayoutRow & { state: 'sent' },
  attempt: AttemptRow,
  { by, why }: Act,
): Promise<void> {
  const cause = { why: because('said-by', { by, said: why }), ref: attempt.id }
  await attempts.move(tx, attempt, 'canceled', cause, [setWhy(cause.why)])
  await post(tx, world, {
    movement: 'payout returned',
    source: attempt.id,
    amount: brl(attempt.units),
    invoiceId: payout.invoice_id,
    memo: sentence(cause.why),
  })
  await payouts.move(tx, payout, 'held', cause, [setWhy(cause.why)])
  await rightSize(tx, world, payout.invoice_id, { ...cause, why: because('receipt-not-there') })
  const detail = { order: attempt.external_id, amount: formatMoney(attempt.units, 'BRL'), why }
  await audit(tx, { actor: by, act: 'handover taken back', subject: payout.id, detail })
}

/**
 * After a restore nobody can be asked what was handed over since the backup, so what is owed is held until a
 * person has looked at the receipts; and what is held already says so, for it may have been released since.
 * Answers how many were held.
 */
export async function holdAfterRestore(tx: Tx): Promise<number> {
  const rows = await tx.all<PayoutRow & { state: 'owed' | 'waiting' | 'held' }>(
    sql`select * from payouts where rail = 'cash' and state in ('owed', 'waiting', 'held') order by id`,
  )
  const why = because('maybe-handed-after-backup')
  const now = await tx.now()
  for (const payout of rows) {
    if (payout.state !== 'held')
      await payouts.move(tx, { ...payout, state: payout.state }, 'held', { why }, [setWhy(why)])
    else {
      await tx.run(sql`update payouts set ${setWhy(why)} where id = ${payout.id}`)
      await remember(tx, 'payouts', payout.id, 'held', 'held', { why }, now)
    }
  }
  return rows.length
}
