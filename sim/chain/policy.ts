/**
 * What a node relays: the shape of a transaction and of its outputs, apart from what it spends (Bitcoin Core,
 * policy/policy.cpp).
 */
import type { Transaction } from 'bitcoinjs-lib'
import { spentBy } from './coins.ts'

export type ScriptType =
  | 'pubkeyhash'
  | 'scripthash'
  | 'witness_v0_keyhash'
  | 'witness_v0_scripthash'
  | 'witness_v1_taproot'
  | 'witness_unknown'
  | 'nulldata'
  | 'nonstandard'

export function typeOf(script: Uint8Array): ScriptType {
  const [first, second] = script
  const ends = (...tail: number[]) =>
    tail.every((byte, at) => script[script.length - tail.length + at] === byte)
  if (script.length === 25 && first === 0x76 && second === 0xa9 && script[2] === 20 && ends(0x88, 0xac))
    return 'pubkeyhash'
  if (script.length === 23 && first === 0xa9 && second === 20 && ends(0x87)) return 'scripthash'
  if (first === 0x6a) return 'nulldata'
  const program = script.length >= 4 && script.length <= 42 && second === script.length - 2
  if (program && first === 0)
    return second === 20 ? 'witness_v0_keyhash' : second === 32 ? 'witness_v0_scripthash' : 'nonstandard'
  if (program && first === 0x51 && second === 32) return 'witness_v1_taproot'
  if (program && first! >= 0x51 && first! <= 0x60) return 'witness_unknown'
  return 'nonstandard'
}

const most = 2_100_000_000_000_000n

/** Below this an output costs more to spend than it holds, at 3 satoshis a byte. */
export function dustOf(script: Uint8Array): bigint {
  const type = typeOf(script)
  if (type === 'nulldata') return 0n
  return 3n * BigInt(9 + script.length + (type.startsWith('witness') ? 67 : 148))
}

/** Core's reason, or undefined for a transaction it would look at further. */
export function faultOfShape(transaction: Transaction): string | undefined {
  if (transaction.outs.length === 0) return 'bad-txns-vout-empty'
  let sum = 0n
  for (const { value } of transaction.outs) {
    if (value < 0n) return 'bad-txns-vout-negative'
    if (value > most) return 'bad-txns-vout-toolarge'
    sum += value
  }
  if (sum > most) return 'bad-txns-txouttotal-toolarge'
  const outpoints = spentBy(transaction)
  if (new Set(outpoints).size < outpoints.length) return 'bad-txns-inputs-duplicate'
  if (transaction.isCoinbase()) return 'coinbase'
  if (transaction.version < 1 || transaction.version > 3) return 'version'
  if (transaction.weight() > 400_000) return 'tx-size'
  if (transaction.outs.some(({ script }) => typeOf(script) === 'nonstandard')) return 'scriptpubkey'
  if (transaction.outs.some(({ script, value }) => value < dustOf(script))) return 'dust'
  return undefined
}

/**
 * Whether it may enter the block after `height`, whose time is held against the median of the last eleven
 * (BIP 113).
 */
export function isFinal({ locktime, ins }: Transaction, height: number, medianTime: number): boolean {
  if (locktime === 0 || ins.every(({ sequence }) => sequence === 0xffffffff)) return true
  return locktime < 500_000_000 ? locktime <= height : locktime < medianTime
}

/** BIP 125. */
export const signalsReplacement = (transaction: Transaction): boolean =>
  transaction.ins.some(({ sequence }) => sequence < 0xfffffffe)

/** 0.000001 or 1.00, as Core writes money into its texts. */
export function moneyText(units: bigint): string {
  const text = `${units / 100_000_000n}.${String(units % 100_000_000n).padStart(8, '0')}`
  return text.replace(/(\.\d\d\d*?)0+$/, '$1')
}

/** 0.00001000 BTC/kvB */
export const rateText = (units: bigint, size: number): string => {
  const rate = (units * 1_000n) / BigInt(size)
  return `${rate / 100_000_000n}.${String(rate % 100_000_000n).padStart(8, '0')} BTC/kvB`
}
