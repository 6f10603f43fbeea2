/** How things stand, as figures: what the status command, `/ready` and the demo show. */
import type { Instant } from '../base/world.ts'
import { chainTrouble, tipOf } from '../chain/chain.ts'
import { silentMinutes, silentRails, type Silent } from '../jobs/jobs.ts'
import { balances, listAlarms, tally, totals, type Account, type MovementName } from '../ledger/ledger.ts'
import { payoutsStopped, stopSentence, stopsOf, unreads, type ApprovalsNeeded } from '../payout/payout.ts'
import { lastRetention } from '../privacy/privacy.ts'
import { pending } from '../db/migrate.ts'
import { sql, type Reader, type Db } from '../db/db.ts'
import { areInvoicesUnread } from '../webhooks/webhooks.ts'
import { attentionOf, grouped } from './attention.ts'
import { usualDepth } from './chainAttention.ts'
import { sentences, stopSentences } from './attentionWords.ts'
import { byState, countsOf } from './byState.ts'
import { chainStatus, type ChainStatus } from './chainStatus.ts'

export interface Status {
  stopped: string | undefined
  /** Cents. asked = open + paid + lost (expired, canceled, refused). */
  invoices: { asked: bigint; open: bigint; paid: bigint; lost: bigint; counts: Record<string, number> }
  /** Cents. credited = fees + commission + withheld + paid on + in transit + reversed + owed − debts. */
  money: {
    credited: bigint
    bankFees: bigint
    commission: bigint
    withheld: bigint
    paidOn: bigint
    inTransit: bigint
    reversed: bigint
    /**
     * Paid on and reversed, both, so counted twice in the sum above: what payees owe for it, owed, paid back
     * or forgiven.
     */
    debts: bigint
    /** What of that they still owe. */
    receivable: bigint
    owed: bigint
    atBank: bigint
    /** Received over the counter and not handed over. */
    inCash: bigint
    /** Paid to duplicates of invoices, and what of it is to be given back. Not in `credited`. */
    duplicates: bigint
    toPayers: bigint
  }
  payouts: Record<string, number>
  /** What unpaid orders of the shop keep from others. */
  held: { orders: number; items: number }
  /** Events of every rail. */
  inbox: Record<string, number>
  /** Satoshis; there with the Bitcoin rail. Nothing of it is in the figures above. */
  bitcoin: ChainStatus | undefined
  /** What needs a person, as sentences. */
  needsPerson: string[]
  /** Rails that have not answered for too long. */
  silent: Silent[]
  /** Nothing is issued at the bank: after a restore its invoices since the backup are not read yet. */
  issuingWaits: boolean
  /** When the nightly job last looked for what is personal and old; undefined where it never did. */
  retainedAt: Instant | undefined
  /** asked and credited are wholly explained, on every rail. */
  addsUp: boolean
}

/**
 * `now` and `payoutDepth` sharpen what needs a person on the chain: what is over, and what lies deep enough
 * and is not credited.
 */
export async function status(
  reader: Reader,
  {
    now,
    payoutDepth = usualDepth,
    silentMs,
    approvals,
  }: { now?: Instant; payoutDepth?: number; silentMs?: number; approvals?: ApprovalsNeeded | undefined } = {},
): Promise<Status> {
  const invoiceRows = await byState(reader, 'invoices', 'BRL')
  const asked = invoiceRows.reduce((sum, row) => sum + row.units, 0n)
  const sumOf = (states: string[]) =>
    invoiceRows.filter(({ state }) => states.includes(state)).reduce((sum, row) => sum + row.units, 0n)
  const invoices = {
    asked,
    open: sumOf(['draft', 'issuing', 'unsure', 'issued', 'overdue']),
    paid: sumOf(['paid', 'credited', 'reversed']),
    lost: sumOf(['expired', 'canceled', 'refused']),
    counts: countsOf(invoiceRows),
  }

  const moved = await totals(reader)
  const money = bankMoney(moved, await balances(reader))
  const explained =
    money.bankFees +
    money.commission +
    money.withheld +
    money.paidOn +
    money.inTransit +
    money.reversed +
    money.owed -
    money.debts
  const stops = await stopsOf(reader)
  const bitcoin = await chainStatus(reader, { now: now ?? '', payoutDepth })
  return {
    stopped: stopSentence(stops),
    invoices,
    money,
    payouts: countsOf(await byState(reader, 'payouts', 'BRL')),
    held: await held(reader),
    inbox: await events(reader),
    bitcoin,
    needsPerson: [
      ...stopSentences(stops),
      ...sentences(
        grouped([...(await attentionOf(reader, now, silentMs, approvals)), ...(bitcoin?.asks ?? [])]),
      ),
    ],
    silent: now === undefined ? [] : await silentRails(reader, now, silentMs),
    issuingWaits: await areInvoicesUnread(reader),
    retainedAt: await lastRetention(reader),
    addsUp:
      asked === invoices.open + invoices.paid + invoices.lost &&
      money.credited === explained &&
      duplicatesAddUp(money, moved) &&
      (bitcoin === undefined || bitcoin.addsUp),
  }
}

