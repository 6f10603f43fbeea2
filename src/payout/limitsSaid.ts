/**
 * Limits as the audit log has them: a row can be edited past the program, so of the two the stricter counts,
 * and that they differ is a finding.
 */
import { doneFault } from '../approvals/approvals.ts'
import { parseUnits, smallest, formatMoney, type Asset } from '../base/money.ts'
import { later, type Instant } from '../base/world.ts'
import { openObjections, type Finding, type Objection, type ObjectionKind } from '../ledger/ledger.ts'
import { join, sql, type Reader, type Sql } from '../db/db.ts'
import type { LimitPer, LimitRow } from './limitRow.ts'

/** How a limit is named in the details of a change. */
export const limitWords = {
  payout: ['perPayout', 'perPayoutNow'],
  hour: ['perHour', 'perHourNow'],
  day: ['perDay', 'perDayNow'],
} as const
const pers = Object.keys(limitWords) as LimitPer[]

type Limit = Pick<LimitRow, 'scope' | 'asset' | 'per' | 'units'>
type Kept = Limit & Pick<LimitRow, 'next_units' | 'next_from'>
const keyOf = ({ scope, per }: Pick<Limit, 'scope' | 'per'>) => `${per} ${scope}`

/**
 * What limits are now: one that was raised counts as before until its time, and one that ends then is gone.
 * Pure.
 */
export const limitsNow = <L extends Pick<LimitRow, 'units' | 'next_units' | 'next_from'>>(
  rows: readonly L[],
  now: Instant,
): L[] =>
  rows.flatMap(row => {
    if (row.next_from === null || row.next_from > now) return [row]
    return row.next_units === null
      ? []
      : [{ ...row, units: row.next_units, next_units: null, next_from: null }]
  })

/** One limit of one scope, as somebody changed it; null is none. */
export interface LimitChange {
  seq: bigint
  at: Instant
  /** Who proposed it where it took two people, and lowered it where it did not. */
  by: string
  raised: boolean
  scope: string
  asset: Asset
  per: LimitPer
  before: bigint | null
  after: bigint | null
  /** Until then it is as before. */
  from: Instant | undefined
  /** Whose record it is, and what of the proposal it goes by. */
  actor: string
  says: Readonly<Record<string, string>>
}

/** Every change of limits, oldest first. */
export async function limitChanges(reader: Reader): Promise<LimitChange[]> {
  const acts = await reader.all<{
    seq: bigint
    at: Instant
    actor: string
    act: string
    subject: string
    detail: string
  }>(
    sql`select seq, at, actor, act, subject, detail from audit where act in ('limits set', 'limits lowered')
      order by seq`,
  )
  return acts.flatMap(({ seq, at, actor, act, subject: scope, detail: text }) => {
    const detail = JSON.parse(text) as Record<string, string>
    const asset = detail['asset'] as Asset
    const unitsOf = (written: string | undefined) =>
      written === undefined || written === 'none' ? null : parseUnits(written, asset)!
    return pers.flatMap(per => {
      const [word, wordNow] = limitWords[per]
      if (detail[word] === undefined) return []
      const [after, before, from] = [unitsOf(detail[word]), unitsOf(detail[wordNow]), detail['higherFrom']]
      // What is higher counts later, and until then as before.
      const isHigher = before !== null && (after === null || after >= before)
      const by = detail['proposedBy'] ?? actor
      const says = {
        asset,
        [word]: detail[word],
        ...(detail[wordNow] !== undefined && { [wordNow]: detail[wordNow] }),
      }
      const what = { scope, asset, per, before, after, from: isHigher ? from : undefined, says }
      return [{ seq, at, actor, by, raised: act === 'limits set', ...what }]
    })
  })
}

/** Every limit as it was last set or lowered. */
async function limitsSaid(reader: Reader, changes: readonly LimitChange[]): Promise<Map<string, Kept>> {
  const said = new Map<string, Kept>()
  for (const [key, own] of Map.groupBy(changes, keyOf)) {
    const limit = await inForce(reader, own)
    if (limit) said.set(key, limit)
  }
  return said
}

/**
 * By the last of one limit's changes that counts: one that two people did not approve, or that would raise it
 * alone, is none.
 */
async function inForce(reader: Reader, own: readonly LimitChange[]): Promise<Kept | undefined> {
  const last = own.at(-1)
  if (!last) return undefined
  if (last.raised) return (await isApproved(reader, last)) ? keptOf(last) : inForce(reader, own.slice(0, -1))
  const before = await inForce(reader, own.slice(0, -1))
  const [was] = before ? limitsNow([before], last.at) : []
  return last.after === null || (was && last.after > was.units) ? before : keptOf(last)
}

function keptOf({ scope, asset, per, before, after, from }: LimitChange): Kept | undefined {
  if (from !== undefined)
    return { ...{ scope, asset, per, units: before! }, next_units: after, next_from: from }
  return after === null
    ? undefined
    : { ...{ scope, asset, per, units: after }, next_units: null, next_from: null }
}

/** Judged by what two people signed, as whatever is paid is. */
const isApproved = async (reader: Reader, { seq, actor, scope, says }: LimitChange): Promise<boolean> =>
  (await doneFault(reader, { seq, actor }, { act: limitsAct, about: scope, says })) === undefined

