/**
 * Schedules: rules of when, what and where to. A slot, once materialised, is never read again from an edited
 * rule.
 */
import { because } from '../base/reasons.ts'
import { said, type Proof } from '../approvals/approvals.ts'
import { nextSlots, parseCron, slotsBetween, type Cron, type Due } from '../base/cron.ts'
import { newId } from '../base/id.ts'
import type { Machine } from '../base/machine.ts'
import { moneyIn, type Asset, type Money } from '../base/money.ts'
import { randomPayer } from '../base/payers.ts'
import { formatDiscounts, parseDiscounts, plainTerms, type PayTerms } from '../base/payTerms.ts'
import { readRoster } from '../base/roster.ts'
import { instant, millis, type Instant, type World } from '../base/world.ts'
import { localToInstant } from '../base/zone.ts'
import {
  accountKindOf,
  assetOf,
  hasPayTerms,
  isInReais,
  keepsInvoices,
  type RailName,
} from '../base/rails.ts'
import {
  draftBatch,
  inReaisAsSaid,
  planBatch,
  type BatchRule,
  type BatchTerms,
  type Draft,
} from '../invoice/invoice.ts'
import { audit } from '../ledger/ledger.ts'
import { findAccount, netOf, termsOn, termsRef, type AccountRow, type Terms } from '../payout/payout.ts'
import {
  stateTable,
  encrypted,
  isUnreadable,
  remember,
  sql,
  type Reader,
  type Db,
  type Tx,
  valuesOf,
} from '../db/db.ts'
import { answering, refuse, type ScheduleRefusal } from './refusals.ts'
import { areInvoicesUnread, forgottenWhy } from '../webhooks/webhooks.ts'
import { judgeSchedule, stateTerms } from './terms.ts'
import type { ScheduleRow } from './row.ts'

export const scheduleMachine = { active: ['paused'], paused: ['active'] } as const satisfies Machine
const schedules = stateTable('schedules', scheduleMachine)

export interface NewSchedule {
  name: string
  rail: RailName
  /**
   * What the amounts are in: BRL cents, which on the bitcoin rail are priced when they are asked for, or
   * satoshis.
   */
  currency?: Asset
  /** How long after its due time a request on a chain is still watched for its payer. */
  watchMs?: number
  cron: string
  timeZone: string
  startsAt: Instant | undefined
  endsAt: Instant | undefined
  countLow: number
  countHigh: number
  unitsLow: bigint
  unitsHigh: bigint
  /** The CSV's text; undefined for random payers. */
  roster: string | undefined
  /** Where it was read from, for the audit log. */
  rosterFile?: string
  dueInMs: number
  payTo: string
  commissionBp: bigint
  minPayoutUnits: bigint
  /**
   * At the bank; where nothing is said nothing is added or taken off, and it can be paid for 59 days after it
   * was due.
   */
  pay?: PayTerms
  catchUp: 'all' | 'latest' | 'none'
}

/** A batch's payers are watched this long after it was due. */
export const usualWatchMs = 30 * 86_400_000

export type Payers = Pick<
  NewSchedule,
  'roster' | 'rosterFile' | 'countLow' | 'countHigh' | 'unitsLow' | 'unitsHigh'
>

export const findSchedule = (reader: Reader, name: string) =>
  reader.one<ScheduleRow>(
    sql`select * from schedules where store_id = ${reader.store} and (name = ${name} or id = ${name})`,
  )
export const listSchedules = (reader: Reader) =>
  reader.all<ScheduleRow>(sql`select * from schedules where store_id = ${reader.store} order by name`)

/** Whose it is: jobs claim slots of every store. */
export const storeOfSchedule = async (reader: Reader, id: string): Promise<string> =>
  (await reader.one<{ store_id: string }>(sql`select store_id from schedules where id = ${id}`))!.store_id

/** By its name or id. */
export async function scheduleCalled(
  reader: Reader,
  name: string,
): Promise<{ is: 'found'; schedule: ScheduleRow } | ScheduleRefusal> {
  const schedule = await findSchedule(reader, name)
  return schedule ? { is: 'found', schedule } : { is: 'schedule-unknown', name }
}

/** The same within an act. */
export const needSchedule = async (reader: Reader, name: string): Promise<ScheduleRow> =>
  (await findSchedule(reader, name)) ?? refuse({ is: 'schedule-unknown', name })

/** What only the database knows against a rule, besides what can be read of it. */
export type Unfit = 'name taken' | 'no account' | 'closed account' | 'other kind' | 'ends first'

