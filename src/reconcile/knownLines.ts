/**
 * What the books know of lines of the bank's statement, read for all of them at once: a statement is read
 * every few minutes, and its lines are many.
 */
import { ourTags } from '../ledger/ledger.ts'
import { disownedAmong, type Disowned } from '../payout/payout.ts'
import type { StatementLine } from '../rails/rail.ts'
import { readInSets, sql, type Reader, type Sql } from '../db/db.ts'
import type { OurLine } from './drift.ts'

type Line = Pick<StatementLine, 'about' | 'tags' | 'units'>

/**
 * How the ledger names a line of the statement. Its words may name a payer, and nothing is ever taken out of
 * the ledger.
 */
export const lineMemo = ({ id }: Pick<StatementLine, 'id'>): string => `statement line ${id}`

export interface KnownLines {
  /** Who said, with a second person, that the transfer of this line is none of ours. */
  whoDisowned(line: Line): Disowned | undefined
  /** Whether it is about an invoice or an order of ours, by the bank's id of it or by the tag it bears. */
  isOurs(line: Line): boolean
  /**
   * Whether the books have booked a line of an invoice, or of a duplicate of one. `perhaps`: some of its
   * money goes back, and which lines are booked is not known.
   */
  bookedOf(line: Line): OurLine['booked']
  /**
   * Whether it may not be booked yet, or is of a settled transfer that came back and of which the books have
   * not heard.
   */
  mayCount(line: Line): boolean
}

type KnownInvoice = {
  id: string
  provider_id: string | null
  open: bigint
  moving: bigint
}
type KnownTwin = {
  provider_id: string
  open: bigint
  kept: bigint
}
type KnownOrder = {
  provider_id: string | null
  external_id: string
  state: string
}

/**
 * Reads what is known of `lines`, as it stands now: within a transaction nothing of it changes by lines being
 * booked.
 */
export async function knownLines(reader: Reader, lines: readonly Line[]): Promise<KnownLines> {
  const aboutInvoices = lines.filter(({ about }) => about.is === 'invoice')
  const aboutOrders = lines.filter(({ about }) => about.is === 'payout')
  const invoicesBy = (column: Sql, values: Iterable<string>) =>
    readInSets(values, set =>
      reader.all<KnownInvoice>(sql`
        select i.id, i.provider_id, case when i.state in ('credited', 'reversed') then 0 else 1 end as open,
          case when exists (select 1 from invoice_reversals r where r.invoice_id = i.id
            and r.under_way_since is not null) then 1 else 0 end as moving
        from invoices i where ${column} in (${set})`),
    )
  const ordersBy = (column: Sql, values: Iterable<string>) =>
    readInSets(values, set =>
      reader.all<KnownOrder>(
        sql`select provider_id, external_id, state from attempts where ${column} in (${set})`,
      ),
    )
  const invoices = byProvider(await invoicesBy(sql`i.provider_id`, aboutInvoices.map(providerIdOf)))
  const twins = byProvider(
    await readInSets(aboutInvoices.map(providerIdOf), set =>
      reader.all<KnownTwin>(sql`
        select provider_id, case when state in ('open', 'canceled', 'paid') then 1 else 0 end as open,
          case when paid_units > returned_units then 1 else 0 end as kept
        from invoice_twins where provider_id in (${set})`),
    ),
  )
  const tagged = await invoicesBy(
    sql`i.id`,
    aboutInvoices.flatMap(({ tags }) => ourTags(tags).invoice ?? []),
  )
  const taggedIds = new Set(tagged.map(({ id }) => id))
  const orders = byProvider(await ordersBy(sql`provider_id`, aboutOrders.map(providerIdOf)))
  const keyed = await ordersBy(
    sql`external_id`,
    aboutOrders.flatMap(({ tags }) => ourTags(tags).order ?? []),
  )
  const byKey = new Map(keyed.map(order => [order.external_id, order]))
  const disowned = await disownedAmong(reader, aboutOrders.map(providerIdOf))

  const whoDisowned = ({ about }: Line) =>
    about.is === 'payout' ? disowned.get(about.providerId) : undefined
  const orderOf = (line: Line) => orders.get(providerIdOf(line))
  const orderOfKey = ({ tags }: Line) => byKey.get(ourTags(tags).order ?? '')

  const isOurs = (line: Line): boolean => {
    const { about, tags } = line
    const providerId = providerIdOf(line)
    if (about.is === 'invoice')
      return invoices.has(providerId) || twins.has(providerId) || taggedIds.has(ourTags(tags).invoice ?? '')
    if (about.is === 'other' || whoDisowned(line)) return false
    // Under a key of ours that another transfer has been paid under, it is one too many.
    const keyed = orderOfKey(line)
    return orders.has(providerId) || (keyed !== undefined && (keyed.provider_id === null || !isPaid(keyed)))
  }

  const bookedOf = (line: Line): OurLine['booked'] => {
    const [invoice, twin] = [invoices.get(providerIdOf(line)), twins.get(providerIdOf(line))]
    if (invoice?.open || twin?.open) return 'no'
    return invoice?.moving || (twin?.kept && line.units < 0n) ? 'perhaps' : 'yes'
  }

  const mayCount = (line: Line): boolean => {
    if (line.about.is === 'invoice') return bookedOf(line) !== 'yes'
    if (line.about.is === 'other') return false
    const order = orderOf(line)
    // A settled one whose money came back is still out in the books.
    return (
      isUnderWay(order) || isUnderWay(orderOfKey(line)) || (line.units > 0n && order?.state === 'success')
    )
  }

  return { whoDisowned, isOurs, bookedOf, mayCount }
}

const isPaid = ({ state }: KnownOrder): boolean => state === 'success' || state === 'refunded'
const isUnderWay = (order: KnownOrder | undefined): boolean =>
  order !== undefined && ['sending', 'unsure', 'sent'].includes(order.state)

const providerIdOf = ({ about }: Line): string => (about.is === 'other' ? '' : about.providerId)
const byProvider = <T extends { provider_id: string | null }>(rows: readonly T[]): Map<string, T> =>
  new Map(rows.flatMap(row => (row.provider_id === null ? [] : [[row.provider_id, row] as const])))
