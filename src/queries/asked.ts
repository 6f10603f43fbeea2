/**
 * What the filters of a list ask for, judged against the database: a name that nothing bears is a slip of the
 * pen, not an empty list.
 */
import { nearestOf } from '../base/nearest.ts'
import { sql, type Reader } from '../db/db.ts'
import type { ListFilters } from './filters.ts'
import { searchIsCut } from './lookup.ts'
import { namesOf } from './names.ts'
import type { Asked } from './page.ts'
import { jobsRun } from './runs.ts'

/**
 * What the filters name, by the name of the filter. Kinds, acts and subjects are words, and may have no row
 * yet.
 */
const named = {
  account: 'account',
  schedule: 'schedule',
  slot: 'slot',
  order: 'order',
  invoice: 'invoice',
  job: 'job',
  actor: 'person',
  by: 'person',
} as const
export type NamedKind = (typeof named)[keyof typeof named]

/** A filter that names nothing there is. */
export interface Unnamed {
  filter: string
  kind: NamedKind
  written: string
  /** What may have been meant. */
  near: string | undefined
}

export interface Judged extends Pick<Asked, 'isCut'> {
  unnamed: Unnamed[]
}

/**
 * What surfaces say before they show rows. Filters with choices are checked against those, where they are
 * read.
 */
export async function judgeFilters<Name extends string>(
  reader: Reader,
  { names, choices, searchesEvents }: ListFilters<Name>,
  query: Asked<Name>['query'],
): Promise<Judged> {
  const unnamed: Unnamed[] = []
  for (const filter of names) {
    const written = query[filter]
    if (written === undefined || choices[filter] || !(filter in named)) continue
    const kind = named[filter as keyof typeof named]
    if (await isThere(reader, kind, written)) continue
    const near = nearestOf(await namesNear(reader, kind), written, 1 + written.length / 4)
    unnamed.push({ filter, kind, written, near })
  }
  const search = (query as Partial<Record<string, string>>)['q']
  return { unnamed, isCut: searchesEvents === true && (await searchIsCut(reader, search)) }
}

async function isThere(reader: Reader, kind: NamedKind, name: string): Promise<boolean> {
  const { store } = reader
  switch (kind) {
    case 'account':
      return isRow(reader, sql`accounts where store_id = ${store} and name = ${name}`)
    case 'schedule':
      return isRow(reader, sql`schedules where store_id = ${store} and name = ${name}`)
    case 'slot':
      return isRow(
        reader,
        sql`slots s join schedules h on h.id = s.schedule_id where s.id = ${name} and h.store_id = ${store}`,
      )
    case 'order':
      return isRow(reader, sql`orders where store_id = ${store} and id = ${name}`)
    case 'invoice':
      return isRow(reader, sql`invoices where store_id = ${store} and id = ${name}`)
    case 'job':
      return isRow(reader, sql`runs where job = ${name}`)
    // The log speaks of programs, and of people who sign in nowhere, too.
    case 'person':
      return (
        (await isRow(reader, sql`users where store_id = ${store} and name = ${name}`)) ||
        (await isRow(reader, sql`audit where actor = ${name}`))
      )
  }
}

const isRow = async (reader: Reader, from: ReturnType<typeof sql>): Promise<boolean> =>
  (await reader.one(sql`select 1 as there from ${from} limit 1`)) !== undefined

async function namesNear(reader: Reader, kind: NamedKind): Promise<string[]> {
  switch (kind) {
    case 'account':
      return namesOf(reader, 'accounts')
    case 'schedule':
      return namesOf(reader, 'schedules')
    case 'job':
      return jobsRun(reader)
    case 'person': {
      const rows = await reader.all<{ name: string }>(
        sql`select name from users where store_id = ${reader.store} order by name limit 500`,
      )
      return rows.map(({ name }) => name)
    }
    // Nobody writes an id by hand.
    case 'slot':
    case 'order':
    case 'invoice':
      return []
  }
}
