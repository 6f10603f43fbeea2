/** Events as programs read them. */
import type { ListedEvent } from '../events.ts'

export const eventJson = (row: ListedEvent) => ({
  id: row.event_id,
  rail: row.rail,
  kind: row.kind,
  state: row.state,
  why: row.why,
  via: row.via,
  receivedAt: row.received_at,
  tries: Number(row.tries),
})
