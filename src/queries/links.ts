/** What an id in a history, a posting or an event stands for. */
import { isId, type Kind } from '../base/id.ts'
import { railNames } from '../base/rails.ts'
import { join, sql, type Reader } from '../db/db.ts'

export type SubjectKind =
  | 'invoice'
  | 'payout'
  | 'event'
  | 'run'
  | 'bundle'
  | 'transaction'
  | 'account'
  | 'schedule'
  | 'slot'
  | 'order'
  | 'proposal'

/** One thing that has a page of its own. */
export type Subject = {
  kind: SubjectKind
  /** Accounts and schedules by their name, events by their number in the inbox. */
  id: string
}

const ofIds = [
  'invoice',
  'payout',
  'run',
  'bundle',
  'transaction',
  'slot',
  'order',
  'proposal',
] as const satisfies Kind[]

/**
 * What each of these stands for: ids of ours by their prefix, events by the inbox, orders and transactions by
 * what they pay.
 */
export async function subjectsOf(
  reader: Reader,
  refs: readonly (string | null)[],
): Promise<Map<string, Subject>> {
  const found = new Map<string, Subject>()
  const rest = new Set<string>()
  for (const ref of refs) {
    if (ref === null || ref === '') continue
    // A movement that may happen again has a number behind what it is of.
    const id = ref.replace(/\/\d+$/, '')
    const kind = ofIds.find(each => isId(each, id))
    if (kind) found.set(ref, { kind, id })
    else rest.add(ref)
  }
  if (rest.size === 0) return found
  const wanted = [...rest].slice(0, 400)
  const bare = wanted.map(ref => ref.replace(/\/\d+$/, ''))
  const rows = await reader.all<{ ref: string; kind: SubjectKind; id: string }>(sql`
    select event_id as ref, 'event' as kind, cast(id as text) as id from inbox
      where rail in (${join(railNames)}) and event_id in (${join(wanted)})
    union all select id, 'payout', payout_id from attempts where id in (${join(bare)})
    union all select external_id, 'payout', payout_id from attempts where external_id in (${join(wanted)})
    union all select provider_id, 'payout', payout_id from attempts where provider_id in (${join(wanted)})
    union all select provider_id, 'invoice', id from invoices where rail in (${join(railNames)})
      and provider_id in (${join(wanted)})
    union all select provider_id, 'invoice', invoice_id from invoice_twins where rail in (${join(railNames)})
      and provider_id in (${join(wanted)})
    union all select id, 'invoice', invoice_id from invoice_twins where id in (${join(bare)})
    union all select id, 'bundle', bundle_id from bundle_candidates where id in (${join(wanted)})
    union all select id, 'invoice', invoice_id from coins where id in (${join(bare)})
      and invoice_id is not null`)
  for (const ref of wanted) {
    const row =
      rows.find(each => each.ref === ref) ?? rows.find(each => each.ref === ref.replace(/\/\d+$/, ''))
    if (row) found.set(ref, { kind: row.kind, id: row.id })
  }
  return found
}
