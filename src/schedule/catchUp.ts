/**
 * A catch-up that is larger than usual asks a person first: its slots are held until somebody says go, or
 * skip.
 */
import { because, type Reason } from '../base/reasons.ts'
import type { Instant } from '../base/world.ts'
import { isUnreadable, sql, type Reader } from '../db/db.ts'
import { batchRule } from './schedules.ts'
import type { ScheduleRow } from './row.ts'

/**
 * More slots at once than this are not caught up unasked, and no more money than as many of the schedule's
 * largest slots of late.
 */
export const maxCaughtUp = 10
const usualSlots = 20

export interface CatchUpLook {
  /**
   * How many slots fell due while nobody was at work, and whether there are more of them than were looked at.
   */
  late: number
  more: boolean
  /** Whether slots of the schedule are held already: they are one question. */
  held: boolean
  /**
   * The least that one slot asks for, so that luck is no reason, and the most that one of the last did;
   * undefined where it has issued nothing yet.
   */
  slotUnits: bigint
  usualUnits: bigint | undefined
}

/** Why a person is asked first; undefined where the catch-up is an ordinary one. Pure. */
export function holdCatchUp({ late, more, held, slotUnits, usualUnits }: CatchUpLook): Reason | undefined {
  if (late === 0) return undefined
  if (late > maxCaughtUp || more) return because('many-fell-due', { most: maxCaughtUp })
  if (held) return because('slots-before-wait')
  if (usualUnits !== undefined && slotUnits * BigInt(late) > usualUnits * BigInt(maxCaughtUp))
    return because('more-than-usual', { most: maxCaughtUp })
  return undefined
}

/** What `holdCatchUp` needs to know of a schedule beside what fell due. */
export async function usualOf(
  reader: Reader,
  schedule: ScheduleRow,
): Promise<Pick<CatchUpLook, 'held' | 'slotUnits' | 'usualUnits'>> {
  const row = await reader.one<{ units: bigint | null }>(sql`
    select cast(max(units) as bigint) as units from (
      select sum(coalesce(i.quote_units, i.units)) as units from invoices i
      where i.slot_id in (select id from slots where schedule_id = ${schedule.id} and state = 'done'
        order by due_at desc limit ${usualSlots})
      group by i.slot_id) as asked`)
  // A roster that cannot be decrypted is of no use to its own slots alone: others fall due with them.
  const isKnown = schedule.roster === null || !isUnreadable(schedule.roster)
  const { roster, countLow, unitsLow } = batchRule(isKnown ? schedule : { ...schedule, roster: null })
  const slotUnits = roster
    ? roster.reduce((sum, { amount }) => sum + amount.units, 0n)
    : BigInt(countLow) * unitsLow
  return {
    held: (await heldSlots(reader, schedule.id)).count > 0,
    slotUnits,
    usualUnits: row?.units ?? undefined,
  }
}

export interface HeldSlots {
  count: number
  first: Instant | undefined
  last: Instant | undefined
  /** Of one of them. */
  why: string | null
  reason: string | null
  detail: string | null
}

const heldOf = (scheduleId: string) => sql`schedule_id = ${scheduleId} and state = 'due' and held is not null`

export async function heldSlots(reader: Reader, scheduleId: string): Promise<HeldSlots> {
  const row = (await reader.one<{
    count: bigint
    first: Instant | null
    last: Instant | null
  }>(sql`
    select count(*) as count, min(due_at) as first, max(due_at) as last from slots
      where ${heldOf(scheduleId)}`))!
  const because = await reader.one<Pick<HeldSlots, 'why' | 'reason' | 'detail'>>(sql`
    select held as why, held_reason as reason, held_detail as detail from slots where ${heldOf(scheduleId)}
      order by held limit 1`)
  return {
    count: Number(row.count),
    first: row.first ?? undefined,
    last: row.last ?? undefined,
    ...(because ?? { why: null, reason: null, detail: null }),
  }
}
