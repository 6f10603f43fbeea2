/**
 * Payouts as they are listed and shown: with their account, the bundle they go out in, what they wait for,
 * and the sum that made them.
 */
import { isByHand, isOnChain } from '../base/rails.ts'
import { because, told, type Reason } from '../base/reasons.ts'
import { history, sql, where, type Reader, type Sql } from '../db/db.ts'
import { inOrder, openProposal, postingsOf, type PostingRow } from '../ledger/ledger.ts'
import {
  attemptsOf,
  beyondAct,
  findBundle,
  isRefund,
  payoutFacts,
  waitingForLimits,
  waitsFor,
  type AccountRow,
  type AttemptRow,
  type BundleRow,
  type PayoutFacts,
  type PayoutRow,
  type WaitingForLimit,
} from '../payout/payout.ts'
import type { FilterOf, payoutFilters } from './filters.ts'
import { stepsOf } from './history.ts'
import type { Step } from './step.ts'
import { soughtIn, soughtPayouts } from './lookup.ts'
import { moversOf, type Mover } from './movers.ts'
import { inWindow, type After, type Filters } from './page.ts'
import { bundleWaits, transactionsOf, type OrderTransaction } from './transactions.ts'
import { idOfAccount } from './names.ts'

export type ListedPayout = PayoutRow & {
  account: string
  account_state: AccountRow['state']
  /** Of the bundle it goes out in, where it is under way on a chain. */
  bundle_id: string | null
  bundle_state: BundleRow['state'] | null
  bundle_why: string | null
  bundle_reason: string | null
  bundle_detail: string | null
}

/** A payout and what is known beside it, as `p`, `a` and `b`; its last order is the one at work. */
const listed: Sql = sql`
    select p.*, a.name as account, a.state as account_state, b.id as bundle_id, b.state as bundle_state,
      b.why as bundle_why, b.reason as bundle_reason, b.detail as bundle_detail
    from payouts p join accounts a on a.id = p.account_id
      left join attempts t on t.payout_id = p.id and p.state in ('sending', 'unsure', 'sent')
        and t.number = (select max(number) from attempts where payout_id = p.id)
      left join bundles b on b.id = t.bundle_id`

/** The newest first; the account by its name, the invoice by our id. */
export async function listPayouts(
  reader: Reader,
  filters: Filters<FilterOf<typeof payoutFilters>>,
  limit: number,
): Promise<ListedPayout[]> {
  const { q, state, rail, account, invoice } = filters.query
  const ofPayer = (taxIds: Sql) =>
    sql`p.invoice_id in (select id from invoices where payer_tax_id in (${taxIds}))`
  const columns = { id: sql`p.id`, units: sql`p.units`, asset: sql`p.asset`, taxId: ofPayer }
  // One page along one index, before anything is joined to it.
  const page = sql`
    select p.id from payouts p ${where([
      sql`p.store_id = ${reader.store}`,
      q === undefined ? undefined : soughtIn(await soughtPayouts(reader, q), columns),
      state === undefined ? undefined : sql`p.state = ${state}`,
      rail === undefined ? undefined : sql`p.rail = ${rail}`,
      account === undefined ? undefined : sql`p.account_id = ${idOfAccount(reader, account)}`,
      invoice === undefined ? undefined : sql`p.invoice_id = ${invoice}`,
      ...inWindow(sql`p.added_at`, sql`p.id`, filters),
    ])} order by p.added_at desc, p.id desc limit ${limit}`
  return reader.all<ListedPayout>(
    sql`${listed} where p.id in (select id from (${page}) as page) order by p.added_at desc, p.id desc`,
  )
}

export const keyOfPayout = ({ added_at: at, id }: Pick<PayoutRow, 'added_at' | 'id'>): After => ({ at, id })

/** What it waits for besides its turn; undefined where nothing is known. */
export const payoutWaits = (row: ListedPayout): Reason | undefined =>
  waitsFor(row, { name: row.account, state: isRefund(row) ? 'approved' : row.account_state }) ??
  (isByHand(row.rail) ? handSays(row) : bundleSays(row))

function handSays({ state }: ListedPayout): Reason | undefined {
  if (state === 'sent') return because('hand-over-unconfirmed')
  return state === 'owed' || state === 'waiting' ? because('hand-over-waits') : undefined
}

function bundleSays({ bundle_id: bundle, bundle_state: state, ...row }: ListedPayout): Reason | undefined {
  if (bundle === null || state === null) return undefined
  const kept = { why: row.bundle_why, reason: row.bundle_reason, detail: row.bundle_detail }
  const waits = bundleWaits({ state, ...kept })
  if (waits === undefined) return undefined
  return kept.why === null
    ? because('its-bundle', { bundle, because: told(waits) })
    : because('its-bundle-is', { bundle, state, because: told(waits) })
}

/** Why it is in the state it is in, in English. */
export const whyOfPayout = (row: ListedPayout): string | null =>
  row.why ?? payoutWaits(row)?.toString() ?? null

/**
 * When it was paid; null while it is not, and once it came back: what is paid moves only when it is undone.
 */