/**
 * Adds an active schedule; its slots are those after now. Everything in `rule` has been read, so what is
 * wrong here is what only the database knows. Sent twice by one person, the same rule is one schedule.
 */
export async function addSchedule(
  db: Db,
  world: World,
  rule: NewSchedule,
  by: string,
  proof: Proof = said,
): Promise<
  | { is: 'added'; schedule: ScheduleRow }
  | { is: 'there'; schedule: ScheduleRow }
  | { is: 'unfit'; why: Unfit }
> {
  const cron = parseCron(rule.cron)
  if (rule.roster !== undefined) readRoster(rule.roster, rule.currency)
  if (rule.startsAt && rule.endsAt && rule.endsAt <= rule.startsAt) return { is: 'unfit', why: 'ends first' }
  return db.tx(async tx => {
    const there = await findSchedule(tx, rule.name)
    const account = await findAccount(tx, rule.payTo)
    if (there) {
      const isTheirs =
        there.version === 1n &&
        there.added_by === by &&
        account !== undefined &&
        sameRule(there, rule, account.id)
      return isTheirs ? { is: 'there', schedule: there } : { is: 'unfit', why: 'name taken' }
    }
    const why = unfitAccount(rule.rail, account)
    if (why !== undefined) return { is: 'unfit', why }
    const id = newId('schedule', world)
    const now = await tx.now()
    const from = firstFrom(rule.startsAt, now)
    const next = nextAfter(cron, rule.timeZone, rule.endsAt, from)
    const { pay = plainTerms } = rule
    await tx.run(sql`
      insert into schedules (id, store_id, name, version, rail, cron, time_zone, starts_at, ends_at,
        count_low, count_high, units_low, units_high,
        roster, due_in_ms, account_id, commission_bp, min_payout_units, catch_up, state, materialised_until,
          next_at, added_by, added_at, changed_at,
        currency, watch_ms, fine_bp, interest_bp, expires_in_ms, discounts)
      values (${id}, ${tx.store}, ${rule.name}, 1, ${rule.rail}, ${rule.cron}, ${rule.timeZone},
        ${rule.startsAt ?? null}, ${rule.endsAt ?? null},
        ${rule.countLow}, ${rule.countHigh}, ${rule.unitsLow}, ${rule.unitsHigh},
          ${encrypted('schedules.roster', id, rule.roster ?? null)}, ${rule.dueInMs}, ${account!.id},
        ${rule.commissionBp}, ${rule.minPayoutUnits}, ${rule.catchUp}, 'active', ${from}, ${next}, ${by},
          ${now}, ${now},
        ${rule.currency ?? 'BRL'}, ${rule.watchMs ?? usualWatchMs}, ${pay.fineBp}, ${pay.interestBp},
          ${pay.expiresInMs}, ${formatDiscounts(pay.discounts)})`)
    await remember(tx, 'schedules', id, '', 'active', { why: because('added-by', { by }) }, now)
    const schedule = (await findSchedule(tx, id))!
    const stated = await stateTerms(tx, schedule, by, proof)
    await audit(tx, {
      actor: by,
      act: 'schedule added',
      subject: id,
      detail: {
        name: rule.name,
        cron: rule.cron,
        zone: rule.timeZone,
        payTo: account!.id,
        ...rosterDetail(rule),
        ...stated,
      },
    })
    return { is: 'added', schedule }
  })
}

/** A window that began earlier today has not been missed: slots count from the moment the schedule exists. */
export const firstFrom = (startsAt: Instant | undefined, now: Instant): Instant =>
  startsAt && startsAt > now ? instant(millis(startsAt) - 1) : now

export function unfitAccount(rail: ScheduleRow['rail'], account: AccountRow | undefined): Unfit | undefined {
  if (!account) return 'no account'
  if (account.kind !== accountKindOf(rail)) return 'other kind'
  return account.state === 'closed' ? 'closed account' : undefined
}

/** Whether a schedule already says what `rule` says. */
export const sameRule = (row: ScheduleRow, rule: NewSchedule, accountId: string): boolean =>
  samePayers(row, rule) &&
  row.rail === rule.rail &&
  row.cron === rule.cron &&
  row.time_zone === rule.timeZone &&
  row.starts_at === (rule.startsAt ?? null) &&
  row.ends_at === (rule.endsAt ?? null) &&
  row.due_in_ms === BigInt(rule.dueInMs) &&
  row.account_id === accountId &&
  row.commission_bp === rule.commissionBp &&
  row.min_payout_units === rule.minPayoutUnits &&
  row.catch_up === rule.catchUp &&
  row.currency === (rule.currency ?? 'BRL') &&
  row.watch_ms === BigInt(rule.watchMs ?? usualWatchMs) &&
  samePay(payOf(row), rule.pay ?? plainTerms)

