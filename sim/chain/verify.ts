/**
 * Whether an input's witness may spend its coin: BIP 143 for wpkh, BIP 341's key path for tr. Refusals in
 * Bitcoin Core's words.
 */
import { crypto, payments, script as scripts, type Transaction } from 'bitcoinjs-lib'
import type { Coin } from './coins.ts'
import { hex, verifyEcdsa, verifySchnorr } from './keys.ts'

/** Undefined where it may; `coins` are those of all inputs, in their order. */
export function faultOfInput(transaction: Transaction, index: number, coins: Coin[]): string | undefined {
  const { script } = coins[index]!
  const input = transaction.ins[index]!
  if (script.length === 22 && script[0] === 0)
    return input.script.length ? unexpected : faultOfKeyHash(transaction, index, coins[index]!)
  if (script.length === 34 && script[0] === 0x51)
    return input.script.length ? unexpected : faultOfTaproot(transaction, index, coins)
  return 'the simulated node knows only wpkh, and tr by its key'
}

const unexpected = 'Witness requires empty scriptSig'

function faultOfKeyHash(
  transaction: Transaction,
  index: number,
  { script, units }: Coin,
): string | undefined {
  const { witness } = transaction.ins[index]!
  if (witness.length !== 2) return 'Witness program hash mismatch'
  const [signature, publicKey] = witness as [Uint8Array, Uint8Array]
  const hash = crypto.hash160(publicKey)
  if (hex(hash) !== hex(script.subarray(2))) return 'Script failed an OP_EQUALVERIFY operation'
  if (!scripts.isCanonicalScriptSignature(signature)) return 'Non-canonical DER signature'
  const { signature: compact, hashType } = scripts.signature.decode(signature)
  const digest = transaction.hashForWitnessV0(index, payments.p2pkh({ hash }).output!, units, hashType)
  return verifyEcdsa(digest, publicKey, compact)
    ? undefined
    : 'Signature must be zero for failed CHECK(MULTI)SIG operation'
}

function faultOfTaproot(transaction: Transaction, index: number, coins: Coin[]): string | undefined {
  const { witness } = transaction.ins[index]!
  if (witness.length === 0) return 'Witness program was passed an empty witness'
  if (witness.length !== 1) return 'the simulated node knows only wpkh, and tr by its key'
  const signature = witness[0]!
  if (signature.length !== 64 && signature.length !== 65) return 'Invalid Schnorr signature size'
  const hashType = signature[64] ?? 0
  if (signature.length === 65 && ![1, 2, 3, 0x81, 0x82, 0x83].includes(hashType))
    return 'Invalid Schnorr signature hash type'
  const digest = transaction.hashForWitnessV1(
    index,
    coins.map(({ script }) => script),
    coins.map(({ units }) => units),
    hashType,
  )
  return verifySchnorr(digest, coins[index]!.script.subarray(2), signature.subarray(0, 64))
    ? undefined
    : 'Invalid Schnorr signature'
}
