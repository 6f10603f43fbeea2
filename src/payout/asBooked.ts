/**
 * Whether what is about to be ordered is what the books owe, and goes where two people said, on either rail.
 * The ledger, the audit log and an invoice's account cannot be edited; every other row is held against them,
 * so that one edited past the program is held instead of paid.
 */
import { because, type Reason } from '../base/reasons.ts'
import { formatMoney } from '../base/money.ts'
import { accountKindOf, chainRails, isOnChain, type RailName } from '../base/rails.ts'
import { auditedDetails } from '../ledger/ledger.ts'
import { join, sql, type Reader, type Tx } from '../db/db.ts'
import { changeSinceApproval, type AccountRow } from './account.ts'
import { decidedOtherwise } from './asSet.ts'
import { strayAmong } from './proven.ts'
import { isRefund } from './bundle/refund.ts'
import { debtsEditedAmong } from './receivable.ts'
import type { AttemptRow, PayoutRow } from './row.ts'
import { termsFaults, type TermsFault } from './scheduleTerms.ts'

const past = 'somebody has changed it past this program'

type Due = Pick<PayoutRow, 'id' | 'account_id' | 'invoice_id' | 'rule' | 'rail' | 'asset' | 'units'>

/** Why some of these due payouts may not be ordered, by their ids. */
export async function notAsBooked(tx: Tx, due: readonly Due[]): Promise<Map<string, Reason>> {
  if (due.length === 0) return new Map()
  const stray = await strayAmong(
    tx,
    due.map(({ id }) => id),
  )
  const found = [
    ...stray,
    ...(await decidedOtherwise(tx, due)),
    ...(await stillHeld(tx, due)),
    ...(await notOwed(tx, due)),
    ...(await notPayable(tx, due)),
    ...(await onAnotherRail(tx, due)),
    ...(await debtsEditedAmong(tx, due)),
  ]
  return new Map(found.map(([id, finding]) => [id, because('edited', { finding })]))
}

type Order = Pick<AttemptRow, 'id' | 'payout_id' | 'external_id' | 'units' | 'account_id'>

/** The same of orders that were made before, by their ids: what they are of, and where they go. */
export async function ordersNotAsBooked(
  reader: Reader,
  orders: readonly Order[],
): Promise<Map<string, string>> {
  if (orders.length === 0) return new Map()
  const payouts = await reader.all<Due>(
    sql`select * from payouts where id in (${join(orders.map(({ payout_id: id }) => id))})`,
  )
  const due = payouts.map(payout => {
    const sentTo = orders.find(order => order.payout_id === payout.id)?.account_id
    return { ...payout, account_id: sentTo ?? payout.account_id, isEarlier: sentTo != null }
  })
  const whys = await notPayable(reader, due)
  const booked = await reader.all<{ id: string; units: bigint }>(sql`
    select t.source as id, -e.units as units from ledger_transactions t
      join ledger_entries e on e.transaction_id = t.id
    where t.movement = 'payout ordered' and e.account = 'in-transit'
      and t.source in (${join(orders.map(({ id }) => id))})`)
  return new Map(
    orders.flatMap(({ id, payout_id: payoutId, external_id: externalId, units }) => {
      const { asset } = payouts.find(payout => payout.id === payoutId)!
      const ordered = booked.find(each => each.id === id)?.units ?? 0n
      const why =
        ordered === units
          ? whys.get(payoutId)
          : `order ${externalId} is of ${formatMoney(units, asset)}, and the books ordered ${formatMoney(ordered, asset)}: ${past}`
      return why === undefined ? [] : [[id, why]]
    }),
  )
}

/**
 * Those whose row is an older one of theirs: their own history says that they are held, or ended, or somebody
 * holds them and they were in no other state since. A repeated step is kept once, so where the last line is
 * one the row may have moved on.
 */
async function stillHeld(reader: Reader, due: readonly Due[]): Promise<Map<string, string>> {
  const ids = due.map(({ id }) => id)
  const last = await reader.all<{ id: string; state: string; moved: string; at: string; again: bigint }>(sql`
    select p.id, p.state, t.to_state as moved, t.at, t.again from payouts p join transitions t on t.seq =
        (select max(seq) from transitions where subject = p.id and about = 'payouts')
      where p.id in (${join(ids)})`)
  const acts = await reader.all<{ subject: string; act: string; actor: string; at: string }>(sql`
    select subject, act, actor, at from audit where subject in (${join(ids)})
      and act in ('payout held', 'payout released', 'payout redirected') order by seq`)
  return new Map(
    ids.flatMap((id): [string, string][] => {
      const line = last.find(each => each.id === id)
      const act = acts.findLast(({ subject }) => subject === id)
      if (line && line.again === 0n && line.moved !== line.state)
        return [[id, `it is ${line.state}, and its history has it ${line.moved}: ${past}`]]
      return act?.act === 'payout held' && !(line && line.at > act.at)
        ? [[id, `${act.actor} held it, and nobody released it: ${past}`]]
        : []
    }),
  )
}

