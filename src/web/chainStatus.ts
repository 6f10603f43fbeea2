/** How things stand on the chain, as figures in satoshis, and what there needs a person. */
import { told } from '../base/money.ts'
import type { Instant } from '../base/world.ts'
import { chainTrouble, tipOf } from '../chain/chain.ts'
import { balances, totals } from '../ledger/ledger.ts'
import { sql, type Reader } from '../store/store.ts'

/** Every amount in satoshis. */
export interface ChainStatus {
  /** asked = open + paid + lost (expired, canceled or refused). */
  requests: { asked: bigint; open: bigint; paid: bigint; lost: bigint; counts: Record<string, number> }
  /** credited = commission + networkFees + paidOn + inTransit + owed. */
  money: {
    /** Came in blocks and is not credited: too shallow, or a person must say. */
    pending: bigint
    credited: bigint
    commission: bigint
    /** Taken from payees by blocks: their shares of the first offer, and what replacements took beyond it. */
    networkFees: bigint
    paidOn: bigint
    inTransit: bigint
    owed: bigint
    /** Change of ours too small for an output, left to the miners: the house's own cost, so no part of the equation. */
    dust: bigint
    /** At addresses of ours for no request, less what left by no order of ours. */
    external: bigint
    /** Unspent in blocks at scripts of ours, by the books. */
    onChain: bigint
  }
  payouts: Record<string, number>
  bundles: Record<string, number>
  tip: { height: number; hash: string; at: Instant } | undefined
  trouble: string | undefined
  needsPerson: string[]
  addsUp: boolean
}

/** What is judged by the settings and the hour. */
export interface ChainNow {
  now: Instant
  /** How deep a coin lies before it is passed on. */
  payoutDepth: number
}

const open = ['draft', 'issued', 'seen', 'underpaid', 'confirming', 'late']
const over = { paid: ['paid', 'credited'], lost: ['expired', 'canceled', 'refused'] }

/** Undefined where no chain was ever looked at and nothing was asked for on one. */
export async function chainStatus(reader: Reader, at: ChainNow): Promise<ChainStatus | undefined> {
  const [tip, trouble] = [await tipOf(reader), await chainTrouble(reader)]
  const rows = await reader.all<{ state: string; count: bigint; units: bigint }>(sql`
    select state, count(*) as count, cast(sum(units) as bigint) as units from invoices where asset = 'BTC' group by state`)
  if (!tip && trouble === undefined && rows.length === 0) return undefined

  const sumOf = (states: string[]) => rows.filter(({ state }) => states.includes(state)).reduce((sum, row) => sum + row.units, 0n)
  const requests = {
    asked: rows.reduce((sum, row) => sum + row.units, 0n),
    open: sumOf(open),
    paid: sumOf(over.paid),
    lost: sumOf(over.lost),
    counts: Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)])),
  }
  const [moved, standing] = [await totals(reader, 'BTC'), await balances(reader, 'BTC')]
  const money = {
    pending: -standing.pending,
    credited: moved['payment credited'] - moved['payment uncredited'],
    commission: moved.commission - moved['commission returned'],
    networkFees: moved['network fee'] - moved['network fee returned'] + moved['fee bump'] - moved['fee bump returned'],
    paidOn: moved['payout mined'] - moved['payout unmined'] + moved['payout paid elsewhere'],
    inTransit: -standing['in-transit'],
    owed: -standing.payable,
    dust: moved['dust given up'] - moved['dust returned'],
    external: -standing.external,
    onChain: standing.bank,
  }
  const explained = money.commission + money.networkFees + money.paidOn + money.inTransit + money.owed
  return {
    requests,
    money,
    payouts: await counts(reader, sql`select state, count(*) as count from payouts where asset = 'BTC' group by state`),
    bundles: await counts(reader, sql`select state, count(*) as count from bundles group by state`),
    tip: tip && { height: Number(tip.height), hash: tip.hash, at: tip.at },
    trouble,
    needsPerson: await needsPerson(reader, trouble, tip?.height, at),
    addsUp: requests.asked === requests.open + requests.paid + requests.lost && money.credited === explained,
  }
}

async function counts(reader: Reader, query: ReturnType<typeof sql>): Promise<Record<string, number>> {
  const rows = await reader.all<{ state: string; count: bigint }>(query)
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]))
}

async function needsPerson(
  reader: Reader,
  trouble: string | undefined,
  tip: bigint | undefined,
  { now, payoutDepth }: ChainNow,
): Promise<string[]> {
  const deep = (tip ?? 0n) - BigInt(payoutDepth) + 1n
  const ofRequests = await reader.all<{ says: string }>(sql`
    select 'request ' || i.id || ' is late: ' || coalesce((select why from transitions where subject = i.id order by seq desc limit 1), '')
        || ' (repasse invoice accept ' || i.id || ' takes it on)' as says
      from invoices i where i.asset = 'BTC' and i.state = 'late'
    union all select 'request ' || id || ' was paid in part, and its time is over: it is watched until ' || watch_until
      from invoices where asset = 'BTC' and state = 'underpaid' and due_at < ${now}
    union all select 'bundle ' || b.id || ' waits: ' || b.why from bundles b where b.state not in ('paid', 'void') and b.why is not null
    union all select 'bundle ' || b.id || ' waits for a signature: repasse bitcoin psbt export ' || b.id
      from bundles b join bundle_candidates c on c.bundle_id = b.id
      where b.state in ('planned', 'signed', 'sent') and b.why is null and c.state = 'planned'
        and c.number = (select max(number) from bundle_candidates where bundle_id = b.id)
    limit 200`)
  const coins = await reader.all<{ id: string; units: bigint; number: bigint; invoice_id: string | null; kind: Odd }>(sql`
    select c.id, c.units, c.number, c.invoice_id, 'not counted' as kind from coins c join invoices i on i.id = c.invoice_id
      where i.state = 'credited' and c.state = 'mined' and c.credits % 2 = 0 and c.units > 0 and c.height <= ${deep}
    union all select id, units, number, invoice_id, 'gone' from coins where credits % 2 = 1 and state <> 'mined'
    union all select c.id, c.units, c.number, c.invoice_id, 'of no request' from coins c
      where c.invoice_id is null and c.state = 'mined' and c.spent_height is null and c.bookings % 2 = 1
    limit 200`)
  return [
    ...(trouble === undefined ? [] : [`the chain cannot be followed, so nothing is credited: ${trouble}`]),
    ...ofRequests.map(({ says }) => says),
    ...coins.map(({ kind, ...coin }) => odd[kind](coin)),
  ]
}

type Odd = 'not counted' | 'gone' | 'of no request'

const odd: Record<Odd, (coin: { id: string; units: bigint; number: bigint; invoice_id: string | null }) => string> = {
  'not counted': ({ id, units, invoice_id: request }) =>
    `${told(units, 'BTC')} more came to request ${request} after it was credited, and are not counted: coin ${id}`,
  gone: ({ id, units, invoice_id: request }) =>
    `the credited payment of ${told(units, 'BTC')} to request ${request} left the chain: coin ${id}`,
  'of no request': ({ id, units, number }) =>
    `${told(units, 'BTC')} came to address ${number} of ours, which no request has: coin ${id} is booked as external`,
}
