/** The events that moved something. */
import { railNames } from '../base/rails.ts'
import type { Instant } from '../base/world.ts'
import { join, sql, type Reader } from '../db/db.ts'
import { endToEndIds } from './eventText.ts'

export interface Mover {
  id: bigint
  eventId: string
  kind: string | null
  state: string
  receivedAt: Instant
  endToEnd: string[]
}

type MoverRow = {
  id: bigint
  event_id: string
  kind: string | null
  state: string
  received_at: Instant
  raw: Uint8Array
}

/** The events behind the transitions of these, with the end-to-end ids their bytes name. */
export async function moversOf(reader: Reader, subjects: readonly string[]): Promise<Mover[]> {
  const rows = await reader.all<MoverRow>(sql`
    select rail, id, event_id, kind, state, received_at, raw from inbox
    where rail in (${join(railNames)})
      and event_id in (select ref from transitions where subject in (${join(subjects)}) and ref is not null)
    order by received_at, id limit 100`)
  return rows.map(({ id, event_id: eventId, kind, state, received_at: receivedAt, raw }) => ({
    ...{ id, eventId, kind, state, receivedAt },
    endToEnd: endToEndIds(raw),
  }))
}
