/**
 * The figures a monitor asks for, read from the database as it stands: cheap however many invoices there are,
 * for only what is open is counted each time.
 */
import { assetOf, railNames } from '../base/rails.ts'
import { instant, millis, type Instant, type Millis } from '../base/world.ts'
import { chainTrouble, nodeHeight, tipOf } from '../chain/chain.ts'
import { lastReconciled, type Reconciled } from '../ledger/ledger.ts'
import { goodRate, pair, type Agreement } from '../rates/rates.ts'
import { sql, type Reader, type Db } from '../db/db.ts'

/** How many, and for how long the oldest has waited; 0 where there is none. */
export interface Waiting {
  count: number
  oldestSeconds: number
}

/** What was found when a rail's provider was last held against the books. */
export interface RailReconciled extends Reconciled {
  rail: string
  asset: string
  ageSeconds: number
}

export interface Figures {
  /**
   * Due times that nobody took up: slots not claimed, slots whose worker is gone, and schedules not looked
   * at.
   */
  slots: Waiting
  /** Events kept and not settled, by state. */
  inbox: Record<'new' | 'waiting', Waiting>
  /** Events that only a person can settle. */
  quarantined: number
  payouts: { state: string; asset: string; count: number }[]
  unsure: Record<'invoice' | 'payout', Waiting>
  /**
   * Why payouts are stopped: `hold` a person or a fault found in a payout, `books`, `bank` and `chain` what
   * they are held against.
   */
  stopped: Record<StopReason, boolean>
  /** Runs of the last hour that failed or whose process died, by job. */
  failedRuns: { job: string; count: number }[]
  reconciled: RailReconciled[]
  /** The newest record of the audit log: a number that only grows. */
  auditHead: number
  /** Undefined where no chain is followed. */
  chain: { height: number; behindBlocks: number; tipAgeSeconds: number; followed: boolean } | undefined
  /** Undefined where no rate was ever asked for. */
  rate: { ageSeconds: number; usable: boolean } | undefined
}

export const stopReasons = ['hold', 'books', 'bank', 'chain'] as const
export type StopReason = (typeof stopReasons)[number]

const hourMs = 3_600_000

/**
 * Reads them all. `agreement` says which quotes make a rate, where the Bitcoin rail is on. Throws when the
 * database cannot be read.
 */
export async function readFigures(
  db: Db,
  agreement?: Agreement & { sources: readonly string[] },
): Promise<Figures> {
  const now = await db.tx(tx => tx.now(), 'locks')
  const [slots, inbox, unsure] = [
    await lateSlots(db, now),
    await openEvents(db, now),
    await unsureOnes(db, now),
  ]
  const stopped = await db.all<{ name: StopReason }>(
    sql`select name from settings where name in ('books', 'bank', 'chain')
      union select 'hold' from holds`,
  )
  return {
    ...{ slots, inbox, unsure },
    quarantined: await countOf(db, sql`select count(*) as count from inbox where state = 'quarantined'`),
    payouts: (
      await db.all<{ state: string; asset: string; count: bigint }>(sql`
        select state, asset, count(*) as count from payouts
          where state in ('owed', 'sending', 'unsure', 'sent', 'waiting', 'held', 'returned')
        group by state, asset order by state, asset`)
    ).map(row => ({ ...row, count: Number(row.count) })),
    stopped: Object.fromEntries(
      stopReasons.map(reason => [reason, stopped.some(({ name }) => name === reason)]),
    ) as Record<StopReason, boolean>,
    failedRuns: (
      await db.all<{ job: string; count: bigint }>(sql`
        select job, count(*) as count from runs where started_at > ${instant(millis(now) - hourMs)}
          and outcome in ('failed', 'lost')
        group by job order by job`)
    ).map(({ job, count }) => ({ job, count: Number(count) })),
    auditHead: await countOf(db, sql`select coalesce(max(seq), 0) as count from audit`),
    reconciled: await reconciledRails(db, now),
    chain: await chainFigures(db, now),
    rate: await rateFigures(db, millis(now), agreement),
  }
}