export const limitsAct = 'limits.set'
export const limitsClearAct = 'limits.clear'

/** Objections are to all limits of an asset's payouts or of an account: to the scope. */
export const toLimits: ObjectionKind = {
  ...{ table: sql`limit_objections`, of: sql`scope`, noun: 'limits of ' },
  ...{ objected: 'limits objected', cleared: 'limits objection cleared' },
  isEnd: async (reader, end) =>
    (await doneFault(reader, end, {
      act: limitsClearAct,
      about: end.subject,
      says: { objectedBy: end.objectedBy },
    })) === undefined,
}

/**
 * Whoever objects may have read about a change some days later, and several changes may have come to what
 * they object to.
 */
const lookBackMs = 7 * 86_400_000

/**
 * The changes that an objection is about: the last one before it, those of the week before, and all since.
 * Pure.
 */
export function changesObjectedTo(
  changes: readonly LimitChange[],
  scope: string,
  objection: Pick<Objection, 'seq' | 'added_at'>,
): LimitChange[] {
  const { seq, added_at: at } = objection
  const isBefore = (change: LimitChange) => seq === null || change.seq < seq
  return pers.flatMap(per => {
    const own = changes.filter(change => change.scope === scope && change.per === per)
    const last = own.findLast(isBefore)
    return own.filter(change => change === last || !isBefore(change) || change.at >= later(at, -lookBackMs))
  })
}

/** What counts while limits are objected to: the strictest that each was in the changes objected to. */
export async function objectedLimits(
  reader: Reader,
  changes?: readonly LimitChange[],
): Promise<{ open: Map<string, Objection[]>; caps: (Limit & Pick<LimitChange, 'by' | 'at'>)[] }> {
  const open = await openObjections(reader, toLimits)
  if (open.size === 0) return { open, caps: [] }
  const all = changes ?? (await limitChanges(reader))
  const caps = [...open].flatMap(([scope, [first]]) =>
    [...Map.groupBy(changesObjectedTo(all, scope, first!), ({ per }) => per)].flatMap(([per, changes]) => {
      const there = changes.flatMap(({ before, after }) => [before ?? [], after ?? []].flat())
      const { asset, by, at } = changes.at(-1)!
      return there.length === 0 ? [] : [{ scope, asset, per, units: smallest(...there), by, at }]
    }),
  )
  return { open, caps }
}

/**
 * Of what the rows and the audit log say now, and of what counts where somebody objects, the stricter. All
 * are written in one transaction, so whoever has locked the rows sees both.
 */
export async function strictest(
  reader: Reader,
  asset: Asset,
  rows: readonly Limit[],
  now: Instant,
): Promise<Limit[]> {
  const changes = await limitChanges(reader)
  const found = new Map(rows.map(row => [keyOf(row), row]))
  for (const limit of [
    ...limitsNow([...(await limitsSaid(reader, changes)).values()], now),
    ...(await objectedLimits(reader, changes)).caps,
  ]) {
    const row = found.get(keyOf(limit))
    if (limit.asset === asset && (!row || row.units > limit.units)) found.set(keyOf(limit), limit)
  }
  return [...found.values()]
}

/** Two people let this payout of a row l go beyond: so the audit log says. */
export const wasLetBeyond: Sql = sql`exists (select 1 from audit u where u.subject = l.payout_id
  and u.act = 'payout let beyond limits')`

/** What the audit log has them go up to, by payout. */
export async function letBeyond(reader: Reader, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await reader.all<{ subject: string; detail: string }>(
    sql`select subject, detail from audit where subject in (${join(ids)}) and act = 'payout let beyond limits'
      order by seq`,
  )
  return new Map(
    rows.map(({ subject, detail }) => [subject, (JSON.parse(detail) as { amount: string }).amount]),
  )
}

const fields = ['asset', 'units', 'next_units', 'next_from'] as const

/** Limits that are not as people set them. */
export async function checkLimits(reader: Reader): Promise<Finding[]> {
  const rows = await reader.all<Kept>(
    sql`select scope, asset, per, units, next_units, next_from from limits order by scope, per`,
  )
  const said = await limitsSaid(reader, await limitChanges(reader))
  const kept = new Map(rows.map(row => [keyOf(row), row]))
  return [...new Set([...said.keys(), ...kept.keys()])].flatMap(key => {
    const [row, wanted] = [kept.get(key), said.get(key)]
    if (row && wanted && fields.every(field => row[field] === wanted[field])) return []
    const { scope, per, asset } = (row ?? wanted)!
    const sum = (limit: Kept | undefined) => {
      if (!limit) return 'none'
      const next = limit.next_units === null ? 'none' : formatMoney(limit.next_units, limit.asset)
      return `${formatMoney(limit.units, limit.asset)}${limit.next_from === null ? '' : ` until ${limit.next_from}, then ${next}`}`
    }
    const says = `the limit for each ${per} of ${scope} is ${sum(row)} in ${asset}, and people set ${sum(wanted)}: somebody has changed it past this program`
    return [{ invariant: 'approvals', subject: scope, says } satisfies Finding]
  })
}