const samePay = (one: PayTerms, other: PayTerms): boolean =>
  one.fineBp === other.fineBp &&
  one.interestBp === other.interestBp &&
  one.expiresInMs === other.expiresInMs &&
  formatDiscounts(one.discounts) === formatDiscounts(other.discounts)

/** What paying late or early costs, as a schedule has it. */
export const payOf = (
  row: Pick<ScheduleRow, 'fine_bp' | 'interest_bp' | 'expires_in_ms' | 'discounts'>,
): PayTerms => ({
  fineBp: row.fine_bp,
  interestBp: row.interest_bp,
  expiresInMs: Number(row.expires_in_ms),
  discounts: parseDiscounts(row.discounts) ?? [],
})

/**
 * The rule's next version, with other payers. Slots that were made already keep theirs: what is due and has
 * no invoices yet gets its drafts here, by the rule it was made under. `same`: the payers are those it has.
 */
export const changePayers = (
  db: Db,
  world: World,
  name: string,
  payers: Payers,
  by: string,
  proof: Proof = said,
  draft: (tx: Tx, slotId: string, schedule: ScheduleRow) => Promise<unknown> = draftHere(world),
): Promise<{ is: 'changed'; schedule: ScheduleRow } | { is: 'same' } | ScheduleRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const schedule = await needSchedule(tx, name)
      if (payers.roster !== undefined) readRoster(payers.roster, schedule.currency)
      if (samePayers(schedule, payers)) return { is: 'same' } as const
      const open = await tx.all<{ id: string; held: string | null }>(
        sql`select id, held from slots where schedule_id = ${schedule.id} and state = 'due'`,
      )
      if (open.some(({ held }) => held !== null)) refuse({ is: 'schedule-slots-held', name })
      if (open.length > 0 && keepsInvoices(schedule.rail) && (await areInvoicesUnread(tx)))
        refuse({ is: 'schedule-slots-unread', name })
      // By a row that is not as it was stated nobody is asked: those slots wait for the version that puts it
      // right.
      if ((await judgeSchedule(tx, schedule)).is === 'approved')
        for (const { id } of open) await draft(tx, id, schedule)

      const now = await tx.now()
      await tx.run(sql`
      update schedules
        set version = version + 1,
          roster = ${encrypted('schedules.roster', schedule.id, payers.roster ?? null)},
            count_low = ${payers.countLow}, count_high = ${payers.countHigh},
        units_low = ${payers.unitsLow}, units_high = ${payers.unitsHigh}, changed_at = ${now}
          where id = ${schedule.id}`)
      const version = schedule.version + 1n
      const why = because('other-payers', { version: `${version}`, by })
      await remember(tx, 'schedules', schedule.id, schedule.state, schedule.state, { why }, now)
      const after = await needSchedule(tx, schedule.id)
      const stated = await stateTerms(tx, after, by, proof)
      const detail = { name: schedule.name, version: `${version}`, ...rosterDetail(payers), ...stated }
      await audit(tx, { actor: by, act: 'schedule payers changed', subject: schedule.id, detail })
      return { is: 'changed', schedule: after } as const
    }),
  )

/** Drafts that need no price: those of the bank. */
const draftHere = (world: World) => (tx: Tx, slotId: string, schedule: ScheduleRow) => {
  if (!isInReais(schedule.rail)) return refuse({ is: 'schedule-slots-unpriced', name: schedule.name })
  return draftBatch(
    tx,
    world,
    batchTerms(schedule, slotId),
    () => planBatch(batchRule(schedule), world.random),
    inReaisAsSaid(schedule.rail),
  )
}

const samePayers = (row: ScheduleRow, payers: Payers): boolean =>
  row.roster === (payers.roster ?? null) &&
  row.count_low === BigInt(payers.countLow) &&
  row.count_high === BigInt(payers.countHigh) &&
  row.units_low === payers.unitsLow &&
  row.units_high === payers.unitsHigh

export const rosterDetail = ({ roster, rosterFile, countLow }: Payers): Record<string, string> =>
  roster === undefined ? {} : { rosterRows: `${countLow}`, ...(rosterFile !== undefined && { rosterFile }) }

