/**
 * Limits: how much may leave by payouts at once, in an hour and in a day. Both rails ask here, in the
 * transaction that claims what is due.
 */
import { because, type Reason } from '../base/reasons.ts'
import { formatMoney, type Asset } from '../base/money.ts'
import { firstIdAt } from '../base/id.ts'
import { later, millis, type Instant, type Millis } from '../base/world.ts'
import { setWhy, forUpdate, isOlderThan, join, sql, type Reader, type Sql, type Tx } from '../db/db.ts'
import { letBeyond, limitsNow, objectedLimits, strictest, wasLetBeyond } from './limitsSaid.ts'
import type { PayoutRow } from './row.ts'
import { limitPers, type LimitPer, type LimitRow } from './limitRow.ts'

const windowMs = { hour: 3_600_000, day: 86_400_000 } as const satisfies Record<string, Millis>
type Window = keyof typeof windowMs
const windows = ['hour', 'day'] as const

/** What a limit is of: all payouts of one asset, or one account by its id. */
export const installationScope = (asset: Asset): string => `installation ${asset}`

export { limitsNow }

type Due = Pick<PayoutRow, 'id' | 'account_id' | 'units' | 'added_at'>

/**
 * Why a payout waits. `person`: it is above the limit by itself; `room`: it goes by itself once enough of
 * what left is older.
 */
export type LimitWait = { scope: string; per: LimitPer; cap_units: bigint; needs: 'person' | 'room' }

/** An order that failed gives its room back at once, so whoever waits for room is looked at again by then. */
const againMs = 15 * 60_000
/**
 * Whoever is due for longer and was not claimed, or is due later, lacks something else, and keeps nobody
 * waiting behind it.
 */
const graceMs = 10 * 60_000

/**
 * Which of these due payouts of one asset, oldest first, may go now. The others are put off: until there is
 * room, the oldest first, or until two people let them go. What may go has to be claimed in the same
 * transaction: the limits stay locked until it ends, so that of two workers the later one sees what the other
 * has claimed.
 */
export async function withinLimits<P extends Due>(tx: Tx, asset: Asset, due: readonly P[]): Promise<P[]> {
  if (due.length === 0) return []
  const kept = await tx.all<LimitRow>(
    sql`select * from limits where asset = ${asset} order by scope, per ${forUpdate}`,
  )
  const now = await tx.now()
  const limits = await strictest(tx, asset, limitsNow(kept, now), now)
  if (limits.length === 0) return [...due]
  const approved = await approvedBeyond(tx, asset, due)
  const scopes = await openScopes(tx, asset, limits, due, now)

  const going: P[] = []
  for (const payout of due) {
    if ((approved.get(payout.id) ?? -1n) >= payout.units) await takeApproval(tx, payout)
    else {
      const own = [payout.account_id, installationScope(asset)].flatMap(scope => scopes.get(scope) ?? [])
      const wait = waitOf(own, payout)
      if (wait) {
        await putOff(tx, asset, payout, wait, now, own)
        continue
      }
      for (const scope of own) for (const window of windows) scope.used[window] += payout.units
    }
    going.push(payout)
  }
  if (going.length > 0)
    await tx.run(sql`delete from limit_waits where payout_id in (${join(going.map(({ id }) => id))})`)
  return going
}

type Head = { owed_at: Instant; payout_id: string; next_at: Instant }

interface Scope {
  name: string
  caps: Map<LimitPer, bigint>
  used: Record<Window, bigint>
  /** Who waits here for room, has waited longest, and is not among those asked about. */
  head: Head | undefined
  /**
   * One of those asked about waits here for room: whoever comes after it waits behind it, and is looked at
   * with it.
   */
  blocked?: { per: Window; nextAt: Instant }
}

