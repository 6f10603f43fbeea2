/**
 * Looks something up by what a person typed: any id of ours or of a provider, a txid, an end-to-end id, an
 * order's number, a buyer's e-mail, the name of an account or schedule, a tax id, an amount. A payer's name
 * is encrypted differently in every row, so nothing is found by it.
 */
import { checkTaxId } from '../base/brazil.ts'
import { BadInput } from '../base/answer.ts'
import { isId } from '../base/id.ts'
import { isOnChain, railNames } from '../base/rails.ts'
import { typedAmount } from '../base/typedAmount.ts'
import type { Asset } from '../base/money.ts'
import { instant, type Instant } from '../base/world.ts'
import { empty, join, sameAsAny, sql, type Reader, type Sql } from '../db/db.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { runOfStore } from '../jobs/jobs.ts'
import type { Subject } from './links.ts'

const rails = join(railNames)

/** What a search means in one list: rows that this finds, or else a tax id or an amount. */
export interface Sought {
  /** A subquery of ids: of a slot, a bundle or an order there may be any number. */
  ids: Sql | undefined
  taxIds: string[]
  amounts: { asset: Asset; units: bigint }[]
}

/** By our id, the bank's, or the address it is paid to. */
export const findInvoiceBy = (reader: Reader, text: string): Promise<InvoiceRow | undefined> =>
  reader.one<InvoiceRow>(
    sql`select * from invoices where store_id = ${reader.store} and (id = ${text} or provider_id = ${text})`,
  )

/**
 * An invoice, by whatever belongs to it. What is found by id is meant, and then nothing else is looked for.
 */
export async function soughtInvoices(reader: Reader, text: string): Promise<Sought> {
  const ids = await invoicesBy(reader, text)
  return ids ? { ids, taxIds: [], amounts: [] } : sought(text, () => byEndToEnd(reader, text, 'invoices'))
}

/** A payout, by whatever belongs to it or to its invoice. */
export async function soughtPayouts(reader: Reader, text: string): Promise<Sought> {
  const id = text.toLowerCase()
  const own = sql`
    select id from payouts where id = ${id} union all select payout_id from attempts where external_id = ${id}
      or provider_id = ${text} or id = ${id}
    union all select a.payout_id from attempts a join bundle_outputs o on o.attempt_id = a.id
      where o.candidate_id = ${id}
    union all select payout_id from attempts where bundle_id = ${id}
    union all select payout_id from coins where (txid = ${id} or id = ${id}) and payout_id is not null`
  if (await finds(reader, own)) return { ids: own, taxIds: [], amounts: [] }
  const invoices = await invoicesBy(reader, text)
  if (!invoices) return sought(text, () => byEndToEnd(reader, text, 'payouts'))
  return { ids: sql`select id from payouts where invoice_id in (${invoices})`, taxIds: [], amounts: [] }
}

const finds = async (reader: Reader, ids: Sql): Promise<boolean> =>
  (await reader.one(sql`select 1 as found from (${ids}) as ids limit 1`)) !== undefined

async function invoicesBy(reader: Reader, text: string): Promise<Sql | undefined> {
  const id = text.toLowerCase()
  // Where nothing was ever ordered, an index over no order at all is read from end to end.
  const ofOrder = isId('order', id) ? sql`union all select id from invoices where order_id = ${id}` : empty
  const ids = sql`
    select id from invoices where id = ${id} union all select id from invoices where rail in (${rails})
      and provider_id in (${text}, ${id})
    union all select invoice_id from invoice_twins where id = ${id} or (rail in (${rails})
      and provider_id = ${text})
    union all select id from invoices where slot_id = ${id} ${ofOrder}
    union all select invoice_id from payouts where id = ${id}
    union all select p.invoice_id from payouts p join attempts a on a.payout_id = p.id
      where a.external_id = ${id} or a.provider_id = ${text} or a.id = ${id}
    union all select invoice_id from coins where (txid = ${id} or id = ${id}) and invoice_id is not null
    union all select p.invoice_id from payouts p join attempts a on a.payout_id = p.id
      join bundle_outputs o on o.attempt_id = a.id where o.candidate_id = ${id}`
  if (await finds(reader, ids)) return ids
  const orders = ordersBy(reader, text)
  if (!orders || !(await finds(reader, orders))) return undefined
  return sql`select id from invoices where order_id in (${orders})`
}

