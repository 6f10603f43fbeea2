/**
 * The inbox: every proven event, kept as raw bytes, once. A burst is written in few commits: what arrives
 * during one commit shares the next.
 */
import { createHash } from 'node:crypto'
import type { Instant, World } from '../base/world.ts'
import {
  encrypted,
  forUpdate,
  isUnreadable,
  join,
  readInSets,
  sql,
  type Sql,
  type Db,
  type Tx,
  type Value,
} from '../db/db.ts'
import type { EventState } from './states.ts'

export type InboxRow = {
  id: bigint
  rail: string
  event_id: string
  raw: Uint8Array
  signature: string | null
  key_id: string | null
  via: 'push' | 'poll'
  received_at: Instant
  state: EventState
  kind: string | null
  why: string | null
  reason: string | null
  detail: string | null
  tries: bigint
  next_at: Instant
  /**
   * The invoice of ours that it is about, or `othersEvents`; null while it is not settled, and where it is
   * about neither.
   */
  about: string | null
  /** SHA-256 of its body, in hexadecimal, where that was dropped. */
  dropped_digest: string | null
}

/** What events of another workspace or another program are about. */
export const othersEvents = 'others'

/** One proven event. `eventId` is the provider's. */
export interface Arrival {
  rail: string
  eventId: string
  raw: Uint8Array
  via: 'push' | 'poll'
  signature?: string
  keyId?: string
}

export type Kept = 'new' | 'known' | 'conflict'

export interface Inbox {
  /** Resolves once the event is committed; rejects, with nothing kept, when the store cannot. */
  keep(arrival: Arrival): Promise<Kept>
}

const maxPerCommit = 500
const maxPerInsert = 50

/** An inbox over `db`. Arrivals that come while a commit runs wait for the next one, together. */
export function makeInbox(db: Db, { at }: Pick<World, 'at'>): Inbox {
  const waiting: { arrival: Arrival; resolve: (kept: Kept) => void; reject: (error: unknown) => void }[] = []
  let running = false

  async function run() {
    while (waiting.length > 0) {
      const group = waiting.splice(0, maxPerCommit)
      try {
        const arrivals = group.map(({ arrival }) => arrival)
        const kept = await db.tx(tx => keepAll(tx, arrivals), 'locks')
        await at('events kept')
        group.forEach(({ resolve }, index) => resolve(kept[index]!))
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    running = false
  }

  return {
    keep: arrival =>
      new Promise((resolve, reject) => {
        waiting.push({ arrival, resolve, reject })
        if (running) return
        running = true
        // One turn of the event loop later, so that requests read in this turn share the first commit.
        setImmediate(() => void run())
      }),
  }
}

/** Keeps all arrivals in an open transaction; the answer has one verdict for each, in order. */
export async function keepAll(tx: Tx, arrivals: Arrival[]): Promise<Kept[]> {
  const now = await tx.now()
  const kept: Kept[] = []
  const fresh = new Set<string>()
  for (let from = 0; from < arrivals.length; from += maxPerInsert) {
    const rows = await tx.all<{ rail: string; event_id: string }>(
      insertOf(arrivals.slice(from, from + maxPerInsert), now),
    )
    for (const row of rows) fresh.add(`${row.rail} ${row.event_id}`)
  }
  // Of two alike in one group the first is the new one.
  const firsts = new Set(arrivals.filter(arrival => fresh.delete(keyOf(arrival))))
  const again = arrivals.filter(arrival => !firsts.has(arrival))
  const there = await readThere(tx, again)
  for (const arrival of arrivals) {
    const before = there.get(keyOf(arrival))
    kept.push(firsts.has(arrival) ? 'new' : before ? await compare(tx, arrival, before, now) : 'known')
  }
  return kept
}

const keyOf = ({ rail, eventId }: Pick<Arrival, 'rail' | 'eventId'>) => `${rail} ${eventId}`

type There = Pick<InboxRow, 'rail' | 'event_id' | 'raw' | 'via' | 'dropped_digest'>

/** The events that are there already, by `keyOf`: a poll reads most of what it read before once more. */
async function readThere(tx: Tx, arrivals: readonly Arrival[]): Promise<Map<string, There>> {
  const there = new Map<string, There>()
  for (const [rail, group] of Map.groupBy(arrivals, arrival => arrival.rail)) {
    const rows = await readInSets(
      group.map(({ eventId }) => eventId),
      set =>
        tx.all<There>(
          sql`select rail, event_id, raw, via, dropped_digest from inbox where rail = ${rail}
            and event_id in (${set})`,
        ),
    )
    for (const row of rows) there.set(keyOf({ rail, eventId: row.event_id }), row)
  }
  return there
}

const insertTexts = new Map<number, readonly string[]>()

/** One insert of many rows. Its text depends on their number alone, and is built once for each. */
function insertOf(arrivals: Arrival[], now: Instant): Sql {
  const rows = arrivals.map(({ rail, eventId, raw, signature, keyId, via }): Value[] => [
    ...[rail, eventId, encrypted('inbox.raw', [rail, eventId], raw), signature ?? null, keyId ?? null],
    ...[via, now, 'new', now, now],
  ])
  let texts = insertTexts.get(rows.length)
  if (!texts) {
    texts = sql`
      insert into inbox (rail, event_id, raw, signature, key_id, via, received_at, state, next_at, changed_at)
      values ${join(rows.map(row => sql`(${join(row)})`))}
      on conflict (rail, event_id) do nothing returning rail, event_id`.texts
    insertTexts.set(rows.length, texts)
  }
  return { texts, values: rows.flat() }
}

/**
 * An event id we have: the same bytes are a repetition, others are kept apart for a person. A push after a
 * poll, or the reverse, is no conflict.
 */
async function compare(
  tx: Tx,
  { rail, eventId, raw, signature, via }: Arrival,
  there: There,
  now: Instant,
): Promise<Kept> {
  if (there.via !== via || isUnreadable(there.raw) || Buffer.compare(there.raw, raw) === 0) return 'known'
  const digest = digestOf(raw)
  if (there.dropped_digest === digest) return 'known'
  await tx.run(sql`
    insert into inbox_conflicts (rail, event_id, digest, raw, signature, received_at)
    values (${rail}, ${eventId}, ${digest}, ${encrypted('inbox_conflicts.raw', [rail, eventId, digest], raw)},
      ${signature ?? null}, ${now}) on conflict do nothing`)
  return 'conflict'
}

const digestOf = (raw: Uint8Array): string => createHash('sha256').update(raw).digest('hex')

/**
 * Drops the body of an event that was settled; its id, its signature and the digest of its body stay, so that
 * a repeat is known. False where it is not settled, or was dropped before.
 */
export async function dropBody(tx: Tx, id: bigint): Promise<boolean> {
  const row = await tx.one<Pick<InboxRow, 'raw' | 'rail' | 'event_id'>>(sql`
    select raw, rail, event_id from inbox where id = ${id} and state in ('done', 'ignored')
      and dropped_digest is null ${forUpdate}`)
  // What cannot be decrypted now may be later, and its digest is not known.
  if (!row || isUnreadable(row.raw)) return false
  await tx.run(sql`update inbox set raw = ${noBytes}, dropped_digest = ${digestOf(row.raw)} where id = ${id}`)
  // Another body under the same id is known by its digest already.
  await tx.run(
    sql`update inbox_conflicts set raw = ${noBytes} where rail = ${row.rail} and event_id = ${row.event_id}`,
  )
  return true
}

const noBytes = new Uint8Array(0)
