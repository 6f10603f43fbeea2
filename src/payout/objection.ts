/**
 * Objections to payout accounts: while one is open nothing is paid there. The audit log counts besides the row, so that a row that was
 * deleted past this program lets nothing go.
 */
import { BadInput } from '../base/answer.ts'
import { samePerson } from '../base/person.ts'
import type { World } from '../base/world.ts'
import type { Finding, ProposalRow, Proposed } from '../ledger/ledger.ts'
import {
  clearObjectionTo,
  openObjectionTo,
  openOf,
  proposeClearing,
  tellOfAccount,
  type ObjectionKind,
  type ObjectionRow,
} from '../people/people.ts'
import { join, sql, type Reader, type Store, type Tx } from '../store/store.ts'
import type { AccountRow } from './account.ts'
import { refundRule } from './refund.ts'

export const accountClearAct = 'account.clear'

const objectedAct = 'account objected'
const clearedAct = 'account objection cleared'

const toAccounts: ObjectionKind = {
  ...{ table: sql`account_objections`, of: sql`account_id` },
  ...{ objected: objectedAct, cleared: clearedAct, clearAct: accountClearAct },
}

/** The open one to an account. */
export const openAccountObjection = (reader: Reader, accountId: string): Promise<ObjectionRow | undefined> =>
  openOf(reader, toAccounts, accountId)

interface Said {
  by: string
  why: string
}

const theAccount = async (tx: Tx, name: string): Promise<AccountRow> => {
  const row = await tx.one<AccountRow>(sql`select * from accounts where store_id = 'sto_default' and (name = ${name} or id = ${name})`)
  if (!row) throw new BadInput(`there is no account "${name}": "repasse account list" shows them`)
  return row
}

/** From now on nothing more is ordered to the account. Where somebody has objected already, that objection remains. */
export const objectToAccount = (store: Store, world: World, name: string, { by, why }: Said): Promise<ObjectionRow> =>
  store.tx(async tx => {
    const account = await theAccount(tx, name)
    if (account.state === 'closed') throw new BadInput(`account "${account.name}" is closed: nothing is paid there`)
    const { isNew, objection } = await openObjectionTo(tx, world, toAccounts, account, { by, why })
    if (isNew) await tellOfAccount(tx, { kind: 'account objected', account, by, why })
    return objection
  })

/** Whoever added an account is whom an objection to it is about. */
function assertNotTheirs({ name, added_by: addedBy }: AccountRow, by: string): void {
  if (samePerson(addedBy, by)) throw new BadInput(`${by} added account "${name}", so others clear the objection to it`)
}

/** Proposes that the open objection ends; another person approves it, and neither of them added the account. */
export const proposeAccountClear = (store: Store, world: World, name: string, { by, why }: Said): Promise<Proposed> =>
  store.tx(async tx => {
    const account = await theAccount(tx, name)
    assertNotTheirs(account, by)
    return proposeClearing(tx, world, toAccounts, account, { by, why })
  })

/** In the transaction of the approval. Its payouts are looked at again at once. */
export async function carryOutAccountClear(tx: Tx, proposal: ProposalRow): Promise<void> {
  const account = await theAccount(tx, proposal.subject)
  assertNotTheirs(account, proposal.decided_by!)
  await clearObjectionTo(tx, toAccounts, account, proposal)
  // All that could be claimed, so that a claim which still reads the objection as open does not put one off after this.
  await tx.run(sql`
    update payouts set next_at = ${await tx.now()}, why = case when why like ${`${whyBegins}%`} then null else why end
    where account_id = ${account.id} and state in ('owed', 'waiting')`)
  const { made_by: by, decided_by: approvedBy, why } = proposal
  await tellOfAccount(tx, { kind: 'account cleared', account, by, approvedBy: approvedBy!, why })
}

export type OpenObjection = { account_id: string; account: string; made_by: string; why: string }

const whyBegins = 'somebody objects to its account'

export const objectionWhy = ({ account, made_by: by, why }: OpenObjection): string => `${whyBegins} ${account} (${by}): ${why}`

type Logged = { account_id: string; account: string; act: string; actor: string; detail: string }

/** What the audit log says last about objections to each of these accounts, or to all. */
const lastLogged = async (reader: Reader, accountIds?: readonly string[]): Promise<Map<string, Logged>> => {
  const which = accountIds === undefined ? sql`` : sql`and b.subject in (${join(accountIds)})`
  const rows = await reader.all<Logged>(sql`
    select a.id as account_id, a.name as account, b.act, b.actor, b.detail from audit b join accounts a on a.id = b.subject
    where b.act in (${objectedAct}, ${clearedAct}) ${which} order by b.seq`)
  return new Map(rows.map(row => [row.account_id, row]))
}

const openRows = (reader: Reader, accountIds?: readonly string[]): Promise<OpenObjection[]> =>
  reader.all<OpenObjection>(sql`
    select o.account_id, a.name as account, o.made_by, o.why from account_objections o join accounts a on a.id = o.account_id
    where o.cleared_at is null ${accountIds === undefined ? sql`` : sql`and o.account_id in (${join(accountIds)})`} order by o.id`)

const asLogged = ({ account_id, account, actor, detail }: Logged): OpenObjection => ({
  ...{ account_id, account, made_by: actor },
  why: (JSON.parse(detail) as { why: string }).why,
})

/** The open objections to these accounts, by their ids, as the rows or the audit log say. */
export async function objectionsTo(reader: Reader, accountIds: readonly string[]): Promise<Map<string, OpenObjection>> {
  const found = new Map<string, OpenObjection>()
  for (const row of await openRows(reader, accountIds)) found.set(row.account_id, row)
  for (const last of (await lastLogged(reader, accountIds)).values())
    if (last.act === objectedAct) found.set(last.account_id, asLogged(last))
  return found
}

const past = 'somebody has changed it past this program'

/** Objections to accounts that are not as the audit log says: taken away, edited, or of nobody. */
export async function editedAccountObjections(reader: Reader): Promise<Finding[]> {
  const logged = await lastLogged(reader)
  const rows = new Map((await openRows(reader)).map(row => [row.account_id, row]))
  const finding = (subject: string, says: string): Finding => ({ invariant: 'approvals', subject, says: `${says}: ${past}` })
  const found: Finding[] = []
  for (const last of logged.values()) {
    if (last.act !== objectedAct) continue
    const row = rows.get(last.account_id)
    const { account_id: id, account, made_by: by, why } = asLogged(last)
    if (!row) found.push(finding(id, `${by} objects to account ${account}, and nobody cleared it`))
    else if (row.made_by !== by || row.why !== why) found.push(finding(id, `the objection to account ${account} is not as ${by} made it`))
  }
  for (const { account_id: id, account } of rows.values())
    if (logged.get(id)?.act !== objectedAct) found.push(finding(id, `an objection to account ${account} is open, and nobody made it`))
  return found
}

export type ObjectedAccount = { name: string; made_by: string; why: string; count: bigint }

/** Accounts that somebody objects to, and how many payouts wait for that. */
export const objectedAccounts = (reader: Reader): Promise<ObjectedAccount[]> =>
  reader.all<ObjectedAccount>(sql`
    select a.name, o.made_by, o.why, (select count(*) from payouts p where p.account_id = a.id and p.state in ('owed', 'waiting') and not ${refundRule}) as count
    from account_objections o join accounts a on a.id = o.account_id
    where o.cleared_at is null and a.state <> 'closed' order by o.id`)
