/** What a person does to a payout: hold it, release it, try it again. Each act has a reason and is in the audit log. */
import { BadInput } from '../base/answer.ts'
import { audit } from '../ledger/ledger.ts'
import { move, sql, type Store, type Tx } from '../store/store.ts'
import type { AccountRow } from './account.ts'
import { attemptsOf, findPayout, payoutMachine, type PayoutRow, type PayoutState } from './row.ts'

export interface Act {
  by: string
  why: string
}

export const holdPayout = (store: Store, id: string, act: Act) => actOn(store, id, act, 'held', ['owed', 'waiting'])

/** Lets a held payout go: one that is not above zero stays. */
export const releasePayout = (store: Store, id: string, act: Act) =>
  actOn(store, id, act, 'owed', ['held'], payout => {
    if (payout.units <= 0n) throw new BadInput(`payout ${id} is of ${payout.units} cents: nothing is left to pay on`)
  })

/** Tries again what waits or came back. */
export const retryPayout = (store: Store, id: string, act: Act) =>
  actOn(store, id, act, 'owed', ['waiting', 'held', 'returned', 'owed'], async (payout, tx) => {
    if (payout.state !== 'owed' || payout.next_at > (await tx.now())) return
    const account = (await tx.one<AccountRow>(sql`select * from accounts where id = ${payout.account_id}`))!
    throw new BadInput(
      `payout ${id} is owed, so there is nothing to retry: it ${waitsFor(payout, account) ?? 'is sent by itself as soon as "repasse serve" may'}`,
    )
  })

/** What an owed payout waits for besides its turn: derived from its account, so that it is never stale. */
export function waitsFor({ state }: Pick<PayoutRow, 'state'>, account: Pick<AccountRow, 'name' | 'state'>): string | undefined {
  if ((state !== 'owed' && state !== 'waiting') || account.state === 'approved') return undefined
  return account.state === 'closed'
    ? `cannot be sent, for account ${account.name} is closed`
    : `waits for the approval of account ${account.name}`
}

async function actOn(
  store: Store,
  id: string,
  { by, why }: Act,
  to: 'held' | 'owed',
  from: PayoutState[],
  check?: (payout: PayoutRow, tx: Tx) => void | Promise<void>,
): Promise<PayoutRow> {
  return store.tx(async tx => {
    const payout = await findPayout(tx, id)
    if (!payout) throw new BadInput(`there is no payout "${id}": "repasse payout list" shows them`)
    if (!from.includes(payout.state)) throw new BadInput(`payout ${id} is ${payout.state}: this is for one that is ${from.join(' or ')}`)
    await check?.(payout, tx)
    if (to === 'owed') await assertDead(tx, payout)
    const now = await tx.now()
    if (payout.state === to) await tx.run(sql`update payouts set next_at = ${now} where id = ${id} and state = ${to}`)
    else
      await move(tx, 'payouts', payoutMachine, id, payout.state as 'held', to, { why: `${by}: ${why}` }, [
        sql`next_at = ${now}`,
        sql`why = ${to === 'held' ? why : null}`,
        sql`tries = 0`,
      ])
    await audit(tx, { actor: by, act: to === 'held' ? 'payout held' : 'payout released', subject: id, detail: { from: payout.state, why } })
    return (await findPayout(tx, id))!
  })
}

async function assertDead(tx: Tx, payout: PayoutRow): Promise<void> {
  const live = (await attemptsOf(tx, payout.id)).find(({ state }) => ['sending', 'unsure', 'sent', 'success'].includes(state))
  if (live)
    throw new BadInput(`payout ${payout.id} has the order ${live.external_id}, which is ${live.state}: wait until the bank has settled it`)
}
