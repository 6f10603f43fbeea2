/**
 * Where approvals have to be proven, payouts to an account or of a schedule that was only said wait until it
 * is signed; and whether every approval still holds.
 */
import { because } from '../base/reasons.ts'
import { later } from '../base/world.ts'
import type { Finding } from '../ledger/ledger.ts'
import { canonical } from '../approvals/approvals.ts'
import { setWhy, empty, join, sql, type Reader, type Sql, type Tx, type Why } from '../db/db.ts'
import { approvalOf, onlySaid, placeOf, type AccountRow } from './account.ts'
import { stopEdited } from './asSet.ts'
import { isRefund } from './bundle/refund.ts'
import { checkLimits } from './limitsSaid.ts'
import { checkDebts } from './receivable.ts'
import type { PayoutRow } from './row.ts'
import { termsFaults } from './scheduleTerms.ts'

/** `any`: a name on the command line is enough. */
export type ApprovalsNeeded = 'proven' | 'any'

const againMs = 15 * 60_000

/**
 * Those of these due payouts whose account's approval was proven; the others are put off, and all where a
 * stop was taken away.
 */
export async function withProof<P extends Pick<PayoutRow, 'id' | 'account_id' | 'rule'>>(
  tx: Tx,
  due: readonly P[],
  needed: ApprovalsNeeded = 'any',
): Promise<P[]> {
  if (due.length === 0) return []
  const edited = await stopEdited(tx)
  if (edited !== undefined) {
    await putOff(tx, due, because('edited', { finding: edited }))
    return []
  }
  if (needed === 'any') return [...due]
  const only = await onlySaidAmong(
    tx,
    due.filter(payout => !isRefund(payout)).map(({ account_id: id }) => id),
  )
  const terms = await termsFaults(
    tx,
    due.filter(payout => !isRefund(payout)).map(({ id }) => id),
  )
  const whyOf = ({ id, account_id: accountId }: P) => {
    const account = only.get(accountId)
    if (account) return onlySaid(account)
    const fault = terms.get(id)
    return fault?.is === 'said' ? fault.why : undefined
  }
  const waiting = due.filter(payout => whyOf(payout) !== undefined)
  for (const payout of waiting) await putOff(tx, [payout], whyOf(payout)!)
  // Who waited for room before waits for something else now, and nobody waits behind it.
  if (waiting.length > 0)
    await tx.run(
      sql`delete from limit_waits where needs = 'room'
        and payout_id in (${join(waiting.map(({ id }) => id))})`,
    )
  return due.filter(payout => !waiting.includes(payout))
}

async function putOff(tx: Tx, due: readonly Pick<PayoutRow, 'id'>[], why: Why): Promise<void> {
  const next = later(await tx.now(), againMs)
  for (const { id } of due)
    await tx.run(
      sql`update payouts set next_at = ${next}, ${setWhy(why)} where id = ${id}
        and state in ('owed', 'waiting')`,
    )
}

async function onlySaidAmong(reader: Reader, ids: readonly string[]): Promise<Map<string, AccountRow>> {
  if (ids.length === 0) return new Map()
  const accounts = await reader.all<AccountRow>(
    sql`select * from accounts where id in (${join([...new Set(ids)])})`,
  )
  const only = new Map<string, AccountRow>()
  for (const account of accounts) {
    const approval = await approvalOf(reader, account)
    if (approval.is === 'approved' && approval.proof === 'said') only.set(account.id, account)
  }
  return only
}

/** Approved accounts whose approval was only said. */
export const accountsOnlySaid = async (reader: Reader): Promise<AccountRow[]> => [
  ...(
    await onlySaidAmong(
      reader,
      (
        await reader.all<{ id: string }>(sql`select id from accounts where state = 'approved' order by name`)
      ).map(({ id }) => id),
    )
  ).values(),
]

const finding = (subject: string, says: string): Finding => ({ invariant: 'approvals', subject, says })

/**
 * The orders that are looked at: those under way and those that moved after a transition's number, or some by
 * their ids. Where an order was to go is kept, and each is judged before it is made (`strayAmong`), so those
 * that ended are looked at with all others once a night.
 */
export type Orders = { movedAfter: bigint } | { ids: readonly string[] }