async function sought(text: string, byEvents: () => Promise<string[]>): Promise<Sought> {
  const ids = await byEvents()
  if (ids.length > 0) return { ids: sql`${join(ids)}`, taxIds: [], amounts: [] }
  const taxIds = taxIdsOf(text)
  return { ids: undefined, taxIds, amounts: taxIds.length > 0 ? [] : amountsOf(text) }
}

/** Orders of the shop by the number that people call them by, or by the buyer's e-mail: their ids. */
export function ordersBy(reader: Pick<Reader, 'store'>, text: string): Sql | undefined {
  const number = /^[0-9a-z]{8}$/i.test(text) ? sql`id like ${`%${text.toLowerCase()}`}` : undefined
  const email = /^\S+@\S+$/.test(text)
    ? sql`email in (${sameAsAny('orders.email', [text, text.toLowerCase()])})`
    : undefined
  const condition = number ?? email
  return condition && sql`select id from orders where store_id = ${reader.store} and ${condition}`
}

/** As it is written and without its marks: rosters may have either. */
function taxIdsOf(text: string): string[] {
  try {
    const { formatted } = checkTaxId(text)
    return [...new Set([formatted, formatted.replace(/\W/g, ''), text])]
  } catch (error) {
    if (error instanceof BadInput) return []
    throw error
  }
}

/** Reais, unless it is said to be or can only be bitcoin. */
function amountsOf(text: string): Sought['amounts'] {
  const reais = typedAmount(text, 'BRL')
  if (reais !== undefined) return [{ asset: 'BRL', units: reais }]
  const sats = typedAmount(text, 'BTC')
  return sats === undefined ? [] : [{ asset: 'BTC', units: sats }]
}

interface Columns {
  id: Sql
  units: Sql
  asset: Sql
  /** What holds where the payer's tax id is one of these. */
  taxId: (taxIds: Sql) => Sql
}

/** The condition of a list, by its columns. Nothing sought is nothing found. */
export function soughtIn({ ids, taxIds, amounts: [amount] }: Sought, columns: Columns): Sql {
  if (ids) return sql`${columns.id} in (${ids})`
  if (taxIds.length > 0) return columns.taxId(sql`${sameAsAny('invoices.payer_tax_id', taxIds)}`)
  return amount ? sql`${columns.units} = ${amount.units} and ${columns.asset} = ${amount.asset}` : sql`1 = 0`
}

/**
 * Pix end-to-end ids: E or D, the bank's ISPB, the minute in UTC, eleven characters. No column has them, but
 * they say when to look.
 */
const endToEnd = /^[ed]\d{8}(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)\w{11}$/i
const slackMs = 10 * 60_000
const laterMs = 6 * 3_600_000
const maxEvents = 4_000
const pixRails = join(railNames.filter(name => !isOnChain(name)))

/** The events of those hours whose bytes hold it, of the first `maxEvents`, the newest first. */
export async function eventsWith(reader: Reader, text: string): Promise<{ id: bigint; event_id: string }[]> {
  const hours = hoursOf(text)
  if (!hours) return []
  const found: { id: bigint; event_id: string }[] = []
  let after = { received_at: hours.from, id: 0n }
  for (let read = 0; read < maxEvents; read += 500) {
    const rows = await reader.all<{ id: bigint; event_id: string; received_at: string; raw: Uint8Array }>(sql`
      select id, rail, event_id, received_at, raw from inbox
      where (received_at, id) > (${after.received_at}, ${after.id}) and received_at < ${hours.until}
        and rail in (${pixRails})
      order by received_at, id limit 500`)
    for (const { id, event_id: eventId, raw } of rows)
      if (Buffer.from(raw).toString('latin1').toLowerCase().includes(text.toLowerCase()))
        found.push({ id, event_id: eventId })
    if (rows.length < 500) break
    after = rows.at(-1)!
  }
  return found.reverse()
}

