/** Refunding a twin: a person approves, the bank is asked once the intent is written down, and what became of it is read there. */
import { refused, type Answer } from '../base/answer.ts'
import { deadlineIn } from '../base/deadline.ts'
import { brl } from '../base/money.ts'
import { later, type Instant, type World } from '../base/world.ts'
import { audit, post } from '../ledger/ledger.ts'
import { absenceMs, callMs, type ProviderInvoice } from '../rails/rail.ts'
import { move, sql, type Cause, type Reader, type Store, type Tx } from '../store/store.ts'
import {
  cancelTwin,
  findTwin,
  lockTwin,
  lookForTwins,
  once,
  returnTwin,
  twinMachine,
  type AtBank,
  type TwinRow,
  type TwinState,
} from './twins.ts'

/** Why no money leaves now; undefined where it may. Refunds wait for the same stop as payouts, which another room knows. */
export type Stopped = (reader: Reader) => Promise<string | undefined>
export type Refunding = AtBank & { stopped: Stopped }

const againMs = 60_000
/** How long a refund that the bank took on may stay silent before it is read again. */
const silenceMs = 15 * 60_000
const absencesNeeded = 2n
const tooLate: Answer<ProviderInvoice> = refused('too late to ask for it: this worker stalled after claiming it', true)

/** Why a person cannot decide about a twin now: nobody paid it, its money has not come, or it was decided. */
export type Refusal = 'not-found' | 'not-paid' | 'not-credited' | 'decided'

/** What keeps a person from deciding what becomes of its money; undefined where it waits for that. */
export function mayDecide({ state }: Pick<TwinRow, 'state'>): Refusal | undefined {
  if (state === 'credited') return undefined
  if (state === 'open' || state === 'canceled') return 'not-paid'
  return state === 'paid' ? 'not-credited' : 'decided'
}

export type Decided = { is: 'done'; twin: TwinRow } | { is: 'refused'; code: Refusal; twin?: TwinRow }

interface Decision {
  invoiceId: string
  /** The bank's. */
  providerId: string
  by: string
  why: string
}

/** A person has its money given back. The program proposed it, so one person is enough. */
export const approveRefund = (store: Store, rail: string, decision: Decision): Promise<Decided> => decide(store, rail, decision, 'approved')

/** A person says that it was settled otherwise: its money is no longer owed to the payer. */
export const keepTwin = (store: Store, world: World, rail: string, decision: Decision): Promise<Decided> =>
  decide(store, rail, decision, 'kept', (tx, twin) =>
    post(tx, world, {
      movement: 'duplicate kept',
      source: once(twin, twin.id),
      amount: brl(twin.paid_units! - twin.returned_units),
      invoiceId: twin.invoice_id,
      memo: twin.provider_id,
    }),
  )

async function decide(
  store: Store,
  rail: string,
  { invoiceId, providerId, by, why }: Decision,
  to: 'approved' | 'kept',
  book: (tx: Tx, twin: TwinRow) => Promise<unknown> = async () => undefined,
): Promise<Decided> {
  return store.tx(async tx => {
    const found = await findTwin(tx, rail, providerId)
    if (!found || found.invoice_id !== invoiceId) return { is: 'refused', code: 'not-found' }
    const twin = await lockTwin(tx, found.id)
    const code = mayDecide(twin)
    if (code) return { is: 'refused', code, twin }
    const isRefund = to === 'approved'
    const now = await tx.now()
    const nextAt = isRefund ? now : null
    const also = [sql`decided_by = ${by}`, sql`decided_why = ${why}`, sql`decided_at = ${now}`, sql`absences = 0`, sql`next_at = ${nextAt}`]
    await move(tx, 'invoice_twins', twinMachine, twin.id, 'credited', to, { why: 'decided', ref: providerId }, also)
    await book(tx, twin)
    const detail = { duplicate: providerId, units: `${twin.paid_units}`, why }
    await audit(tx, { actor: by, act: isRefund ? 'duplicate refund approved' : 'duplicate kept', subject: invoiceId, detail })
    return { is: 'done', twin: await lockTwin(tx, twin.id) }
  })
}

/** Asks the bank to give an approved twin's money back, unless something stops it. Answers where it is then. */
export async function sendRefund({ store, rail, world, stopped }: Refunding, { id, provider_id: providerId }: TwinRow): Promise<TwinState> {
  // From before the claim: another worker counts from the claim itself, so its count always ends later.
  const deadline = deadlineIn(callMs, world.clock)
  const askedAt = await store.tx(async tx => {
    const twin = await lockTwin(tx, id)
    if (twin.state !== 'approved' || (await stopped(tx)) !== undefined) return undefined
    const now = await tx.now()
    const also = [sql`next_at = ${later(now, absenceMs)}`, sql`asked_at = ${now}`, sql`absences = 0`]
    const cause = { why: 'asking-bank', ref: providerId }
    return (await move(tx, 'invoice_twins', twinMachine, id, 'approved', 'refunding', cause, also)) ? now : undefined
  })
  if (askedAt === undefined) return (await store.one<TwinRow>(sql`select * from invoice_twins where id = ${id}`))!.state

  await world.at('refund claimed')
  const answer = deadline.leftMs() > 0 ? await rail.refundInvoice(providerId, deadline) : tooLate
  // Refused for good: perhaps it was given back before. What the bank shows says whether there is anything left to give.
  const shown = answer.is === 'refused' && !answer.again ? await rail.readInvoice(providerId) : answer
  const refusal = answer.is === 'refused' ? answer : undefined
  const state = await store.tx(async tx => {
    const twin = await lockTwin(tx, id)
    if (!(answer.is === 'done' ? isUnanswered(twin) : isStillOurs(twin, askedAt))) return twin.state
    if (shown.is === 'done') return settle(tx, world, twin, shown.value, refusal ? `refused: ${refusal.why}` : 'taken-on')
    if (refusal?.again) return put(tx, twin, 'approved', { why: `later: ${refusal.why}` }, Math.max(refusal.afterMs ?? 0, againMs))
    return put(tx, twin, 'unsure', { why: `no-answer: ${shown.why}` }, absenceMs)
  }, 'locks')
  world.log[state === 'sent' ? 'info' : 'warn']({ twin: providerId, state, answer: answer.is }, 'a refund was asked for')
  return state
}

