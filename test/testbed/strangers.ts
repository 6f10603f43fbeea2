/**
 * Transfers that somebody else orders at the simulated bank with the same access: by hand in the bank's
 * application, or by another program.
 */
import type { Bank, Transfer } from '../../sim/bank.ts'
import { noFaults } from '../../sim/settings.ts'
import { trialAccount } from './trial.ts'

export interface ByHand {
  units: number
  tags: readonly string[]
  externalId?: string
  to?: Partial<Record<'taxId' | 'bankCode' | 'branchCode' | 'accountNumber', string>>
}

/** Orders one, past every fault of the bank's, to the trial account unless another is named. */
export function orderByHand(
  bank: Bank,
  { units, tags, externalId = `by-hand-${bank.transfers().length + 1}`, to = {} }: ByHand,
): Transfer {
  const { holder: name, taxId, bank: bankCode, branch: branchCode, number: accountNumber } = trialAccount
  const order = { amount: units, name, taxId, bankCode, branchCode, accountNumber, ...to, externalId, tags }
  const faults = { ...bank.faults }
  // Whoever made it has credentials of their own, whatever becomes of ours.
  const { skipAuth, refuseAll } = bank.settings
  bank.setFaults(noFaults)
  bank.setSettings({ skipAuth: true, refuseAll: undefined })
  const body = Buffer.from(JSON.stringify({ transfers: [order] }))
  const answer = bank.handle({
    method: 'POST',
    path: '/v2/transfer',
    query: new URLSearchParams(),
    headers: {},
    body,
  })
  bank.setFaults(faults)
  bank.setSettings({ skipAuth, refuseAll })
  if (answer.is !== 'answer' || answer.status !== 200)
    throw new Error(`the bank refused it: ${answer.is === 'answer' ? answer.body : answer.is}`)
  return bank.transfers().at(-1)!
}
