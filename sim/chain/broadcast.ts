/**
 * Hands a transaction to the node, with the errors and the order of looking of Bitcoin Core's
 * `sendrawtransaction`.
 */
import { Transaction } from 'bitcoinjs-lib'
import { bytes } from './keys.ts'
import type { Verdict } from './mempool.ts'
import type { Node } from './node.ts'
import { codes, refuse } from './refusal.ts'

/** Satoshis for a thousand virtual bytes: 0.10 BTC (Core's `maxfeerate`). */
export const usualCap = 10_000_000n

export function submit(node: Node, transaction: Transaction, cap: bigint = usualCap): string {
  const txid = transaction.getId()
  if (transaction.outs.some((_, vout) => node.branches.coins.get(`${txid}:${vout}`))) {
    refuse(codes.alreadyInChain, 'Transaction outputs already in utxo set')
  }
  if (node.mempool.get(txid)) return txid
  const verdict = node.mempool.judge(transaction)
  if (verdict.is === 'refused') return refuse(verdict.code, verdict.why)
  if (isTooDear(verdict, cap))
    refuse(codes.rejectedInputs, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)')
  node.mempool.enter(verdict)
  return txid
}

export const isTooDear = ({ entry }: Extract<Verdict, { is: 'fits' }>, cap: bigint): boolean =>
  cap > 0n && entry.fee > (cap * BigInt(entry.size)) / 1_000n

export function decode(
  text: unknown,
  what = 'TX decode failed. Make sure the tx has at least one input.',
): Transaction {
  try {
    if (typeof text !== 'string' || !/^(?:[0-9a-f]{2})+$/i.test(text)) throw new Error('no hex')
    const transaction = Transaction.fromBuffer(bytes(text))
    if (transaction.ins.length === 0) throw new Error('no input')
    return transaction
  } catch {
    return refuse(codes.decode, what)
  }
}