async function openScopes(
  tx: Tx,
  asset: Asset,
  limits: readonly Pick<LimitRow, 'scope' | 'per' | 'units'>[],
  due: readonly Due[],
  now: Instant,
): Promise<Map<string, Scope>> {
  const names = new Set([installationScope(asset), ...due.map(({ account_id: id }) => id)])
  const byScope = Map.groupBy(
    limits.filter(({ scope }) => names.has(scope)),
    ({ scope }) => scope,
  )
  const scopes = new Map<string, Scope>()
  for (const [name, rows] of byScope) {
    // Of an installation each store may have set one: the lowest counts.
    const lowestLast = rows.toSorted((a, b) => Number(b.units - a.units))
    const caps = new Map(lowestLast.map(({ per, units }) => [per, units]))
    const isWindowed = windows.some(window => caps.has(window))
    const used = isWindowed ? await usedIn(tx, asset, name, now) : { hour: 0n, day: 0n }
    const head = isWindowed
      ? await tx.one<Head>(sql`
          select w.owed_at, w.payout_id, p.next_at from limit_waits w join payouts p on p.id = w.payout_id
            join accounts a on a.id = p.account_id
          where w.scope = ${name} and w.needs = 'room' and p.state in ('owed', 'waiting')
            and a.state = 'approved'
            and p.next_at > ${later(now, -graceMs)} and p.next_at <= ${later(now, againMs)}
              and p.id not in (${join(due.map(({ id }) => id))})
          order by w.owed_at, w.payout_id limit 1`)
      : undefined
    scopes.set(name, { name, caps, used, head })
  }
  return scopes
}

/** The limit that keeps a payout from going, that of its account first; undefined where none does. */
function waitOf(scopes: readonly Scope[], payout: Due): LimitWait | undefined {
  const { units } = payout
  for (const { name: scope, caps } of scopes)
    for (const per of limitPers) {
      const cap = caps.get(per)
      if (cap !== undefined && units > cap) return { scope, per, cap_units: cap, needs: 'person' }
    }
  for (const { name: scope, caps, used, head, blocked } of scopes)
    for (const per of windows) {
      const cap = caps.get(per)
      if (cap === undefined) continue
      if (blocked?.per === per || isOlder(head, payout) || used[per] + units > cap)
        return { scope, per, cap_units: cap, needs: 'room' }
    }
  return undefined
}

const isOlder = (head: Head | undefined, { id, added_at: at }: Due): head is Head =>
  head !== undefined && (head.owed_at < at || (head.owed_at === at && head.payout_id < id))

async function putOff(
  tx: Tx,
  asset: Asset,
  payout: Due,
  wait: LimitWait,
  now: Instant,
  scopes: readonly Scope[],
): Promise<void> {
  const nextAt =
    wait.needs === 'person' ? later(now, againMs) : await roomAt(tx, asset, payout, wait, now, scopes)
  const why = whyOf(wait, payout, asset)
  await tx.run(
    sql`update payouts set next_at = ${nextAt}, ${setWhy(why)} where id = ${payout.id}
      and state in ('owed', 'waiting')`,
  )
  await tx.run(sql`
    insert into limit_waits (payout_id, scope, per, cap_units, needs, owed_at, added_at)
    values (${payout.id}, ${wait.scope}, ${wait.per}, ${wait.cap_units}, ${wait.needs}, ${payout.added_at},
      ${now})
    on conflict (payout_id) do update
      set scope = excluded.scope, per = excluded.per, cap_units = excluded.cap_units, needs = excluded.needs`)
}

function whyOf({ scope, per, cap_units: cap, needs }: LimitWait, { units }: Due, asset: Asset): Reason {
  const limit = { cap: `${cap}`, asset, per, ofAccount: scope !== installationScope(asset) }
  return needs === 'person'
    ? because('above-limit', { ...limit, units: `${units}` })
    : because('limit-used-up', limit)
}

/** When enough of what left is older than the window; those behind are looked at with it. */
async function roomAt(
  tx: Tx,
  asset: Asset,
  payout: Due,
  { scope: name, per, cap_units: cap }: LimitWait,
  now: Instant,
  scopes: readonly Scope[],
): Promise<Instant> {
  const scope = scopes.find(each => each.name === name)!
  const window = per as Window
  if (scope.blocked?.per === window) return scope.blocked.nextAt
  const [soonest, latest] = [later(now, 1_000), later(now, againMs)]
  let missing = scope.used[window] + payout.units - cap
  const { head } = scope
  let nextAt =
    missing > 0n ? latest : isOlder(head, payout) && head.next_at > soonest ? head.next_at : soonest
  const left =
    missing > 0n
      ? await tx.all<{ units: bigint; left_at: Instant }>(leftIn(asset, name, later(now, -windowMs[window])))
      : []
  for (const { units: freed, left_at: at } of left) {
    missing -= freed
    if (missing > 0n) continue
    const free = later(at, windowMs[window] + 1)
    nextAt = free < soonest ? soonest : free < latest ? free : latest
    break
  }
  scope.blocked = { per: window, nextAt }
  return nextAt
}

