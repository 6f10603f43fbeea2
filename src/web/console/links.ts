/** Where each thing of the house is seen in the console, and what an id in a history or a posting stands for. */
import { isId, type Kind } from '../../base/id.ts'
import { join, sql, type Reader, type Transition } from '../../db/db.ts'
import { repeatsOf, type Step } from './list/parts.tsx'

export type LinkKind =
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

export interface Linked {
  kind: LinkKind
  /** Accounts and schedules by their name, events by their number in the inbox. */
  id: string
  name: string
  href: string
}

export function pathTo(kind: LinkKind, id: string): string {
  const safe = encodeURIComponent(id)
  switch (kind) {
    case 'slot':
      return `/console/invoices?slot=${safe}`
    case 'order':
      return `/console/invoices?order=${safe}`
    case 'bundle':
      return `/console/bitcoin/${safe}`
    case 'transaction':
      return `/console/postings/${safe}`
    default:
      return `/console/${kind}s/${safe}`
  }
}

const ofIds = ['invoice', 'payout', 'run', 'bundle', 'transaction', 'slot', 'order', 'proposal'] as const satisfies Kind[]

/** Where each of these leads, by what it is: ids of ours by their prefix, events by the inbox, orders and transactions by what they pay. */
export async function linksOf(reader: Reader, refs: readonly (string | null)[]): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const rest = new Set<string>()
  for (const ref of refs) {
    if (ref === null || ref === '') continue
    // A movement that may happen again has a number behind what it is of.
    const id = ref.replace(/\/\d+$/, '')
    const kind = ofIds.find(each => isId(each, id))
    if (kind) found.set(ref, pathTo(kind, id))
    else rest.add(ref)
  }
  if (rest.size === 0) return found
  const wanted = [...rest].slice(0, 400)
  const bare = wanted.map(ref => ref.replace(/\/\d+$/, ''))
  const rows = await reader.all<{ ref: string; kind: LinkKind; id: string }>(sql`
    select event_id as ref, 'event' as kind, cast(id as text) as id from inbox where rail in ('starkbank', 'bitcoin') and event_id in (${join(wanted)})
    union all select id, 'payout', payout_id from attempts where id in (${join(bare)})
    union all select external_id, 'payout', payout_id from attempts where external_id in (${join(wanted)})
    union all select provider_id, 'payout', payout_id from attempts where provider_id in (${join(wanted)})
    union all select provider_id, 'invoice', id from invoices where rail in ('starkbank', 'bitcoin') and provider_id in (${join(wanted)})
    union all select provider_id, 'invoice', invoice_id from invoice_twins where rail = 'starkbank' and provider_id in (${join(wanted)})
    union all select id, 'invoice', invoice_id from invoice_twins where id in (${join(bare)})
    union all select id, 'bundle', bundle_id from bundle_candidates where id in (${join(wanted)})
    union all select id, 'invoice', invoice_id from coins where id in (${join(bare)}) and invoice_id is not null`)
  for (const ref of wanted) {
    const row = rows.find(each => each.ref === ref) ?? rows.find(each => each.ref === ref.replace(/\/\d+$/, ''))
    if (row) found.set(ref, pathTo(row.kind, row.id))
  }
  return found
}

/** A history whose every line leads to its cause. */
export async function stepsOf(reader: Reader, transitions: readonly Transition[]): Promise<Step[]> {
  const links = await linksOf(
    reader,
    transitions.map(({ ref }) => ref),
  )
  return transitions.map(step => ({
    ...{ at: step.at, from: step.from_state, to: step.to_state, why: step.why, ref: step.ref, repeats: repeatsOf(step) },
    href: step.ref === null ? undefined : links.get(step.ref),
  }))
}
