/**
 * What people say of a transfer at the bank: that it paid a payout, or that it is none of ours. The ledger
 * follows, whatever was booked before.
 */
import { because, sentence } from '../../base/reasons.ts'
import { isSamePlace } from '../../base/brazil.ts'
import { brl, formatMoney } from '../../base/money.ts'
import { later, type Instant, type World } from '../../base/world.ts'
import {
  audit,
  clearSuspense,
  detailOf,
  post,
  propose,
  type Proposed,
  type ProposalRow,
} from '../../ledger/ledger.ts'
import type { ProviderPayout, Rail, Rails, StatementLine } from '../../rails/rail.ts'
import { forUpdate, sql, type Cause, type Reader, type Db, type Tx } from '../../db/db.ts'
import type { BankAccountRow } from '../account.ts'
import { acceptLines, adopt, wasSeenBack } from './adopt.ts'
import { beginLook, isUnchanged, type Look } from './look.ts'
import { applyPayout, giveUp, silenceMs, takeBack, type Applied } from './outcome.ts'
import { attemptsOf, findPayout, type AttemptRow, type PayoutRow } from '../row.ts'
import { answering, refuse, refuseIf, type PayoutRefusal } from '../refusals.ts'
import { mayAdjudicate } from '../rules.ts'
import type { MadeFor } from './refusals.ts'
import { verdictsOn, type Verdict } from './strange.ts'
import { isAlive, numberOf } from './underTag.ts'
import { unsettleElsewhere } from './unsettle.ts'

export const adjudicateAct = 'payout.adjudicate'
export const verdicts = ['ours', 'not-ours'] as const satisfies readonly Verdict[]

interface Act {
  by: string
  why: string
}

const bankOf = ({ starkbank: rail }: Rails): Rail =>
  rail ?? refuse({ is: 'rail-not-configured', asks: 'bank' })

/** A transfer by its id at the bank, or by our key or tag it bears; refuses where there is none. */
async function findTransfer(rail: Rail, payout: PayoutRow, ref: string): Promise<ProviderPayout> {
  return (await lookUp(rail, payout, ref)) ?? noSuchTransfer(payout, ref)
}

const noSuchTransfer = ({ id: payout, invoice_id: invoice }: PayoutRow, ref: string): never =>
  refuse({ is: 'transfer-unknown', ref, payout, invoice })

/** The same; undefined where there is none. */
async function lookUp(
  rail: Rail,
  { invoice_id: invoice }: PayoutRow,
  ref: string,
): Promise<ProviderPayout | undefined> {
  const tagged = await rail.findPayouts(invoice)
  if (tagged.is !== 'done') throw new Error(`the bank did not say what it paid: ${tagged.why}`)
  const shown = tagged.value.find(({ providerId, externalId }) => providerId === ref || externalId === ref)
  if (shown) return shown
  const read = await rail.readPayout(ref)
  if (read.is === 'done') return read.value
  if (read.is === 'refused' && !read.again) return undefined
  throw new Error(`the bank did not say what transfer ${ref} is: ${read.why}`)
}

/** As a proposal shows an order that the bank took on and has no trace of any more. */
export const shownNowhere = 'nothing: no transfer of its id, none under its key, and no line of the statement'

/**
 * An order under way that `ref` names, of which the bank has no trace: two people may give it up. Refuses
 * where it is none such.
 */
async function findLost(db: Db, rail: Rail, payout: PayoutRow, ref: string): Promise<AttemptRow> {
  const order = (await attemptsOf(db, payout.id)).find(
    ({ provider_id: id, external_id: key, state }) =>
      id !== null && (id === ref || key === ref) && (state === 'sent' || state === 'unsure'),
  )
  if (!order) return noSuchTransfer(payout, ref)
  const { provider_id: providerId, external_id: key, asked_at: askedAt } = order
  if (await lookUp(rail, payout, providerId!))
    refuse({ is: 'order-shown', order: key, transfer: providerId! })
  const underKey = await rail.findPayouts(key)
  if (underKey.is !== 'done')
    throw new Error(`the bank did not say what it has under ${key}: ${underKey.why}`)
  const [shown] = underKey.value
  if (shown) refuse({ is: 'order-shown', order: key, transfer: shown.providerId })
  const moved = await linesAbout(rail, providerId!, later(askedAt, -silenceMs))
  if (!moved) return refuse({ is: 'statement-too-long', order: key, since: askedAt })
  if (moved[0]) refuse({ is: 'money-moved', order: key, line: moved[0].id })
  return order
}

