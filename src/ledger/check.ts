/**
 * What must always hold of the books, asked of the database: each finding is a sentence with the ids a person
 * needs.
 */
import { formatMoney, type Asset } from '../base/money.ts'
import { chainRails, isOnChain } from '../base/rails.ts'
import { empty, join, sql, type Reader, type Sql } from '../db/db.ts'
import { auditChain, auditedDetails } from './audit.ts'
import { chart } from './chart.ts'
import { tally, type Off } from './tallies.ts'

export interface Finding {
  invariant:
    | 'sums to zero'
    | 'two lines'
    | 'conservation'
    | 'one live order'
    | 'paid once'
    | 'states and books'
    | 'audit chain'
    | 'approvals'
    | 'audit anchors'
  subject: string
  says: string
}

/** A part of the books: some invoices with all that belongs to them, and some ledger transactions. */
export interface Part {
  invoices: readonly string[]
  transactions: readonly string[]
}

/** How much is asked of the database at once, so that one answer takes milliseconds. */
export const maxAtOnce = 200

/**
 * Proves the invariants that need no provider, all of them. An empty list is the proof. Large books take
 * minutes: see `checkPart`.
 */
export async function checkLedger(reader: Reader): Promise<Finding[]> {
  return [
    ...(await transactionsOf(reader, everything)),
    ...(await invoicesOf(reader, everything)),
    ...(await checkAudit(reader)),
  ]
}

/** The same for a part of them, a few at a time, without the audit log. */
export async function checkPart(reader: Reader, { invoices, transactions }: Part): Promise<Finding[]> {
  const found: Finding[] = []
  for (const ids of slices(transactions)) found.push(...(await transactionsOf(reader, among(ids))))
  for (const ids of slices(invoices)) found.push(...(await invoicesOf(reader, among(ids))))
  return found
}

/** The hash chain from its first row on, or from the one after `after`. */
export async function checkAudit(reader: Reader, after = 0n): Promise<Finding[]> {
  return (await auditChain(reader, after)).map(says => ({ invariant: 'audit chain', subject: 'audit', says }))
}

/** Narrows a statement by the column that bears an id: a condition that begins with `and`, or nothing. */
type Only = (column: string) => Sql

const everything: Only = () => empty
/**
 * How many places a list has: one of few numbers, so that each statement has few texts, and few ids cost
 * little.
 */
const places = [8, 40, maxAtOnce]

const among = (ids: readonly string[]): Only => {
  const length = places.find(count => count >= ids.length)!
  const list = join(Array.from({ length }, (_, place) => ids[place] ?? ''))
  return column => sql`and ${{ texts: [column], values: [] }} in (${list})`
}

function* slices(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += maxAtOnce) yield ids.slice(from, from + maxAtOnce)
}

async function transactionsOf(reader: Reader, only: Only): Promise<Finding[]> {
  // Of all of them the sums by movement and account tell it sooner: see `checkChart`.
  const off = only === everything ? [] : await offTheChart(reader, only)
  return [...(await unbalanced(reader, only)), ...off, ...(await unowed(reader, only))]
}

async function invoicesOf(reader: Reader, only: Only): Promise<Finding[]> {
  return [
    ...(await unconserved(reader, only)),
    ...(await overpaid(reader, only)),
    ...(await contradicted(reader, only)),
    ...(await duplicated(reader, only)),
    ...(await goneBack(reader, only)),
    ...(await wrongSize(reader, only)),
    ...(await ordersEdited(reader, only)),
    ...(await owedByNone(reader, only)),
    ...(await notAsInvoiced(reader, only)),
    ...(await creditedOtherwise(reader, only)),
    ...(await withheldOtherwise(reader, only)),
    ...(await chargedOtherwise(reader, only)),
  ]
}

async function unbalanced(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; lines: bigint; units: bigint; asset: Asset | null }>(sql`
    select t.id, count(e.line) as lines, cast(coalesce(sum(e.units), 0) as bigint) as units,
      min(e.asset) as asset
    from ledger_transactions t left join ledger_entries e on e.transaction_id = t.id
    where true ${only('t.id')}
    group by t.id having count(e.line) <> 2 or coalesce(sum(e.units), 0) <> 0
      or count(distinct e.asset) <> 1`)
  return rows.map(({ id, lines, units, asset }) =>
    units === 0n
      ? { invariant: 'two lines', subject: id, says: `${id} has ${lines} lines of one asset, expected 2` }
      : {
          invariant: 'sums to zero',
          subject: id,
          says: `${id} sums to ${formatMoney(units, asset ?? 'BRL')}`,
        },
  )
}

