/**
 * Redirecting: a payout whose receiver's account is gone goes to another approved account of the same payee,
 * by a new order, once two people say so.
 */
import { BadInput } from '../base/answer.ts'
import { samePerson } from '../base/person.ts'
import { formatMoney } from '../base/money.ts'
import type { World } from '../base/world.ts'
import { audit, detailOf, propose, type Proposed, type ProposalRow } from '../ledger/ledger.ts'
import { forUpdate, remember, sql, type Db, type Tx } from '../db/db.ts'
import { changeSinceApproval, findAccount, type AccountRow } from './account.ts'
import { assertDead, assertStays, assertThere } from './person.ts'
import { mayGoOut, type PayoutRow } from './row.ts'
import { payouts } from './tables.ts'

export const redirectAct = 'payout.redirect'
const states = ['owed', 'waiting', 'held', 'returned'] as const

/**
 * Proposes it. Throws `BadInput` where the account is another payee's, or the payout has an order that may
 * still arrive.
 */
export async function proposeRedirect(
  db: Db,
  world: World,
  id: string,
  { to: name, by, why }: { to: string; by: string; why: string },
): Promise<Proposed> {
  return db.tx(async tx => {
    const { payout, from, to } = await redirection(tx, id, name)
    const detail = {
      fromAccount: from.name,
      toAccount: to.name,
      accountId: to.id,
      place: placeOf(to),
      amount: formatMoney(payout.units, payout.asset),
    }
    return propose(tx, world, { act: redirectAct, subject: id, detail, why, by })
  })
}

/** In the transaction of the approval: everything is asked again. */
export async function carryOutRedirect(tx: Tx, proposal: ProposalRow): Promise<void> {
  const { subject: id, why, made_by: madeBy, decided_by: by } = proposal
  const said = detailOf(proposal)
  const { payout, from, to } = await redirection(tx, id, said['accountId']!)
  if (placeOf(to) !== said['place'])
    throw new BadInput(`account ${to.name} is not what it was when payout ${id} was to go there`)
  const amount = formatMoney(payout.units, payout.asset)
  if (amount !== said['amount'])
    throw new BadInput(
      `payout ${id} is of ${amount} by now, and of ${said['amount']} when this was proposed: refuse it and propose it again`,
    )
  // Where earlier orders went stays known: a transfer that turns up is held against that account, not against
  // the new one.
  await tx.run(
    sql`update attempts set account_id = ${from.id} where payout_id = ${id} and account_id is null
      and bundle_id is null`,
  )
  const cause = { why: `${madeBy} and ${by}: to ${to.name} instead of ${from.name}: ${why}`, ref: to.id }
  const now = await tx.now()
  const set = [
    sql`account_id = ${to.id}`,
    sql`next_at = ${now}`,
    sql`tries = 0`,
    sql`waits = 0`,
    sql`why = null`,
  ]
  if (payout.state === 'held' || payout.state === 'returned')
    await payouts.move(tx, { id, state: payout.state }, 'owed', cause, set)
  else {
    await tx.run(
      sql`update payouts set account_id = ${to.id}, next_at = ${now}, tries = 0, waits = 0, why = null
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
  const payout = await tx.one<PayoutRow>(sql`select * from payouts where id = ${id} ${forUpdate}`)
  if (!payout) throw new BadInput(`there is no payout "${id}": "repasse payout list" shows them`)
  if (!(states as readonly string[]).includes(payout.state))
    throw new BadInput(`payout ${id} is ${payout.state}: this is for one that is ${states.join(' or ')}`)
  const refusal = mayGoOut(payout)
  if (refusal !== undefined) throw new BadInput(`payout ${id} cannot go out, for ${refusal}`)
  await assertStays(tx, payout)
  await assertDead(tx, payout)
  await assertThere(tx, payout)

  const from = (await findAccount(tx, payout.account_id))!
  const to = await findAccount(tx, name)
  if (!to) throw new BadInput(`--to "${name}" is not an account: "repasse account list" shows them`)
  if (to.id === from.id) throw new BadInput(`payout ${id} goes to account ${to.name} already`)
  if (to.state !== 'approved')
    throw new BadInput(`account ${to.name} is ${to.state}: nothing is paid to one that is not approved`)
  const change = await changeSinceApproval(tx, to)
  if (change !== undefined) throw new BadInput(change)
  if (!isOfOnePayee(from, to))
    throw new BadInput(
      `account ${to.name} is of ${payeeOf(to)}, and payout ${id} is owed to ${payeeOf(from)}: a payout goes to its payee only`,
    )
  return { payout, from, to }
}

const digits = (taxId: string) => taxId.replace(/[^0-9A-Za-z]/g, '').toUpperCase()

/** At banks the tax id says who somebody is; on a chain the name is all there is. */
export const isOfOnePayee = (one: AccountRow, other: AccountRow): boolean =>
  one.kind === 'bank' && other.kind === 'bank'
    ? digits(one.tax_id) === digits(other.tax_id)
    : one.kind === other.kind && one.holder.trim() !== '' && samePerson(one.holder, other.holder)

const payeeOf = (account: AccountRow) =>
  account.kind === 'bank' ? `${account.holder} (${account.tax_id})` : account.holder || 'nobody named'
const placeOf = (account: AccountRow) =>
  account.kind === 'bank'
    ? `${account.bank} ${account.branch} ${account.number}, ${account.holder}`
    : account.destination