/** Those of another amount than the books owe. */
async function notOwed(tx: Tx, due: readonly Due[]): Promise<Map<string, string>> {
  const ids = join(due.map(({ id }) => id))
  const rows = await tx.all<Pick<Due, 'id' | 'rail' | 'asset' | 'units'> & { owed: bigint }>(sql`
    select p.id, p.rail, p.asset, p.units, cast(-coalesce(sum(e.units), 0) as bigint) as owed
    from payouts p left join ledger_entries e on e.invoice_id = p.invoice_id and e.account = 'payable'
    where p.id in (${ids}) group by p.id, p.rail, p.asset, p.units`)
  // On a chain one request may owe several payouts, so each is held against the payments that it passes on,
  // or against its own refund.
  const parts = await tx.all<{ id: string; owed: bigint }>(sql`
    select id, cast(-sum(units) as bigint) as owed from (
      select p.id, e.units from payouts p join ledger_transactions t on t.source = p.id
        join ledger_entries e on e.transaction_id = t.id
        where p.id in (${ids}) and t.movement in ('commission', 'refund owed', 'refund withdrawn')
          and ${isOwing}
      union all select p.id, e.units from payouts p join coins c on c.payout_id = p.id and c.credits % 2 = 1
          join ledger_transactions t on t.source = c.id || '/' || c.credits
            join ledger_entries e on e.transaction_id = t.id
        where p.id in (${ids}) and t.movement = 'payment credited' and ${isOwing}) as part group by id`)
  return new Map(
    rows.flatMap(({ id, rail, asset, units, owed: left }) => {
      const part = isOnChain(rail) ? (parts.find(each => each.id === id)?.owed ?? 0n) : left
      const owed = part < left ? part : left
      return units === owed
        ? []
        : [
            [
              id,
              `it is of ${formatMoney(units, asset)}, and the books owe ${formatMoney(owed, asset)}: ${past}`,
            ],
          ]
    }),
  )
}

/** Of a payout p: an entry e of its own request that says what is owed. */
const isOwing = sql`p.rail in (${join(chainRails)}) and e.account = 'payable' and e.invoice_id = p.invoice_id`

/** Those whose rail is not their invoice's, or pays to another kind of account than theirs. */
async function onAnotherRail(tx: Tx, due: readonly Due[]): Promise<Map<string, string>> {
  const rows = await tx.all<{ id: string; rail: RailName; wanted: RailName; kind: string }>(sql`
    select p.id, p.rail, i.rail as wanted, a.kind from payouts p join invoices i on i.id = p.invoice_id
      join accounts a on a.id = p.account_id
    where p.id in (${join(due.map(({ id }) => id))})`)
  return new Map(
    rows
      .filter(({ rail, wanted, kind }) => rail !== wanted || accountKindOf(rail) !== kind)
      .map(({ id, rail, wanted }) => [
        id,
        `it goes out on rail ${rail}, and its invoice was paid on ${wanted} to another kind of account: ${past}`,
      ]),
  )
}

/** Those whose account was not approved as it is, or is not the one they are owed to. */
async function notPayable(
  reader: Reader,
  due: readonly (Due & { isEarlier?: boolean })[],
): Promise<Map<string, string>> {
  const ids = due.map(({ account_id: id }) => id)
  const accounts = await reader.all<AccountRow>(sql`select * from accounts where id in (${join(ids)})`)
  const changes = new Map<string, string>()
  for (const account of accounts) {
    const change = await changeSinceApproval(reader, account)
    if (change !== undefined) changes.set(account.id, change)
  }
  const payees = await payeesOf(reader, due)
  const terms = await termsFaults(
    reader,
    due.filter(payout => !isRefund(payout)).map(({ id }) => id),
  )
  const whys = new Map<string, string>()
  for (const payout of due) {
    const account = accounts.find(({ id }) => id === payout.account_id)!
    const why = isRefund(payout)
      ? await notAsRefunded(reader, payout, account)
      : (changes.get(account.id) ??
        notItsPayee(payees.get(payout.id)!, account, payout.isEarlier === true) ??
        notByTerms(terms.get(payout.id)))
    if (why !== undefined) whys.set(payout.id, why)
  }
  return whys
}

const notByTerms = (fault: TermsFault | undefined) => (fault?.is === 'changed' ? fault.why : undefined)

/**
 * The accounts that each payout was owed to, by id or name, oldest first: its invoice's, then where two
 * people redirected it.
 */
async function payeesOf(reader: Reader, due: readonly Due[]): Promise<Map<string, string[]>> {
  const ids = join(due.map(({ id }) => id))
  const asked = await reader.all<{ id: string; account: string }>(
    sql`select p.id, i.account_id as account from payouts p join invoices i on i.id = p.invoice_id
      where p.id in (${ids})`,
  )
  const redirected = await reader.all<{ subject: string; detail: string }>(
    sql`select subject, detail from audit where subject in (${ids}) and act = 'payout redirected'
      order by seq`,
  )
  const payees = new Map(asked.map(({ id, account }) => [id, [account]]))
  for (const { subject, detail } of redirected) {
    const { to, toId } = JSON.parse(detail) as { to: string; toId?: string }
    payees.get(subject)!.push(toId ?? to)
  }
  return payees
}

function notItsPayee(
  payees: readonly string[],
  { id, name }: AccountRow,
  isEarlier: boolean,
): string | undefined {
  const isIts = (payee: string | undefined) => payee === id || payee === name
  if (isEarlier ? payees.some(isIts) : isIts(payees.at(-1))) return undefined
  return `it goes to account ${name}, and is owed to another one: ${past}`
}

/**
 * A refund goes to the address, and is of the amount, that two people said; its account is closed to all
 * else.
 */
async function notAsRefunded(reader: Reader, payout: Due, account: AccountRow): Promise<string | undefined> {
  const said = (await auditedDetails(reader, payout.invoice_id, 'invoice refunded')).find(
    detail => detail['payout'] === payout.id,
  )
  const to = account.kind === 'bank' ? undefined : account.destination
  if (said && said['to'] === to && said['amount'] === formatMoney(payout.units, payout.asset))
    return undefined
  return `this refund is not what two people approved: ${past}`
}