/** When and by whom the payers a schedule has were taken in, and from which file, as the audit log has it. */
export async function rosterOrigin(
  reader: Reader,
  schedule: ScheduleRow,
): Promise<{ at: Instant; by: string; file: string | undefined }> {
  const row = await reader.one<{ at: Instant; actor: string; detail: string }>(sql`
    select at, actor, detail from audit
    where subject = ${schedule.id} and (act in ('schedule added', 'schedule payers changed')
      or (act = 'schedule changed' and detail like '%"roster":"%'))
    order by seq desc limit 1`)
  if (!row) return { at: schedule.added_at, by: schedule.added_by, file: undefined }
  return { at: row.at, by: row.actor, file: (JSON.parse(row.detail) as { rosterFile?: string }).rosterFile }
}

/**
 * Takes away slots of times that have not come, made under a clock that was ahead. Those that have begun
 * stay, so what was issued is not issued again when its time comes; the others, the missed ones among them,
 * never fell due, and do in their time.
 */
export const forgetAhead = (tx: Tx, scheduleId: string, now: Instant): Promise<number> =>
  tx.run(sql`
    delete from slots where schedule_id = ${scheduleId} and cause = 'cron' and state in ('due', 'missed')
      and due_at > ${now}
      and not exists (select 1 from invoices where slot_id = slots.id) and not exists (select 1 from runs
        where slot_id = slots.id)`)

/** Pauses or resumes. What fell due while paused is not caught up: a pause means no. */
export const setScheduleState = (
  db: Db,
  name: string,
  to: 'active' | 'paused',
  by: string,
  why: string,
): Promise<{ is: 'done'; schedule: ScheduleRow } | ScheduleRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const schedule = await needSchedule(tx, name)
      if (schedule.state === to) refuse({ is: 'schedule-state', name, state: to })
      const now = await tx.now()
      const from = firstFrom(schedule.starts_at ?? undefined, now)
      if (to === 'active') await forgetAhead(tx, schedule.id, now)
      const until =
        to === 'active' ? [sql`materialised_until = ${from}`, sql`next_at = ${nextAt(schedule, from)}`] : []
      await schedules.move(tx, schedule, to, { why: because('said-by', { by, said: why }) }, until)
      await audit(tx, {
        actor: by,
        act: to === 'paused' ? 'schedule paused' : 'schedule resumed',
        subject: schedule.id,
        detail: { name, why },
      })
      return { is: 'done', schedule: (await findSchedule(tx, schedule.id))! } as const
    }),
  )

/** The next due times within the schedule's window, with what daylight saving does to them. */
export function nextDue(
  schedule: Pick<ScheduleRow, 'cron' | 'time_zone' | 'starts_at' | 'ends_at'>,
  after: Instant,
  count: number,
): Due[] {
  const from =
    schedule.starts_at && schedule.starts_at > after ? millis(schedule.starts_at) - 1 : millis(after)
  const due = nextSlots(parseCron(schedule.cron), schedule.time_zone, from, count)
  return due.filter(({ at }) => !schedule.ends_at || at < millis(schedule.ends_at))
}

/**
 * The first due instant after `after` inside the window, which the ticker waits for; null when there is none.
 */
export const nextAt = (
  schedule: Pick<ScheduleRow, 'cron' | 'time_zone' | 'ends_at'>,
  after: Instant,
): Instant | null =>
  nextAfter(parseCron(schedule.cron), schedule.time_zone, schedule.ends_at ?? undefined, after)

function nextAfter(cron: Cron, zone: string, endsAt: Instant | undefined, after: Instant): Instant | null {
  const [next] = nextSlots(cron, zone, millis(after), 1)
  return next && (!endsAt || next.at < millis(endsAt)) ? instant(next.at) : null
}

/** Due instants after what was materialised, up to `now`, inside the window (its end excluded). */
export function dueSince(schedule: ScheduleRow, now: Instant, limit: number): Instant[] {
  const last =
    schedule.ends_at && millis(schedule.ends_at) - 1 < millis(now)
      ? millis(schedule.ends_at) - 1
      : millis(now)
  return slotsBetween(
    parseCron(schedule.cron),
    schedule.time_zone,
    millis(schedule.materialised_until),
    last,
    limit,
  ).map(instant)
}

/** Within `answering`: a roster that cannot be decrypted is refused. */
export const batchRule = (schedule: ScheduleRow): BatchRule => ({
  countLow: Number(schedule.count_low),
  countHigh: Number(schedule.count_high),
  currency: schedule.currency,
  unitsLow: schedule.units_low,
  unitsHigh: schedule.units_high,
  roster: rosterOf(schedule),
  payer: randomPayer,
  description: schedule.name,
})

