/**
 * What two people decide about an account that owes us, or is owed: whether it is kept back from its next
 * payouts, and how it ended otherwise.
 */
import { formatUnits, parseUnits } from '../base/money.ts'
import type { Instant, World } from '../base/world.ts'
import { audit, detailOf, propose, type Proposed, type ProposalRow } from '../ledger/ledger.ts'
import { tellOfAccount } from '../people/people.ts'
import { sql, type Db, type Tx } from '../db/db.ts'
import { findAccount, termsAct } from './account.ts'
import { refuse } from './refusals.ts'
import { lockOwing, postReceivable, receivableOf, recoveries, type Recovery } from './receivable.ts'

export const debtAct = 'account.debt'

/**
 * How a debt ended: the payee paid it by other means, or need not pay it; or what was kept back too much was
 * returned to it by other means.
 */
export const debtEnds = ['paid', 'forgiven', 'returned'] as const
export type DebtEnd = (typeof debtEnds)[number]

const movementOf = {
  paid: 'receivable paid',
  forgiven: 'receivable forgiven',
  returned: 'set-off returned elsewhere',
} as const
const auditedAs = {
  paid: 'account debt paid',
  forgiven: 'account debt forgiven',
  returned: 'account set-off returned',
} as const

/** How much may end so: of what is owed to us, or of what was kept back too much. */
const maxOf = (owing: bigint, as: DebtEnd) => (as === 'returned' ? -owing : owing)

/**
 * What came to be owed, or was kept back too much, since somebody proposed how what there was ends: it is
 * another debt.
 */
async function madeSince(tx: Tx, accountId: string, as: DebtEnd, at: Instant): Promise<bigint> {
  const side = as === 'returned' ? sql`e.units < 0` : sql`e.units > 0`
  const row = await tx.one<{ units: bigint }>(sql`
    select cast(coalesce(sum(abs(e.units)), 0) as bigint) as units
    from receivable_moves m join ledger_transactions t on t.id = m.transaction_id
      join ledger_entries e on e.transaction_id = t.id and e.account = 'receivable'
    where m.account_id = ${accountId} and t.at > ${at} and ${side}`)
  return row!.units
}

interface Act {
  by: string
  why: string
}

export type AccountProposed =
  | Proposed
  | { is: 'unknown' }
  /**
   * `not-bank`: nothing goes back on a chain. `same`: its terms are these already. `too-much`: less than that
   * is owed, `not-kept`: was kept back.
   */
  | { is: 'impossible'; code: 'not-bank' | 'same' | 'too-much' | 'not-kept' }

/** Proposes whether what an account owes is kept back from its next payouts. */
export const proposeTerms = (
  db: Db,
  world: World,
  name: string,
  recover: Recovery,
  { by, why }: Act,
): Promise<AccountProposed> =>
  db.tx(async tx => {
    const account = await findAccount(tx, name)
    if (!account) return { is: 'unknown' }
    if (account.kind !== 'bank') return { is: 'impossible', code: 'not-bank' }
    if (account.recover === recover) return { is: 'impossible', code: 'same' }
    return propose(tx, world, {
      act: termsAct,
      subject: account.id,
      detail: { account: account.name, recover },
      why,
      by,
    })
  })

/** Proposes that `units` of what an account owes, or of what was kept back too much from it, are settled. */
export const proposeDebtEnd = (
  db: Db,
  world: World,
  name: string,
  { units, as, by, why }: Act & { units: bigint; as: DebtEnd },
): Promise<AccountProposed> =>
  db.tx(async tx => {
    const account = await findAccount(tx, name)
    if (!account) return { is: 'unknown' }
    if (units <= 0n || units > maxOf(await receivableOf(tx, account.id), as))
      return { is: 'impossible', code: as === 'returned' ? 'not-kept' : 'too-much' }
    const detail = { account: account.name, amount: formatUnits(units, 'BRL'), as }
    return propose(tx, world, { act: debtAct, subject: account.id, detail, why, by })
  })

/** In the transaction of the approval. */
export async function changeTerms(tx: Tx, proposal: ProposalRow): Promise<void> {
  const { recover } = detailOf(proposal)
  const account = await findAccount(tx, proposal.subject)
  const to = recoveries.find(each => each === recover)
  if (!account || !to)
    return refuse({ is: 'proposal-unreadable', about: proposal.subject, says: recover ?? '' })
  await tx.run(
    sql`update accounts set recover = ${to}, changed_at = ${await tx.now()} where id = ${account.id}`,
  )
  const detail = {
    name: account.name,
    recover: to,
    was: account.recover,
    madeBy: proposal.made_by,
    why: proposal.why,
  }
  await audit(tx, { actor: proposal.decided_by!, act: 'account terms changed', subject: account.id, detail })
  const { made_by: by, decided_by: approvedBy, why } = proposal
  await tellOfAccount(tx, { kind: 'account changed', account, by, approvedBy: approvedBy!, why })
}

/** In the transaction of the approval. */
export async function endDebt(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const { amount = '', as: said } = detailOf(proposal)
  const as = debtEnds.find(each => each === said)
  if (!as) return refuse({ is: 'proposal-unreadable', about: proposal.subject, says: said ?? '' })
  const units = parseUnits(amount, 'BRL') ?? 0n
  const { subject: accountId, made_by: madeBy, decided_by: by, why } = proposal
  await lockOwing(tx, accountId)
  const owing = await receivableOf(tx, accountId)
  const since = await madeSince(tx, accountId, as, proposal.added_at)
  if (units <= 0n || units > maxOf(owing, as) - since)
    refuse({ is: 'debt-changed', account: accountId, owingUnits: owing, sinceUnits: since })
  await postReceivable(tx, world, {
    movement: movementOf[as],
    accountId,
    source: proposal.id,
    units,
    memo: why,
  })
  await audit(tx, { actor: by!, act: auditedAs[as], subject: accountId, detail: { amount, madeBy, why } })
}
