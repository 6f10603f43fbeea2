/** What two people decide about an account that owes us: whether it is kept back from its next payouts, and that a debt was paid or is forgiven. */
import { BadInput } from '../base/answer.ts'
import { formatUnits, parseUnits, reais } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { audit, detailOf, propose, type Proposed, type ProposalRow } from '../ledger/ledger.ts'
import { sql, type Store, type Tx } from '../store/store.ts'
import { findAccount } from './account.ts'
import { lockOwing, postReceivable, receivableOf, recoveries, type Recovery } from './receivable.ts'

export const termsAct = 'account.terms'
export const debtAct = 'account.debt'

/** How a debt ended: the payee paid it by other means, or need not pay it. */
export const debtEnds = ['paid', 'forgiven'] as const
export type DebtEnd = (typeof debtEnds)[number]

interface Act {
  by: string
  why: string
}

export type AccountProposed =
  | Proposed
  | { is: 'unknown' }
  /** `not-bank`: nothing goes back on a chain. `same`: its terms are these already. `too-much`: less than that is owed. */
  | { is: 'impossible'; code: 'not-bank' | 'same' | 'too-much' }

/** Proposes whether what an account owes is kept back from its next payouts. */
export const proposeTerms = (store: Store, world: World, name: string, recover: Recovery, { by, why }: Act): Promise<AccountProposed> =>
  store.tx(async tx => {
    const account = await findAccount(tx, name)
    if (!account) return { is: 'unknown' }
    if (account.kind !== 'bank') return { is: 'impossible', code: 'not-bank' }
    if (account.recover === recover) return { is: 'impossible', code: 'same' }
    return propose(tx, world, { act: termsAct, subject: account.id, detail: { account: account.name, recover }, why, by })
  })

/** Proposes that `units` of what an account owes are settled: paid by other means, or forgiven. */
export const proposeDebtEnd = (
  store: Store,
  world: World,
  name: string,
  { units, as, by, why }: Act & { units: bigint; as: DebtEnd },
): Promise<AccountProposed> =>
  store.tx(async tx => {
    const account = await findAccount(tx, name)
    if (!account) return { is: 'unknown' }
    if (units <= 0n || units > (await receivableOf(tx, account.id))) return { is: 'impossible', code: 'too-much' }
    const detail = { account: account.name, amount: formatUnits(units, 'BRL'), as }
    return propose(tx, world, { act: debtAct, subject: account.id, detail, why, by })
  })

/** In the transaction of the approval. */
export async function changeTerms(tx: Tx, proposal: ProposalRow): Promise<void> {
  const { recover } = detailOf(proposal)
  const account = await findAccount(tx, proposal.subject)
  const to = recoveries.find(each => each === recover)
  if (!account || !to) throw new BadInput(`account "${proposal.subject}" has no terms "${recover}"`)
  await tx.run(sql`update accounts set recover = ${to}, changed_at = ${await tx.now()} where id = ${account.id}`)
  const detail = { name: account.name, recover: to, was: account.recover, madeBy: proposal.made_by, why: proposal.why }
  await audit(tx, { actor: proposal.decided_by!, act: 'account terms changed', subject: account.id, detail })
}

/** In the transaction of the approval. */
export async function endDebt(tx: Tx, world: World, proposal: ProposalRow): Promise<void> {
  const { amount = '', as } = detailOf(proposal)
  const units = parseUnits(amount, 'BRL') ?? 0n
  const { subject: accountId, made_by: madeBy, decided_by: by, why } = proposal
  await lockOwing(tx, accountId)
  const owing = await receivableOf(tx, accountId)
  if (units <= 0n || units > owing)
    throw new BadInput(`account ${accountId} owes ${reais(owing)} by now: refuse this proposal and make another`)
  const movement = as === 'paid' ? 'receivable paid' : 'receivable forgiven'
  await postReceivable(tx, world, { movement, accountId, source: proposal.id, units, memo: why })
  const act = { act: as === 'paid' ? 'account debt paid' : 'account debt forgiven', detail: { amount, madeBy, why } }
  await audit(tx, { actor: by!, subject: accountId, ...act })
}
