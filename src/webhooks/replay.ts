/**
 * Looking at an event again: whether its bytes still bear their signature, what applying it once more would
 * do, and having that done.
 */
import { because, type Reason } from '../base/reasons.ts'
import { silentLog } from '../base/log.ts'
import { isByHand, isOnChain, railNames } from '../base/rails.ts'
import { audit, postingsOf, type PostingRow } from '../ledger/ledger.ts'
import type { Rail, Verdict } from '../rails/rail.ts'
import { isUnreadable, join, sql, type Reader, type Db, type Transition, type Tx } from '../db/db.ts'
import type { Settling } from './apply.ts'
import { type InboxRow } from './inbox.ts'
import { settleOne } from './settle.ts'
import { inbox } from './tables.ts'

/** By the provider's id. Bitcoin's events have ids of another shape, so an id is one rail's. */
export const findEvent = (reader: Reader, eventId: string) =>
  reader.one<InboxRow>(sql`select * from inbox where rail in (${join(railNames)}) and event_id = ${eventId}`)

export type EventVerdict =
  | Verdict
  | { is: 'dropped' | 'unreadable' }
  | { is: 'followed' }
  | { is: 'polled' }
  | { is: 'recorded' }
  | { is: 'no signature' }
  | { is: 'no bank' }

/**
 * Whether bytes and signature agree, judged now. `bank` is asked for only where there is something to judge.
 */
export async function judge(row: InboxRow, bank: () => Promise<Rail | undefined>): Promise<EventVerdict> {
  if (row.dropped_digest !== null) return { is: 'dropped' }
  if (isUnreadable(row.raw)) return { is: 'unreadable' }
  if (isOnChain(row.rail)) return { is: 'followed' }
  if (isByHand(row.rail)) return { is: 'recorded' }
  if (row.via === 'poll') return { is: 'polled' }
  if (row.signature === null) return { is: 'no signature' }
  const rail = await bank()
  return rail ? rail.verify(row.raw, [row.signature]) : { is: 'no bank' }
}

/** Why an event cannot be applied once more; undefined where it can. */
export const replayRefusal = ({
  state,
  dropped_digest: dropped,
}: InboxRow): 'not-settled' | 'dropped' | undefined =>
  state === 'new' || state === 'waiting' ? 'not-settled' : dropped === null ? undefined : 'dropped'

/**
 * Back to `new`, with its tries forgotten; the next look at the inbox applies it. False where somebody moved
 * it first, or `replayRefusal` is against it.
 */
export async function replayEvent(
  tx: Tx,
  row: InboxRow,
  { by, why }: { by: string; why: string },
): Promise<boolean> {
  if (replayRefusal(row) !== undefined) return false
  if (!(await backToNew(tx, row, because('replayed', { by, said: why })))) return false
  await audit(tx, {
    actor: by,
    act: 'event replayed',
    subject: row.event_id,
    detail: { from: row.state, was: row.why ?? '', why },
  })
  return true
}

const backToNew = async (tx: Tx, row: InboxRow, why: Reason): Promise<boolean> =>
  inbox.move(tx, row, 'new', { why }, [sql`tries = 0`, sql`next_at = ${await tx.now()}`])

/** What applying an event once more would do. */
export interface Rehearsal {
  state: InboxRow['state']
  why: string
  reason: string | null
  detail: string | null
  /** Everything that would move, the event itself left out. */
  moves: (Transition & { subject: string; about: string })[]
  postings: PostingRow[]
}

/** It was done, and is to be undone. */
class Rehearsed extends Error {
  override name = 'Rehearsed'
  readonly found: Rehearsal
  constructor(found: Rehearsal) {
    super('rehearsed')
    this.found = found
  }
}

/**
 * Applies a settled event in a transaction that is never committed: the bank is asked as it would be, and
 * nothing is written. Undefined where it was not settled, or moved meanwhile.
 */
export async function rehearse(app: Settling, row: InboxRow): Promise<Rehearsal | undefined> {
  if (replayRefusal(row) !== undefined) return undefined
  const db: Db = {
    ...app.db,
    tx: (work, how) =>
      app.db.tx(async tx => {
        const { seq } = (await tx.one<{ seq: bigint }>(
          sql`select coalesce(max(seq), 0) as seq from transitions`,
        ))!
        const known = new Set((await newestPostings(tx)).map(({ id }) => id))
        if (!(await backToNew(tx, row, because('rehearsed'))))
          throw new Rehearsed({
            state: row.state,
            why: '',
            reason: null,
            detail: null,
            moves: [],
            postings: [],
          })
        await work(tx)
        throw new Rehearsed(await foundBy(tx, row, seq, known))
      }, how),
  }
  const world = { ...app.world, log: silentLog, at: () => undefined }
  try {
    await settleOne({ ...app, db, world }, row)
    return undefined
  } catch (error) {
    if (error instanceof Rehearsed) return error.found
    throw error
  }
}

const newestPostings = (tx: Tx) =>
  tx.all<{ id: string }>(sql`select id from ledger_transactions order by at desc, id desc limit 200`)

async function foundBy(tx: Tx, row: InboxRow, seq: bigint, known: ReadonlySet<string>): Promise<Rehearsal> {
  const after = (await tx.one<Pick<InboxRow, 'state' | 'why' | 'reason' | 'detail'>>(
    sql`select state, why, reason, detail from inbox where id = ${row.id}`,
  ))!
  const moves = await tx.all<Rehearsal['moves'][number]>(sql`
    select subject, about, from_state, to_state, at, why, reason, detail, ref from transitions
      where seq > ${seq}
      and about <> 'inbox' order by seq`)
  const postings: PostingRow[] = []
  for (const { id } of (await newestPostings(tx)).toReversed())
    if (!known.has(id)) postings.push(...(await postingsOf(tx, sql`t.id = ${id}`)))
  return { ...after, why: after.why ?? '', moves, postings }
}