export const paidAtOf = ({ state, changed_at: at }: Pick<PayoutRow, 'state' | 'changed_at'>) =>
  state === 'paid' ? at : null

/** When it is looked at next; nothing is next where it has ended, or waits for a person. */
export const nextLookOf = (row: ListedPayout) =>
  !isByHand(row.rail) &&
  ['owed', 'sending', 'unsure', 'sent', 'waiting'].includes(row.state) &&
  row.bundle_id === null &&
  payoutWaits(row) === undefined
    ? row.next_at
    : undefined

/** Of the payout of an invoice; undefined where it has none. */
export async function payoutStateOf(
  reader: Reader,
  invoiceId: string,
): Promise<PayoutRow['state'] | undefined> {
  const row = await reader.one<Pick<PayoutRow, 'state'>>(
    sql`select state from payouts where invoice_id = ${invoiceId}`,
  )
  return row?.state
}

/** One order for a payout: at the bank, or in a bundle with the transactions that may pay it. */
export interface ShownOrder {
  attempt: AttemptRow
  steps: Step[]
  transactions: OrderTransaction[]
  bundle: BundleRow | undefined
}

/** One part of what makes a payout: what came, less what was taken. */
export interface SumLine {
  posting: PostingRow
  /** Signed. */
  units: bigint
}

export interface ShownPayout {
  row: ListedPayout
  payer: string
  /** From gross to net. */
  lines: SumLine[]
  orders: ShownOrder[]
  steps: Step[]
  /** Of its orders. */
  postings: PostingRow[]
  movers: Mover[]
  /** By which the rules say what a person may do to it. */
  facts: PayoutFacts
  /** What it waits for, and the open proposal to let it go all the same. */
  limits: { wait: WaitingForLimit | undefined; proposalId: string | undefined }
}

/** One payout with its causes, its orders and what they posted; undefined where no payout has this id. */
export async function showPayout(reader: Reader, id: string): Promise<ShownPayout | undefined> {
  const row = await reader.one<ListedPayout>(
    sql`${listed} where p.id = ${id} and p.store_id = ${reader.store}`,
  )
  if (!row) return undefined
  const orders: ShownOrder[] = []
  for (const attempt of await attemptsOf(reader, id)) orders.push(await showOrder(reader, attempt))
  const [wait] = await waitingForLimits(reader, { limit: 1, payoutId: id })
  return {
    ...{ row, orders },
    payer: await payerOf(reader, row),
    lines: await linesOf(reader, row),
    steps: await stepsOf(reader, await history(reader, id)),
    postings: await postingsOfOrders(reader, row),
    movers: await moversOf(reader, [id, ...orders.map(({ attempt }) => attempt.id)]),
    facts: await payoutFacts(reader, row),
    limits: { wait, proposalId: wait && (await openProposal(reader, beyondAct, id))?.id },
  }
}

async function payerOf(reader: Reader, { invoice_id: id }: PayoutRow): Promise<string> {
  const invoice = await reader.one<{ name: string }>(
    sql`select id, payer_name as name from invoices where id = ${id}`,
  )
  return invoice?.name ?? ''
}

const showOrder = async (reader: Reader, attempt: AttemptRow): Promise<ShownOrder> => ({
  attempt,
  steps: await stepsOf(reader, await history(reader, attempt.id)),
  transactions: await transactionsOf(reader, attempt),
  bundle: attempt.bundle_id === null ? undefined : await findBundle(reader, attempt.bundle_id),
})

async function postingsOfOrders(
  reader: Reader,
  { id, invoice_id: invoiceId }: PayoutRow,
): Promise<PostingRow[]> {
  const first = sql`t.source in (select id from attempts where payout_id = ${id})`
  // A block may be left behind and the order be mined again, or an order that was given up turn up: each time
  // is a movement of its own.
  const again = sql`e.invoice_id = ${invoiceId} and exists (select 1 from attempts where payout_id = ${id}
    and t.source like id || '/%')`
  return inOrder([...(await postingsOf(reader, first)), ...(await postingsOf(reader, again))])
}

const deductions = new Set(['bank fee', 'commission', 'transfer fee withheld'])

async function linesOf(reader: Reader, { id, rail, invoice_id: invoiceId }: PayoutRow): Promise<SumLine[]> {
  // Of what came on a chain each payout passes on its own coins; at the bank there is one payout of an
  // invoice.
  const made = isOnChain(rail)
    ? sql`(t.source = ${id} and t.movement = 'commission') or (t.movement = 'payment credited'
          and t.source in (select id || '/' || cast(credits as text) from coins where payout_id = ${id}))`
    : sql`t.source = ${invoiceId}
        and t.movement in ('invoice credited', 'cash received', 'bank fee', 'commission',
          'transfer fee withheld')`
  return (
    (await postingsOf(reader, made))
      .map(posting => ({ posting, units: deductions.has(posting.movement) ? -posting.units : posting.units }))
      // They are of one moment: what came is first, then what was taken of it.
      .toSorted((a, b) => Number(b.units > 0n) - Number(a.units > 0n))
  )
}
