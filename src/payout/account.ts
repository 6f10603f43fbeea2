/**
 * Payout accounts: where money may go. Added by one person, approved by another; nothing is paid to one that
 * is not approved.
 */
import { because, type Reason } from '../base/reasons.ts'
import { createHash } from 'node:crypto'
import {
  doneFault,
  judgeApproval,
  said,
  state,
  type Approving,
  type Content,
  type Judged,
  type Proof,
} from '../approvals/approvals.ts'
import { newId } from '../base/id.ts'
import { samePerson } from '../base/person.ts'
import { later, type Instant, type Millis, type World } from '../base/world.ts'
import { audit, auditedDetails, barFor, mayProposeNow, type Bar } from '../ledger/ledger.ts'
import { tellOfAccount } from '../people/people.ts'
import type { AccountRow, BankAccountRow, BitcoinAccountRow } from './accountRow.ts'
import { objectionTo, type OpenObjection } from './objected.ts'
import { isWrittenAlike, type NewDestination } from './place.ts'
import { answering, refuse, refuseIf, type PayoutRefusal } from './refusals.ts'
import { setWhy, join, remember, sql, type Reader, type Db, type Tx } from '../db/db.ts'
import { accounts } from './tables.ts'

export type { AccountRow, BankAccountRow, BitcoinAccountRow }

export const findAccount = (reader: Reader, name: string) =>
  reader.one<AccountRow>(
    sql`select * from accounts where store_id = ${reader.store} and (name = ${name} or id = ${name})`,
  )

export const listAccounts = (reader: Reader) =>
  reader.all<AccountRow>(sql`select * from accounts where store_id = ${reader.store} order by name`)

/**
 * Adds an account that awaits approval. `to` has been checked at the edge. Sent twice by one person, the same
 * account is one: `there`.
 */
export const addAccount = (
  db: Db,
  world: World,
  name: string,
  to: NewDestination,
  by: string,
): Promise<{ is: 'added' | 'there'; account: AccountRow } | PayoutRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const there = await findAccount(tx, name)
      if (there && there.added_by === by && there.holder === to.holder && isWrittenAlike(there, to))
        return { is: 'there', account: there } as const
      if (there) return refuse({ is: 'account-name-taken', name, account: there })
      refuseIf(await mayProposeNow(tx, by))
      const id = newId('account', world)
      const now = await tx.now()
      const added = [by, now, now]
      if ('destination' in to)
        await tx.run(sql`
        insert into accounts (id, store_id, name, kind, holder, destination, state, added_by, added_at,
          changed_at)
        values (${id}, ${tx.store}, ${name}, ${to.kind}, ${to.holder}, ${to.destination}, 'awaiting',
          ${join(added)})`)
      else
        await tx.run(sql`
        insert into accounts (id, store_id, name, kind, holder, tax_id, bank, branch, number, type, state,
          added_by, added_at, changed_at)
        values (${id}, ${tx.store}, ${name}, 'bank', ${to.holder}, ${to.taxId}, ${to.bank}, ${to.branch},
          ${to.number}, ${to.type},
          'awaiting', ${join(added)})`)
      await remember(tx, 'accounts', id, '', 'awaiting', { why: because('added-by', { by }) }, now)
      await audit(tx, { actor: by, act: 'account added', subject: id, detail: { name, ...to } })
      const account = (await findAccount(tx, id))!
      await tellOfAccount(tx, { kind: 'account added', account, by })
      return { is: 'added', account } as const
    }),
  )

/**
 * Whether somebody may approve it as it is. `seen`: the digest of what they were shown. `objection`: an open
 * one to where it pays.
 */
export function mayApproveAccount(
  account: AccountRow,
  { by, seen, objection }: { by: string; seen?: string | undefined; objection: OpenObjection | undefined },
): PayoutRefusal | undefined {
  if (samePerson(account.added_by, by)) return { is: 'account-own', by, account }
  if (account.state === 'approved') return { is: 'account-approved-already', account }
  if (account.state === 'closed') return { is: 'account-closed', account }
  if (objection) return { is: 'account-place-objected', account, objection }
  return seen === undefined || seen === digestOfAccount(account)
    ? undefined
    : { is: 'account-changed', account }
}

/**
 * Approves an account; `by` must not be who added it. `seen`: the digest of what the approver was shown.
 * `coolingOffMs`: for how long nothing is paid there.
 */
