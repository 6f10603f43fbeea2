/**
 * Slots: due times as rows, unique by schedule and instant, claimed once among any number of processes,
 * leased and fenced.
 */
import { BadInput } from '../base/answer.ts'
import { because, told, type Reason } from '../base/reasons.ts'
import { newId } from '../base/id.ts'
import type { Machine } from '../base/machine.ts'
import { clockTrouble, instant, later, millis, type Instant, type World } from '../base/world.ts'
import { keepsInvoices } from '../base/rails.ts'
import { termsRef } from '../payout/payout.ts'
import {
  stateTable,
  forUpdate,
  remember,
  skipLocked,
  sql,
  type Sql,
  type Db,
  type Tx,
  valuesOf,
  type Why,
} from '../db/db.ts'
import { forgottenWhy } from '../webhooks/webhooks.ts'
import { holdCatchUp, usualOf } from './catchUp.ts'
import { dueSince, nextAt } from './schedules.ts'
import type { ScheduleRow } from './row.ts'
import { holdSchedule, judgeSchedule } from './terms.ts'

export const slotMachine = {
  due: ['running', 'missed'],
  running: ['done', 'failed', 'due'],
  failed: ['due'],
  done: [],
  missed: ['due'],
} as const satisfies Machine
export const slots = stateTable('slots', slotMachine)

export type SlotRow = {
  id: string
  schedule_id: string
  schedule_version: bigint
  due_at: Instant
  cause: 'cron' | 'manual'
  state: keyof typeof slotMachine
  lease_until: Instant | null
  fence: bigint
  tries: bigint
}

/** Older than this is missed, whatever the catch-up rule. */
const furthestMs = 7 * 86_400_000
const maxPerTick = 1_000
const schedulesPerTick = 500
/** A slot this late was not simply the next tick's. */
const lateMs = 60_000
export const leaseMs = 60_000

/**
 * Inserts the slots that fell due since each active schedule was last looked at. After downtime the
 * schedule's rule says which are run: all, the latest, or none; the others are kept as missed. Answers how
 * many were inserted. `of`: those whose rows are as stated, unless nothing will be run by them.
 */
export async function materialise(db: Db, world: World, of: 'stated' | 'all' = 'stated'): Promise<number> {
  if (clockTrouble(world) !== undefined) return 0
  const now = (await db.tx(tx => tx.now())) satisfies Instant
  let inserted = 0
  for (let after = ''; ;) {
    const schedules = await db.all<ScheduleRow>(sql`
      select * from schedules where state = 'active' and next_at <= ${now} and id > ${after} order by id
        limit ${schedulesPerTick}`)
    if (schedules.length === 0) return inserted
    after = schedules.at(-1)!.id
    inserted += await db.tx(async tx => {
      const due = await asStated(tx, world, schedules, of)
      return insertAll(
        tx,
        world,
        due.map(schedule => ({ schedule, due: dueSince(schedule, now, maxPerTick) })),
        now,
      )
    })
  }
}

/**
 * The slots of one active schedule up to `now`, in an open transaction: what its rule still has to say before
 * it is changed.
 */
export async function materialiseOne(
  tx: Tx,
  world: World,
  schedule: ScheduleRow,
  now: Instant,
): Promise<void> {
  for (let row = schedule; row.state === 'active' && row.next_at !== null && row.next_at <= now;) {
    await insertAll(tx, world, [{ schedule: row, due: dueSince(row, now, maxPerTick) }], now)
    row = (await tx.one<ScheduleRow>(sql`select * from schedules where id = ${schedule.id}`))!
  }
}

interface Found {
  schedule: ScheduleRow
  due: Instant[]
}

/**
 * Those whose row is what was stated, or with `all` those whose rule can be read; the others are put on hold,
 * and what falls due by them does so once that is mended. Asked before their rules are read, for one that can
 * be read by nobody keeps no other back.
 */
