/**
 * Editing: a schedule's next version. What fell due under the version before it is made, and asked for, as
 * that one says.
 */
import { because } from '../base/reasons.ts'
import type { Proof } from '../approvals/approvals.ts'
import { formatDiscounts, plainTerms } from '../base/payTerms.ts'
import { readRoster } from '../base/roster.ts'
import { clockTrouble, type Instant, type World } from '../base/world.ts'
import { isInReais, keepsInvoices } from '../base/rails.ts'
import { draftBatch, inReaisAsSaid, planBatch, priceNow, type PricingRule } from '../invoice/invoice.ts'
import { audit } from '../ledger/ledger.ts'
import { findAccount } from '../payout/payout.ts'
import { encrypted, forUpdate, remember, sql, type Db, type Tx } from '../db/db.ts'
import { heldSlots } from './catchUp.ts'
import {
  batchRule,
  batchTerms,
  firstFrom,
  nextAt,
  rosterDetail,
  sameRule,
  unfitAccount,
  usualWatchMs,
  type NewSchedule,
  type Unfit,
} from './schedules.ts'
import type { ScheduleRow } from './row.ts'
import { areInvoicesUnread } from '../webhooks/webhooks.ts'
import { judgeSchedule, stateTerms } from './terms.ts'
import { materialiseOne } from './slots.ts'

export interface Edit {
  id: string
  /** The version the editor saw: where another was made meanwhile, nothing is changed. */
  version: bigint
  rule: NewSchedule
  by: string
  proof?: Proof
}

/**
 * `stale`: somebody else made a version meanwhile. `waiting`: slots fell due that cannot be priced yet, or
 * wait for the bank's invoices to be read, and must be asked for as they were.
 */
export type Edited =
  | { is: 'changed' | 'same' | 'stale'; schedule: ScheduleRow }
  | { is: 'unfit'; why: Unfit }
  | { is: 'gone' }
  | { is: 'waiting' }
  /**
   * Slots of the version before wait for a person's word, and must be asked for, or left out, as they were.
   */
  | { is: 'held' }

/** Name and rail stay as they are; everything else is as `rule` says, from the next slot on. */
export async function changeSchedule(
  db: Db,
  world: World,
  bitcoin: PricingRule | undefined,
  { id, version, rule, by, proof }: Edit,
): Promise<Edited> {
  if (rule.roster !== undefined) readRoster(rule.roster, rule.currency)
  if (rule.startsAt && rule.endsAt && rule.endsAt <= rule.startsAt) return { is: 'unfit', why: 'ends first' }
  // What fell due under the version before could not be told.
  if (clockTrouble(world) !== undefined) return { is: 'waiting' }
  return db.tx(async tx => {
    const before = await tx.one<ScheduleRow>(sql`select * from schedules where id = ${id} ${forUpdate}`)
    if (!before) return { is: 'gone' }
    const account = await findAccount(tx, rule.payTo)
    if (account && sameRule(before, { ...rule, rail: before.rail }, account.id))
      return { is: 'same', schedule: before }
    if (before.version !== version) return { is: 'stale', schedule: before }
    // An account that was closed stays where it is until another is chosen.
    const why = account?.id === before.account_id ? undefined : unfitAccount(before.rail, account)
    if (why !== undefined) return { is: 'unfit', why }

    const now = await tx.now()
    // By a row that is not as it was stated nothing falls due and nobody is asked: its slots wait for the
    // version that puts it right.
    const isAsStated = (await judgeSchedule(tx, before)).is === 'approved'
    if (isAsStated) await materialiseOne(tx, world, before, now)
    if ((await heldSlots(tx, before.id)).count > 0) return { is: 'held' }
    if (isAsStated && !(await draftOpen(tx, world, bitcoin, before))) return { is: 'waiting' }

    const { pay = plainTerms } = rule
    await tx.run(sql`
      update schedules
        set version = version + 1, cron = ${rule.cron}, time_zone = ${rule.timeZone},
          starts_at = ${rule.startsAt ?? null},
        ends_at = ${rule.endsAt ?? null}, count_low = ${rule.countLow}, count_high = ${rule.countHigh},
          units_low = ${rule.unitsLow},
        units_high = ${rule.unitsHigh}, roster = ${encrypted('schedules.roster', id, rule.roster ?? null)},
          due_in_ms = ${rule.dueInMs}, account_id = ${account!.id},
        commission_bp = ${rule.commissionBp}, min_payout_units = ${rule.minPayoutUnits},
          catch_up = ${rule.catchUp},
        currency = ${rule.currency ?? 'BRL'}, watch_ms = ${rule.watchMs ?? usualWatchMs},
          fine_bp = ${pay.fineBp},
        interest_bp = ${pay.interestBp}, expires_in_ms = ${pay.expiresInMs},
          discounts = ${formatDiscounts(pay.discounts)}, changed_at = ${now} where id = ${id}`)
    const after = (await tx.one<ScheduleRow>(sql`select * from schedules where id = ${id}`))!
    // The new rule is due from now on alone: it is not asked what it would have done before, but in place of
    // a row that nobody stated.
    const from = isAsStated
      ? firstFrom(rule.startsAt, now)
      : firstFrom(rule.startsAt, earlier(before.materialised_until, now))
    await tx.run(
      sql`update schedules set materialised_until = ${from}, next_at = ${nextAt(after, from)}
        where id = ${id}`,
    )
    const changes = changesOf(before, after)
    const detail = {
      name: before.name,
      version: `${after.version}`,
      ...changes,
      ...(changes['roster'] !== undefined && rosterDetail(rule)),
    }
    await remember(
      tx,
      'schedules',
      id,
      before.state,
      before.state,
      { why: because('other-terms', { version: `${after.version}`, changed: Object.keys(changes), by }) },
      now,
    )
    await audit(tx, {
      actor: by,
      act: 'schedule changed',
      subject: id,
      detail: { ...detail, ...(await stateTerms(tx, after, by, proof)) },
    })
    return {
      is: 'changed',
      schedule: (await tx.one<ScheduleRow>(sql`select * from schedules where id = ${id}`))!,
    }
  })
}

