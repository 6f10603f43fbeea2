/** Payout accounts: where money may go. Added by one person, approved by another; nothing is paid to one that is not approved. */
import { BadInput } from '../base/answer.ts'
import { newId } from '../base/id.ts'
import type { Machine, StateOf } from '../base/machine.ts'
import type { World } from '../base/world.ts'
import { audit } from '../ledger/ledger.ts'
import type { BankDestination } from '../rails/rail.ts'
import { join, move, remember, sql, type Reader, type Store } from '../store/store.ts'

export const accountMachine = {
  awaiting: ['approved', 'closed'],
  approved: ['closed'],
  closed: [],
} as const satisfies Machine

type CommonRow = {
  id: string
  name: string
  holder: string
  state: StateOf<typeof accountMachine>
  added_by: string
  added_at: string
  approved_by: string | null
}

export type BankAccountRow = CommonRow & {
  kind: 'bank'
  tax_id: string
  bank: string
  branch: string
  number: string
  type: BankDestination['type']
}

/** `destination`: an address, or a descriptor that gives each payout one of its own, from `next_index` on. */
export type BitcoinAccountRow = CommonRow & { kind: 'bitcoin'; destination: string; next_index: bigint }

export type AccountRow = BankAccountRow | BitcoinAccountRow

/** Where a new account pays to; `holder` may be left empty for Bitcoin. */
export type NewDestination = ({ kind?: 'bank' } & BankDestination) | { kind: 'bitcoin'; holder: string; destination: string }

export const findAccount = (reader: Reader, name: string) =>
  reader.one<AccountRow>(sql`select * from accounts where store_id = 'sto_default' and (name = ${name} or id = ${name})`)

export const listAccounts = (reader: Reader) => reader.all<AccountRow>(sql`select * from accounts order by name`)

export const destinationOf = (row: BankAccountRow): BankDestination => ({
  holder: row.holder,
  taxId: row.tax_id,
  bank: row.bank,
  branch: row.branch,
  number: row.number,
  type: row.type,
})

/** Adds an account that awaits approval. `to` has been checked at the edge. */
export async function addAccount(store: Store, world: World, name: string, to: NewDestination, by: string): Promise<AccountRow> {
  return store.tx(async tx => {
    if (await findAccount(tx, name))
      throw new BadInput(`--name "${name}" is taken by another account: choose another name, or see it with "repasse account show ${name}"`)
    const id = newId('account', world)
    const now = await tx.now()
    const added = [by, now, now]
    if (to.kind === 'bitcoin')
      await tx.run(sql`
        insert into accounts (id, store_id, name, kind, holder, destination, state, added_by, added_at, changed_at)
        values (${id}, 'sto_default', ${name}, 'bitcoin', ${to.holder}, ${to.destination}, 'awaiting', ${join(added)})`)
    else
      await tx.run(sql`
        insert into accounts (id, store_id, name, kind, holder, tax_id, bank, branch, number, type, state, added_by, added_at, changed_at)
        values (${id}, 'sto_default', ${name}, 'bank', ${to.holder}, ${to.taxId}, ${to.bank}, ${to.branch}, ${to.number}, ${to.type},
          'awaiting', ${join(added)})`)
    await remember(tx, 'accounts', id, '', 'awaiting', { why: `added by ${by}` }, now)
    await audit(tx, { actor: by, act: 'account added', subject: id, detail: { name, ...to } })
    return (await findAccount(tx, id))!
  })
}

/** Approves an account; `by` must not be who added it. */
export async function approveAccount(store: Store, name: string, by: string): Promise<AccountRow> {
  return store.tx(async tx => {
    const account = await findAccount(tx, name)
    if (!account) throw new BadInput(`there is no account "${name}": "repasse account list" shows them`)
    if (samePerson(account.added_by, by))
      throw new BadInput(`--by ${by} added account "${name}": someone else has to approve it (--by NAME)`)
    if (account.state === 'approved') throw new BadInput(`account "${name}" was already approved by ${account.approved_by}`)
    if (account.state === 'closed') throw new BadInput(`account "${name}" is closed: add it anew`)
    await move(tx, 'accounts', accountMachine, account.id, 'awaiting', 'approved', { why: `approved by ${by}` }, [sql`approved_by = ${by}`])
    await audit(tx, { actor: by, act: 'account approved', subject: account.id, detail: { name: account.name } })
    return (await findAccount(tx, account.id))!
  })
}

/** A name in other letters is the same name; the schema says so too. */
const samePerson = (one: string, other: string) => folded(one) === folded(other)
const folded = (name: string) => name.normalize('NFKC').trim().toLowerCase()
