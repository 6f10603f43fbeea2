/**
 * What was asked, credited and passed on in all, however much that is: what was added up once is never read
 * again.
 */
import type { Asset } from '../base/money.ts'
import { instant, type Instant, type Millis, type World } from '../base/world.ts'
import { accounts, chart, type Account, type MovementName } from '../ledger/ledger.ts'
import { sql, type Reader, type Db } from '../db/db.ts'

/**
 * Postings are never changed, and neither is what an invoice asked for, so sums of them up to a moment stay
 * true. They are kept up to a moment that lies `settledMs` back, when whatever was to be written with an
 * earlier time has been; what came since is added at each look.
 */
interface Sums {
  posted: After
  asked: After
  /** `asset movement`, and `asset asked`, to smallest units. */
  units: Record<string, bigint>
}

type After = {
  at: Instant
  id: string
}

export interface Totals {
  /** By the database's clock. */
  at: Instant
  assets: Record<
    Asset,
    { asked: bigint; moved: Record<MovementName, bigint>; standing: Record<Account, bigint> } | undefined
  >
}

/** `counting`: the first count of a large installation takes its time, and is this far. */
export type Counted = { is: 'totals'; totals: Totals } | { is: 'counting'; upTo: Instant | undefined }

const settledMs: Millis = 120_000
/** Rows of one step: so few that who asks meanwhile hardly waits. */
const step = 2_000
const freshMs: Millis = 2_000
const patienceMs: Millis = 250
const keepEvery = 100
const cursor = 'overview sums'

/** One count at a time in a process, shared by all who ask. `over` ends it. */
export function makeTotals(
  db: Db,
  world: Pick<World, 'clock' | 'log'>,
  over: AbortSignal,
): () => Promise<Counted> {
  let sums: Sums | undefined
  let last: { totals: Totals; read: Millis } | undefined
  let counting: Promise<void> | undefined

  const count = async () => {
    sums ??= await readSums(db)
    const now = await db.tx(tx => tx.now(), 'locks')
    const until = instant(Date.parse(now) - settledMs)
    for (let steps = 1; ; steps++) {
      const moved = [await addPosted(db, sums, until), await addAsked(db, sums, until)]
      const isDone = !moved.includes(true)
      // So that the next process goes on from here.
      if (moved.includes(true) && steps % keepEvery === 0) await keepSums(db, sums)
      if (isDone || over.aborted) {
        if (steps > 1) await keepSums(db, sums)
        break
      }
      // An embedded database answers at once: without a pause nobody else would be heard.
      await world.clock.sleep(1, over)
    }
    if (!over.aborted) last = { totals: totalsOf(await withRecent(db, sums), now), read: world.clock.now() }
  }

  return async () => {
    if (last && world.clock.now() - last.read < freshMs) return { is: 'totals', totals: last.totals }
    counting ??= count()
      .catch((error: unknown) =>
        world.log.warn(
          { why: error instanceof Error ? error.message : 'a surprise' },
          'the totals could not be counted',
        ),
      )
      .finally(() => (counting = undefined))
    const patience = new AbortController()
    await Promise.race([counting, world.clock.sleep(patienceMs, patience.signal)])
    patience.abort()
    return last
      ? { is: 'totals', totals: last.totals }
      : { is: 'counting', upTo: sums?.posted.at || undefined }
  }
}

const nothing: After = { at: '', id: '' }

async function readSums(reader: Reader): Promise<Sums> {
  const row = await reader.one<{ value: string }>(sql`select value from cursors where name = ${cursor}`)
  if (!row) return { posted: nothing, asked: nothing, units: {} }
  const { posted, asked, units } = JSON.parse(row.value) as {
    posted: After
    asked: After
    units: Record<string, string>
  }
  return {
    posted,
    asked,
    units: Object.fromEntries(Object.entries(units).map(([name, text]) => [name, BigInt(text)])),
  }
}