/**
 * Whether more events came in those hours than are read, so that what is sought may be in one of the others.
 */
export async function searchIsCut(reader: Reader, text: string | undefined): Promise<boolean> {
  const hours = text === undefined ? undefined : hoursOf(text)
  if (!hours) return false
  const next = await reader.one(sql`
    select id from inbox where received_at >= ${hours.from} and received_at < ${hours.until}
      and rail in (${pixRails})
    order by received_at, id limit 1 offset ${maxEvents}`)
  return next !== undefined
}

function hoursOf(text: string): { from: Instant; until: Instant } | undefined {
  const minute = endToEnd.exec(text)
  if (!minute) return undefined
  const [, year, month, day, hour, minutes] = minute.map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const at = Date.UTC(year, month - 1, day, hour, minutes)
  return Number.isNaN(at) ? undefined : { from: instant(at - slackMs), until: instant(at + laterMs) }
}

/**
 * The condition for events: by its own id, by an end-to-end id in its bytes, or by what it moved: an invoice,
 * a payout, an order.
 */
export async function soughtEvents(reader: Reader, text: string): Promise<Sql> {
  const id = text.toLowerCase()
  const own = await reader.all<{ id: bigint }>(
    sql`select id from inbox where rail in (${rails}) and event_id = ${text}`,
  )
  const found = own.length > 0 ? own : await eventsWith(reader, text)
  if (found.length > 0) return sql`id in (${join(found.map(each => each.id))})`
  return sql`rail in (${rails}) and event_id in (select ref from transitions where ref is not null
    and subject in (
    select cast(${id} as text) union select id from invoices where rail in (${rails})
      and provider_id = ${text}
    union select id from attempts where payout_id = ${id} or external_id = ${id} or provider_id = ${text}
    union select id from payouts where invoice_id = ${id}))`
}

async function byEndToEnd(reader: Reader, text: string, about: 'invoices' | 'payouts'): Promise<string[]> {
  const events = await eventsWith(reader, text)
  if (events.length === 0) return []
  const rows = await reader.all<{ id: string }>(sql`
    select distinct case when t.about = 'attempts' then (select payout_id from attempts where id = t.subject)
      else t.subject end as id
    from transitions t where t.ref in (${join(events.map(({ event_id: id }) => id))}) and (t.about = ${about}
      or (t.about = 'attempts' and ${about} = 'payouts'))`)
  return rows.map(({ id }) => id)
}

export type Found = Subject & {
  /** As people know it: an event by the provider's id. */
  name: string
}

export interface Everything {
  /** By kind, and of each the newest first. */
  found: Found[]
  /** There is more of it in the lists, or there may be in events that were not read (`searchIsCut`). */
  cut: 'in lists' | 'in events' | undefined
}

/**
 * Everything that bears this id or number, whatever it is; else what a payer's tax id or an amount is found
 * on, the newest of it.
 */
export async function everything(reader: Reader, text: string): Promise<Everything> {
  const byId = await byIdOf(reader, text)
  if (byId.length > 0) return shownOf(byId, maxById)
  const orders = ordersBy(reader, text)
  const ordered = orders
    ? await reader.all<{ id: string }>(
        sql`select id from orders where id in (${orders}) order by added_at desc, id desc limit ${maxShown + 1}`,
      )
    : []
  if (ordered.length > 0)
    return shownOf(
      ordered.map(({ id }) => ({ kind: 'order', id, name: id })),
      maxShown,
    )
  const events = await eventsWith(reader, text)
  if (events.length > 0) {
    const found = events.map((event): Found => ({ kind: 'event', id: `${event.id}`, name: event.event_id }))
    return { found, cut: await cutOf(reader, text) }
  }
  return byPayerOrAmount(reader, text)
}

const maxById = 50
/** Of what may be on a hundred invoices, so many are named; the lists have the others. */
const maxShown = 20

const shownOf = (found: readonly Found[], limit: number): Everything => ({
  found: found.slice(0, limit),
  cut: found.length > limit ? 'in lists' : undefined,
})

const cutOf = async (reader: Reader, text: string): Promise<Everything['cut']> =>
  (await searchIsCut(reader, text)) ? 'in events' : undefined

