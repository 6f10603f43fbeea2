/** Schedules as they are listed and shown: with their last slots, and why one is paused. */
import type { Instant } from '../base/world.ts'
import { history, sql, type Reader, type Transition, type Tx } from '../db/db.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { lastSlotsOf, type RunSlot, type ScheduleRow } from '../schedule/schedule.ts'

export interface ListedSchedule {
  row: ScheduleRow
  slots: readonly RunSlot[]
  /** Why it is paused, with who did it, where it is. */
  why: string | undefined
}

/** By name, from the one behind `after` on, each with its last slots: `bars` of them. */
export async function pageOfSchedules(
  reader: Reader,
  after: string,
  { limit, bars }: { limit: number; bars: number },
): Promise<{ schedules: ListedSchedule[]; next: string | undefined }> {
  const rows = await reader.all<ScheduleRow>(sql`
    select * from schedules where store_id = ${reader.store} and name > ${after} order by name
      limit ${limit + 1}`)
  const here = rows.slice(0, limit)
  const slots = await lastSlotsOf(
    reader,
    here.map(({ id }) => id),
    bars,
  )
  const schedules: ListedSchedule[] = []
  for (const row of here)
    schedules.push({ row, slots: slots.get(row.id)!, why: await whyPaused(reader, row) })
  return { schedules, next: rows.length > limit ? here.at(-1)!.name : undefined }
}

/** The reason somebody gave; undefined where it is not paused. */
export async function whyPaused(reader: Reader, { id, state }: ScheduleRow): Promise<string | undefined> {
  if (state !== 'paused') return undefined
  const step = await reader.one<{ why: string }>(
    sql`select why from transitions where subject = ${id} and to_state = 'paused'
      and from_state = 'active' order by seq desc limit 1`,
  )
  return step?.why
}

/** A slot with how many invoices it has, and how many of them are not issued. */
export type CountedSlot = {
  id: string
  due_at: Instant
  cause: string
  state: string
  invoices: bigint
  open: bigint
}

/** Its last ten slots, the newest first, and its history. */
export const showSlots = async (
  reader: Reader,
  { id }: Pick<ScheduleRow, 'id'>,
): Promise<{ slots: CountedSlot[]; steps: Transition[] }> => ({
  slots: await reader.all<CountedSlot>(sql`
    select s.id, s.due_at, s.cause, s.state, (select count(*) from invoices i
      where i.slot_id = s.id) as invoices,
      (select count(*) from invoices i where i.slot_id = s.id
        and i.state in ('draft', 'issuing', 'unsure', 'refused')) as open
    from slots s where s.schedule_id = ${id} order by s.due_at desc limit 10`),
  steps: await history(reader, id),
})

/** How far one slot is, with its invoices in their order. */
export async function lookAtSlot(tx: Tx, id: string): Promise<{ state: string; invoices: InvoiceRow[] }> {
  const row = await tx.one<{ state: string }>(sql`select state from slots where id = ${id}`)
  const invoices = await tx.all<InvoiceRow>(
    sql`select * from invoices where slot_id = ${id} order by ordinal`,
  )
  return { state: row!.state, invoices }
}