async function keepSums(db: Db, { posted, asked, units }: Sums): Promise<void> {
  const text = Object.fromEntries(Object.entries(units).map(([name, sum]) => [name, `${sum}`]))
  await db.tx(tx =>
    tx.run(sql`
      insert into cursors (name, value) values (${cursor}, ${JSON.stringify({ posted, asked, units: text })})
      on conflict (name) do update set value = excluded.value`),
  )
}

type SumRow = { name: string; asset: Asset; units: bigint }

function add(units: Record<string, bigint>, rows: readonly SumRow[]): void {
  for (const row of rows) {
    const name = `${row.asset} ${row.name}`
    units[name] = (units[name] ?? 0n) + row.units
  }
}

// The bounds by time alone say nothing new; by them a planner sees how few rows are meant.
const sumPosted = (reader: Reader, after: After, to?: After) =>
  reader.all<SumRow>(sql`
    select t.movement as name, e.asset, cast(sum(e.units) as bigint) as units
    from ledger_transactions t join ledger_entries e on e.transaction_id = t.id and e.line = 1
    where t.at >= ${after.at} and (t.at, t.id) > (${after.at}, ${after.id})
      ${to ? sql`and t.at <= ${to.at} and (t.at, t.id) <= (${to.at}, ${to.id})` : sql``}
        group by t.movement, e.asset`)

const sumAsked = (reader: Reader, after: After, to?: After) =>
  reader.all<SumRow>(sql`
    select 'asked' as name, asset, cast(sum(units) as bigint) as units from invoices
    where added_at >= ${after.at} and (added_at, id) > (${after.at}, ${after.id})
      ${to ? sql`and added_at <= ${to.at} and (added_at, id) <= (${to.at}, ${to.id})` : sql``}
        group by asset`)

/** Adds one step of what is settled; false where there is no whole step any more. */
async function addPosted(reader: Reader, sums: Sums, until: Instant): Promise<boolean> {
  const { at, id } = sums.posted
  const to = await reader.one<After>(sql`
    select at, id from ledger_transactions where at >= ${at} and (at, id) > (${at}, ${id}) and at < ${until}
      order by at, id limit 1 offset ${step - 1}`)
  if (!to) return false
  add(sums.units, await sumPosted(reader, sums.posted, to))
  sums.posted = { at: to.at, id: to.id }
  return true
}

async function addAsked(reader: Reader, sums: Sums, until: Instant): Promise<boolean> {
  const { at, id } = sums.asked
  const to = await reader.one<After>(sql`
    select added_at as at, id from invoices where added_at >= ${at} and (added_at, id) > (${at}, ${id})
      and added_at < ${until} order by added_at, id limit 1 offset ${step - 1}`)
  if (!to) return false
  add(sums.units, await sumAsked(reader, sums.asked, to))
  sums.asked = { at: to.at, id: to.id }
  return true
}

async function withRecent(db: Db, { posted, asked, units }: Sums): Promise<Record<string, bigint>> {
  const all = { ...units }
  add(all, await sumPosted(db, posted))
  add(all, await sumAsked(db, asked))
  return all
}

const movements = Object.keys(chart) as MovementName[]

function totalsOf(units: Record<string, bigint>, at: Instant): Totals {
  const ofAsset = (asset: Asset) => {
    if (!Object.keys(units).some(name => name.startsWith(asset))) return undefined
    const moved = Object.fromEntries(
      movements.map(name => [name, units[`${asset} ${name}`] ?? 0n]),
    ) as Record<MovementName, bigint>
    const standing = Object.fromEntries(accounts.map(name => [name, 0n])) as Record<Account, bigint>
    for (const name of movements) {
      standing[chart[name].to] += moved[name]
      standing[chart[name].from] -= moved[name]
    }
    return { asked: units[`${asset} asked`] ?? 0n, moved, standing }
  }
  return { at, assets: { BRL: ofAsset('BRL'), BTC: ofAsset('BTC') } }
}
