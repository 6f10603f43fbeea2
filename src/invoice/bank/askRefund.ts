/**
 * Asking the bank to give money back: once the intent is written down, within its deadline, and what became
 * of it is read there.
 */
import { because } from '../../base/reasons.ts'
import { refused, type Answer } from '../../base/answer.ts'
import { deadlineIn } from '../../base/deadline.ts'
import type { Machine } from '../../base/machine.ts'
import { later, type Instant, type World } from '../../base/world.ts'
import { absenceMs, callMs, lacksBalance, type ProviderInvoice } from '../../rails/rail.ts'
import {
  eachApart,
  join,
  sql,
  throwFirst,
  type Cause,
  type Reader,
  type Sql,
  type StateTable,
  type Tx,
} from '../../db/db.ts'
import type { AtBank } from './twins.ts'

/**
 * Why no money leaves now; undefined where it may. Refunds wait for the same stop as payouts, which another
 * room knows.
 */
export type Stopped = (reader: Reader) => Promise<string | undefined>
export type Refunding = AtBank & { stopped: Stopped }

/** What every refund's row has, whatever it gives back. */
export interface AskedRow {
  id: string
  provider_id: string
  state: string
  absences: bigint
  /** When it was claimed last. */
  asked_at: Instant | null
}

/** What the bank shows of a refund. */
export interface SeenRefund {
  /** The money has left. */
  isDone: boolean
  /** The bank took it on; the money leaves later. */
  isTaken: boolean
  shown?: ProviderInvoice
}

/**
 * What can be given back: its row's states include approved, refunding, unsure, sent, and `over`, in which a
 * person decides again.
 */
export interface Refundable<Row extends AskedRow> {
  table: StateTable<Machine>
  over: 'credited' | 'failed'
  lock(tx: Tx, id: string): Promise<Row>
  /**
   * Whether the audit log has a person's word for giving back just this: a row edited past the program is not
   * asked for.
   */
  isApproved(reader: Reader, row: Row): Promise<boolean>
  /** What the invoice at the bank is of once that is given back. */
  leftUnits(row: Row): bigint
  /** Reads the bank's answer to the request itself. */
  seen(shown: ProviderInvoice): SeenRefund
  look(at: Pick<AtBank, 'db' | 'rail'>, row: Row): Promise<Answer<SeenRefund>>
  /** The money has left: moves the row to its end. */
  end(tx: Tx, world: World, row: Row, seen: SeenRefund, cause: Cause): Promise<void>
  /** With every move of the row: who else has to know. */
  moved?(tx: Tx, row: Row): Promise<void>
}

const againMs = 60_000
/** How long a refund that the bank took on may stay silent before it is read again. */
const silenceMs = 15 * 60_000
const absencesNeeded = 2n
const tooLate: Answer<ProviderInvoice> = refused(
  'too late to ask for it: this worker stalled after claiming it',
  true,
)

/** Asks the bank to give an approved one back, unless something stops it. Answers where it is then. */
export async function askForRefund<Row extends AskedRow>(
  { db, rail, world, stopped }: Refunding,
  what: Refundable<Row>,
  { id, provider_id: providerId }: Row,
): Promise<Row['state']> {
  // From before the claim: another worker counts from the claim itself, so its count always ends later.
  const deadline = deadlineIn(callMs, world.clock)
  const claim = await db.tx(async tx => {
    const row = await what.lock(tx, id)
    if (row.state !== 'approved' || (await stopped(tx)) !== undefined) return { row, askedAt: undefined }
    if (!(await what.isApproved(tx, row))) {
      world.log.error({ refund: id }, 'a refund is not asked for: it is not what was approved')
      const state = await put(tx, what, row, what.over, { why: because('not-as-approved'), ref: providerId })
      return { row: { ...row, state }, askedAt: undefined }
    }
    const now = await tx.now()
    const also = [sql`next_at = ${later(now, absenceMs)}`, sql`asked_at = ${now}`, sql`absences = 0`]
    const isMine = await what.table.move(
      tx,
      { id, state: 'approved' },
      'refunding',
      { why: because('asking-bank'), ref: providerId },
      also,
    )
    return { row, askedAt: isMine ? now : undefined }
  })
  const { askedAt } = claim
  if (askedAt === undefined) return claim.row.state

  await world.at('refund claimed')
  const answer =
    deadline.leftMs() > 0
      ? await rail.refundInvoice(providerId, what.leftUnits(claim.row), deadline)
      : tooLate
  const refusal = answer.is === 'refused' ? answer : undefined
  const heals = refusal !== undefined && (refusal.again || lacksBalance(refusal.why))
  // Refused for good: perhaps it was given back before. What the bank shows says whether there is anything
  // left to give.
  const lookBy = deadlineIn(callMs, world.clock)
  const looked = refusal !== undefined && !heals ? await what.look({ db, rail }, claim.row) : answer
  const state = await db.tx(async tx => {
    const row = await what.lock(tx, id)
    if (!(answer.is === 'done' ? isUnanswered(row) : isStillOurs(row, askedAt))) return row.state
    if (looked.is === 'done' && (answer.is === 'done' || lookBy.leftMs() > 0)) {
      const seen = answer.is === 'done' ? what.seen(answer.value) : (looked.value as SeenRefund)
      return settle(tx, world, what, row, seen, refusal ? `refused: ${refusal.why}` : 'taken-on')
    }
    if (heals)
      return put(
        tx,
        what,
        row,
        'approved',
        { why: because('later', { said: refusal.why }) },
        Math.max(refusal.afterMs ?? 0, againMs),
      )
    return put(
      tx,
      what,
      row,
      'unsure',
      { why: because('no-answer', { said: looked.is === 'done' ? staleLook : looked.why }) },
      absenceMs,
    )
  }, 'locks')
  world.log[state === 'sent' ? 'info' : 'warn'](
    { refund: providerId, state, answer: answer.is },
    'a refund was asked for',
  )
  return state
}

