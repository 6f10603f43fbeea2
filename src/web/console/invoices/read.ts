/** Reads invoices for the console: a page of the list along one index, and one invoice with everything that moved it. */
import { instant, type Instant } from '../../../base/world.ts'
import type { Desk } from '../../../jobs/jobs.ts'
import { postingsOf, type PostingRow } from '../../../ledger/ledger.ts'
import type { PayoutRow } from '../../../payout/payout.ts'
import { empty, history, sql, type Reader, type Sql } from '../../../db/db.ts'
import type { InvoiceRow } from '../../../invoice/invoice.ts'
import { seeCoinRefunds, type SeenCoinRefunds } from './coinRefunds.tsx'
import { requestStatusOf, type Looked } from '../../../webhooks/webhooks.ts'
import { seeActs, type SeenActs } from './acts.tsx'
import { seeTwins, type SeenTwin } from './duplicates.tsx'
import { within, type Filters } from '../../../queries/page.ts'
import { moversOf, type Mover } from '../../../queries/movers.ts'
import { soughtIn, soughtInvoices } from '../../../queries/lookup.ts'
import { stepsOf } from '../../../queries/history.ts'
import type { Step } from '../../../queries/step.ts'

export type ListedInvoice = InvoiceRow & {
  account: string
  schedule: string | null
  /** What the list is ordered by: when it was added, or where only one schedule is shown, when its slot fell due. */
  key_at: Instant
}

/** The account and the schedule by their ids or names; `state` and `rail` have been checked. */
export async function listInvoices(reader: Reader, filters: Filters, limit: number): Promise<ListedInvoice[]> {
  const { schedule } = filters.query
  const where = await whereOf(reader, filters)
  const page = schedule === undefined ? byTime(where, filters, limit) : bySlot(schedule, where, filters, limit)
  return reader.all<ListedInvoice>(sql`
    select i.*, a.name as account, h.name as schedule from (${page}) i join accounts a on a.id = i.account_id
      left join slots s on s.id = i.slot_id left join schedules h on h.id = s.schedule_id
    order by i.key_at desc, i.id desc`)
}

/** How many the list has in all. */
export async function countInvoices(reader: Reader, filters: Filters): Promise<number> {
  const { schedule } = filters.query
  const where = await whereOf(reader, filters)
  const window = within(sql`${schedule === undefined ? sql`i.added_at` : sql`s.due_at`}`, sql`i.id`, { ...filters, after: undefined })
  const ofSchedule = sql`join slots s on s.id = i.slot_id
    and s.schedule_id = (select id from schedules where store_id = 'sto_default' and name = ${schedule ?? ''})`
  const row = await reader.one<{ rows: bigint }>(sql`
    select count(*) as rows from invoices i ${schedule === undefined ? empty : ofSchedule} where 1 = 1 ${where} ${window}`)
  return Number(row!.rows)
}

async function whereOf(reader: Reader, filters: Filters): Promise<Sql> {
  const { q, state, rail, account, slot, order } = filters.query
  return sql`
    ${q === undefined ? empty : sql`and ${soughtIn(await soughtInvoices(reader, q), { id: sql`i.id`, units: sql`i.units`, asset: sql`i.asset`, taxId: ids => sql`i.payer_tax_id in (${ids})` })}`}
    ${state === undefined ? empty : sql`and i.state = ${state}`} ${rail === undefined ? empty : sql`and i.rail = ${rail}`}
    ${account === undefined ? empty : sql`and i.account_id = (select id from accounts where store_id = 'sto_default' and name = ${account})`}
    ${slot === undefined ? empty : sql`and i.slot_id = ${slot}`} ${order === undefined ? empty : sql`and i.order_id = ${order}`}`
}

const byTime = (where: Sql, filters: Filters, limit: number) => sql`
  select i.*, i.added_at as key_at from invoices i
  where 1 = 1 ${where} ${within(sql`i.added_at`, sql`i.id`, filters)} order by i.added_at desc, i.id desc limit ${limit}`

/** Along the schedule's own slots, so that a schedule with few invoices among many is found as fast. */
const bySlot = (schedule: string, where: Sql, filters: Filters, limit: number) => sql`
  select i.*, s.due_at as key_at from slots s join invoices i on i.slot_id = s.id
  where s.schedule_id = (select id from schedules where store_id = 'sto_default' and name = ${schedule})
    ${filters.after ? sql`and s.due_at <= ${filters.after.at}` : empty} ${where} ${within(sql`s.due_at`, sql`i.id`, filters)} order by s.due_at desc, i.id desc limit ${limit}`

export interface SeenInvoice {
  row: InvoiceRow & { account: string }
  slot: { id: string; due_at: Instant; schedule: string } | undefined
  steps: Step[]
  postings: PostingRow[]
  payouts: PayoutRow[]
  movers: Mover[]
  /** At the bank, under the same tag. */
  twins: SeenTwin[]
  /** Money that went back, and what people did about it. */
  acts: SeenActs
  looked: Looked | undefined
  refunds: SeenCoinRefunds | undefined
  /** As our own account derives it now; undefined where nobody can. */
  derived: { address: string; path: string } | undefined
  /** BIP 321, for what is still missing. */
  uri: string | undefined
}

/** By our id, the bank's, or the address it is paid to. */
export async function seeInvoice({ db, world, rails, bitcoin }: Desk, id: string): Promise<SeenInvoice | undefined> {
  const row = await db.one<InvoiceRow & { account: string }>(sql`
    select i.*, a.name as account from invoices i join accounts a on a.id = i.account_id where i.id = ${id}`)
  if (!row) return undefined
  const derived = rails.bitcoin && row.address_index !== null ? rails.bitcoin.derive('receive', Number(row.address_index)) : undefined
  const [looked, slot, steps, postings, payouts, movers, twins] = await Promise.all([
    bitcoin && requestStatusOf(db, row, bitcoin.terms, world.clock.now()),
    db.one<NonNullable<SeenInvoice['slot']>>(sql`
      select s.id, s.due_at, h.name as schedule from slots s join schedules h on h.id = s.schedule_id where s.id = ${row.slot_id ?? ''}`),
    history(db, row.id).then(all => stepsOf(db, all)),
    postingsOf(db, sql`e.invoice_id = ${row.id}`),
    db.all<PayoutRow>(sql`select * from payouts where invoice_id = ${row.id} order by added_at, id`),
    moversOf(db, [row.id]),
    seeTwins(db, row.id),
  ])
  const missing = looked?.standing.missing ?? row.units
  return {
    ...{ row, slot, steps, postings, payouts, movers, twins },
    ...{ looked, derived },
    refunds: await seeCoinRefunds({ db, world, ...(bitcoin && { bitcoin }) }, row, looked),
    acts: await seeActs(
      db,
      row,
      payouts.map(({ state }) => state),
      instant(world.clock.now()),
    ),
    uri:
      rails.bitcoin && derived && derived.address === row.provider_id
        ? rails.bitcoin.uri(derived.address, missing > 0n ? missing : row.units, row.description)
        : undefined,
  }
}