async function asStated(
  tx: Tx,
  { log }: Pick<World, 'log'>,
  schedules: readonly ScheduleRow[],
  of: 'stated' | 'all',
): Promise<ScheduleRow[]> {
  const left: ScheduleRow[] = []
  for (const schedule of schedules) {
    if (of === 'all' && isReadable(schedule)) {
      left.push(schedule)
      continue
    }
    const judged = await judgeSchedule(tx, schedule)
    if (judged.is === 'approved') left.push(schedule)
    else {
      await holdSchedule(tx, schedule, judged.why)
      log.error(
        { schedule: schedule.name, why: judged.why },
        'a schedule is on hold: its row is not what was stated',
      )
    }
  }
  return left
}

function isReadable(schedule: ScheduleRow): boolean {
  try {
    nextAt(schedule, schedule.materialised_until)
    return true
  } catch (error) {
    if (error instanceof BadInput) return false
    throw error
  }
}

async function insertAll(tx: Tx, world: World, found: Found[], now: Instant): Promise<number> {
  let inserted = 0
  // After a restore the backup's rule may be an older one, so that a slot of any time may have been issued at
  // another.
  const forgotten = found.some(({ schedule }) => keepsInvoices(schedule.rail))
    ? await forgottenWhy(tx)
    : undefined
  for (const { schedule, due } of found) {
    const until = due.length === maxPerTick ? due.at(-1)! : now
    const next = nextAt(schedule, until)
    // A full page is not all that fell due.
    const more = next !== null && next <= now
    const why = due.map((_, index) => missed(schedule, due, index, now, more))
    const isLate = (at: Instant) => millis(now) - millis(at) > lateMs
    const late = due.filter((at, index) => why[index] === undefined && isLate(at)).length
    const held =
      late > 0
        ? holdCatchUp({ late, more: more && schedule.catch_up === 'all', ...(await usualOf(tx, schedule)) })
        : undefined
    // Someone else may have looked meanwhile, or paused it: then this look is void.
    const mine = await tx.run(sql`
      update schedules set materialised_until = ${until}, next_at = ${next} where id = ${schedule.id}
        and state = 'active' and materialised_until = ${schedule.materialised_until}`)
    if (mine === 0) continue
    if (held !== undefined)
      world.log.error({ schedule: schedule.name, late, why: held }, 'a catch-up asks a person first')
    const asksFirst = keepsInvoices(schedule.rail) && why.includes(undefined) ? forgotten : undefined
    if (asksFirst !== undefined)
      world.log.error(
        { schedule: schedule.name, why: asksFirst },
        'a slot after a restore asks a person first',
      )
    for (const [index, at] of due.entries())
      inserted += await insertSlot(
        tx,
        world,
        schedule,
        at,
        { why: why[index], held: asksFirst ?? (isLate(at) ? held : undefined) },
        now,
      )
  }
  return inserted
}

/** Why a slot is not run, or undefined. `more`: later ones fell due than those in `due`. Pure. */
export function missed(
  { catch_up: rule }: Pick<ScheduleRow, 'catch_up'>,
  due: Instant[],
  index: number,
  now: Instant,
  more = false,
): Reason | undefined {
  const lateBy = millis(now) - millis(due[index]!)
  if (lateBy > furthestMs) return because('fell-due-long-ago')
  if (rule === 'latest' && (more || index < due.length - 1)) return because('later-one-due')
  if (rule === 'none' && lateBy > lateMs) return because('not-caught-up')
  return undefined
}

async function insertSlot(
  tx: Tx,
  world: World,
  schedule: ScheduleRow,
  at: Instant,
  { why, held }: { why: Reason | undefined; held: Reason | undefined },
  now: Instant,
): Promise<number> {
  const id = newId('slot', world)
  const state = why === undefined ? 'due' : 'missed'
  const inserted = await tx.run(sql`
    insert into slots (id, schedule_id, schedule_version, due_at, cause, state, held, held_reason,
      held_detail, next_at, changed_at)
    values (${id}, ${schedule.id}, ${schedule.version}, ${at}, 'cron', ${state},
      ${valuesOf(why === undefined ? (held ?? null) : null)}, ${at}, ${now})
        on conflict (schedule_id, due_at) do nothing`)
  if (inserted > 0)
    await remember(
      tx,
      'slots',
      id,
      '',
      state,
      {
        why:
          why ??
          (held === undefined ? because('fell-due') : because('fell-due-and-held', { because: told(held) })),
        ref: termsRef(schedule),
      },
      now,
    )
  return inserted
}