async function held(reader: Reader): Promise<Status['held']> {
  const row = await reader.one<{ orders: bigint; items: bigint | null }>(sql`
    select count(distinct o.id) as orders, cast(sum(l.quantity) as bigint) as items
    from orders o join order_lines l on l.order_id = o.id where o.state = 'awaiting'
      and o.store_id = ${reader.store}`)
  return { orders: Number(row?.orders ?? 0n), items: Number(row?.items ?? 0n) }
}

/** What the movements in reais come to, in cents. */
export const bankMoney = (
  moved: Record<MovementName, bigint>,
  standing: Record<Account, bigint>,
): Status['money'] => ({
  credited: moved['invoice credited'] + moved['cash received'],
  bankFees: moved['bank fee'] - moved['charges borne'] + moved['charges borne returned'],
  commission: moved.commission + moved['commission again'] - moved['commission returned'],
  withheld:
    moved['transfer fee withheld'] + moved['transfer fee withheld again'] - moved['transfer fee returned'],
  paidOn:
    moved['payout settled'] +
    moved['cash handed over'] -
    moved['payout refunded'] +
    moved['payout paid elsewhere'] -
    (moved['shortfall offset'] - moved['shortfall offset returned']),
  inTransit: -standing['in-transit'],
  reversed:
    moved['invoice reversed'] -
    moved['invoice reversal undone'] +
    moved['cash receipt taken back'] -
    moved['cash received again'],
  debts:
    moved['receivable booked'] -
    moved['receivable canceled'] -
    moved['receivable set off'] +
    moved['set-off returned'],
  receivable: standing.receivable,
  owed: -standing.payable,
  atBank: standing.bank,
  inCash: standing['cash-box'],
  duplicates: moved['duplicate credited'],
  toPayers: -standing['owed-to-payers'],
})

/** What came for duplicates was given back, settled by other means, or is still owed to its payers. */
const duplicatesAddUp = (
  { duplicates, toPayers }: Status['money'],
  moved: Record<MovementName, bigint>,
): boolean =>
  duplicates ===
  moved['duplicate refunded'] -
    moved['duplicate refund undone'] +
    moved['duplicate kept'] -
    moved['duplicate reopened'] +
    toPayers

/** What is usual (BITCOIN_PAYOUT_DEPTH), where nobody says. */

/** What has ended is kept as sums; what is open is counted, along its own index. */
async function events(reader: Reader): Promise<Record<string, number>> {
  const open = await reader.all<{ state: string; count: bigint }>(
    sql`select state, count(*) as count from inbox where state in ('new', 'waiting') group by state`,
  )
  const ended = (await tally(reader, 'inbox')).map(({ parts, count }) => ({ state: parts[0]!, count }))
  return countsOf([...open, ...ended])
}

/**
 * Whether the installation can do its work: the database, its version, payouts not stopped, nothing waiting
 * for a rail to be read, and the chain followed where there is one. Says only ok or a short word.
 */
export async function readiness(
  db: Db,
  silentMs?: number,
): Promise<{ ready: boolean; checks: Record<string, string> }> {
  const checks: Record<string, string> = {}
  try {
    checks['schema'] = (await pending(db)).length === 0 ? 'ok' : 'behind: run repasse migrate'
    checks['database'] = 'ok'
    for (const { name } of await listAlarms(db))
      if (name === 'bank credentials') checks['bank'] = 'does not know us: see repasse status'
      else if (name.startsWith('bank key of ')) checks['bank-key'] = 'retired: see repasse status'
      else checks['clock'] = 'off: see repasse status'
    const now = await db.tx(tx => tx.now(), 'locks')
    for (const silent of await silentRails(db, now, silentMs))
      checks[silent.rail] = `has not answered for ${silentMinutes(silent, now)} minutes: see repasse status`
    if (await areInvoicesUnread(db)) checks['issuing'] = 'waiting: see repasse status'
    const waits = (await unreads(db, now)).length > 0
    checks['payouts'] =
      (await payoutsStopped(db)) !== undefined
        ? 'stopped: see repasse status'
        : waits
          ? 'waiting: see repasse status'
          : 'ok'
    if ((await tipOf(db)) || (await chainTrouble(db)) !== undefined)
      checks['chain'] = (await chainTrouble(db)) === undefined ? 'ok' : 'not followed: see repasse status'
  } catch {
    checks['database'] = 'unavailable'
  }
  // Stopped payouts, alarms, a rail that does not answer and a chain that cannot be followed are said, but
  // intake goes on, so requests are answered.
  return { ready: checks['database'] === 'ok' && checks['schema'] === 'ok', checks }
}