const staleLook = 'this worker stalled after the bank showed it'

/** What the bank took on is true whoever asked for it. */
const isUnanswered = ({ state }: AskedRow): boolean => state === 'refunding' || state === 'unsure'

/** Everything else is said about one claim, and another worker may hold a later one. */
const isStillOurs = ({ state, asked_at: at }: AskedRow, askedAt: Instant): boolean =>
  state === 'refunding' && at === askedAt

const isUnchanged = (row: AskedRow, before: AskedRow): boolean =>
  row.state === before.state && row.asked_at === before.asked_at && row.absences === before.absences

/**
 * What became of a refund that has no answer, or none of its events: read at the bank, never asked for again
 * unseen.
 */
export async function readRefund<Row extends AskedRow>(
  { db, rail, world }: AtBank,
  what: Refundable<Row>,
  asked: Row,
): Promise<void> {
  const lookBy = deadlineIn(callMs, world.clock)
  const answer = await what.look({ db, rail }, asked)
  await world.at('refund looked up')
  await db.tx(async tx => {
    const row = await what.lock(tx, asked.id)
    if (row.state !== 'refunding' && row.state !== 'unsure' && row.state !== 'sent') return
    // What was seen before this worker stalled, or before another one asked for it, says nothing: it is due
    // still, and looked at again.
    if (lookBy.leftMs() <= 0 || !isUnchanged(row, asked))
      return world.log.warn({ refund: row.provider_id }, staleLook)
    if (answer.is === 'done') await settle(tx, world, what, row, answer.value, undefined)
    else await set(tx, what, row, [sql`next_at = ${later(await tx.now(), againMs)}`])
  }, 'locks')
}

/**
 * Moves a refund under way to what the bank shows of it. `said`: what the bank has just answered, if it was
 * asked for it.
 */
async function settle<Row extends AskedRow>(
  tx: Tx,
  world: World,
  what: Refundable<Row>,
  row: Row,
  seen: SeenRefund,
  said: string | undefined,
): Promise<Row['state']> {
  const { provider_id: ref } = row
  if (seen.isDone) {
    await what.end(tx, world, row, seen, { why: because('returned-at-bank'), ref })
    return (await what.lock(tx, row.id)).state
  }
  // The amount falls when the bank takes the refund on, or later; the money leaves later, and its event says
  // so.
  if (seen.isTaken || said === 'taken-on')
    return put(tx, what, row, 'sent', { why: because('taken-on'), ref }, silenceMs)
  if (said !== undefined) return put(tx, what, row, what.over, { why: because('said', { said }), ref })
  if (row.state === 'sent') return put(tx, what, row, what.over, { why: because('failed'), ref })
  if (row.absences + 1n >= absencesNeeded)
    return put(tx, what, row, 'approved', { why: because('not-taken-on'), ref }, 0)
  await set(tx, what, row, [sql`absences = absences + 1`, sql`next_at = ${later(await tx.now(), absenceMs)}`])
  return row.state
}

/** `nextMs`: when it is looked at again; never, where a person decides. */
async function put<Row extends AskedRow>(
  tx: Tx,
  what: Refundable<Row>,
  row: Row,
  to: 'sent' | 'unsure' | 'approved' | 'credited' | 'failed',
  cause: Cause,
  nextMs?: number,
): Promise<Row['state']> {
  const next = nextMs === undefined ? null : later(await tx.now(), nextMs)
  const also = [sql`next_at = ${next}`, sql`absences = 0`]
  if (row.state === to) await set(tx, what, row, also)
  else await what.table.move(tx, row, to, cause, also)
  await what.moved?.(tx, row)
  return to
}

/** Goes on with each; one with which that fails is put off, and keeps back no other. */
export async function eachRefund<Row extends { id: string }>(
  { db, world }: Pick<AtBank, 'db' | 'world'>,
  what: Pick<Refundable<AskedRow>, 'table'>,
  due: readonly Row[],
  goOn: (row: Row) => Promise<unknown>,
): Promise<void> {
  const faults = await eachApart(due, goOn)
  for (const { of: row, why } of faults) {
    world.log.error({ refund: row.id, why }, 'a refund could not be gone on with')
    await db.tx(async tx => set(tx, what, row, [sql`next_at = ${later(await tx.now(), againMs)}`]))
  }
  throwFirst(faults)
}

const set = (
  tx: Tx,
  { table }: Pick<Refundable<AskedRow>, 'table'>,
  { id }: Pick<AskedRow, 'id'>,
  what: Sql[],
): Promise<number> =>
  tx.run(
    table.name === 'invoice_twins'
      ? sql`update invoice_twins set ${join(what)} where id = ${id}`
      : sql`update invoice_refunds set ${join(what)} where id = ${id}`,
  )

/** The bank told that a refund is under way: it took it on, whatever became of the answer. */
export async function refundTakenOf<Row extends AskedRow>(
  tx: Tx,
  what: Refundable<Row>,
  row: Row,
  cause: Cause,
): Promise<boolean> {
  if (!isUnanswered(row)) return false
  await put(tx, what, row, 'sent', cause, silenceMs)
  return true
}

/**
 * The bank could not give it back after it had taken that on; while it is being asked, its answer says more.
 */
export async function failRefundOf<Row extends AskedRow>(
  tx: Tx,
  what: Refundable<Row>,
  row: Row,
  cause: Cause,
): Promise<boolean> {
  if (row.state !== 'unsure' && row.state !== 'sent') return false
  await put(tx, what, row, what.over, cause)
  return true
}
