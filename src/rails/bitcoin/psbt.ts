/**
 * Writes a planned transaction as a PSBT (BIP 174, version 0) that any wallet holding the account's keys can
 * sign.
 */
import { Psbt, Transaction } from 'bitcoinjs-lib'
import type { Branch, Coin, PlannedOutput } from '../chain.ts'
import { derive, keyOrigin, type Descriptor } from './descriptor.ts'
import './ecc.ts'

/**
 * Signals that it may be replaced (BIP 125), and lets the lock time count, which a final sequence would not.
 */
export const sequence = 0xfffffffd

export interface Draft {
  /** In the transaction's order, as the outputs. */
  inputs: readonly Coin[]
  outputs: readonly PlannedOutput[]
  /** A block height: the transaction is valid in the block after it. */
  lockTime: number
  /** Number of our change address. */
  changeIndex: number
}

/**
 * Every input carries what it spends and how its key is derived from the origin the descriptor names; so does
 * our change, which signers recognise by it. Addresses are derived here again, never taken from where they
 * were kept. The txid is final already.
 */
export function writePsbt(draft: Draft, account: Descriptor): { txid: string; psbt: string } {
  const psbt = new Psbt()
  psbt.setVersion(2)
  psbt.setLocktime(draft.lockTime)
  for (const { outpoint } of draft.inputs) {
    const [hash, vout] = outpoint.split(':') as [string, string]
    psbt.addInput({ hash, index: Number(vout), sequence })
  }
  for (const { key, units, script } of draft.outputs) {
    psbt.addOutput({
      value: units,
      ...(key === undefined ? keyFields(account, 'change', draft.changeIndex) : { script }),
    })
  }
  // Last, for the library looks through all inputs at every addition, and does so slowly once it must tell
  // what kind each is of.
  for (const [place, { units, branch, index }] of draft.inputs.entries()) {
    const { script, ...key } = keyFields(account, branch, index)
    psbt.updateInput(place, { witnessUtxo: { script, value: units }, ...key })
  }
  return {
    txid: Transaction.fromBuffer(psbt.data.globalMap.unsignedTx.toBuffer()).getId(),
    psbt: psbt.toBase64(),
  }
}

// Wallets hand back what they were given, and 4 000 000 characters of it are read (handed.ts).
const maxPrevious = 1_000_000

/**
 * Adds the transactions that the coins come from (BIP 174, non-witness UTXO), by txid: hardware wallets ask
 * for them before they believe an amount, for the signatures of segwit version 0 do not cover what other
 * inputs hold. `without`: those not known, or too large together.
 */
export function addPrevious(
  psbt: string,
  previous: ReadonlyMap<string, Uint8Array>,
): { psbt: string; without: string[] } {
  const read = Psbt.fromBase64(psbt)
  const without = new Set<string>()
  let room = maxPrevious
  for (const [place, { hash }] of read.txInputs.entries()) {
    const txid = Buffer.from(hash).reverse().toString('hex')
    const nonWitnessUtxo = previous.get(txid)
    if (nonWitnessUtxo && nonWitnessUtxo.length <= room) {
      read.updateInput(place, { nonWitnessUtxo })
      room -= nonWitnessUtxo.length
    } else without.add(txid)
  }
  return { psbt: read.toBase64(), without: [...without] }
}

/**
 * The same fields of an input and of an output of ours: whose key it is (BIP 174), by its x alone for taproot
 * (BIP 371).
 */
function keyFields(account: Descriptor, branch: Branch, index: number) {
  const { script, publicKey } = derive(account, branch, index)
  const origin = keyOrigin(account, branch, index)
  if (account.kind === 'wpkh') return { script, bip32Derivation: [{ ...origin, pubkey: publicKey }] }
  const pubkey = publicKey.subarray(1)
  return { script, tapInternalKey: pubkey, tapBip32Derivation: [{ ...origin, pubkey, leafHashes: [] }] }
}
