/** Schedules as programs read them. */
import { formatDuration } from '../../base/duration.ts'
import { moneyOf, type Asset } from '../../base/money.ts'
import { assetOf, hasPayTerms, isOnChain } from '../../base/rails.ts'
import type { ScheduleRow } from '../../schedule/schedule.ts'

/** `names`: of the accounts, by their ids. */
export const scheduleJson = (row: ScheduleRow, names: Map<string, string>) => ({
  id: row.id,
  name: row.name,
  version: Number(row.version),
  state: row.state,
  rail: row.rail,
  cron: row.cron,
  timeZone: row.time_zone,
  startsAt: row.starts_at,
  endsAt: row.ends_at,
  nextAt: row.next_at ?? null,
  count: { low: Number(row.count_low), high: Number(row.count_high) },
  currency: row.currency,
  amount: { low: moneyOf(row.units_low, row.currency), high: moneyOf(row.units_high, row.currency) },
  payers: row.roster === null ? 'random' : 'roster',
  dueIn: formatDuration(Number(row.due_in_ms)),
  watch: watchOf(row) ?? null,
  payTo: names.get(row.account_id) ?? row.account_id,
  commissionBasisPoints: Number(row.commission_bp),
  minPayout: moneyOf(row.min_payout_units, payoutAsset(row)),
  ...(hasPayTerms(row.rail) && payView(row)),
  catchUp: row.catch_up,
  addedBy: row.added_by,
  addedAt: row.added_at,
})

const payView = ({
  fine_bp: fine,
  interest_bp: interest,
  expires_in_ms: expires,
  discounts,
}: ScheduleRow) => ({
  fineBasisPoints: Number(fine),
  interestBasisPoints: Number(interest),
  discounts,
  expiresIn: formatDuration(Number(expires)),
})

/** What is paid on: on the chain satoshis, whatever was asked for. */
export const payoutAsset = ({ rail }: ScheduleRow): Asset => assetOf(rail)

/** How long a request is watched for after it was due; undefined where nothing is. */
export const watchOf = ({ rail, watch_ms: watchMs }: ScheduleRow) =>
  isOnChain(rail) ? formatDuration(Number(watchMs)) : undefined
