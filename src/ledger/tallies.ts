/**
 * Sums kept aside: balances, totals and counts by state, which cost the same however much there is. Each is
 * what was added up and what changed since.
 */
import { join, sql, type Reader, type Sql, type Db, type Tx } from '../db/db.ts'

/**
 * What is added up: entries by movement, line, account and asset; invoices and payouts by asset and state;
 * settled events by state.
 */
export type About = 'ledger' | 'invoices' | 'payouts' | 'inbox'

export interface Tally {
  parts: string[]
  count: bigint
  units: bigint
}

type Row = { part: string; count: bigint; units: bigint }

const kept = (about: About): Sql => sql`
  select part, count, units from tallies where about = ${about}
  union all select part, count, units from tally_changes where about = ${about}`

/** Every sum of one kind that is not nothing. */
export async function tally(reader: Reader, about: About): Promise<Tally[]> {
  const rows = await reader.all<Row>(sql`
    select part, cast(sum(count) as bigint) as count, cast(sum(units) as bigint) as units
      from (${kept(about)}) as kept
    group by part having sum(count) <> 0 or sum(units) <> 0 order by part`)
  return rows.map(({ part, count, units }) => ({ parts: part.split('/'), count, units }))
}

const step = 2_000n

/** Adds up what has changed, in steps. Answers how many changes that were. */
export async function addUpTallies(db: Db): Promise<number> {
  // Most of the time nothing has, and then nothing is written.
  if (!(await db.one(sql`select seq from tally_changes limit 1`))) return 0
  for (let added = 0; ;) {
    const count = await db.tx(addUpSome, 'locks')
    added += count
    if (count < Number(step)) return added
  }
}

async function addUpSome(tx: Tx): Promise<number> {
  const rows = await tx.all<Row & { about: string }>(sql`
    delete from tally_changes where seq in (select seq from tally_changes order by seq limit ${step})
      returning about, part, count, units`)
  const sums = new Map<string, { about: string; part: string; count: bigint; units: bigint }>()
  for (const { about, part, count, units } of rows) {
    const sum = sums.get(`${about} ${part}`)
    sums.set(`${about} ${part}`, {
      about,
      part,
      count: (sum?.count ?? 0n) + count,
      units: (sum?.units ?? 0n) + units,
    })
  }
  for (const { about, part, count, units } of sums.values())
    await tx.run(sql`
      insert into tallies (about, part, count, units) values (${about}, ${part}, ${count}, ${units})
      on conflict (about, part) do update
        set count = tallies.count + excluded.count, units = tallies.units + excluded.units`)
  return rows.length
}

/** A sum that is not what its rows come to: so much is missing from it. */
export type Off = { about: About; part: string; count: bigint; units: bigint }

/** The truth, row by row. */
const truths: Record<About, Sql> = {
  ledger: sql`select t.movement || '/' || e.line || '/' || e.account || '/' || e.asset as part,
    count(*) as count, sum(e.units) as units
    from ledger_entries e join ledger_transactions t on t.id = e.transaction_id
      group by t.movement, e.line, e.account, e.asset`,
  invoices: sql`select asset || '/' || state as part, count(*) as count, sum(units) as units from invoices
    group by asset, state`,
  payouts: sql`select asset || '/' || state as part, count(*) as count, sum(units) as units from payouts
    group by asset, state`,
  inbox: sql`select state as part, count(*) as count, 0 as units from inbox
    where state not in ('new', 'waiting') group by state`,
}

/**
 * Holds every sum against its rows: reads all of them, which takes seconds where there are many, each kind in
 * one statement, so as of one moment.
 */
export async function tallyFaults(reader: Reader): Promise<Off[]> {
  const found: Off[] = []
  for (const about of Object.keys(truths) as About[]) {
    const rows = await reader.all<Row>(sql`
      select part, cast(sum(count) as bigint) as count, cast(sum(units) as bigint) as units from (
        select part, count, units from (${truths[about]}) as truth
        union all select part, -count, -units from (${kept(about)}) as kept) as both_of_them
      group by part having sum(count) <> 0 or sum(units) <> 0 order by part`)
    found.push(...rows.map(row => ({ about, ...row })))
  }
  return found
}

/** Adds what is missing as a change like any other, so that nobody waits for it. */
export async function mendTallies(tx: Tx, faults: readonly Off[]): Promise<void> {
  if (faults.length === 0) return
  const rows = faults.map(({ about, part, count, units }) => sql`(${join([about, part, count, units])})`)
  await tx.run(sql`insert into tally_changes (about, part, count, units) values ${join(rows)}`)
}