/** Every line there may be, by the chart: the first is debited and the second credited. */
const onTheChart = join(
  Object.entries(chart).flatMap(([movement, { from, to }]) => [
    `${movement}/1/${to}/1`,
    `${movement}/2/${from}/-1`,
  ]),
)

const chartPlaces = new Set(
  Object.entries(chart).flatMap(([movement, { from, to }]) => [
    `${movement}/1/${to}`,
    `${movement}/2/${from}`,
  ]),
)

/**
 * Whether every movement is on its accounts, by the sums that are kept and what is missing from them; read
 * row by row only where one is not.
 */
export async function checkChart(reader: Reader, off: readonly Off[]): Promise<Finding[]> {
  const parts = [
    ...(await tally(reader, 'ledger')).map(({ parts: names }) => names),
    ...off.filter(({ about }) => about === 'ledger').map(({ part }) => part.split('/')),
  ]
  return parts.every(([movement, line, account]) => chartPlaces.has(`${movement}/${line}/${account}`))
    ? []
    : offTheChart(reader, everything)
}

/** A movement is on the two accounts of its own, the right way round. */
async function offTheChart(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; movement: string }>(sql`
    select distinct t.id, t.movement from ledger_transactions t
      join ledger_entries e on e.transaction_id = t.id
    where t.movement || '/' || e.line || '/' || e.account || '/' || case when e.units > 0 then '1'
      else '-1' end not in (${onTheChart})
      ${only('t.id')}`)
  return rows.map(({ id, movement }) => ({
    invariant: 'two lines',
    subject: id,
    says: `${id} is a “${movement}”, and its lines are not on the accounts of one`,
  }))
}

/** What a movement adds to the amount credited for an invoice. */
const credits = sql`
  case when t.movement in ('invoice credited', 'cash received', 'payment credited') then e.units
    when t.movement = 'payment uncredited' then -e.units end`

/** What takes back what was credited for an invoice. */
const goesBack = sql`'invoice reversed', 'cash receipt taken back'`

/** And to the amount that went back. */
const returns = sql`
  case when t.movement in (${goesBack}) then e.units
    when t.movement in ('invoice reversal undone', 'cash received again') then -e.units end`

/**
 * Per invoice: paid = bank fee + commission + transfer fee withheld + paid on + in transit + owed, by two
 * different ways of adding.
 */
async function unconserved(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{
    id: string
    asset: Asset
    paid: bigint
    fee: bigint
    booked: bigint
    charged: bigint
  }>(sql`
    select i.id, i.asset, coalesce(i.paid_units, 0) as paid, coalesce(i.fee_units, 0) as fee,
      cast(coalesce(sum(${credits}), 0) as bigint) as booked,
      cast(coalesce(sum(case when t.movement = 'bank fee' then e.units end), 0) as bigint) as charged
    from invoices i
      left join ledger_entries e on e.invoice_id = i.id and e.line = 1
      left join ledger_transactions t on t.id = e.transaction_id
    where (i.state in ('credited', 'reversed') or i.paid_units is not null) ${only('i.id')}
    group by i.id, i.asset, i.paid_units, i.fee_units
    having coalesce(i.paid_units, 0) <> coalesce(sum(${credits}), 0)
      or coalesce(i.fee_units, 0) <> coalesce(sum(case when t.movement = 'bank fee' then e.units end), 0)`)
  const drifted = await reader.all<{ id: string; asset: Asset; units: bigint }>(sql`
    select invoice_id as id, asset, cast(sum(units) as bigint) as units from ledger_entries
    where invoice_id is not null ${only('invoice_id')} group by invoice_id, asset having sum(units) <> 0`)
  return [
    ...rows.map(({ id, asset, paid, fee, booked, charged }) => ({
      invariant: 'conservation' as const,
      subject: id,
      says: `${id}: paid ${formatMoney(paid, asset)} with fee ${formatMoney(fee, asset)}, but ${formatMoney(booked, asset)} and ${formatMoney(charged, asset)} are in the books`,
    })),
    ...drifted.map(({ id, asset, units }) => ({
      invariant: 'conservation' as const,
      subject: id,
      says: `${id}: its entries leave ${formatMoney(units, asset)} unexplained`,
    })),
  ]
}