/** What was taken on a moment ago may be shown late. */
async function assertSilent(tx: Tx, { external_id: key, asked_at: askedAt }: AttemptRow): Promise<void> {
  if (later(askedAt, silenceMs) > (await tx.now())) refuse({ is: 'order-too-new', order: key, at: askedAt })
}

const bankPlaceOf = ({ bank, branch, number }: Omit<ProviderPayout['to'], 'taxId'>) => ({
  bank,
  branch,
  number,
})
const placeOf = ({ to }: ProviderPayout) => `${to.bank} ${to.branch} ${to.number}`

/**
 * Proof that a transfer has paid a payout, however it was made: the bank succeeded with it, of this amount,
 * to its account.
 */
export async function provenByBank(
  db: Db,
  rails: Rails,
  payout: PayoutRow,
  ref: string,
): Promise<ProviderPayout> {
  const { units } = payout
  const transfer = await findTransfer(bankOf(rails), payout, ref)
  const other = await madeForAnother(db, payout, transfer)
  if (other) refuse(notThis(payout, transfer, other))
  const account = (await db.one<BankAccountRow>(sql`select * from accounts where id = ${payout.account_id}`))!
  if (transfer.status !== 'success' || transfer.units !== units || !isSamePlace(transfer.to, account))
    refuse({
      is: 'transfer-differs',
      ref,
      status: transfer.status,
      shown: { units: transfer.units, ...bankPlaceOf(transfer.to) },
      owed: { units, ...bankPlaceOf(account) },
    })
  return transfer
}

/**
 * Whose a transfer is by the tags it bears, where that is another invoice or an order of another payout;
 * undefined where it is not.
 */
async function madeForAnother(
  reader: Reader,
  payout: PayoutRow,
  { invoiceId, externalId: key }: ProviderPayout,
): Promise<MadeFor | undefined> {
  if (invoiceId !== undefined && invoiceId !== payout.invoice_id) return { invoice: invoiceId }
  if (key === undefined || numberOf(payout.id, key) !== undefined) return undefined
  const other = key.slice(0, key.lastIndexOf('-'))
  return (await findPayout(reader, other)) && { order: key, payout: other }
}

const notThis = (
  { id: payout, invoice_id: invoice }: PayoutRow,
  { providerId: transfer }: ProviderPayout,
  madeFor: MadeFor,
) => ({ is: 'transfer-made-for-another', transfer, madeFor, payout, invoice }) as const

/**
 * Whether a transfer bears a tag of ours that names this payout: then it was made for it, and one person may
 * say that it has paid it. What bears none is anybody's, and two people say.
 */
export const bearsOurTag = (payout: PayoutRow, { invoiceId, externalId }: ProviderPayout): boolean =>
  invoiceId === payout.invoice_id || numberOf(payout.id, externalId) !== undefined

/**
 * A transfer that is explained already has paid nothing else, and one from before the payment came has not
 * passed it on.
 */
export async function assertUnexplained(tx: Tx, payout: PayoutRow, transfer: ProviderPayout): Promise<void> {
  const { providerId, lineIds, createdAt } = transfer
  const about = { transfer: providerId, payout: payout.id }
  if ((await verdictsOn(tx, [providerId])).get(providerId) === 'not-ours')
    refuse({ is: 'transfer-disowned', ...about })
  for (const id of lineIds) {
    const line = await tx.one<{ state: string; why: string | null }>(
      sql`select state, why from strangers where id = ${id} and state in ('accepted', 'ruled')`,
    )
    if (line) refuse({ is: 'transfer-explained', ...about, line: id, state: line.state, why: line.why ?? '' })
  }
  if (bearsOurTag(payout, transfer)) return
  const { paid_at: paidAt } = (await tx.one<{ paid_at: Instant | null }>(
    sql`select paid_at from invoices where id = ${payout.invoice_id}`,
  ))!
  const since = paidAt ?? payout.added_at
  if (createdAt < since) refuse({ is: 'transfer-too-early', ...about, at: createdAt, since })
}

/**
 * Books that a transfer has paid a held or returned payout, in the transaction that says so. Refuses where
 * that contradicts what is known.
 */
export async function settleWith(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  transfer: ProviderPayout,
  cause: Cause,
): Promise<void> {
  const order = await orderOf(tx, payout, transfer)
  await assertNotBack(tx, order, transfer)
  if ((await bookPaid(tx, world, payout, transfer, order, cause)) === 'halt')
    refuse({ is: 'transfer-contradicts', transfer: transfer.providerId, payout: payout.id })
}

