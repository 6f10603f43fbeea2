/**
 * Invoices as they are listed and shown: with their account and schedule, and with everything that moved one.
 */
import type { Instant } from '../base/world.ts'
import { history, sql, where, type Reader, type Sql } from '../db/db.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { postingsOf, type PostingRow } from '../ledger/ledger.ts'
import type { PayoutRow } from '../payout/payout.ts'
import type { FilterOf, invoiceFilters } from './filters.ts'
import { stepsOf } from './history.ts'
import { showInvoiceActs, type InvoiceActs } from './invoiceActs.ts'
import { soughtIn, soughtInvoices } from './lookup.ts'
import { moversOf, type Mover } from './movers.ts'
import { inWindow, type After, type Filters } from './page.ts'
import { pageOfRows } from './pageOfRows.ts'
import type { Step } from './step.ts'
import { showTwins, type ShownTwin } from './twins.ts'
import { idOfAccount, idOfSchedule } from './names.ts'

export type ListedInvoice = InvoiceRow & {
  account: string
  schedule: string | null
  /**
   * What the list is ordered by: when it was added, or where only one schedule is shown, when its slot fell
   * due.
   */
  key_at: Instant
}

type InvoiceFilters = Filters<FilterOf<typeof invoiceFilters>>

/** The newest first; the account and the schedule by their names. */
export async function listInvoices(
  reader: Reader,
  filters: InvoiceFilters,
  limit: number,
): Promise<ListedInvoice[]> {
  const { schedule } = filters.query
  const conditions = await conditionsOf(reader, filters)
  const page = pageOfRows(reader, 'invoices', schedule, conditions, filters, limit)
  return reader.all<ListedInvoice>(sql`
    select i.*, a.name as account, h.name as schedule from (${page}) i join accounts a on a.id = i.account_id
      left join slots s on s.id = i.slot_id left join schedules h on h.id = s.schedule_id
    order by i.key_at desc, i.id desc`)
}

/** How many the list has in all. */
export async function countInvoices(reader: Reader, filters: InvoiceFilters): Promise<number> {
  const { schedule } = filters.query
  const at = schedule === undefined ? sql`i.added_at` : sql`s.due_at`
  const conditions = [
    ...(await conditionsOf(reader, filters)),
    ...inWindow(at, sql`i.id`, { ...filters, after: undefined }),
  ]
  const slots =
    schedule === undefined
      ? sql``
      : sql`join slots s on s.id = i.slot_id and s.schedule_id = ${idOfSchedule(reader, schedule)}`
  const row = await reader.one<{ rows: bigint }>(
    sql`select count(*) as rows from invoices i ${slots} ${where(conditions)}`,
  )
  return Number(row!.rows)
}

async function conditionsOf(reader: Reader, filters: InvoiceFilters): Promise<(Sql | undefined)[]> {
  const { q, state, rail, account, slot, order } = filters.query
  const columns = {
    id: sql`i.id`,
    units: sql`i.units`,
    asset: sql`i.asset`,
    taxId: (ids: Sql) => sql`i.payer_tax_id in (${ids})`,
  }
  return [
    sql`i.store_id = ${reader.store}`,
    q === undefined ? undefined : soughtIn(await soughtInvoices(reader, q), columns),
    state === undefined ? undefined : sql`i.state = ${state}`,
    rail === undefined ? undefined : sql`i.rail = ${rail}`,
    account === undefined ? undefined : sql`i.account_id = ${idOfAccount(reader, account)}`,
    slot === undefined ? undefined : sql`i.slot_id = ${slot}`,
    order === undefined ? undefined : sql`i.order_id = ${order}`,
  ]
}

export const keyOfInvoice = ({ key_at: at, id }: Pick<ListedInvoice, 'key_at' | 'id'>): After => ({ at, id })

/** Where a list goes on behind this one: in a list of one schedule, by when its slot fell due. */
export const placeOfInvoice = (
  reader: Reader,
  id: string,
  schedule: string | undefined,
): Promise<After | undefined> =>
  reader.one<After>(
    schedule === undefined
      ? sql`select id, added_at as at from invoices where id = ${id} and store_id = ${reader.store}`
      : sql`select i.id, s.due_at as at from invoices i join slots s on s.id = i.slot_id where i.id = ${id}
          and i.store_id = ${reader.store}`,
  )

export interface ShownInvoice {
  row: InvoiceRow & { account: string }
  slot: { id: string; due_at: Instant; schedule: string } | undefined
  steps: Step[]
  postings: PostingRow[]
  payouts: PayoutRow[]
  movers: Mover[]
  /** At the bank, under the same tag. */
  twins: ShownTwin[]
  /** Money that went back, and what people did about it. */
  acts: InvoiceActs
}

/**
 * All that the database knows of one; undefined where no invoice has this id. `now` decides what may be done
 * about it.
 */
export async function showInvoice(
  reader: Reader,
  id: string,
  now: Instant,
): Promise<ShownInvoice | undefined> {
  const row = await reader.one<ShownInvoice['row']>(sql`
    select i.*, a.name as account from invoices i join accounts a on a.id = i.account_id where i.id = ${id}
      and i.store_id = ${reader.store}`)
  if (!row) return undefined
  const slot = await reader.one<NonNullable<ShownInvoice['slot']>>(sql`
    select s.id, s.due_at, h.name as schedule from slots s join schedules h on h.id = s.schedule_id
      where s.id = ${row.slot_id ?? ''}`)
  const payouts = await reader.all<PayoutRow>(
    sql`select * from payouts where invoice_id = ${id} order by added_at, id`,
  )
  return {
    ...{ row, slot, payouts },
    steps: await stepsOf(reader, await history(reader, id)),
    postings: await postingsOf(reader, sql`e.invoice_id = ${id}`),
    movers: await moversOf(reader, [id]),
    twins: await showTwins(reader, id),
    acts: await showInvoiceActs(reader, row, payouts, now),
  }
}