// A column with nothing joined to it is no column of an index: few invoices are found by themselves, and not
// among all that are paid.

/** Attempts by the invoice of their payout. */
const payoutsAmong = (only: Only): Sql =>
  only === everything
    ? empty
    : sql`and payout_id in (select p.id from payouts p where true ${only('p.invoice_id')})`

/**
 * Nothing is ordered beyond what was credited and did not go back, unless the payee owes it, and nothing is
 * settled twice.
 */
async function overpaid(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; asset: Asset; owed: bigint }>(sql`
    select e.invoice_id as id, e.asset, cast(-sum(e.units) as bigint) as owed from ledger_entries e
    where e.account || '' = 'payable' and e.invoice_id is not null ${only('e.invoice_id')}
      and e.invoice_id not in (${unsettledReversals})
    group by e.invoice_id, e.asset having -sum(e.units) < 0`)
  const twice = await reader.all<{ id: string; settled: bigint }>(sql`
    select payout_id as id, count(*) as settled from attempts
    where state = 'success' ${payoutsAmong(only)} group by payout_id having count(*) > 1`)
  return [
    ...rows.map(({ id, asset, owed }) => ({
      invariant: 'conservation' as const,
      subject: id,
      says: `${id}: ${formatMoney(-owed, asset)} more was ordered than it brought in`,
    })),
    ...twice.map(({ id, settled }) => ({
      invariant: 'paid once' as const,
      subject: id,
      says: `${id} was settled ${settled} times`,
    })),
  ]
}

type Returned = {
  id: string
  returned: bigint
  booked: bigint
  commission: bigint
  most: bigint
}

/** What went back to payers stands in the books as in its row, and no commission is kept on it. */
async function goneBack(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<Returned>(sql`
    select i.id, coalesce(r.returned_units, 0) as returned,
      cast(coalesce(sum(${returns}), 0) as bigint) as booked,
      cast(coalesce(sum(case when t.movement in ('commission', 'commission again') then e.units
        when t.movement = 'commission returned' then -e.units end), 0) as bigint)
        as commission,
      ((i.paid_units - coalesce(r.returned_units, 0)) * i.commission_bp + 5000) / 10000 as most
    from invoices i join ledger_entries e on e.invoice_id = i.id and e.line = 1
      join ledger_transactions t on t.id = e.transaction_id
      left join invoice_reversals r on r.invoice_id = i.id
    where i.rail not in (${join(chainRails)}) and (r.invoice_id is not null or i.id in (
      select x.invoice_id from ledger_entries x join ledger_transactions y on y.id = x.transaction_id
        where y.movement in (${goesBack})))
      and i.paid_units is not null and i.id not in (${unsettledReversals}) ${only('i.id')}
    group by i.id, i.paid_units, i.commission_bp, r.returned_units`)
  return rows.flatMap(({ id, returned, booked, commission, most }) => [
    ...(returned === booked
      ? []
      : [
          conservation(
            id,
            `${formatMoney(returned, 'BRL')} went back to its payer, but ${formatMoney(booked, 'BRL')} is in the books`,
          ),
        ]),
    ...(commission <= most
      ? []
      : [
          conservation(
            id,
            `${formatMoney(commission, 'BRL')} of commission is kept, of what is left it may be ${formatMoney(most, 'BRL')}`,
          ),
        ]),
  ])
}

const conservation = (id: string, says: string): Finding => ({
  invariant: 'conservation',
  subject: id,
  says: `${id}: ${says}`,
})

/**
 * A reversal that the end of an order under way decides, or that was booked by an older version and was not
 * read again yet.
 */
const unsettledReversals = sql`
  select r.invoice_id from invoice_reversals r left join payouts p on p.invoice_id = r.invoice_id
  where r.logs_seen = 0 or p.state in ('sending', 'unsure', 'sent')`

/** A payout that is still to be made is of what is owed now, to the cent. */
async function wrongSize(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; units: bigint; owed: bigint }>(sql`
    select p.id, p.units, cast(-coalesce(sum(e.units), 0) as bigint) as owed
    from payouts p left join ledger_entries e on e.invoice_id = p.invoice_id and e.account = 'payable'
    where p.rail not in (${join(chainRails)}) and p.state in ('owed', 'waiting', 'held', 'returned')
      and p.units > 0
      and p.invoice_id not in (${unsettledReversals}) ${only('p.invoice_id')}
    group by p.id, p.units having p.units <> -coalesce(sum(e.units), 0)`)
  return rows.map(({ id, units, owed }) => ({
    invariant: 'states and books',
    subject: id,
    says: `${id} is of ${formatMoney(units, 'BRL')}, and ${formatMoney(owed, 'BRL')} is owed`,
  }))
}

