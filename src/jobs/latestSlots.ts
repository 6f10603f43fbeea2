/** The last slots of a schedule with what became of each: for whoever looks whether it runs as it should. */
import type { Instant } from '../base/world.ts'
import { join, sql, type Reader } from '../store/store.ts'
import type { SlotRow } from './slots.ts'

export interface LatestSlot {
  id: string
  dueAt: Instant
  cause: SlotRow['cause']
  state: SlotRow['state']
  /** Its last run; undefined where it was never run. */
  run:
    | { id: string; startedAt: Instant; endedAt: Instant | undefined; outcome: 'done' | 'failed' | 'lost' | undefined; summary: string }
    | undefined
  tries: number
  /** How many invoices it has, and what they ask for together in smallest units. */
  invoices: number
  units: bigint
}

/** The newest last, at most `count` of them. */
export async function latestSlots(reader: Reader, scheduleId: string, count: number): Promise<LatestSlot[]> {
  const slots = await reader.all<{ id: string; due_at: Instant; cause: SlotRow['cause']; state: SlotRow['state'] }>(sql`
    select id, due_at, cause, state from slots where schedule_id = ${scheduleId} order by due_at desc limit ${count}`)
  if (slots.length === 0) return []
  const runs = await reader.all<RunRow>(sql`
    select id, slot_id, started_at, ended_at, outcome, summary from runs where slot_id in (${join(slots.map(({ id }) => id))})
    order by started_at, id`)
  const asked = await askedBy(reader, slots)
  return slots
    .map(({ id, due_at: dueAt, cause, state }) => {
      const mine = runs.filter(run => run.slot_id === id)
      const { invoices, units } = asked.get(id) ?? { invoices: 0, units: 0n }
      return { id, dueAt, cause, state, run: runOf(mine.at(-1)), tries: mine.length, invoices, units }
    })
    .toReversed()
}

type Asked = Pick<LatestSlot, 'invoices' | 'units'>
/** What a slot asks for is written whole when it is claimed, and never again: of a roster of thousands it need not be summed at each look. */
const known = new WeakMap<Reader, Map<string, Asked>>()
const mostKnown = 10_000

async function askedBy(reader: Reader, slots: readonly { id: string; state: SlotRow['state'] }[]): Promise<Map<string, Asked>> {
  let sums = known.get(reader)
  if (!sums || sums.size > mostKnown) known.set(reader, (sums = new Map()))
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