function byIdOf(reader: Reader, text: string): Promise<Found[]> {
  const id = text.toLowerCase()
  const { store } = reader
  return reader.all<Found>(sql`
    select distinct kind, id, name from (
    select 'invoice' as kind, id, id as name from invoices where id = ${id}
    union all select 'invoice', id, id from invoices where rail in (${rails})
      and provider_id in (${text}, ${id})
    union all select 'invoice', invoice_id, invoice_id from invoice_twins where id = ${id}
      or (rail in (${rails}) and provider_id = ${text})
    union all select 'payout', id, id from payouts where id = ${id}
    union all select 'payout', payout_id, payout_id from attempts where id = ${id} or external_id = ${id}
      or provider_id = ${text}
    union all select 'event', cast(id as text), event_id from inbox where rail in (${rails})
      and event_id = ${text}
    union all select 'run', id, id from runs where id = ${id}
    union all select 'bundle', id, id from bundles where id = ${id}
    union all select 'bundle', bundle_id, bundle_id from bundle_candidates where id = ${id}
    union all select 'invoice', invoice_id, invoice_id from coins where (txid = ${id} or id = ${id})
      and invoice_id is not null
    union all select 'transaction', id, id from ledger_transactions where id = ${id}
    union all select 'slot', id, id from slots where id = ${id}
    union all select 'order', id, id from orders where id = ${id}
    union all select 'proposal', id, id from proposals where id = ${id}
    union all select 'account', name, name from accounts where store_id = ${store} and (id = ${id}
      or name = ${text})
    union all select 'schedule', name, name from schedules where store_id = ${store} and (id = ${id}
      or name = ${text})) as found
    where kind not in ('invoice', 'payout', 'slot', 'order', 'proposal', 'run')
      or (kind = 'invoice' and exists (select 1 from invoices i where i.id = found.id
        and i.store_id = ${store}))
      or (kind = 'payout' and exists (select 1 from payouts p where p.id = found.id
        and p.store_id = ${store}))
      or (kind = 'slot' and exists (select 1 from slots s join schedules h on h.id = s.schedule_id
        where s.id = found.id and h.store_id = ${store}))
      or (kind = 'order' and exists (select 1 from orders o where o.id = found.id and o.store_id = ${store}))
      or (kind = 'proposal' and exists (select 1 from proposals o where o.id = found.id
        and o.store_id = ${store}))
      or (kind = 'run' and exists (select 1 from runs r where r.id = found.id and ${runOfStore(reader)}))
    order by kind, id desc limit ${maxById + 1}`)
}

async function byPayerOrAmount(reader: Reader, text: string): Promise<Everything> {
  const taxIds = taxIdsOf(text)
  const [amount] = taxIds.length > 0 ? [] : amountsOf(text)
  if (taxIds.length === 0 && !amount) return { found: [], cut: await cutOf(reader, text) }
  const condition = amount
    ? sql`units = ${amount.units} and asset = ${amount.asset}`
    : sql`payer_tax_id in (${sameAsAny('invoices.payer_tax_id', taxIds)})`
  const found = (kind: 'invoice' | 'payout') => (row: { id: string }) => ({ kind, id: row.id, name: row.id })
  const invoices = await reader.all<{ id: string }>(
    sql`select id from invoices where store_id = ${reader.store} and ${condition}
      order by added_at desc, id desc limit ${maxShown + 1}`,
  )
  // A payout has no payer of its own: by a tax id the invoice is found, and names it.
  const payouts = amount
    ? await reader.all<{ id: string }>(
        sql`select id from payouts where store_id = ${reader.store} and ${condition}
          order by added_at desc, id desc limit ${maxShown + 1}`,
      )
    : []
  const [invoicesShown, payoutsShown] = [invoices.map(found('invoice')), payouts.map(found('payout'))].map(
    rows => shownOf(rows, maxShown),
  ) as [Everything, Everything]
  return {
    found: [...invoicesShown.found, ...payoutsShown.found],
    cut: invoicesShown.cut ?? payoutsShown.cut,
  }
}