/**
 * An order is of what the books ordered, and a payout that was ordered is of the same: an amount edited
 * afterwards would be shown as paid.
 */
async function ordersEdited(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{
    id: string
    key: string
    asset: Asset
    units: bigint
    ordered: bigint
    booked: bigint
  }>(sql`
    select p.id, a.external_id as key, p.asset, p.units, a.units as ordered, -e.units as booked
    from payouts p join attempts a on a.payout_id = p.id
      join ledger_transactions t on t.source = a.id and t.movement = 'payout ordered'
      join ledger_entries e on e.transaction_id = t.id and e.account = 'in-transit'
    where (a.units <> -e.units or p.units <> a.units and p.state || '' in ('sent', 'unsure', 'paid')
      and a.state in ('sending', 'unsure', 'sent', 'success')) ${only('p.invoice_id')}`)
  return rows.map(({ id, key, asset, units, ordered, booked }) => ({
    invariant: 'states and books',
    subject: id,
    says:
      ordered === booked
        ? `${id} is of ${formatMoney(units, asset)}, and its order ${key} was of ${formatMoney(ordered, asset)}`
        : `order ${key} is of ${formatMoney(ordered, asset)}, and the books ordered ${formatMoney(booked, asset)}`,
  }))
}

/** What is owed for an invoice has a payout: one that was canceled pays nobody. */
async function owedByNone(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; asset: Asset; owed: bigint; payout: string | null }>(sql`
    select e.invoice_id as id, e.asset, cast(-sum(e.units) as bigint) as owed,
      (select max(p.id) from payouts p where p.invoice_id = e.invoice_id) as payout
    from ledger_entries e
    where e.account || '' = 'payable' and e.invoice_id is not null ${only('e.invoice_id')}
      and e.invoice_id not in (${unsettledReversals})
      and not exists (select 1 from payouts p where p.invoice_id = e.invoice_id
        and p.state <> 'canceled')
    group by e.invoice_id, e.asset having -sum(e.units) > 0`)
  return rows.map(({ id, asset, owed, payout }) => ({
    invariant: 'states and books',
    subject: payout ?? id,
    says: `${formatMoney(owed, asset)} is owed for ${id}, and ${payout === null ? 'no payout passes it on' : `its payout ${payout} is canceled`}`,
  }))
}

type Asked = {
  id: string
  rail: string
  asset: Asset
  account: string
  invoice: string
  invoice_rail: string
  invoice_asset: Asset
}

/**
 * A payout is on its invoice's rail, in its currency, and to its account or where two people redirected it.
 */
async function notAsInvoiced(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<Asked>(sql`
    select p.id, p.rail, p.asset, p.account_id as account, i.id as invoice, i.rail as invoice_rail,
      i.asset as invoice_asset
    from payouts p join invoices i on i.id = p.invoice_id
    where (p.rail <> i.rail or p.asset <> i.asset or p.account_id <> i.account_id
      and p.rule not like 'refund%')
      ${only('p.invoice_id')}`)
  const found: Finding[] = []
  const finding = (subject: string, says: string) =>
    found.push({ invariant: 'states and books', subject, says: `${subject} ${says}` })
  for (const { id, rail, asset, account, invoice, ...asked } of rows)
    if (rail !== asked.invoice_rail)
      finding(id, `is on the rail ${rail}, and its invoice ${invoice} on ${asked.invoice_rail}`)
    else if (asset !== asked.invoice_asset)
      finding(id, `is in ${asset}, and its invoice ${invoice} in ${asked.invoice_asset}`)
    else if (!(await wasRedirected(reader, id, account)))
      finding(id, `goes to account ${account}, and its invoice ${invoice} is for another one`)
  return found
}

async function wasRedirected(reader: Reader, payout: string, account: string): Promise<boolean> {
  const last = (await auditedDetails(reader, payout, 'payout redirected')).at(-1)
  if (last?.['toId'] !== undefined) return last['toId'] === account
  const named = await reader.one<{ name: string }>(sql`select name from accounts where id = ${account}`)
  return last !== undefined && last['to'] === named?.name
}

