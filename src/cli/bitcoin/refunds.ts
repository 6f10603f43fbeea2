/**
 * `repasse invoice refund` of a payment in bitcoin: proposed by one person, approved by another, or recorded
 * where it was made by hand.
 */
import { BadInput } from '../../base/answer.ts'
import type { ProposalMade } from '../../ledger/ledger.ts'
import { json } from '../print.ts'
import { chainTermsOf } from '../requests.ts'
import { done, inBase, onRails, operator } from '../shell.ts'
import type { Shell } from '../context.ts'

export type CoinRefundFlags = {
  to?: string
  amount?: bigint
  made?: string
  withdraw?: string
  by?: string
  why?: string
  json?: true
}

export async function refundCoins(shell: Shell, id: string, flags: CoinRefundFlags): Promise<void> {
  const { to, amount, made, withdraw, by = operator(), why } = flags
  if (why === undefined) throw new BadInput('--why is missing: say why it is given back')
  if (amount !== undefined && to === undefined)
    throw new BadInput('--amount goes with --to: what was made by hand is what it was')
  if (withdraw !== undefined) return takeBack(shell, { id, payout: withdraw, by, why, asJson: flags.json })
  if (made !== undefined)
    return inBase(shell, async ({ db, world, config }) => {
      const { proposeCoinRefundMade } = await import('../../webhooks/webhooks.ts')
      const app = { db, world, chain: chainTermsOf(config) }
      await tell(shell, await done(await proposeCoinRefundMade(app, id, { txid: made, by, why })), flags)
    })
  return onRails(shell, async ({ db, world, config }, { rails }) => {
    const { proposeCoinRefund } = await import('../../webhooks/webhooks.ts')
    const app = { db, world, chain: chainTermsOf(config) }
    const asked = { to: to!, units: amount, by, why }
    await tell(shell, await done(await proposeCoinRefund(app, rails.bitcoin, id, asked)), flags)
  })
}

interface TakingBack {
  id: string
  payout: string
  by: string
  why: string
  asJson: true | undefined
}

const takeBack = (shell: Shell, { id, payout: payoutId, by, why, asJson }: TakingBack) =>
  inBase(shell, async ({ db, world, config }) => {
    const { withdrawCoinRefund } = await import('../../webhooks/webhooks.ts')
    const { findPayout } = await import('../../payout/payout.ts')
    if ((await findPayout(db, payoutId))?.invoice_id !== id)
      throw new BadInput(
        `--withdraw "${payoutId}" is no refund of ${id}: "repasse invoice show ${id}" names them`,
      )
    const app = { db, world, chain: chainTermsOf(config) }
    const { payout } = await done(await withdrawCoinRefund(app, payoutId, { by, why }))
    await shell.out(
      asJson
        ? json({ payout: payout.id, state: payout.state })
        : `refund ${payout.id} is withdrawn: nothing is given back\n`,
    )
  })

async function tell(
  shell: Shell,
  { proposal }: ProposalMade,
  { json: asJson }: CoinRefundFlags,
): Promise<void> {
  await shell.out(
    asJson
      ? json({ proposal: proposal.id, state: proposal.state })
      : `proposal ${proposal.id}: somebody else approves it with "repasse proposal approve ${proposal.id}"\n`,
  )
}