/** What is due on a day is due at its last second, where the schedule's clock says so. */
function rosterOf({ name, roster, currency, time_zone: zone }: ScheduleRow): Draft[] | undefined {
  if (roster === null) return undefined
  if (isUnreadable(roster)) return refuse({ is: 'roster-unreadable', name })
  return readRoster(roster, currency).map(({ units, dueOn, ...payer }) => ({
    ...payer,
    amount: { asset: currency, units },
    ...(dueOn !== undefined && { dueAt: instant(localToInstant(`${dueOn}T23:59:59`, zone)) }),
  }))
}

export const batchTerms = (schedule: ScheduleRow, slotId: string): BatchTerms => ({
  slotId,
  storeId: schedule.store_id,
  dueInMs: Number(schedule.due_in_ms),
  accountId: schedule.account_id,
  commissionBp: schedule.commission_bp,
  minPayoutUnits: schedule.min_payout_units,
  ...(hasPayTerms(schedule.rail) && { pay: payOf(schedule) }),
})

/**
 * What a slot now would ask for and later pay on, if all were paid and the bank charged nothing for invoices.
 * Nothing is written or sent. `price` makes satoshis of what a schedule's currency says, where it pays on a
 * chain; `quoted` is what it was before.
 */
export const dryRun = (
  schedule: ScheduleRow,
  world: World,
  terms: Terms,
  price: (said: Money) => Money = said => said,
): Promise<({ is: 'planned' } & Plan) | ScheduleRefusal> =>
  answering(async () => {
    const lines = planBatch(batchRule(schedule), world.random).map(({ amount, ...draft }) => {
      const { units } = moneyIn(price(amount), assetOf(schedule.rail))
      const { commission, withheld, net } = netOf(
        units,
        0n,
        schedule.commission_bp,
        termsOn(schedule.rail, terms),
      )
      const paysOn = net > 0n && net >= schedule.min_payout_units
      return { ...draft, units, quoted: amount.units, commission, withheld, net, paysOn }
    })
    const total = (pick: (line: PlannedLine) => bigint) => lines.reduce((sum, line) => sum + pick(line), 0n)
    return {
      is: 'planned',
      lines,
      asked: total(line => line.units),
      commission: total(line => line.commission),
      withheld: total(line => line.withheld),
      paidOn: total(line => (line.paysOn ? line.net : 0n)),
    } as const
  })

/** An invoice that a slot would ask for, in smallest units of its rail; `quoted` in those of its currency. */
export type PlannedLine = Omit<Draft, 'amount'> & {
  [Units in 'units' | 'quoted' | 'commission' | 'withheld' | 'net']: bigint
} & { paysOn: boolean }

export interface Plan {
  lines: PlannedLine[]
  asked: bigint
  commission: bigint
  withheld: bigint
  paidOn: bigint
}

/** A slot of the schedule that somebody added by hand and that has not ended. */
export async function openManualSlot(reader: Reader, scheduleId: string): Promise<string | undefined> {
  const row = await reader.one<{ id: string }>(sql`
    select id from slots where schedule_id = ${scheduleId} and cause = 'manual'
      and state in ('due', 'running') order by due_at desc limit 1`)
  return row?.id
}

/**
 * Inserts a slot due now, or at `at`, which is not later; two people at the same millisecond get the same
 * one, and so does who asks twice for the same `at`. `why` is their reason, where they gave one. After a
 * restore it asks a person first while the bank has invoices that these books have forgotten, for those of
 * this slot may be among them.
 */
export async function runNow(
  tx: Tx,
  world: World,
  schedule: ScheduleRow,
  by: string,
  { at, why }: { at?: Instant; why?: string } = {},
): Promise<string> {
  const now = await tx.now()
  const due = at !== undefined && at < now ? at : now
  const id = newId('slot', world)
  const held = keepsInvoices(schedule.rail) ? await forgottenWhy(tx) : undefined
  await tx.run(sql`
    insert into slots (id, schedule_id, schedule_version, due_at, cause, state, held, held_reason,
      held_detail, next_at, changed_at)
    values (${id}, ${schedule.id}, ${schedule.version}, ${due}, 'manual', 'due', ${valuesOf(held ?? null)},
      ${now},
      ${now}) on conflict (schedule_id, due_at) do nothing`)
  const slot = (await tx.one<{ id: string }>(
    sql`select id from slots where schedule_id = ${schedule.id} and due_at = ${due}`,
  ))!
  if (slot.id === id) {
    const cause = {
      why: because('run-asked-for', { by, ...(why !== undefined && { said: why }) }),
      ref: termsRef(schedule),
    }
    await remember(tx, 'slots', id, '', 'due', cause, now)
    const detail = { schedule: schedule.name, ...(why !== undefined && { why }) }
    await audit(tx, { actor: by, act: 'schedule run', subject: slot.id, detail })
  }
  return slot.id
}