/**
 * An invoice of which money is in the books is shown as credited, one of which all went back as reversed, and
 * no other one is; but for those that went back before they were credited, as their history has it: early
 * releases moved them so.
 */
async function creditedOtherwise(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; state: string; booked: bigint; gone: bigint }>(sql`
    select i.id, i.state, cast(coalesce(sum(${credits}), 0) as bigint) as booked,
      cast(coalesce(sum(${returns}), 0) as bigint) as gone
    from invoices i left join ledger_entries e on e.invoice_id = i.id and e.line = 1
      left join ledger_transactions t on t.id = e.transaction_id
    where i.rail not in (${join(chainRails)}) ${only('i.id')}
    group by i.id, i.state
    having i.state <> case when coalesce(sum(${credits}), 0) = 0 then ''
        when coalesce(sum(${returns}), 0) < sum(${credits}) then 'credited' else 'reversed' end
      and (i.state in ('credited', 'reversed') or coalesce(sum(${credits}), 0) > 0)
      and i.id not in (select invoice_id from invoice_reversals where logs_seen = 0)
      and not (i.state = 'reversed' and coalesce(sum(${credits}), 0) = 0 and exists (select 1
        from transitions m where m.subject = i.id and m.about = 'invoices' and m.to_state = 'reversed'))`)
  return rows.map(({ id, state, booked, gone }) => ({
    invariant: 'states and books',
    subject: id,
    says: `${id} is ${state}, and ${formatMoney(booked, 'BRL')} was credited for it in the books${gone === 0n ? '' : `, of which ${formatMoney(gone, 'BRL')} went back`}`,
  }))
}

const withheldFirst = sql`case when t.movement = 'transfer fee withheld' then e.units end`

/**
 * What a payout says is withheld for its transfer is what the books withheld; nothing where that was given
 * back.
 */
async function withheldOtherwise(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; units: bigint; booked: bigint }>(sql`
    select p.id, p.withheld_units as units,
      cast(coalesce(sum(${withheldFirst}), 0) as bigint) as booked
    from payouts p left join ledger_entries e on e.invoice_id = p.invoice_id and e.line = 1
      left join ledger_transactions t on t.id = e.transaction_id
    where p.rail not in (${join(chainRails)}) ${only('p.invoice_id')}
    group by p.id, p.withheld_units
    having p.withheld_units <> coalesce(sum(${withheldFirst}), 0)
      and (p.withheld_units <> 0 or coalesce(sum(case
        when t.movement in ('transfer fee withheld', 'transfer fee withheld again') then e.units
        when t.movement = 'transfer fee returned' then -e.units end), 0) <> 0)`)
  return rows.map(({ id, units, booked }) => ({
    invariant: 'states and books',
    subject: id,
    says: `${id} says that ${formatMoney(units, 'BRL')} is withheld for its transfer, and the books withheld ${formatMoney(booked, 'BRL')}`,
  }))
}

/** What a settled order says that its transfer cost is what the books have of it. */
async function chargedOtherwise(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{ id: string; key: string; units: bigint; booked: bigint }>(sql`
    select p.id, a.external_id as key, coalesce(a.fee_units, 0) as units, coalesce(e.units, 0) as booked
    from payouts p join attempts a on a.payout_id = p.id and a.state = 'success'
      left join ledger_transactions t on t.source = a.id and t.movement = 'transfer fee'
      left join ledger_entries e on e.transaction_id = t.id and e.line = 1
    where p.rail not in (${join(chainRails)}) and coalesce(a.fee_units, 0) <> coalesce(e.units, 0)
      ${only('p.invoice_id')}`)
  return rows.map(({ id, key, units, booked }) => ({
    invariant: 'states and books',
    subject: id,
    says: `order ${key} cost ${formatMoney(units, 'BRL')} by its row, and ${formatMoney(booked, 'BRL')} in the books`,
  }))
}

/** Whatever payees owe is owed for one payout account. */
async function unowed(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{ id: string }>(sql`
    select e.transaction_id as id from ledger_entries e where e.account = 'receivable'
      and e.transaction_id not in (select transaction_id from receivable_moves) ${only('e.transaction_id')}`)
  return rows.map(({ id }) => ({
    invariant: 'states and books',
    subject: id,
    says: `${id}: whose account owes it is not known`,
  }))
}