const countOf = async (reader: Reader, query: ReturnType<typeof sql>): Promise<number> =>
  Number((await reader.one<{ count: bigint }>(query))!.count)

type WaitingRow = { count: bigint; oldest: Instant | null }

const secondsSince = (at: Instant | null, now: Instant): number =>
  at === null ? 0 : Math.max(0, (millis(now) - millis(at)) / 1_000)
const waiting = ({ count, oldest }: WaitingRow, now: Instant): Waiting => ({
  count: Number(count),
  oldestSeconds: secondsSince(oldest, now),
})

/** Where no worker runs nothing becomes a slot, so a schedule whose time has come counts as late too. */
async function lateSlots(reader: Reader, now: Instant): Promise<Waiting> {
  const row = await reader.one<WaitingRow>(sql`
    select count(*) as count, min(at) as oldest from (
      select case state when 'due' then next_at else lease_until end as at from slots
        where state in ('due', 'running') and next_at <= ${now} and (state = 'due' or lease_until <= ${now})
      union all select next_at from schedules where state = 'active' and next_at <= ${now}) as late`)
  return waiting(row!, now)
}

async function openEvents(reader: Reader, now: Instant): Promise<Figures['inbox']> {
  const rows = await reader.all<WaitingRow & { state: 'new' | 'waiting' }>(sql`
    select state, count(*) as count, min(received_at) as oldest from inbox where state in ('new', 'waiting')
      group by state`)
  const of = (state: 'new' | 'waiting') =>
    waiting(rows.find(row => row.state === state) ?? { count: 0n, oldest: null }, now)
  return { new: of('new'), waiting: of('waiting') }
}

async function unsureOnes(reader: Reader, now: Instant): Promise<Figures['unsure']> {
  const invoices = await reader.one<WaitingRow>(
    sql`select count(*) as count, min(changed_at) as oldest from invoices where state = 'unsure'`,
  )
  const payouts = await reader.one<WaitingRow>(
    sql`select count(*) as count, min(changed_at) as oldest from payouts where state = 'unsure'`,
  )
  return { invoice: waiting(invoices!, now), payout: waiting(payouts!, now) }
}

/**
 * What payouts have come to their end, by state and asset: counted along an index, all of it, so asked for
 * seldom.
 */
export async function readEndedPayouts(reader: Reader): Promise<Figures['payouts']> {
  const rows = await reader.all<{ state: string; asset: string; count: bigint }>(sql`
    select state, asset, count(*) as count from payouts where state in ('paid', 'canceled')
      group by state, asset order by state, asset`)
  return rows.map(row => ({ ...row, count: Number(row.count) }))
}

async function reconciledRails(reader: Reader, now: Instant): Promise<RailReconciled[]> {
  const found: RailReconciled[] = []
  for (const rail of railNames) {
    const last = await lastReconciled(reader, rail)
    if (last) found.push({ rail, asset: assetOf(rail), ...last, ageSeconds: secondsSince(last.at, now) })
  }
  return found
}

async function chainFigures(reader: Reader, now: Instant): Promise<Figures['chain']> {
  const [tip, trouble] = [await tipOf(reader), await chainTrouble(reader)]
  if (!tip && trouble === undefined) return undefined
  const height = Number(tip?.height ?? 0n)
  const node = await nodeHeight(reader)
  return {
    height,
    behindBlocks: Math.max(0, (node ?? height) - height),
    tipAgeSeconds: secondsSince(tip?.at ?? null, now),
    followed: trouble === undefined,
  }
}

async function rateFigures(
  reader: Reader,
  now: Millis,
  agreement: (Agreement & { sources: readonly string[] }) | undefined,
): Promise<Figures['rate']> {
  const newest = await reader.one<{ at: Instant }>(
    sql`select at from rates where pair = ${pair} order by fetched_at desc limit 1`,
  )
  if (!newest) return agreement && { ageSeconds: Number.POSITIVE_INFINITY, usable: false }
  const rate = agreement && (await goodRate(reader, now, agreement))
  return {
    ageSeconds: secondsSince(rate?.is === 'rate' ? rate.at : newest.at, instant(now)),
    usable: rate === undefined || rate.is === 'rate',
  }
}