const earlier = (one: Instant, other: Instant): Instant => (one < other ? one : other)

/**
 * Slots that are due and have no invoices get them by the rule they were made under; false where one has no
 * price yet.
 */
async function draftOpen(
  tx: Tx,
  world: World,
  bitcoin: PricingRule | undefined,
  schedule: ScheduleRow,
): Promise<boolean> {
  const open = await tx.all<{ id: string }>(sql`
    select id from slots where schedule_id = ${schedule.id} and state = 'due' and not exists (select 1
      from invoices where slot_id = slots.id)`)
  if (open.length === 0) return true
  // Drafts are issued without their slot, and these may be at the bank already.
  if (keepsInvoices(schedule.rail) && (await areInvoicesUnread(tx))) return false
  const price = isInReais(schedule.rail)
    ? inReaisAsSaid(schedule.rail)
    : bitcoin && (await priceNow(tx, bitcoin, world, schedule))
  if (!price) return false
  for (const { id } of open)
    await draftBatch(
      tx,
      world,
      batchTerms(schedule, id),
      () => planBatch(batchRule(schedule), world.random),
      price,
    )
  return true
}

/** What may be told of in the audit log, as it was and as it is. */
const told = {
  cron: 'cron',
  zone: 'time_zone',
  starts: 'starts_at',
  ends: 'ends_at',
  countFrom: 'count_low',
  countTo: 'count_high',
  amountFrom: 'units_low',
  amountTo: 'units_high',
  currency: 'currency',
  dueInMs: 'due_in_ms',
  payTo: 'account_id',
  commissionBp: 'commission_bp',
  leastPayout: 'min_payout_units',
  catchUp: 'catch_up',
  watchMs: 'watch_ms',
  fineBp: 'fine_bp',
  interestBp: 'interest_bp',
  expiresInMs: 'expires_in_ms',
  discounts: 'discounts',
} as const satisfies Record<string, keyof ScheduleRow>

function changesOf(before: ScheduleRow, after: ScheduleRow): Record<string, string> {
  const changes: Record<string, string> = {}
  for (const [name, column] of Object.entries(told))
    if (before[column] !== after[column])
      changes[name] = `${before[column] ?? 'none'} -> ${after[column] ?? 'none'}`
  if (before.roster !== after.roster) changes['roster'] = after.roster === null ? 'left out' : 'another'
  return changes
}