/**
 * Claims the oldest due slot, or one whose worker is gone or was ahead of our time, for `leaseMs`. The fence
 * grows with each claim and guards every later write. Only slots of schedules of which `which` holds.
 */
export async function claimSlot(tx: Tx, which: Sql = sql`1 = 1`): Promise<SlotRow | undefined> {
  const now = await tx.now()
  const slot = await tx.one<SlotRow>(sql`
    select * from slots where ((state = 'due' and held is null and next_at <= ${now}) or (state = 'running'
      and (lease_until <= ${now} or lease_until > ${later(now, 2 * leaseMs)})))
      and schedule_id in (select id from schedules where ${which}) order by due_at, id limit 1 ${skipLocked}`)
  if (!slot) return undefined
  if (slot.state === 'running')
    await slots.move(tx, { id: slot.id, state: 'running' }, 'due', {
      why: because('worker-gone'),
      again: true,
    })
  const also = [sql`lease_until = ${later(now, leaseMs)}`, sql`fence = fence + 1`, sql`tries = tries + 1`]
  await slots.move(
    tx,
    { id: slot.id, state: 'due' },
    'running',
    { why: because('claimed'), again: true },
    also,
  )
  return {
    ...slot,
    state: 'running',
    fence: slot.fence + 1n,
    tries: slot.tries + 1n,
    lease_until: later(now, leaseMs),
  }
}

/** Keeps it from being run, or lets it go on. */
export const setHeld = (why: Why | null): Sql => sql`(held, held_reason, held_detail) = (${valuesOf(why)})`

/** Keeps a slot from being run until a person says so, or it is put right and let go. */
export const holdSlot = (db: Db, { id }: Pick<SlotRow, 'id'>, why: Why): Promise<void> =>
  db.tx(async tx => {
    const row = await tx.one<SlotRow>(sql`select * from slots where id = ${id} ${forUpdate}`)
    // One whose worker died while it ran would be claimed again and again.
    if (row?.state === 'running') await slots.move(tx, { id, state: 'running' }, 'due', { why, again: true })
    else if (row?.state === 'due')
      await remember(tx, 'slots', id, 'due', 'due', { why, again: true }, await tx.now())
    await tx.run(sql`update slots set ${setHeld(why)} where id = ${id} and state = 'due'`)
  })

/** Holds on to a claimed slot; false when another worker has it. */
export async function extendLease(db: Db, slot: SlotRow): Promise<boolean> {
  return db.tx(async tx => {
    const until = instant(millis(await tx.now()) + leaseMs)
    return (
      (await tx.run(
        sql`update slots set lease_until = ${until} where id = ${slot.id} and fence = ${slot.fence}
          and state = 'running'`,
      )) > 0
    )
  })
}

const maxTries = 5n
const againMs = 60_000

/** Ends a claimed slot; false when another worker has it. A failure is tried again, five times in all. */
export async function endSlot(
  tx: Tx,
  slot: SlotRow,
  outcome: 'done' | 'failed',
  summary: string,
): Promise<boolean> {
  const mine = await tx.one(
    sql`select id from slots where id = ${slot.id} and fence = ${slot.fence} and state = 'running'`,
  )
  if (!mine) return false
  const again = outcome === 'failed' && slot.tries < maxTries
  return slots.move(
    tx,
    { id: slot.id, state: 'running' },
    again ? 'due' : outcome,
    { why: because('run-said', { summary }), ...(again && { again }) },
    again ? [sql`next_at = ${later(await tx.now(), againMs)}`] : [],
  )
}