/**
 * When an order left: what is still being asked, or may have been, has not left yet and counts until it has.
 */
const leftAt = sql`coalesce((select min(t.at) from transitions t
  where t.subject = a.id and t.from_state in ('', 'sending', 'unsure')
    and t.to_state in ('sent', 'success')), a.changed_at)`

/**
 * Every other order, and those that two people let go, counts for nothing. As `a`, with its payout as `p` and
 * what the books ordered as `e`.
 */
const isCounted = (asset: Asset, scope: string): Sql => sql`
  coalesce(e.asset, p.asset) = ${asset} ${
    scope === installationScope(asset)
      ? sql``
      : sql`and coalesce(a.account_id,
    p.account_id) = ${scope}`
  }
  and not exists (select 1 from limit_approvals l where l.payout_id = a.payout_id and l.number = a.number
    and ${wasLetBeyond})`

/** The books cannot be edited, so an order counts with what they ordered. */
const withBooked = sql`join payouts p on p.id = a.payout_id
  left join ledger_transactions o on o.source = a.id and o.movement = 'payout ordered'
  left join ledger_entries e on e.transaction_id = o.id and e.line = 1`
const booked = sql`coalesce(e.units, a.units)`

/**
 * What may have left since then: by its row; and whatever was ordered since, which its id says, and did not
 * come back by the books, so that no edit of its row gives room.
 */
const candidates = (since: Instant): Sql => {
  const isByRow = sql`state in ('sent', 'success') and changed_at > ${since}`
  return sql`(select * from attempts where ${isByRow}
    union all select * from attempts where id >= ${firstIdAt('attempt', millis(since))} and not (${isByRow})
      and state not in ('sending', 'unsure')) as a`
}

const wasOrderedSince = (since: Instant): Sql => sql`(a.id >= ${firstIdAt('attempt', millis(since))}
  and o.id is not null and not exists (select 1 from ledger_transactions r where r.source = a.id
    and r.movement in ('payout returned', 'payout refunded')))`

/**
 * An order leaves between being asked for and its last change, so only where a window begins between the two
 * its history is read.
 */
const hasLeftSince = (since: Instant): Sql =>
  sql`(${wasOrderedSince(since)} or a.state in ('sent', 'success') and a.changed_at > ${since}
    and (a.asked_at > ${since} or ${leftAt} > ${since}))`

const leftIn = (asset: Asset, scope: string, since: Instant): Sql => sql`
  select ${booked} as units, ${leftAt} as left_at from ${candidates(since)} ${withBooked}
  where ${hasLeftSince(since)} and ${isCounted(asset, scope)}
    order by left_at limit 5000`

/** What counts now within each window: all that is under way, and what left within it. */
export async function usedIn(
  reader: Reader,
  asset: Asset,
  scope: string,
  now: Instant,
): Promise<Record<Window, bigint>> {
  const [hour, day] = [later(now, -windowMs.hour), later(now, -windowMs.day)]
  const row = await reader.one<{ open: bigint; hour: bigint; day: bigint }>(sql`
    select cast(coalesce((
        select sum(${booked}) from attempts a ${withBooked}
        where a.state in ('sending', 'unsure') and ${isCounted(asset, scope)}), 0) as bigint) as open,
      cast(coalesce(sum(case when ${hasLeftSince(hour)} then ${booked} else 0 end), 0) as bigint) as hour,
      cast(coalesce(sum(${booked}), 0) as bigint) as day
    from ${candidates(day)} ${withBooked}
    where ${hasLeftSince(day)} and ${isCounted(asset, scope)}`)
  return { hour: row!.open + row!.hour, day: row!.open + row!.day }
}

/**
 * Up to how much each of these may go beyond the limits: those whose order under that approval did not fail
 * keep nothing of it.
 */
async function approvedBeyond(tx: Tx, asset: Asset, due: readonly Due[]): Promise<Map<string, bigint>> {
  const rows = await tx.all<{ payout_id: string; units: bigint }>(sql`
    select payout_id, units from limit_approvals l where payout_id in (${join(due.map(({ id }) => id))})
      and not exists (select 1 from attempts a where a.payout_id = l.payout_id and a.number = l.number
        and a.state not in ('failed', 'canceled', 'refused'))`)
  const said = await letBeyond(
    tx,
    rows.map(({ payout_id: id }) => id),
  )
  return new Map(
    rows
      .filter(({ payout_id: id, units }) => said.get(id) === formatMoney(units, asset))
      .map(({ payout_id: id, units }) => [id, units]),
  )
}

