/**
 * Somebody else's wallet: pays, pays again, thinks better of it. It reaches the node as the network would,
 * not by its RPC.
 */
import type { Transaction } from 'bitcoinjs-lib'
import type { Random } from '../../src/base/world.ts'
import { submit } from './broadcast.ts'
import type { Coin } from './coins.ts'
import { scriptOf } from './keys.ts'
import type { Node } from './node.ts'
import { fallbackRate } from './walletMethods.ts'
import { makeWallet } from './wallet.ts'

export interface PaymentOptions {
  /** Satoshis for a thousand virtual bytes; 10 000 where none is said. */
  feeRate?: bigint
  /** Signals BIP 125; so by default. */
  replaceable?: boolean
}

export interface Payer {
  /** Where it can be paid back. */
  readonly address: string
  readonly script: Uint8Array
  /** Spendable, in satoshis. */
  balance(): bigint
  /** Pays an address and answers the txid. */
  pay(address: string, units: bigint, options?: PaymentOptions): string
  /** Several addresses by one transaction, or one address several times. */
  payMany(payees: readonly { address: string; units: bigint }[], options?: PaymentOptions): string
  /** The same payees at a higher rate: another txid for the same payment. */
  bump(txid: string, feeRate?: bigint): string
  /** Takes it back: the same coins to itself, at a higher rate. The address is not paid. */
  takeBack(txid: string, feeRate?: bigint): string
  /** The transaction of `takeBack`, not broadcast: for a block that has not asked the mempool. */
  conflict(txid: string, feeRate?: bigint): Transaction
  /** Its transaction, though the node has never seen it or has forgotten it. */
  transaction(txid: string): Transaction | undefined
  /** Hands its transaction to the node again, as a payer's wallet does that waits too long. */
  rebroadcast(txid: string): string
  /** Splits what it has into `coins` equal ones. */
  split(coins: number): string
}

export function makePayer(node: Node, random: Random): Payer {
  const wallet = makeWallet({ name: 'payer', node, random, seed: random.bytes(32) })
  const address = wallet.address('bech32')
  const script = scriptOf(address, node.network())!
  const sent = (txid: string) => wallet.sent.get(txid) ?? missing(txid)

  // Not below what the node asks of a replacement: a higher rate, and its own size on top.
  const aboveOf = (txid: string, feeRate: bigint | undefined): bigint => {
    const { transaction, spent } = sent(txid)
    const fee = sumOf(spent) - transaction.outs.reduce((sum, { value }) => sum + value, 0n)
    return feeRate ?? (fee * 2_000n) / BigInt(transaction.virtualSize()) + 3_000n
  }
  const payeesOf = (txid: string) => {
    const { transaction, change } = sent(txid)
    return transaction.outs
      .filter((_, vout) => vout !== change)
      .map(output => ({ script: output.script, units: output.value }))
  }
  const payMany: Payer['payMany'] = (payees, { feeRate = fallbackRate, replaceable = true } = {}) => {
    const paid = payees.map(payee => ({
      script: scriptOf(payee.address, node.network()) ?? strange(payee.address),
      units: payee.units,
    }))
    return submit(node, wallet.pay(paid, { rate: feeRate, replaceable }), 0n)
  }
  const conflict: Payer['conflict'] = (txid, feeRate) => {
    const { spent } = sent(txid)
    const rate = aboveOf(txid, feeRate)
    // Everything back to itself, and fit for a block below the present tip.
    return wallet.pay([{ script, units: sumOf(spent) }], {
      rate,
      inputs: spent,
      subtractFee: true,
      replacing: txid,
      lockTime: 0,
    })
  }

  return {
    address,
    script,
    balance: () => sumOf(wallet.coins().filter(({ spendable }) => spendable)),
    pay: (to, units, options) => payMany([{ address: to, units }], options),
    payMany,
    bump: (txid, feeRate) =>
      submit(
        node,
        wallet.pay(payeesOf(txid), {
          rate: aboveOf(txid, feeRate),
          inputs: sent(txid).spent,
          replacing: txid,
        }),
        0n,
      ),
    takeBack: (txid, feeRate) => submit(node, conflict(txid, feeRate), 0n),
    conflict,
    transaction: txid => wallet.sent.get(txid)?.transaction,
    rebroadcast: txid => submit(node, sent(txid).transaction, 0n),
    split(coins) {
      const spent = wallet.coins().filter(({ spendable }) => spendable)
      // A thousandth stays for the fee; the change takes the rest.
      const each = (sumOf(spent) * 999n) / (1_000n * BigInt(coins))
      const payees = Array.from({ length: coins }, () => ({ script, units: each }))
      return submit(node, wallet.pay(payees, { rate: fallbackRate, inputs: spent }), 0n)
    },
  }
}

const sumOf = (coins: readonly Coin[]): bigint => coins.reduce((sum, { units }) => sum + units, 0n)
const missing = (txid: string): never => {
  throw new Error(`the payer never made ${txid}`)
}
const strange = (address: string): never => {
  throw new Error(`${address} is no address of this network`)
}
