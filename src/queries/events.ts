/** Events as they are listed and shown: with their bytes, their verdict and what one moved. */
import { createHash } from 'node:crypto'
import { BadInput } from '../base/answer.ts'
import { millis, type Instant } from '../base/world.ts'
import { isOnChain } from '../base/rails.ts'
import type { App } from '../jobs/jobs.ts'
import type { Rail } from '../rails/rail.ts'
import { history, sql, where, type Reader, type Sql, type Transition } from '../db/db.ts'
import { judge, type EventVerdict, type InboxRow } from '../webhooks/webhooks.ts'
import { stepsOf } from './history.ts'
import type { Step } from './step.ts'
import { subjectsOf, type Subject } from './links.ts'
import type { eventFilters, FilterOf } from './filters.ts'
import { inWindow, type After, type Filters } from './page.ts'
import type { EventState } from '../webhooks/states.ts'
import { soughtEvents } from './lookup.ts'

/** Without the bytes, which are large. */
export type ListedEvent = Omit<InboxRow, 'raw' | 'signature'>

/**
 * The newest first. A node pushes nothing, so all that comes of a chain was asked for, and that is an index.
 */
export async function listEvents(
  reader: Reader,
  filters: Filters<FilterOf<typeof eventFilters>>,
  limit: number,
): Promise<ListedEvent[]> {
  const { q, state, rail, kind, via } = filters.query
  const conditions = [
    q === undefined ? undefined : await soughtEvents(reader, q),
    state === undefined ? undefined : ofState(state as EventState),
    rail === undefined ? undefined : sql`rail = ${rail}`,
    rail !== undefined && isOnChain(rail) ? polled : undefined,
    kind === undefined ? undefined : sql`kind = ${kind}`,
    via === undefined ? undefined : via === 'poll' ? polled : sql`via = 'push'`,
    ...inWindow(sql`received_at`, sql`id`, filters, true),
  ]
  return reader.all<ListedEvent>(sql`
    select id, rail, event_id, key_id, via, received_at, state, kind, why, reason, detail, tries,
      next_at from inbox
    ${where(conditions)} order by received_at desc, id desc limit ${limit}`)
}

export const keyOfEvent = ({ received_at: at, id }: Pick<InboxRow, 'received_at' | 'id'>): After => ({
  at,
  id: `${id}`,
})

// Written out, not handed in: an index over some states or ways is used only where the text says that they
// are meant.
const polled = sql`via = 'poll'`

function ofState(state: EventState): Sql {
  switch (state) {
    case 'new':
      return sql`state in ('new', 'waiting') and state = 'new'`
    case 'waiting':
      return sql`state in ('new', 'waiting') and state = 'waiting'`
    case 'ignored':
      return sql`state = 'ignored'`
    case 'quarantined':
      return sql`state = 'quarantined'`
    case 'done':
      return sql`state = 'done'`
  }
}

export interface ShownEvent {
  row: InboxRow
  verdict: EventVerdict
  digest: string
  /** When its sender says it happened; undefined where the bytes do not say. */
  saidAt: Instant | undefined
  latencyMs: number | undefined
  settledMs: number | undefined
  steps: Step[]
  moved: (Transition & { subject: string; about: string; seen: Subject | undefined })[]
  conflicts: { digest: string; raw: Uint8Array; signature: string | null; received_at: Instant }[]
}

export const findByNumber = (reader: Reader, id: string) =>
  /^\d{1,15}$/.test(id)
    ? reader.one<InboxRow>(sql`select * from inbox where id = ${BigInt(id)}`)
    : Promise.resolve(undefined)

export async function showEvent({ db, rails }: App, id: string): Promise<ShownEvent | undefined> {
  const row = await findByNumber(db, id)
  if (!row) return undefined
  const steps = await history(db, String(row.id))
  const settled = steps.find(({ to_state: to }) => to !== 'new' && to !== 'waiting')
  const moved = await db.all<Transition & { subject: string; about: string }>(sql`
    select subject, about, from_state, to_state, at, why, reason, detail, ref from transitions
      where ref = ${row.event_id}
      order by seq limit 200`)
  const subjects = await subjectsOf(
    db,
    moved.map(({ subject }) => subject),
  )
  const saidAt = saidAtOf(row, rails.starkbank)
  return {
    row,
    verdict: await judge(row, async () => rails.starkbank),
    digest: row.dropped_digest ?? createHash('sha256').update(row.raw).digest('hex'),
    saidAt,
    latencyMs: saidAt === undefined ? undefined : millis(row.received_at) - millis(saidAt),
    settledMs: settled && millis(settled.at) - millis(row.received_at),
    steps: await stepsOf(db, steps),
    moved: moved.map(each => ({
      ...each,
      seen: each.about === 'accounts' ? { kind: 'account', id: each.subject } : subjects.get(each.subject),
    })),
    conflicts: await db.all(sql`
      select rail, event_id, digest, raw, signature, received_at from inbox_conflicts where rail = ${row.rail}
        and event_id = ${row.event_id} order by received_at`),
  }
}

function saidAtOf({ rail, raw }: InboxRow, bank: Rail | undefined): Instant | undefined {
  try {
    return rail === bank?.name ? bank.read(raw).createdAt : undefined
  } catch (error) {
    if (error instanceof BadInput) return undefined
    throw error
  }
}
