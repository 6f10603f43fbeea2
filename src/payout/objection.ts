/**
 * Objections to payout accounts: while one is open nothing is paid there, nor to another account at the same
 * place.
 */
import type { World } from '../base/world.ts'
import {
  clearObjections,
  openObjectionTo,
  proposeClearing,
  type Clearing,
  type Objection,
  type ProposalRow,
  type Proposed,
} from '../ledger/ledger.ts'
import { tellOfAccount } from '../people/people.ts'
import { forUpdate, sql, type Reader, type Sql, type Db, type Tx } from '../db/db.ts'
import type { AccountRow } from './accountRow.ts'
import { refundRule } from './bundle/refund.ts'
import { accountClearAct, toAccounts } from './objected.ts'
import { answering, refuse, type PayoutRefusal } from './refusals.ts'

interface Said {
  by: string
  why: string
}

const theAccount = async (tx: Tx, name: string): Promise<AccountRow> => {
  const row = await tx.one<AccountRow>(
    sql`select * from accounts where store_id = ${tx.store} and (name = ${name} or id = ${name})`,
  )
  return row ?? refuse({ is: 'account-unknown', name })
}

/** From now on nothing more is ordered to the account. Who objects twice has objected once. */
export const objectToAccount = (
  db: Db,
  world: World,
  name: string,
  { by, why }: Said,
): Promise<{ is: 'done'; objection: Objection } | PayoutRefusal> =>
  answering(async () => {
    const objection = await db.tx(async tx => {
      const account = await theAccount(tx, name)
      if (account.state === 'closed') refuse({ is: 'account-closed', account })
      const opened = await openObjectionTo(tx, world, toAccounts, account, { by, why })
      if (opened.isNew) await tellOfAccount(tx, { kind: 'account objected', account, by, why })
      return opened.objection
    })
    await afterClaims(db, sql`true`)
    return { is: 'done', objection } as const
  })

/**
 * Ends when every claim of payouts has ended that may have read what was so before: a claim keeps its payouts
 * locked from before it reads, and whichever begins later reads what is so now.
 */
export const afterClaims = (db: Db, which: Sql): Promise<unknown> =>
  db.tx(
    tx =>
      tx.all(
        sql`select id from payouts where state in ('owed', 'waiting') and ${which} order by id ${forUpdate}`,
      ),
    'locks',
  )

const clearing = ({ id, name, added_by: addedBy }: AccountRow): Clearing => ({
  ...{ kind: toAccounts, act: accountClearAct, id, name, authors: [addedBy], about: 'account' },
})

/**
 * Proposes that the open objections end; another person approves it, and neither of them added the account.
 */
export const proposeAccountClear = (
  db: Db,
  world: World,
  name: string,
  { by, why }: Said,
): Promise<Proposed | PayoutRefusal> =>
  answering(() =>
    db.tx(async tx => proposeClearing(tx, world, clearing(await theAccount(tx, name)), { by, why })),
  )

/** In the transaction of the approval. Its payouts are looked at again at once. */
export async function carryOutAccountClear(tx: Tx, proposal: ProposalRow): Promise<void> {
  const account = await theAccount(tx, proposal.subject)
  await clearObjections(tx, clearing(account), proposal)
  // All that could be claimed, so that a claim which still reads the objection as open does not put one off
  // after this.
  await tx.run(sql`
    update payouts set next_at = ${await tx.now()}, why = case when ${isObjected} then null else why end,
      detail = case when ${isObjected} then null else detail end,
      reason = case when ${isObjected} then null else reason end
    where state in ('owed', 'waiting') and (account_id = ${account.id} or ${isObjected})`)
  const { made_by: by, decided_by: approvedBy, why } = proposal
  await tellOfAccount(tx, { kind: 'account cleared', account, by, approvedBy: approvedBy!, why })
}

const isObjected = sql`coalesce(reason, '') = 'account-objected'`

export type ObjectedAccount = { name: string; made_by: string; why: string; count: bigint }

/** Accounts that somebody objects to, and how many payouts wait for that. */
export const objectedAccounts = (reader: Reader): Promise<ObjectedAccount[]> =>
  reader.all<ObjectedAccount>(sql`
    select a.name, o.made_by, o.why, (select count(*) from payouts p where p.account_id = a.id
      and p.state in ('owed', 'waiting') and not ${refundRule}) as count
    from account_objections o join accounts a on a.id = o.account_id
    where a.store_id = ${reader.store} and o.cleared_at is null and a.state <> 'closed' order by o.id`)