/**
 * What is not as it was approved: accounts, where orders were to go (all of them unless it says which), and
 * limits. An empty list is the proof.
 */
export async function checkApprovals(reader: Reader, orders?: Orders): Promise<Finding[]> {
  const found: Finding[] = []
  const accounts = await reader.all<AccountRow>(sql`select * from accounts order by id`)
  for (const account of accounts.filter(({ state }) => state === 'approved')) {
    const approval = await approvalOf(reader, account)
    if (approval.is === 'changed') found.push(finding(account.id, approval.why))
  }
  const stray = new Map<string, Finding>()
  for await (const only of partsOf(reader, orders))
    for (const each of await strayOrders(reader, accounts, only)) stray.set(each.subject, each)
  return [...found, ...stray.values(), ...(await checkLimits(reader)), ...(await checkDebts(reader))]
}

/** How many transitions are looked through at once, so that one answer takes milliseconds. */
const page = 500n

/** Conditions on attempts, each beginning with `and`, that together find the orders to look at. */
async function* partsOf(reader: Reader, orders: Orders | undefined): AsyncGenerator<Sql> {
  if (orders === undefined) return yield empty
  if ('ids' in orders) return yield sql`and a.id in (${join(orders.ids)})`
  // Naming the time leads the planner to the index of those under way.
  yield sql`and a.state in ('sending', 'unsure', 'sent') and a.asked_at > ''`
  const { top } = (await reader.one<{ top: bigint }>(
    sql`select coalesce(max(seq), 0) as top from transitions`,
  ))!
  for (let after = orders.movedAfter; after < top; after += page)
    yield sql`and a.id in (select t.subject from transitions t where t.seq > ${after}
      and t.seq <= ${after + page} and t.about = 'attempts')`
}

type Destined = {
  id: string
  external_id: string
  account_id: string
  destination: string
}

const elsewhere = ({ external_id: key }: Pick<Destined, 'external_id'>) =>
  `order ${key} was to go elsewhere than its account is: somebody has changed one of the two past this program`

/**
 * One for each account and destination, for there are few of those. SQLite reads the orders of a part first:
 * it takes a cross join as it is written.
 */
async function strayOrders(reader: Reader, accounts: readonly AccountRow[], only: Sql): Promise<Finding[]> {
  const rows = await reader.all<Destined>(sql`
    select min(a.id) as id, min(a.external_id) as external_id, coalesce(a.account_id,
      p.account_id) as account_id, a.destination
    from attempts a join payouts p on p.id = a.payout_id where a.destination is not null
      and a.bundle_id is null ${only}
    group by coalesce(a.account_id, p.account_id), a.destination`)
  const outputs = await reader.all<{ id: string; external_id: string }>(sql`
    select a.id, a.external_id from attempts a cross join bundle_outputs o
    where o.attempt_id = a.id and a.destination is not null
      and a.destination <> '{"destination":"' || o.address || '"}' ${only}
    order by a.asked_at, a.id limit 20`)
  return [...rows.filter(row => isStray(row, accounts)), ...outputs].map(row =>
    finding(row.id, elsewhere(row)),
  )
}

const isStray = (
  order: Pick<Destined, 'account_id' | 'destination'>,
  accounts: readonly AccountRow[],
): boolean => {
  const account = accounts.find(({ id }) => id === order.account_id)
  return !account || order.destination !== canonical(placeOf(account))
}

/** Why earlier orders of these payouts keep them from being ordered, by their ids. */
export async function strayAmong(reader: Reader, payoutIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await reader.all<Destined & { payout_id: string }>(sql`
    select a.id, a.external_id, a.payout_id, coalesce(a.account_id, p.account_id) as account_id, a.destination
    from attempts a join payouts p on p.id = a.payout_id
    where a.destination is not null and a.bundle_id is null and p.id in (${join(payoutIds)})`)
  if (rows.length === 0) return new Map()
  const accounts = await reader.all<AccountRow>(
    sql`select * from accounts where id in (${join([...new Set(rows.map(({ account_id: id }) => id))])})`,
  )
  return new Map(rows.filter(row => isStray(row, accounts)).map(row => [row.payout_id, elsewhere(row)]))
}