async function assertNotBack(tx: Tx, order: AttemptRow | undefined, transfer: ProviderPayout): Promise<void> {
  const { providerId, status } = transfer
  const isRefunded = order?.state === 'refunded' && order.provider_id === providerId
  if (isRefunded || (!order && (await wasSeenBack(tx, transfer))))
    refuse({ is: 'transfer-came-back', transfer: providerId, order: order?.external_id, status })
}

async function bookPaid(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  transfer: ProviderPayout,
  order: AttemptRow | undefined,
  cause: Cause,
): Promise<Applied> {
  if (order)
    return applyPayout(
      tx,
      world,
      { externalId: order.external_id, found: [transfer], errors: [], readNow: true },
      cause,
    )
  const next = ((await attemptsOf(tx, payout.id)).at(-1)?.number ?? 0n) + 1n
  const number = numberOf(payout.id, transfer.externalId) ?? next
  return adopt(tx, world, payout, transfer, number < next ? next : number, cause)
}

/**
 * The order of a payout that a transfer is, by its id or its key. Refuses where it has paid something else.
 */
async function orderOf(
  tx: Tx,
  { id }: PayoutRow,
  { providerId, externalId }: ProviderPayout,
): Promise<AttemptRow | undefined> {
  const used = await tx.one<{ source: string }>(
    sql`select source from ledger_transactions where movement = 'payout paid elsewhere'
      and memo = ${providerId} and source <> ${id}`,
  )
  if (used) refuse({ is: 'transfer-settled-another', transfer: providerId, payout: used.source })
  const order = await tx.one<AttemptRow>(sql`
    select * from attempts where provider_id = ${providerId} or (external_id = ${externalId ?? ''}
      and (provider_id is null or state <> 'success'))
    order by case when provider_id = ${providerId} then 0 else 1 end limit 1 ${forUpdate}`)
  if (order && order.payout_id !== id)
    refuse({
      is: 'transfer-is-order',
      transfer: providerId,
      order: order.external_id,
      payout: order.payout_id,
    })
  return order
}

/** Proposes what a transfer at the bank is; a second person approves it. */
export const proposeVerdict = (
  { db, rails, world }: { db: Db; rails: Rails; world: World },
  id: string,
  { transfer: ref, as, by, why }: Act & { transfer: string; as: Verdict },
): Promise<Proposed | PayoutRefusal> =>
  answering(async () => {
    const payout = await needBankPayout(db, id)
    const rail = bankOf(rails)
    const transfer = await lookUp(rail, payout, ref)
    if (transfer) return db.tx(tx => proposeAs(tx, world, payout, transfer, { as, by, why }))
    const order = as === 'not-ours' ? await findLost(db, rail, payout, ref) : noSuchTransfer(payout, ref)
    return db.tx(async tx => {
      await assertSilent(tx, order)
      const detail = { transfer: order.provider_id!, verdict: as, shown: shownNowhere }
      return propose(tx, world, { act: adjudicateAct, subject: id, detail, why, by })
    })
  })

/** The same of a transfer that was read just now. */
export async function proposeAs(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  transfer: ProviderPayout,
  { as, by, why }: Act & { as: Verdict },
): Promise<Proposed> {
  await assertMayBe(tx, payout, transfer, as)
  const detail = {
    ...{ transfer: transfer.providerId, verdict: as },
    ...{ status: transfer.status, amount: formatMoney(transfer.units, 'BRL'), paidTo: placeOf(transfer) },
  }
  return propose(tx, world, { act: adjudicateAct, subject: payout.id, detail, why, by })
}

async function needBankPayout(db: Db, id: string): Promise<PayoutRow> {
  const payout = await findPayout(db, id)
  if (!payout) return refuse({ is: 'payout-unknown', id })
  refuseIf(mayAdjudicate(payout))
  return payout
}

async function assertMayBe(tx: Tx, payout: PayoutRow, transfer: ProviderPayout, as: Verdict): Promise<void> {
  const order = await orderOf(tx, payout, transfer)
  const paid = (await attemptsOf(tx, payout.id)).find(({ state }) => state === 'success')
  const { providerId, status } = transfer
  const about = { transfer: providerId, payout: payout.id }
  const other = await madeForAnother(tx, payout, transfer)
  if (as === 'not-ours') {
    if (!order && other && !bearsOurTag(payout, transfer)) refuse({ ...notThis(payout, transfer, other), as })
    // What people of an older version took for its order, though it was made for another, they may take back.
    const isSure =
      order?.provider_id === providerId && (order.state === 'success' || order.state === 'refunded')
    if (isSure && (other === undefined || payout.state === 'canceled'))
      refuse({ is: 'transfer-paid-it', ...about, as })
    return
  }
  if (other) refuse({ ...notThis(payout, transfer, other), as })
  await assertNotBack(tx, order, transfer)
  if (paid?.provider_id === providerId) refuse({ is: 'transfer-paid-it', ...about, as })
  if (paid) refuse({ is: 'paid-by-another', ...about, by: paid.provider_id! })
  if (!isAlive(transfer)) refuse({ is: 'transfer-not-alive', transfer: providerId, status })
  if (!order && !['owed', 'waiting', 'held', 'returned'].includes(payout.state))
    refuse({ is: 'payout-under-way', id: payout.id, state: payout.state })
}

