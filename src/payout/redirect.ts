/**
 * Redirecting: a payout whose receiver's account is gone goes to another approved account of the same payee,
 * by a new order, once two people say so.
 */
import { because } from '../base/reasons.ts'
import { sameName } from '../base/person.ts'
import { formatMoney } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { audit, detailOf, propose, type Proposed, type ProposalRow } from '../ledger/ledger.ts'
import { setWhy, forUpdate, remember, sql, type Db, type Tx } from '../db/db.ts'
import { changeSinceApproval, findAccount, type AccountRow } from './account.ts'
import { answering, refuse, refuseIf, type PayoutRefusal } from './refusals.ts'
import type { PayoutRow } from './row.ts'
import { mayRedirect, payoutFacts } from './rules.ts'
import { payouts } from './tables.ts'

export const redirectAct = 'payout.redirect'

/** Proposes it; refused where the account is another payee's, or an order of the payout may still arrive. */
export const proposeRedirect = (
  db: Db,
  world: World,
  id: string,
  { to: name, by, why }: { to: string; by: string; why: string },
): Promise<Proposed | PayoutRefusal> =>
  answering(() =>
    db.tx(async tx => {
      const { payout, from, to } = await redirection(tx, id, name)
      const detail = {
        fromAccount: from.name,
        toAccount: to.name,
        accountId: to.id,
        place: placeOf(to),
        amount: formatMoney(payout.units, payout.asset),
      }
      return propose(tx, world, { act: redirectAct, subject: id, detail, why, by })
    }),
  )

/** In the transaction of the approval: everything is asked again. */
export async function carryOutRedirect(tx: Tx, proposal: ProposalRow): Promise<void> {
  const { subject: id, why, made_by: madeBy, decided_by: by } = proposal
  const said = detailOf(proposal)
  const { payout, from, to } = await redirection(tx, id, said['accountId']!)
  if (placeOf(to) !== said['place']) refuse({ is: 'destination-changed', id, name: to.name })
  const amount = formatMoney(payout.units, payout.asset)
  if (amount !== said['amount']) refuse({ is: 'amount-changed', id, amount, proposed: said['amount'] ?? '' })
  // Where earlier orders went stays known: a transfer that turns up is held against that account, not against
  // the new one.
  await tx.run(
    sql`update attempts set account_id = ${from.id} where payout_id = ${id} and account_id is null
      and bundle_id is null`,
  )
  const cause = {
    why: because('redirected', { madeBy, by: by!, to: to.name, from: from.name, said: why }),
    ref: to.id,
  }
  const now = await tx.now()
  const set = [
    sql`account_id = ${to.id}`,
    sql`next_at = ${now}`,
    sql`tries = 0`,
    sql`waits = 0`,
    setWhy(null),
  ]
  if (payout.state === 'held' || payout.state === 'returned')
    await payouts.move(tx, { id, state: payout.state }, 'owed', cause, set)
  else {
    await tx.run(
      sql`update payouts set account_id = ${to.id}, next_at = ${now}, tries = 0, waits = 0, ${setWhy(null)}
        where id = ${id}`,
    )
    await remember(tx, 'payouts', id, payout.state, payout.state, cause, now)
  }
  await audit(tx, {
    actor: by!,
    act: 'payout redirected',
    subject: id,
    detail: { from: from.name, to: to.name, toId: to.id, madeBy, why },
  })
}

async function redirection(
  tx: Tx,
  id: string,
  name: string,
): Promise<{ payout: PayoutRow; from: AccountRow; to: AccountRow }> {
  const payout = await tx.one<PayoutRow>(
    sql`select * from payouts where id = ${id} and store_id = ${tx.store} ${forUpdate}`,
  )
  if (!payout) return refuse({ is: 'payout-unknown', id })
  refuseIf(mayRedirect(await payoutFacts(tx, payout)))
  const from = (await findAccount(tx, payout.account_id))!
  const to = await findAccount(tx, name)
  if (!to) return refuse({ is: 'destination-unknown', name })
  refuseIf(mayGoTo(payout, from, to))
  const why = await changeSinceApproval(tx, to)
  if (why !== undefined) refuse({ is: 'destination-edited', name: to.name, why })
  return { payout, from, to }
}

/** Whether it may go to another account: an approved one, of its payee. */
export function mayGoTo(
  { id }: Pick<PayoutRow, 'id'>,
  from: AccountRow,
  to: AccountRow,
): PayoutRefusal | undefined {
  const { name, state } = to
  if (to.id === from.id) return { is: 'destination-same', id, name }
  if (state !== 'approved') return { is: 'destination-not-approved', name, state }
  if (isOfOnePayee(from, to)) return undefined
  return { is: 'destination-of-another', id, name, payee: payeeOf(to), owedTo: payeeOf(from) }
}

const digits = (taxId: string) => taxId.replace(/[^0-9A-Za-z]/g, '').toUpperCase()

/** At banks the tax id says who somebody is; on a chain the name is all there is. */
export const isOfOnePayee = (one: AccountRow, other: AccountRow): boolean =>
  one.kind === 'bank' && other.kind === 'bank'
    ? digits(one.tax_id) === digits(other.tax_id)
    : one.kind === other.kind && one.holder.trim() !== '' && sameName(one.holder, other.holder)

const payeeOf = (account: AccountRow) =>
  account.kind === 'bank' ? `${account.holder} (${account.tax_id})` : account.holder
const placeOf = (account: AccountRow) =>
  account.kind === 'bank'
    ? `${account.bank} ${account.branch} ${account.number}, ${account.holder}`
    : account.destination
