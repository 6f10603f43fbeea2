/** How things stand, as figures: what the status command, `/ready` and the demo show. */
import type { Instant } from '../base/world.ts'
import { chainTrouble, tipOf } from '../chain/chain.ts'
import { balances, totals } from '../ledger/ledger.ts'
import { beforeThat, payoutsStopped } from '../payout/payout.ts'
import { pending } from '../store/migrate.ts'
import { sql, type Reader, type Store } from '../store/store.ts'
import { chainStatus, type ChainStatus } from './chainStatus.ts'

export interface Status {
  stopped: string | undefined
  /** Cents. asked = open + paid + lost (expired, canceled, refused). */
  invoices: { asked: bigint; open: bigint; paid: bigint; lost: bigint; counts: Record<string, number> }
  /** Cents. credited = fees + commission + withheld + paid on + reversed + owed. */
  money: {
    credited: bigint
    bankFees: bigint
    commission: bigint
    withheld: bigint
    paidOn: bigint
    inTransit: bigint
    reversed: bigint
    owed: bigint
    atBank: bigint
  }
  payouts: Record<string, number>
  /** Events of every rail. */
  inbox: Record<string, number>
  /** Satoshis; there with the Bitcoin rail. Nothing of it is in the figures above. */
  bitcoin: ChainStatus | undefined
  /** What needs a person, as sentences. */
  needsPerson: string[]
  /** asked and credited are wholly explained, on every rail. */
  addsUp: boolean
}

/** `now` and `payoutDepth` sharpen what needs a person on the chain: what is over, and what lies deep enough and is not credited. */
export async function status(
  reader: Reader,
  { now = '', payoutDepth = usualDepth }: { now?: Instant; payoutDepth?: number } = {},
): Promise<Status> {
  const invoiceRows = await reader.all<{ state: string; count: bigint; units: bigint; paid: bigint }>(sql`
    select state, count(*) as count, cast(sum(units) as bigint) as units, cast(coalesce(sum(paid_units), 0) as bigint) as paid
    from invoices where asset = 'BRL' group by state`)
  const asked = invoiceRows.reduce((sum, row) => sum + row.units, 0n)
  const sumOf = (states: string[]) => invoiceRows.filter(({ state }) => states.includes(state)).reduce((sum, row) => sum + row.units, 0n)
  const invoices = {
    asked,
    open: sumOf(['draft', 'issuing', 'unsure', 'issued', 'overdue']),
    paid: sumOf(['paid', 'credited', 'reversed']),
    lost: sumOf(['expired', 'canceled', 'refused']),
    counts: Object.fromEntries(invoiceRows.map(({ state, count }) => [state, Number(count)])),
  }

  const moved = await totals(reader)
  const standing = await balances(reader)
  const money = {
    credited: moved['invoice credited'],
    bankFees: moved['bank fee'],
    commission: moved.commission - moved['commission returned'],
    withheld: moved['transfer fee withheld'] - moved['transfer fee returned'],
    paidOn: moved['payout settled'] - moved['payout refunded'] + moved['payout paid elsewhere'],
    inTransit: -standing['in-transit'],
    reversed: moved['invoice reversed'],
    owed: -standing.payable,
    atBank: standing.bank,
  }
  const explained = money.bankFees + money.commission + money.withheld + money.paidOn + money.inTransit + money.reversed + money.owed
  const stopped = await payoutsStopped(reader)
  const bitcoin = await chainStatus(reader, { now, payoutDepth })
  return {
    stopped,
    invoices,
    money,
    payouts: await counts(reader, 'payouts'),
    inbox: await counts(reader, 'inbox'),
    bitcoin,
    needsPerson: [...(await needsPerson(reader, stopped)), ...(bitcoin?.needsPerson ?? [])],
    addsUp:
      asked === invoices.open + invoices.paid + invoices.lost && money.credited === explained && (bitcoin === undefined || bitcoin.addsUp),
  }
}

/** What is usual (BITCOIN_PAYOUT_DEPTH), where nobody says. */
const usualDepth = 6

async function counts(reader: Reader, table: 'payouts' | 'inbox'): Promise<Record<string, number>> {
  const rows = await reader.all<{ state: string; count: bigint }>(
    table === 'payouts'
      ? sql`select state, count(*) as count from payouts where asset = 'BRL' group by state`
      : sql`select state, count(*) as count from inbox group by state`,
  )
  return Object.fromEntries(rows.map(({ state, count }) => [state, Number(count)]))
}

async function needsPerson(reader: Reader, stopped: string | undefined): Promise<string[]> {
  const rows = await reader.all<{ says: string }>(sql`
    select 'account ' || name || ' awaits approval' as says from accounts where state = 'awaiting'
    union all select 'payout ' || id || ' is ' || state || ': ' || coalesce(why, '') from payouts where state in ('held', 'returned')
    union all select 'event ' || event_id || ' is quarantined: ' || coalesce(why, '') from inbox where state = 'quarantined'
    union all select 'event ' || event_id || ' came with two bodies' from inbox_conflicts
    union all select 'invoice ' || id || coalesce(' of order ' || order_id, '') || case when rail = 'bitcoin' then ' is too small for the chain, and nobody was asked' else ' was refused by the bank' end
      from invoices where state = 'refused'
    union all select 'invoice ' || i.id || coalesce(' of order ' || i.order_id, '') || ' was reversed after its payout was ordered: the payee owes it'
      from invoices i join payouts p on p.invoice_id = i.id where i.state = 'reversed' and p.state in ('sending', 'unsure', 'sent', 'paid')
    union all select 'order ' || id || ': ' || attention from orders where attention is not null
    union all select 'the letter "' || kind || '" of order ' || order_id || ' could not be sent: ' || coalesce(why, '') from mails where state = 'failed'
    union all select 'events of another workspace come, and none of ours: is STARKBANK_WORKSPACE_ID right? "repasse doctor" asks the bank'
      where (select count(*) from (select via, why from inbox order by id desc limit 50) as latest
        where via = 'push' and why like 'of another workspace%') >= 3
      and not exists (select 1 from (select via, why from inbox order by id desc limit 50) as latest
        where via = 'push' and coalesce(why, '') not like 'of another workspace%')
    limit 200`)
  // Each reason stands by itself: whoever lets go of one must have seen the others.
  const stops = (stopped?.split(beforeThat) ?? []).map((why, place) =>
    place === 0 ? `payouts are stopped: ${why}` : `they were stopped before that: ${why}`,
  )
  return [...stops, ...rows.map(({ says }) => says)]
}

/** Whether the house can do its work: the database, its version, payouts not stopped, and the chain followed where there is one. Says only ok or a short word. */
export async function readiness(store: Store): Promise<{ ready: boolean; checks: Record<string, string> }> {
  const checks: Record<string, string> = {}
  try {
    checks['schema'] = (await pending(store)).length === 0 ? 'ok' : 'behind: run repasse migrate'
    checks['database'] = 'ok'
    checks['payouts'] = (await payoutsStopped(store)) === undefined ? 'ok' : 'stopped: see repasse status'
    if ((await tipOf(store)) || (await chainTrouble(store)) !== undefined)
      checks['chain'] = (await chainTrouble(store)) === undefined ? 'ok' : 'not followed: see repasse status'
  } catch {
    checks['database'] = 'unavailable'
  }
  // Stopped payouts and a chain that cannot be followed are said, but intake goes on, so the door stays open.
  return { ready: checks['database'] === 'ok' && checks['schema'] === 'ok', checks }
}