export type Seen = { look: Look } & (SeenTransfer | { lost: AttemptRow })

interface SeenTransfer {
  transfer: ProviderPayout
  /**
   * Everything under the invoice's tag, and the statement's lines about the transfer as far as they can be
   * had.
   */
  tagged: ProviderPayout[]
  lines: StatementLine[]
}

/** Before the transaction of the approval: what the bank shows of the transfer now. */
export async function prepareVerdict(
  { db, rails, world }: { db: Db; rails: Rails; world: World },
  proposal: ProposalRow,
): Promise<Seen> {
  const payout = await needBankPayout(db, proposal.subject)
  const rail = bankOf(rails)
  const look = await beginLook(db, world, payout.id)
  const { transfer: ref = '', shown } = detailOf(proposal)
  if (shown === shownNowhere) return { look, lost: await findLost(db, rail, payout, ref) }
  const transfer = await findTransfer(rail, payout, ref)
  const tagged = await rail.findPayouts(payout.invoice_id)
  if (tagged.is !== 'done') throw new Error(`the bank did not say what it paid: ${tagged.why}`)
  return { look, transfer, tagged: tagged.value, lines: await linesOf(rail, transfer) }
}

/** Of a statement, while somebody waits for an answer: as many lines as are read in about a minute. */
const maxPortions = 50

/** The statement's lines about a transfer; undefined where it is too long to be walked. */
async function linesAbout(
  rail: Rail,
  providerId: string,
  since: Instant,
): Promise<StatementLine[] | undefined> {
  const found: StatementLine[] = []
  let place: string | undefined
  for (let portions = 0; portions < maxPortions; portions++) {
    const statement = await rail.statement(since, place)
    if (statement.is === 'unsure' || (statement.is === 'refused' && statement.again))
      throw new Error(`the bank did not give its statement: ${statement.why}`)
    if (statement.is === 'refused') return undefined
    found.push(
      ...statement.value.items.filter(
        ({ about }) => about.is === 'payout' && about.providerId === providerId,
      ),
    )
    place = statement.value.next
    if (place === undefined) return found
  }
  return undefined
}

/**
 * A statement that cannot be had, or is too long to be walked, leaves what the transfer itself says: its
 * debit. The line of its fee has an id that only the statement knows, so that is booked when reconciling
 * reads it; a fee made up here would be booked twice.
 */
async function linesOf(
  rail: Rail,
  { providerId, createdAt, lineIds, units, status }: ProviderPayout,
): Promise<StatementLine[]> {
  const shown = await linesAbout(rail, providerId, createdAt)
  if (shown) return shown
  if (status !== 'success' && status !== 'processing') return []
  return [
    {
      id: lineIds[0] ?? providerId,
      units: -units,
      feeUnits: 0n,
      source: `transfer/${providerId}`,
      about: { is: 'payout', providerId },
      description: `Transfer ${providerId}`,
      tags: [],
      createdAt,
    },
  ]
}

