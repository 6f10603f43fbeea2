/**
 * What a node's answers look like and what its refusals mean, for those we ask of it: Bitcoin Core's own code
 * and words.
 */
import { z } from 'zod'
import { done, refused, type Answer } from '../../base/answer.ts'
import { meaningOf } from './refusals.ts'
import { asked, laterCodes, satoshis, type Fault } from './rpc.ts'

// Bitcoin Core, rpc/protocol.h.
export const notFound = -5
export const invalidParameter = -8
export const walletLocked = -13
export const walletNotFound = -18
export const alreadyInChain = -27
export const unknownMethod = -32601

export const hashShape = z.string().length(64)
export const hexShape = z.string().regex(/^(?:[0-9a-f]{2})+$/)
export const infoShape = z.object({
  chain: z.string(),
  blocks: z.int(),
  headers: z.int(),
  bestblockhash: hashShape,
  initialblockdownload: z.boolean(),
  pruned: z.boolean(),
  pruneheight: z.int().optional(),
})
export const headerShape = z.object({
  height: z.int(),
  time: z.int(),
  /** -1 off the best chain. */
  confirmations: z.int(),
  previousblockhash: hashShape.optional(),
})
export const scanShape = z.object({
  success: z.literal(true),
  height: z.int(),
  bestblock: hashShape,
  unspents: z.array(z.object({ txid: hashShape, vout: z.int(), amount: satoshis })),
  total_amount: satoshis,
})
export const acceptShape = z.object({
  allowed: z.boolean(),
  vsize: z.int().optional(),
  fees: z.object({ base: satoshis }).optional(),
  'reject-reason': z.string().optional(),
})
export const walletShape = z.object({
  private_keys_enabled: z.boolean(),
  external_signer: z.boolean().optional(),
  /** Only of wallets with a passphrase; 0 while locked. */
  unlocked_until: z.int().optional(),
})

export const said = ({ message, code }: Fault): string => `the node: ${message} (${code})`

export function blockless(hash: string, fault: Fault): Answer<never> {
  if (/pruned/i.test(fault.message)) return refused(`block ${hash} is gone from the node, which is pruned`)
  if (fault.code === notFound) return refused(`the node does not know block ${hash}`)
  // Its header came first.
  if (/not fully downloaded/i.test(fault.message))
    return refused(`the node has not loaded block ${hash} yet`, true)
  return asked<never>(fault)
}

/** What sendrawtransaction's refusals mean: by their code, or by `refusals`. */
export function sendFault(fault: Fault): Answer<'known'> {
  const meaning = fault.code === alreadyInChain ? 'known' : meaningOf(fault.message)
  if (meaning === 'known') return done('known')
  if (inputsGone(fault)) return refused(`${said(fault)}: an input is spent, or not known to the node`)
  return refused(said(fault), meaning === 'heals' || laterCodes.has(fault.code))
}

export const inputsGone = ({ message }: Fault): boolean => /missing inputs|missingorspent/i.test(message)