export const approveAccount = (
  db: Db,
  name: string,
  {
    by,
    seen,
    proof = said,
    coolingOffMs = 0,
  }: { by: string; seen?: string | undefined; proof?: Proof; coolingOffMs?: Millis | undefined },
): Promise<{ is: 'approved'; account: AccountRow } | PayoutRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const account = await findAccount(tx, name)
      if (!account) return refuse({ is: 'account-unknown', name })
      refuseIf(mayApproveAccount(account, { by, seen, objection: await objectionTo(tx, account) }))
      const bar = await barFor(tx, by, await tx.now(), account.added_by)
      if (bar) refuse({ is: 'barred', by, bar })
      const payableFrom = coolingOffMs > 0 ? later(await tx.now(), coolingOffMs) : null
      const approved = [sql`approved_by = ${by}`, sql`payable_from = ${payableFrom}`]
      await accounts.move(
        tx,
        { id: account.id, state: 'awaiting' },
        'approved',
        { why: because('approved-by', { by }) },
        approved,
      )
      const stated = await stateAccount(tx, account, by, proof)
      await audit(tx, {
        actor: by,
        act: 'account approved',
        subject: account.id,
        detail: {
          name: account.name,
          digest: digestOfAccount(account),
          ...(payableFrom !== null && { payableFrom }),
          ...stated,
        },
      })
      await tellOfAccount(tx, { kind: 'account approved', account, by: account.added_by, approvedBy: by })
      return { is: 'approved', account: (await findAccount(tx, account.id))! } as const
    }),
  )

/** What an approval of an account is of. */
export const approvingAccount = (account: AccountRow): Omit<Approving, 'by'> => ({
  act: approveAct,
  subject: account.id,
  content: contentOf(account),
})

const stateAccount = (tx: Tx, account: AccountRow, by: string, proof: Proof) =>
  state(tx, { ...approvingAccount(account), by }, proof)

export type Signing =
  | { is: 'unknown' }
  /** `own`: who signs is who added it. `not approved`: there is no approval to sign. */
  | { is: 'signed' | 'own' | 'not approved'; account: AccountRow }
  /** Whoever signs may approve nothing, now or at all. */
  | { is: 'barred'; account: AccountRow; bar: Bar }
  /** It is not what was approved, so nobody signs it as if it were. */
  | { is: 'changed'; account: AccountRow; why: string }

/**
 * Signs an approval again: one that was only said, or whose signer is gone. What waits for it is looked at
 * again at once. `seen`: as of `judgeAccount`. Where the account is paid later than `coolingOffMs` from now
 * its clock was ahead when it was approved, and it is paid from then on.
 */
export async function signAccount(
  db: Db,
  name: string,
  by: string,
  proof: Proof,
  seen?: string,
  coolingOffMs?: Millis,
): Promise<Signing> {
  return db.tx(async tx => {
    const account = await findAccount(tx, name)
    if (!account) return { is: 'unknown' }
    if (account.state !== 'approved') return { is: 'not approved', account }
    if (samePerson(account.added_by, by)) return { is: 'own', account }
    const bar = await barFor(tx, by, await tx.now(), account.added_by)
    if (bar) return { is: 'barred', account, bar }
    const approval = await approvalOf(tx, account)
    if (approval.is === 'changed') return { is: 'changed', account, why: approval.why }
    if (seen !== undefined && seen !== digestOfAccount(account))
      return { is: 'changed', account, why: 'it is not what was shown' }
    const stated = await stateAccount(tx, account, by, proof)
    const latest = coolingOffMs === undefined ? undefined : later(await tx.now(), coolingOffMs)
    const isAhead = latest !== undefined && account.payable_from !== null && account.payable_from > latest
    if (isAhead) await tx.run(sql`update accounts set payable_from = ${latest} where id = ${account.id}`)
    await audit(tx, {
      actor: by,
      act: 'account signed',
      subject: account.id,
      detail: {
        name: account.name,
        digest: digestOfAccount(account),
        ...(isAhead && { payableFrom: latest }),
        ...stated,
      },
    })
    await tx.run(sql`
      update payouts set next_at = ${await tx.now()}, ${setWhy(null)}
      where account_id = ${account.id} and state in ('owed', 'waiting') and (reason = 'account-only-said'
        or ${isAhead ? 1 : 0} = 1)`)
    return { is: 'signed', account }
  })
}

export type Closing = { is: 'unknown' } | { is: 'closed' | 'already' | 'in use'; account: AccountRow }

/**
 * Closes an account for good: one that was added by mistake, or that nobody needs. Whatever names it keeps it
 * open (a schedule, the shop's rule, an invoice, a payout), for money on its way there could go nowhere else.
 */
export async function closeAccount(db: Db, name: string, by: string, why: string): Promise<Closing> {
  return db.tx(async tx => {
    const account = await findAccount(tx, name)
    if (!account) return { is: 'unknown' }
    if (account.state === 'closed') return { is: 'already', account }
    const user = await tx.one(sql`
      select 1 as yes from schedules where account_id = ${account.id} union all select 1 as yes
        from store_rules where account_id = ${account.id}
      union all select 1 as yes from invoices where account_id = ${account.id} union all select 1 as yes
        from payouts where account_id = ${account.id}
      limit 1`)
    if (user) return { is: 'in use', account }
    await accounts.move(tx, account, 'closed', {
      why: because('said-by', { by, said: why }),
    })
    await audit(tx, {
      actor: by,
      act: 'account closed',
      subject: account.id,
      detail: { name: account.name, why },
    })
    return { is: 'closed', account: (await findAccount(tx, account.id))! }
  })
}

