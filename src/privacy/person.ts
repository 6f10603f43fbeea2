/** One person by their tax id: where these books have them. */
import { taxIdForms } from '../base/brazil.ts'
import { readRoster, type RosterRow } from '../base/roster.ts'
import type { Asset } from '../base/money.ts'
import { isUnreadable, join, readInSets, sameAsAny, sql, type Reader } from '../db/db.ts'
import type { OrderRow } from '../shop/shop.ts'
import type { InvoiceRow } from '../invoice/invoice.ts'
import { refuse } from './refusals.ts'

export type StatementLine = {
  id: string
  rail: string
  state: string
  units: bigint
  description: string
  source: string
  at: string
}

export interface InRoster {
  schedule: string
  state: string
  /** As the roster has them. */
  rows: RosterRow[]
}

/** Everything in which a person is named. */
export interface Traces {
  /** With its punctuation. */
  taxId: string
  orders: OrderRow[]
  invoices: InvoiceRow[]
  rosters: InRoster[]
  /** Lines of the bank's statement, about nothing of ours, whose text has the tax id or the whole name. */
  lines: StatementLine[]
  /** Payout accounts whose holder they are. */
  accounts: { id: string; name: string; state: string; holder: string }[]
}

/**
 * Within `answering`: a roster that cannot be read is refused. Throws `BadInput` where `text` is no tax id.
 */
export async function tracesOf(reader: Reader, text: string): Promise<Traces> {
  const [taxId, plain] = taxIdForms(text)
  const forms = join([taxId, plain])
  const sought = sameAsAny('invoices.payer_tax_id', [taxId, plain])
  const invoices = await reader.all<InvoiceRow>(
    sql`select * from invoices where store_id = ${reader.store} and payer_tax_id in (${sought})
      order by added_at, id`,
  )
  // Every order has an invoice from the start, to its buyer.
  const orderIds = [...new Set(invoices.flatMap(({ order_id: id }) => id ?? []))]
  const orders = await readInSets(orderIds, set =>
    reader.all<OrderRow>(sql`select * from orders where id in (${set}) order by added_at, id`),
  )
  const names = new Set([...orders.map(({ name }) => name), ...invoices.map(({ payer_name: name }) => name)])
  return {
    ...{ taxId, orders, invoices },
    rosters: await rostersWith(reader, taxId),
    lines: await linesNaming(reader, [taxId, plain, ...names]),
    accounts: await reader.all(
      sql`select id, name, state, holder from accounts where store_id = ${reader.store}
        and tax_id in (${forms})
        order by name`,
    ),
  }
}

export const isUnknown = ({ orders, invoices, rosters, lines, accounts }: Traces): boolean =>
  [orders, invoices, rosters, lines, accounts].every(each => each.length === 0)

async function rostersWith(reader: Reader, taxId: string): Promise<InRoster[]> {
  const schedules = await reader.all<{ name: string; state: string; roster: string; currency: Asset }>(sql`
    select id, name, state, roster, currency from schedules
      where store_id = ${reader.store} and roster is not null order by name`)
  const unknown = schedules.find(({ roster }) => isUnreadable(roster))
  if (unknown) refuse({ is: 'roster-unreadable', name: unknown.name })
  return schedules
    .map(({ name, state, roster, currency }) => ({
      ...{ schedule: name, state },
      rows: readRoster(roster, currency).filter(row => row.taxId === taxId),
    }))
    .filter(({ rows }) => rows.length > 0)
}

/** Shorter names are words of other texts. */
const minName = 8

/**
 * A text may name somebody in the middle of a sentence, so every line is read: few are about nothing of ours.
 */
async function linesNaming(reader: Reader, names: readonly string[]): Promise<StatementLine[]> {
  const sought = names
    .filter(name => name.length >= minName && !isUnreadable(name))
    .map(name => name.toLowerCase())
  const found: StatementLine[] = []
  for (let after = ''; ;) {
    const lines = await reader.all<StatementLine>(sql`
      select id, rail, state, units, description, source, at from strangers where id > ${after} order by id
        limit 1000`)
    found.push(
      ...lines.filter(({ description }) => sought.some(name => description.toLowerCase().includes(name))),
    )
    if (lines.length < 1_000) return found
    after = lines.at(-1)!.id
  }
}