/** In the transaction of the approval: the verdict is kept, and the books follow it. */
export async function carryOutVerdict(
  tx: Tx,
  world: World,
  proposal: ProposalRow,
  seen: Seen,
): Promise<void> {
  const { subject: id, why, made_by: madeBy, decided_by: by } = proposal
  const payout = (await tx.one<PayoutRow>(sql`select * from payouts where id = ${id} ${forUpdate}`))!
  if (!(await isUnchanged(tx, seen.look))) refuse({ is: 'orders-changed', payout: id })
  if ('lost' in seen) return giveUpLost(tx, world, proposal, seen.lost)
  const { transfer, tagged, lines } = seen
  const as = detailOf(proposal)['verdict'] as Verdict
  await assertMayBe(tx, payout, transfer, as)
  const { providerId, invoiceId: invoice, externalId: key } = transfer
  const cause: Cause = { why: because('said-by-two', { madeBy, by: by!, said: why }), ref: providerId }
  const now = await tx.now()
  await tx.run(sql`
    insert into strange_transfers (rail, provider_id, store_id, invoice_tag, order_key, payout_id, verdict,
      decided_by, decided_why, decided_at, seen_at)
    values ('starkbank', ${providerId}, ${tx.store}, ${invoice ?? null}, ${key ?? null}, ${id}, ${as},
      ${by}, ${why}, ${now}, ${now})
    on conflict (rail, provider_id) do update
      set payout_id = excluded.payout_id, verdict = excluded.verdict, decided_by = excluded.decided_by,
      decided_why = excluded.decided_why, decided_at = excluded.decided_at`)
  if (as === 'ours') {
    // Every line of it that was booked as a stranger's is cleared, its fee's too, which the transfer itself
    // does not name.
    const whole = { ...transfer, lineIds: [...new Set([...transfer.lineIds, ...lines.map(line => line.id)])] }
    await settleWith(tx, world, payout, whole, cause)
    await acceptLines(tx, whole, { by: by!, why }, cause)
  } else await disown(tx, world, payout, transfer, { tagged, lines, cause })
  await audit(tx, {
    actor: by!,
    act: 'payout adjudicated',
    subject: id,
    detail: { transfer: providerId, as, madeBy, why },
  })
}

/**
 * No verdict is kept of what nobody could look at: should it turn up after all, it is the order that it was.
 */
async function giveUpLost(
  tx: Tx,
  world: World,
  proposal: ProposalRow,
  { id: orderId }: AttemptRow,
): Promise<void> {
  const { subject: id, why, made_by: madeBy, decided_by: by } = proposal
  const payout = (await tx.one<PayoutRow>(sql`select * from payouts where id = ${id} ${forUpdate}`))!
  const order = (await tx.one<AttemptRow>(sql`select * from attempts where id = ${orderId} ${forUpdate}`))!
  if (order.state !== 'sent' && order.state !== 'unsure')
    refuse({ is: 'order-settled', order: order.external_id, state: order.state })
  await assertSilent(tx, order)
  const cause: Cause = {
    why: because('said-by-two', { madeBy, by: by!, said: why }),
    ref: order.provider_id!,
  }
  await giveUp(tx, world, order, payout, because('order-without-trace', { order: order.external_id }), cause)
  const detail = { transfer: order.provider_id!, as: 'not-ours', madeBy, why }
  await audit(tx, { actor: by!, act: 'payout adjudicated', subject: id, detail })
}

/**
 * Its money is a stranger's, and an order that was taken for it is what else is under its key, or nothing.
 */
async function disown(
  tx: Tx,
  world: World,
  payout: PayoutRow,
  transfer: ProviderPayout,
  { tagged, lines, cause }: { tagged: ProviderPayout[]; lines: StatementLine[]; cause: Cause },
): Promise<void> {
  const { providerId } = transfer
  const inSuspense = await clearSuspense(tx, world, providerId, sentence(cause.why))
  const moved = new Map([...lines, ...inSuspense].map(({ id, units }) => [id, units]))
  for (const [source, units] of moved) {
    const movement = units > 0n ? 'external in' : 'external out'
    await post(tx, world, {
      movement,
      source,
      amount: brl(units < 0n ? -units : units),
      memo: `transfer ${providerId}: ${sentence(cause.why)}`,
    })
  }
  await unsettleElsewhere(tx, world, payout, transfer, cause)
  const order = await orderOf(tx, payout, transfer)
  if (!order) return
  if (order.provider_id === providerId && (await madeForAnother(tx, payout, transfer)) !== undefined)
    return takeBack(
      tx,
      world,
      order,
      payout,
      because('transfer-for-another', { transfer: providerId }),
      cause,
    )
  if (!['sending', 'unsure', 'sent'].includes(order.state)) return
  const others = tagged.filter(
    other => other.externalId === order.external_id && other.providerId !== providerId,
  )
  if (order.provider_id === providerId)
    await tx.run(sql`update attempts set provider_id = null where id = ${order.id}`)
  const freed: AttemptRow = {
    ...order,
    provider_id: order.provider_id === providerId ? null : order.provider_id,
  }
  if (others.some(isAlive))
    await applyPayout(
      tx,
      world,
      { externalId: order.external_id, found: others, errors: [], readNow: true },
      cause,
    )
  else
    await giveUp(
      tx,
      world,
      freed,
      payout,
      because('transfer-not-this-order', { transfer: providerId }),
      cause,
    )
}
