/** Payouts as they are listed and shown: with their account, the bundle they go out in, and what they wait for. */
import { postingsOf, type PostingRow } from '../ledger/ledger.ts'
import { history, sql, type Reader, type Sql, type Transition } from '../db/db.ts'
import type { AccountRow } from './account.ts'
import type { BundleRow } from './bundle/bundle.ts'
import { waitsFor } from './person.ts'
import { isRefund } from './bundle/refund.ts'
import { attemptsOf, type AttemptRow, type PayoutRow } from './row.ts'
import { bundleOf, bundleWaits, transactionsOf, type OrderTransaction } from './bundle/transactions.ts'

export type ListedPayout = PayoutRow & {
  account: string
  account_state: AccountRow['state']
  /** Of the bundle it goes out in, where it is under way on a chain. */
  bundle_id: string | null
  bundle_state: BundleRow['state'] | null
  bundle_why: string | null
}

/** A payout and what is known beside it, as `p`, `a` and `b`; its last order is the one at work. */
export const listedPayouts: Sql = sql`
    select p.*, a.name as account, a.state as account_state, b.id as bundle_id, b.state as bundle_state, b.why as bundle_why
    from payouts p join accounts a on a.id = p.account_id
      left join attempts t on t.payout_id = p.id and p.state in ('sending', 'unsure', 'sent')
        and t.number = (select max(number) from attempts where payout_id = p.id)
      left join bundles b on b.id = t.bundle_id`

/** What it waits for besides its turn; undefined where nothing is known. */
export const payoutWaits = (row: ListedPayout) =>
  waitsFor(row, { name: row.account, state: isRefund(row) ? 'approved' : row.account_state }) ?? bundleSays(row)

function bundleSays({ bundle_id: id, bundle_state: state, bundle_why: why }: ListedPayout): string | undefined {
  const waiting = id !== null && state !== null ? bundleWaits({ state, why }) : undefined
  return waiting === undefined ? undefined : `its bundle ${id} ${why === null ? waiting : `is ${state}: ${waiting}`}`
}
/** Why it stands as it does. */
export const whyOfPayout = (row: ListedPayout) => row.why ?? payoutWaits(row) ?? null
/** When it is looked at next; nothing is next where it has ended, or waits for a person. */
export const nextLookOf = (row: ListedPayout) =>
  ['owed', 'sending', 'unsure', 'sent', 'waiting'].includes(row.state) && row.bundle_id === null && payoutWaits(row) === undefined
    ? row.next_at
    : undefined

/** One order for a payout: at the bank, or in a bundle with the transactions that may pay it. */
export interface SeenOrder {
  attempt: AttemptRow
  steps: Transition[]
  transactions: OrderTransaction[]
  bundle: BundleRow | undefined
}

export interface SeenPayout {
  row: ListedPayout
  orders: SeenOrder[]
  steps: Transition[]
  /** Of its orders. */
  postings: PostingRow[]
}

/** One payout with its orders, its history and what its orders posted; undefined where no payout has this id. */
export async function seePayout(reader: Reader, id: string): Promise<SeenPayout | undefined> {
  const row = await reader.one<ListedPayout>(sql`${listedPayouts} where p.id = ${id}`)
  if (!row) return undefined
  const orders = await Promise.all(
    (await attemptsOf(reader, id)).map(async attempt => ({
      attempt,
      steps: await history(reader, attempt.id),
      transactions: await transactionsOf(reader, attempt),
      bundle: await bundleOf(reader, attempt),
    })),
  )
  const steps = await history(reader, id)
  const ofOrders = sql`t.source in (select id from attempts where payout_id = ${id})`
  // A block may be left behind and the order be mined anew, or an order that was given up turn up: each time is a movement of its own.
  const again = sql`e.invoice_id = ${row.invoice_id} and exists (select 1 from attempts where payout_id = ${id} and t.source like id || '/%')`
  const postings = [...(await postingsOf(reader, ofOrders)), ...(await postingsOf(reader, again))]
  return { row, orders, steps, postings: postings.toSorted((a, b) => compare(a.at, b.at) || compare(a.id, b.id)) }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