/** The order that is made now goes beyond the limits. */
const takeApproval = (tx: Tx, { id }: Due): Promise<number> =>
  tx.run(sql`
    update limit_approvals set number = (select coalesce(max(number), 0) + 1 from attempts
      where payout_id = ${id}) where payout_id = ${id}`)

export type ShownLimit = LimitRow & {
  /** The account's name; null where the limit is of all payouts of the asset. */
  account: string | null
  /** What counts against it now; undefined of a limit for each payout. */
  used: bigint | undefined
}

const maxWaiting = 200

/** With what counts of each while somebody objects; one that was taken away counts again. */
async function whileObjected<L extends LimitRow & { account: string | null }>(
  reader: Reader,
  rows: readonly L[],
): Promise<(LimitRow & { account: string | null })[]> {
  const found: (LimitRow & { account: string | null })[] = [...rows]
  for (const cap of (await objectedLimits(reader)).caps) {
    const place = found.findIndex(({ scope, per }) => scope === cap.scope && per === cap.per)
    const row = found[place]
    if (row && row.units > cap.units)
      found[place] = { ...row, units: cap.units, next_units: null, next_from: null }
    if (row) continue
    const account =
      (await reader.one<{ name: string }>(sql`select name from accounts where id = ${cap.scope}`))?.name ??
      null
    const { by: set_by, at: set_at } = cap
    found.push({ ...cap, account, set_by, set_at, approved_by: null, next_units: null, next_from: null })
  }
  return found
}

/**
 * Every limit with how much of it is used, and what waits for one: first what needs two people, then the
 * oldest.
 */
export async function showLimits(
  reader: Reader,
  now: Instant,
): Promise<{ limits: ShownLimit[]; waiting: WaitingForLimit[] }> {
  const rows = await reader.all<LimitRow & { account: string | null }>(sql`
    select l.*, a.name as account from limits l left join accounts a on a.id = l.scope
      where l.store_id = ${reader.store}
    order by l.asset, case when a.name is null then 0 else 1 end, a.name, case l.per when 'payout' then 1
      when 'hour' then 2 else 3 end`)
  const limits: ShownLimit[] = []
  for (const row of await whileObjected(reader, limitsNow(rows, now)))
    limits.push({
      ...row,
      used: row.per === 'payout' ? undefined : (await usedIn(reader, row.asset, row.scope, now))[row.per],
    })
  return { limits, waiting: await waitingForLimits(reader, { limit: maxWaiting }) }
}

export type WaitingForLimit = LimitWait & {
  payout_id: string
  asset: Asset
  units: bigint
  account: string
  next_at: Instant
  added_at: Instant
}

/** Payouts that a limit keeps waiting: as `w`, with the payout as `p` and its account as `c`. */
const waits = sql`from limit_waits w join payouts p on p.id = w.payout_id
  join accounts c on c.id = p.account_id where p.state in ('owed', 'waiting')`

/** Those that two people have to let go first, then the oldest. */
export const waitingForLimits = (
  reader: Reader,
  { limit, payoutId }: { limit: number; payoutId?: string },
): Promise<WaitingForLimit[]> =>
  reader.all<WaitingForLimit>(sql`
    select w.*, p.asset, p.units, p.next_at,
      c.name as account ${waits} and p.store_id = ${reader.store}
      ${payoutId === undefined ? sql`` : sql`and p.id = ${payoutId}`}
    order by w.needs, w.owed_at, w.payout_id limit ${limit}`)

/** How many wait for room at a limit. */
export type FullLimit = Pick<LimitWait, 'scope' | 'per' | 'cap_units'> & {
  account: string | null
  asset: Asset
  count: bigint
}

/**
 * Each limit that has kept a payout waiting for room for longer than `ms`, the one that does so longest
 * first.
 */
export const waitingForRoom = (reader: Reader, now: Instant, ms: Millis): Promise<FullLimit[]> =>
  reader.all<FullLimit>(sql`
    select w.scope, w.per, (select name from accounts
      where id = w.scope) as account, p.asset, min(w.cap_units) as cap_units, count(*) as count
      ${waits} and p.store_id = ${reader.store} and w.needs = 'room' group by w.scope, w.per, p.asset
      having max(case when ${isOlderThan(sql`w.added_at`, now, ms)} then 1 else 0 end) = 1
        order by min(w.added_at)`)