/** The states of payouts and invoices say what the books say. */
async function contradicted(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<{
    id: string
    state: string
    rail: string
    settled: bigint
    ordered: bigint
  }>(sql`
    select p.id, p.state, p.rail,
      (select count(*) from attempts a join ledger_transactions t on t.source = a.id
        and t.movement in ('payout settled', 'cash handed over') where a.payout_id = p.id)
        - (select count(*) from attempts a join ledger_transactions t on t.source = a.id
          and t.movement = 'payout refunded' where a.payout_id = p.id)
        + (select count(*) from attempts a join bundles b on b.id = a.bundle_id where a.payout_id = p.id
          and b.booked is not null and b.state <> 'void')
        + case when p.rail in (${join(chainRails)}) then (select count(*) from paid_elsewhere x
          where x.payout_id = p.id
          and x.bookings % 2 = 1)
            else (select count(*) from ledger_transactions t where t.movement = 'payout paid elsewhere'
              and t.source = p.id)
              - (select count(*) from ledger_transactions t where t.movement = 'payout elsewhere undone'
                and t.source = p.id) end
        as settled,
      (select count(*) from attempts a where a.payout_id = p.id
        and a.state in ('sending', 'unsure', 'sent', 'success')) as ordered
    from payouts p where true ${only('p.invoice_id')}`)
  const isEnded = (state: string) => state === 'paid'
  const isLive = (state: string) => ['sending', 'unsure', 'sent'].includes(state)
  return (
    rows
      // What a block pays out stays `sent` until it lies deep enough.
      .filter(({ state, rail, settled, ordered }) =>
        isEnded(state)
          ? settled !== 1n
          : ordered !== (isLive(state) ? 1n : 0n) ||
            (isLive(state) && isOnChain(rail) ? settled > 1n : settled !== 0n),
      )
      .map(({ id, state, settled, ordered }) => ({
        invariant: 'states and books',
        subject: id,
        says: `${id} is ${state} with ${ordered} live order(s) and ${settled} settled in the books`,
      }))
  )
}

type OfDuplicates = { id: string; paid: bigint; returned: bigint; owed: bigint }

/**
 * What came for an invoice's duplicates, what of it went back, and what is still owed to payers stand in the
 * books as in their rows.
 */
async function duplicated(reader: Reader, only: Only): Promise<Finding[]> {
  const rows = await reader.all<OfDuplicates>(sql`
    select invoice_id as id, cast(sum(coalesce(paid_units, 0)) as bigint) as paid,
      cast(sum(returned_units) as bigint) as returned,
      cast(sum(case when state in ('refunded', 'kept') then 0
        else coalesce(paid_units, 0) - returned_units end) as bigint) as owed
    from invoice_twins where true ${only('invoice_id')} group by invoice_id`)
  const booked = await reader.all<OfDuplicates>(sql`
    select e.invoice_id as id, cast(-sum(case when t.movement = 'duplicate credited' then e.units
      else 0 end) as bigint) as paid,
      cast(sum(case when t.movement in ('duplicate refunded', 'duplicate refund undone') then e.units
        else 0 end) as bigint) as returned,
      cast(-sum(e.units) as bigint) as owed
    from ledger_entries e join ledger_transactions t on t.id = e.transaction_id
    where e.account = 'owed-to-payers' and e.invoice_id is not null ${only('e.invoice_id')}
      group by e.invoice_id`)
  const nothing = { paid: 0n, returned: 0n, owed: 0n }
  const [known, posted] = [new Map(rows.map(row => [row.id, row])), new Map(booked.map(row => [row.id, row]))]
  return [...new Set([...known.keys(), ...posted.keys()])].flatMap(id => {
    const [row, books] = [known.get(id) ?? nothing, posted.get(id) ?? nothing]
    if (row.paid === books.paid && row.returned === books.returned && row.owed === books.owed) return []
    const sums = ({ paid, returned, owed }: Omit<OfDuplicates, 'id'>) =>
      `${formatMoney(paid, 'BRL')} paid, ${formatMoney(returned, 'BRL')} refunded, ${formatMoney(owed, 'BRL')} owed`
    return [
      {
        invariant: 'conservation' as const,
        subject: id,
        says: `duplicates of ${id}: ${sums(row)}, but ${sums(books)} in the books`,
      },
    ]
  })
}
