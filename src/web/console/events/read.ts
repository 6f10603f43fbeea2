/** Reads events for the console: a page of the list along one index, and one event with its bytes, its verdict and what it moved. */
import { createHash } from 'node:crypto'
import { BadInput } from '../../../base/answer.ts'
import { millis, type Instant } from '../../../base/world.ts'
import { isOnChain } from '../../../base/rails.ts'
import type { Desk } from '../../../jobs/jobs.ts'
import type { Rail } from '../../../rails/rail.ts'
import { empty, history, sql, type Reader, type Sql, type Transition } from '../../../db/db.ts'
import { judge, type EventVerdict, type InboxRow } from '../../../webhooks/webhooks.ts'
import { stepsOf } from '../../../queries/history.ts'
import type { Step } from '../../../queries/step.ts'
import { subjectsOf, type Subject } from '../../../queries/links.ts'
import { within, type Filters } from '../../../queries/page.ts'
import { soughtEvents } from '../../../queries/lookup.ts'

/** Without the bytes, which are large. */
export type ListedEvent = Omit<InboxRow, 'raw' | 'signature'>

/** `state`, `rail` and `via` have been checked. A node pushes nothing, so all that comes of a chain was asked for, and that is an index. */
export async function listEvents(reader: Reader, filters: Filters, limit: number): Promise<ListedEvent[]> {
  const { q, state, rail, kind, via } = filters.query
  return reader.all<ListedEvent>(sql`
    select id, rail, event_id, key_id, via, received_at, state, kind, why, tries, next_at from inbox
    where 1 = 1 ${q === undefined ? empty : sql`and ${await soughtEvents(reader, q)}`} ${state === undefined ? empty : ofState(state as InboxRow['state'])}
      ${rail === undefined ? empty : isOnChain(rail) ? sql`and rail = ${rail} and via = 'poll'` : sql`and rail = ${rail}`} ${kind === undefined ? empty : sql`and kind = ${kind}`}
      ${via === undefined ? empty : via === 'poll' ? sql`and via = 'poll'` : sql`and via = 'push'`}
      ${within(sql`received_at`, sql`id`, filters, true)} order by received_at desc, id desc limit ${limit}`)
}

/** Written out, not handed in: an index over some states is used only where the text says that they are meant. */
function ofState(state: InboxRow['state']): Sql {
  switch (state) {
    case 'new':
      return sql`and state in ('new', 'waiting') and state = 'new'`
    case 'waiting':
      return sql`and state in ('new', 'waiting') and state = 'waiting'`
    case 'ignored':
      return sql`and state = 'ignored'`
    case 'quarantined':
      return sql`and state = 'quarantined'`
    case 'done':
      return sql`and state = 'done'`
  }
}

export interface SeenEvent {
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

export const findRow = (reader: Reader, id: string) =>
  /^\d{1,15}$/.test(id) ? reader.one<InboxRow>(sql`select * from inbox where id = ${BigInt(id)}`) : Promise.resolve(undefined)

export async function seeEvent({ db, rails }: Desk, id: string): Promise<SeenEvent | undefined> {
  const row = await findRow(db, id)
  if (!row) return undefined
  const steps = await history(db, String(row.id))
  const settled = steps.find(({ to_state: to }) => to !== 'new' && to !== 'waiting')
  const moved = await db.all<Transition & { subject: string; about: string }>(sql`
    select subject, about, from_state, to_state, at, why, ref from transitions where ref = ${row.event_id} order by seq limit 200`)
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
      select rail, event_id, digest, raw, signature, received_at from inbox_conflicts where rail = ${row.rail} and event_id = ${row.event_id} order by received_at`),
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