/** What the bank took on is true whoever asked for it. */
const isUnanswered = ({ state }: TwinRow): boolean => state === 'refunding' || state === 'unsure'

/** Everything else is said about one claim, and another worker may hold a later one. */
const isStillOurs = ({ state, asked_at: at }: TwinRow, askedAt: Instant): boolean => state === 'refunding' && at === askedAt

/** What became of a refund that has no answer, or none of its events: read at the bank, never asked for again unseen. */
async function readRefund({ store, rail, world }: AtBank, { id, provider_id: providerId }: TwinRow): Promise<void> {
  const answer = await rail.readInvoice(providerId)
  await store.tx(async tx => {
    const twin = await lockTwin(tx, id)
    if (twin.state !== 'refunding' && twin.state !== 'unsure' && twin.state !== 'sent') return
    if (answer.is === 'done') await settle(tx, world, twin, answer.value, undefined)
    else await tx.run(sql`update invoice_twins set next_at = ${later(await tx.now(), againMs)} where id = ${id}`)
  }, 'locks')
}

/** Moves a refund under way to what the bank shows of its invoice. `said`: what the bank has just answered, if it was asked for it. */
async function settle(tx: Tx, world: World, twin: TwinRow, shown: ProviderInvoice, said: string | undefined): Promise<TwinState> {
  const { provider_id: ref } = twin
  if (shown.status === 'voided') {
    await returnTwin(tx, world, twin, shown, { why: 'returned-at-bank', ref })
    return (await lockTwin(tx, twin.id)).state
  }
  // The amount falls when the bank takes the refund on, or later; the money leaves later, and its event says so.
  if (shown.units === 0n || said === 'taken-on') return put(tx, twin, 'sent', { why: 'taken-on', ref }, silenceMs)
  if (said !== undefined) return put(tx, twin, 'credited', { why: said, ref })
  if (twin.state === 'sent') return put(tx, twin, 'credited', { why: 'failed', ref })
  if (twin.absences + 1n >= absencesNeeded) return put(tx, twin, 'approved', { why: 'not-taken-on', ref }, 0)
  await tx.run(sql`
    update invoice_twins set absences = absences + 1, next_at = ${later(await tx.now(), absenceMs)} where id = ${twin.id}`)
  return twin.state
}

/** `nextMs`: when it is looked at again; never, where a person decides. */
async function put(
  tx: Tx,
  twin: TwinRow,
  to: 'sent' | 'unsure' | 'approved' | 'credited',
  cause: Cause,
  nextMs?: number,
): Promise<TwinState> {
  const next = nextMs === undefined ? null : later(await tx.now(), nextMs)
  const also = [sql`next_at = ${next}`, sql`absences = 0`]
  if (twin.state === to) await tx.run(sql`update invoice_twins set next_at = ${next}, absences = 0 where id = ${twin.id}`)
  else await move(tx, 'invoice_twins', twinMachine, twin.id, twin.state as 'refunding', to, cause, also)
  return to
}

/** The bank told that a refund is under way: it took it on, whatever became of the answer. */
export async function refundTaken(tx: Tx, twin: TwinRow, cause: Cause): Promise<boolean> {
  if (!isUnanswered(twin)) return false
  await put(tx, twin, 'sent', cause, silenceMs)
  return true
}

/**
 * The bank could not give it back after it had taken that on: a person decides again. The log may be late and about an earlier refund,
 * so only what the bank shows now is believed; and while it is being asked, its answer says more.
 */
export async function failRefund(tx: Tx, twin: TwinRow, shown: ProviderInvoice, cause: Cause): Promise<boolean> {
  if ((twin.state !== 'unsure' && twin.state !== 'sent') || shown.units === 0n || shown.status !== 'paid') return false
  await put(tx, twin, 'credited', cause)
  return true
}

/** Goes on with every twin that is due, and looks for more. Answers how many were gone on with. */
export async function resolveTwins(at: Refunding): Promise<number> {
  const { store, rail } = at
  const due = await store.tx(async tx => {
    const isStopped = (await at.stopped(tx)) !== undefined
    const held = isStopped ? sql`and state <> 'approved'` : sql``
    return tx.all<TwinRow>(sql`
      select * from invoice_twins where rail = ${rail.name} and next_at <= ${await tx.now()} ${held} order by next_at, id limit 100`)
  })
  for (const twin of due) {
    if (twin.state === 'open') await cancelTwin(at, twin)
    else if (twin.state === 'approved') await sendRefund(at, twin)
    else await readRefund(at, twin)
  }
  await lookForTwins(at)
  return due.length
}
