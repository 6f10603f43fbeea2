/** Proposals as they are listed, and what each is about. */
import { join, sql, where, type Reader } from '../db/db.ts'
import type { ProposalRow } from '../ledger/ledger.ts'
import { detailShown } from '../reconcile/reconcile.ts'
import type { FilterOf, proposalFilters } from './filters.ts'
import { subjectsOf, type Subject } from './links.ts'
import { inWindow, type After, type Filters } from './page.ts'

export type ProposalFilters = Filters<FilterOf<typeof proposalFilters>>

/** The newest first. `isDecided`: those in whichever state but open. */
export const listProposals = (
  reader: Reader,
  { query: { state, act, subject, by }, ...window }: ProposalFilters,
  limit: number,
  isDecided = false,
): Promise<ProposalRow[]> =>
  reader.all<ProposalRow>(sql`
    select * from proposals ${where([
      sql`store_id = ${reader.store}`,
      isDecided ? sql`state <> 'open'` : undefined,
      state === undefined ? undefined : sql`state = ${state}`,
      act === undefined ? undefined : sql`act = ${act}`,
      subject === undefined ? undefined : sql`subject = ${subject}`,
      by === undefined ? undefined : sql`made_by = ${by}`,
      ...inWindow(sql`added_at`, sql`id`, window),
    ])} order by added_at desc, id desc limit ${limit}`)

export const keyOfProposal = ({ added_at: at, id }: Pick<ProposalRow, 'added_at' | 'id'>): After => ({
  at,
  id,
})

/** Where a list goes on behind this one. */
export const placeOfProposal = (reader: Reader, id: string): Promise<After | undefined> =>
  reader.one<After>(
    sql`select id, added_at as at from proposals where store_id = ${reader.store} and id = ${id}`,
  )

/** What a proposal is about: a person or an account by its name, anything else by its id. */
export type ProposalSubject = { name: string } & (
  | { kind: 'person'; id: string }
  | { kind: Subject['kind']; id: string }
)

/** By the subjects of these proposals; what has no page of its own is left out. */
export async function subjectsOfProposals(
  reader: Reader,
  rows: readonly ProposalRow[],
): Promise<Map<string, ProposalSubject>> {
  const subjects = [...new Set(rows.map(({ subject }) => subject))]
  const known = await subjectsOf(reader, subjects)
  const found = new Map<string, ProposalSubject>([...known].map(([name, seen]) => [name, { name, ...seen }]))
  for (const { id, name } of await named(reader, 'users', subjects))
    found.set(id, { name, kind: 'person', id })
  for (const { id, name } of await named(reader, 'accounts', subjects))
    found.set(id, { name, kind: 'account', id: name })
  return found
}

const prefixes = { users: 'usr_', accounts: 'acc_' } as const

function named(
  reader: Reader,
  table: keyof typeof prefixes,
  subjects: readonly string[],
): Promise<{ id: string; name: string }[]> {
  const ids = subjects.filter(subject => subject.startsWith(prefixes[table]))
  if (ids.length === 0) return Promise.resolve([])
  return reader.all(
    table === 'users'
      ? sql`select id, name from users where id in (${join(ids)})`
      : sql`select id, name from accounts where id in (${join(ids)})`,
  )
}

/** What each proposes, as it is shown, by its id. */
export async function detailsOfProposals(
  reader: Reader,
  rows: readonly ProposalRow[],
): Promise<Map<string, Record<string, string>>> {
  const details = new Map<string, Record<string, string>>()
  for (const row of rows) details.set(row.id, await detailShown(reader, row))
  return details
}
