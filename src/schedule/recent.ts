/** The last slots of a schedule with what became of each: for whoever looks whether it runs as it should. */
import type { Instant } from '../base/world.ts'
import { join, sql, type Reader } from '../db/db.ts'
import type { SlotRow } from './slots.ts'

/** A slot and how its last run went. */
export interface RunSlot {
  id: string
  dueAt: Instant
  cause: SlotRow['cause']
  state: SlotRow['state']
  /** Its last run; undefined where it was never run. */
  run:
    | {
        id: string
        startedAt: Instant
        endedAt: Instant | undefined
        outcome: 'done' | 'failed' | 'lost' | undefined
        summary: string
      }
    | undefined
  tries: number
  /** It is over, and some of its invoices are not issued, or were refused. */
  isShort: boolean
}

export interface LatestSlot extends RunSlot {
  /** How many invoices it has, and what they ask for together in smallest units. */
  invoices: number
  units: bigint
}

/**
 * The last slots of each of these schedules: the newest last, at most `count` of each. In two statements,
 * however many they are.
 */
export async function lastSlotsOf(
  reader: Reader,
  scheduleIds: readonly string[],
  count: number,
): Promise<Map<string, RunSlot[]>> {
  if (scheduleIds.length === 0) return new Map()
  const each = scheduleIds.map(
    id => sql`select * from (
      select id, schedule_id, due_at, cause, state from slots where schedule_id = ${id} order by due_at desc
        limit ${count}) as newest`,
  )
  const slots = await reader.all<SlotLine>(join(each, ' union all '))
  const runs =
    slots.length === 0
      ? []
      : await reader.all<RunRow>(sql`
          select id, slot_id, started_at, ended_at, outcome, summary from runs
            where slot_id in (${join(slots.map(({ id }) => id))})
          order by started_at, id`)
  const short = new Set(
    slots.length === 0
      ? []
      : (
          await reader.all<{ id: string }>(sql`
            select distinct slot_id as id from invoices
              where state in ('draft', 'issuing', 'unsure', 'refused')
              and slot_id in (${join(slots.map(({ id }) => id))})`)
        ).map(({ id }) => id),
  )
  const runsOf = Map.groupBy(runs, ({ slot_id: slot }) => slot)
  const told = ({ id, due_at: dueAt, cause, state }: SlotLine): RunSlot => {
    const mine = runsOf.get(id) ?? []
    return {
      id,
      dueAt,
      cause,
      state,
      run: runOf(mine.at(-1)),
      tries: mine.length,
      isShort: state === 'done' && short.has(id),
    }
  }
  const slotsOf = Map.groupBy(slots, ({ schedule_id: schedule }) => schedule)
  const inOrder = (lines: SlotLine[]) => lines.toSorted((a, b) => (a.due_at < b.due_at ? -1 : 1)).map(told)
  return new Map(scheduleIds.map(id => [id, inOrder(slotsOf.get(id) ?? [])]))
}

type SlotLine = {
  id: string
  schedule_id: string
  due_at: Instant
  cause: SlotRow['cause']
  state: SlotRow['state']
}

/** The newest last, at most `count` of them, with what each asks for. */
export async function latestSlots(reader: Reader, scheduleId: string, count: number): Promise<LatestSlot[]> {
  const slots = (await lastSlotsOf(reader, [scheduleId], count)).get(scheduleId)!
  if (slots.length === 0) return []
  const asked = await askedBy(reader, slots)
  return slots.map(slot => ({ ...slot, ...(asked.get(slot.id) ?? { invoices: 0, units: 0n }) }))
}

type Asked = Pick<LatestSlot, 'invoices' | 'units'>
/**
 * What a slot asks for is written whole when it is claimed, and never again: of a roster of thousands it need
 * not be summed at each look.
 */
const known = new WeakMap<Reader, Map<string, Asked>>()
const maxKnown = 10_000

async function askedBy(
  reader: Reader,
  slots: readonly { id: string; state: SlotRow['state'] }[],
): Promise<Map<string, Asked>> {
  let sums = known.get(reader)
  if (!sums || sums.size > maxKnown) known.set(reader, (sums = new Map()))
  const all = new Map(slots.flatMap(({ id }) => (sums.has(id) ? [[id, sums.get(id)!]] : [])))
  const missing = slots.filter(({ id }) => !all.has(id))
  if (missing.length === 0) return all
  const rows = await reader.all<{ slot_id: string; count: bigint; units: bigint }>(sql`
    select slot_id, count(*) as count, cast(sum(units) as bigint) as units from invoices
    where slot_id in (${join(missing.map(({ id }) => id))}) group by slot_id`)
  for (const { slot_id: id, count, units } of rows) {
    const asked = { invoices: Number(count), units }
    all.set(id, asked)
    if (missing.find(slot => slot.id === id)?.state === 'done') sums.set(id, asked)
  }
  return all
}

type RunRow = {
  id: string
  slot_id: string
  started_at: Instant
  ended_at: Instant | null
  outcome: 'done' | 'failed' | 'lost' | null
  summary: string | null
}

const runOf = (row: RunRow | undefined): LatestSlot['run'] =>
  row && {
    id: row.id,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
    outcome: row.outcome ?? undefined,
    summary: row.summary ?? '',
  }
