/** Limits as the audit log has them: a row can be edited past the program, so of the two the stricter counts, and that they differ is a finding. */
import { parseUnits, told, type Asset } from '../base/money.ts'
import type { Finding } from '../ledger/ledger.ts'
import { join, sql, type Reader, type Sql } from '../store/store.ts'
import type { Instant } from '../base/world.ts'
import type { LimitPer, LimitRow } from './limits.ts'

/** How a limit is named in the details of a change. */
export const limitWords = { payout: ['perPayout', 'perPayoutNow'], hour: ['perHour', 'perHourNow'], day: ['perDay', 'perDayNow'] } as const
const pers = Object.keys(limitWords) as LimitPer[]

type Limit = Pick<LimitRow, 'scope' | 'asset' | 'per' | 'units'>
type Kept = Limit & Pick<LimitRow, 'next_units' | 'next_from'>
const keyOf = ({ scope, per }: Pick<Limit, 'scope' | 'per'>) => `${per} ${scope}`

/** What limits are now: one that was raised counts as before until its time, and one that ends then is gone. Pure. */
export const limitsNow = <L extends Pick<LimitRow, 'units' | 'next_units' | 'next_from'>>(rows: readonly L[], now: Instant): L[] =>
  rows.flatMap(row => {
    if (row.next_from === null || row.next_from > now) return [row]
    return row.next_units === null ? [] : [{ ...row, units: row.next_units, next_units: null, next_from: null }]
  })

/** Every limit as it was last set or lowered. */
async function limitsSaid(reader: Reader): Promise<Map<string, Kept>> {
  const acts = await reader.all<{ subject: string; detail: string }>(
    sql`select subject, detail from audit where act in ('limits set', 'limits lowered') order by seq`,
  )
  const said = new Map<string, Kept>()
  for (const { subject: scope, detail: text } of acts) {
    const detail = JSON.parse(text) as Record<string, string>
    const asset = detail['asset'] as Asset
    const unitsOf = (written: string | undefined) => (written === undefined || written === 'none' ? null : parseUnits(written, asset)!)
    for (const per of pers) {
      const [word, wordNow] = limitWords[per]
      if (detail[word] === undefined) continue
      const [units, before] = [unitsOf(detail[word]), unitsOf(detail[wordNow])]
      const key = keyOf({ scope, per })
      const from = detail['higherFrom']
      // What is higher counts later, and until then as before.
      if (from !== undefined && before !== null && (units === null || units >= before))
        said.set(key, { ...{ scope, asset, per, units: before }, next_units: units, next_from: from })
      else if (units === null) said.delete(key)
      else said.set(key, { scope, asset, per, units, next_units: null, next_from: null })
    }
  }
  return said
}

/** Of what the rows and the audit log say now, the stricter. Both are written in one transaction, so whoever has locked the rows sees both. */
export async function strictest(reader: Reader, asset: Asset, rows: readonly Limit[], now: Instant): Promise<Limit[]> {
  const found = new Map(rows.map(row => [keyOf(row), row]))
  for (const limit of limitsNow([...(await limitsSaid(reader)).values()], now)) {
    const row = found.get(keyOf(limit))
    if (limit.asset === asset && (!row || row.units > limit.units)) found.set(keyOf(limit), limit)
  }
  return [...found.values()]
}

/** Two people let this payout of a row l go beyond: so the audit log says. */
export const wasLetBeyond: Sql = sql`exists (select 1 from audit u where u.subject = l.payout_id and u.act = 'payout let beyond limits')`

/** What the audit log has them go up to, by payout. */
export async function letBeyond(reader: Reader, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await reader.all<{ subject: string; detail: string }>(
    sql`select subject, detail from audit where subject in (${join(ids)}) and act = 'payout let beyond limits' order by seq`,
  )
  return new Map(rows.map(({ subject, detail }) => [subject, (JSON.parse(detail) as { amount: string }).amount]))
}

const fields = ['asset', 'units', 'next_units', 'next_from'] as const

/** Limits that are not as people set them. */
export async function checkLimits(reader: Reader): Promise<Finding[]> {
  const rows = await reader.all<Kept>(sql`select scope, asset, per, units, next_units, next_from from limits order by scope, per`)
  const said = await limitsSaid(reader)
  const kept = new Map(rows.map(row => [keyOf(row), row]))
  return [...new Set([...said.keys(), ...kept.keys()])].flatMap(key => {
    const [row, wanted] = [kept.get(key), said.get(key)]
    if (row && wanted && fields.every(field => row[field] === wanted[field])) return []
    const { scope, per, asset } = (row ?? wanted)!
    const sum = (limit: Kept | undefined) => {
      if (!limit) return 'none'
      const next = limit.next_units === null ? 'none' : told(limit.next_units, limit.asset)
      return `${told(limit.units, limit.asset)}${limit.next_from === null ? '' : ` until ${limit.next_from}, then ${next}`}`
    }
    const says = `the limit for each ${per} of ${scope} is ${sum(row)} in ${asset}, and people set ${sum(wanted)}: somebody has changed it past this program`
    return [{ invariant: 'approvals', subject: scope, says } satisfies Finding]
  })
}