/** What an approval is of: everything that says where money goes and whose it is, and who said so. */
export function digestOfAccount(account: AccountRow): string {
  const { id, name, kind, holder, added_by, added_at } = account
  const place =
    account.kind === 'bank'
      ? [account.tax_id, account.bank, account.branch, account.number, account.type]
      : [account.destination]
  return createHash('sha256')
    .update(JSON.stringify([id, name, kind, holder, added_by, added_at, ...place]))
    .digest('base64url')
}

const approveAct = 'account.approve'

/** Where an account pays to, as orders keep it. */
export const placeOf = (account: AccountRow): Content =>
  account.kind === 'bank'
    ? {
        holder: account.holder,
        taxId: account.tax_id,
        bank: account.bank,
        branch: account.branch,
        number: account.number,
        type: account.type,
      }
    : { destination: account.destination }

/** What an approval states: everything that says where money goes and whose it is, and who said so. */
const contentOf = (account: AccountRow): Content => ({
  ...{
    id: account.id,
    store: account.store_id,
    name: account.name,
    kind: account.kind,
    holder: account.holder,
  },
  ...{ addedBy: account.added_by, addedAt: account.added_at },
  ...placeOf(account),
})

/**
 * The approval of an account, judged by the audit log and its statement; what changed in one that was
 * approved before digests were kept cannot be told.
 */
export async function approvalOf(reader: Reader, account: AccountRow): Promise<Judged> {
  const changed = (why: string): Judged => ({
    is: 'changed',
    why: `account ${account.name} ${why}: somebody has changed it past this program`,
  })
  const row = await reader.one<{
    seq: bigint
    actor: string
    subject: string
    act: string
    detail: string
  }>(sql`
    select seq, actor, subject, act, detail from audit
    where subject = ${account.id} and act in ('account approved', 'account signed', 'account closed')
      order by seq desc limit 1`)
  if (!row || row.act === 'account closed') return changed(`is ${account.state}, and nobody approved it`)
  const { digest } = JSON.parse(row.detail) as { digest?: string }
  if (digest !== undefined && digest !== digestOfAccount(account)) return changed('is not as it was approved')
  const terms = await termsFault(reader, account)
  if (terms !== undefined) return changed(terms)
  if (account.payable_from !== (await payableFromOf(reader, account.id)))
    return changed('is paid from another time on than was approved')
  const judged = await judgeApproval(reader, row, approveAct, contentOf(account))
  return judged.is === 'changed' ? changed(`has an approval that does not hold: ${judged.why}`) : judged
}

/** Why its terms are not those that two people approved last. */
async function termsFault(reader: Reader, { id, recover }: AccountRow): Promise<string | undefined> {
  const last = await reader.one<{ seq: bigint; actor: string; detail: string }>(sql`
    select seq, actor, detail from audit where subject = ${id} and act = 'account terms changed'
      order by seq desc limit 1`)
  const said = last && (JSON.parse(last.detail) as { recover: string }).recover
  if (recover !== (said ?? 'never')) return 'has other terms than were approved'
  const fault = last && (await doneFault(reader, last, { act: termsAct, about: id, says: { recover } }))
  return fault === undefined ? undefined : `has terms that do not hold: ${fault}`
}

export const termsAct = 'account.terms'

/** From when an account is paid, as its approval says, or who signed it since. */
async function payableFromOf(reader: Reader, id: string): Promise<Instant | null> {
  const [approved, signed] = [
    await auditedDetails(reader, id, 'account approved'),
    await auditedDetails(reader, id, 'account signed'),
  ]
  return [approved.at(-1), ...signed].flatMap(detail => detail?.['payableFrom'] ?? []).at(-1) ?? null
}

/**
 * Why nothing may be ordered to an account: nobody approved it, or what was approved is not what it is now.
 * Undefined where it is.
 */
export async function changeSinceApproval(reader: Reader, account: AccountRow): Promise<string | undefined> {
  const approval = await approvalOf(reader, account)
  return approval.is === 'changed' ? approval.why : undefined
}

/** Why payouts to an account wait where an approval has to be proven. */
export const onlySaid = ({ name }: Pick<AccountRow, 'name'>): Reason =>
  because('account-only-said', { account: name })

/** Accounts that are open and pay to what is written as the same place. */
export const twinsOf = async (reader: Reader, to: NewDestination): Promise<AccountRow[]> =>
  (await listAccounts(reader)).filter(row => row.state !== 'closed' && isWrittenAlike(row, to))
