/** Outputs by their outpoint, and by the script that holds them. */
import type { Transaction } from 'bitcoinjs-lib'
import { hex, shown } from './keys.ts'

/** `txid:vout`. */
export type Outpoint = `${string}:${number}`

export interface Coin {
  txid: string
  vout: number
  /** Satoshis. */
  units: bigint
  script: Uint8Array
  /** Of its block; -1 in the mempool. */
  height: number
  coinbase: boolean
}

export interface Coins {
  get(outpoint: Outpoint): Coin | undefined
  add(coin: Coin): void
  /** Takes it out and answers it. */
  take(outpoint: Outpoint): Coin | undefined
  /** In the order they came. */
  ofScript(script: string): Coin[]
  readonly size: number
}

export function makeCoins(): Coins {
  const all = new Map<Outpoint, Coin>()
  const byScript = new Map<string, Set<Outpoint>>()
  return {
    get: outpoint => all.get(outpoint),
    add(coin) {
      const outpoint = outpointOf(coin)
      const script = hex(coin.script)
      all.set(outpoint, coin)
      const known = byScript.get(script)
      if (known) known.add(outpoint)
      else byScript.set(script, new Set([outpoint]))
    },
    take(outpoint) {
      const coin = all.get(outpoint)
      if (!coin) return undefined
      all.delete(outpoint)
      const script = hex(coin.script)
      const known = byScript.get(script)!
      known.delete(outpoint)
      if (known.size === 0) byScript.delete(script)
      return coin
    },
    ofScript: script => [...(byScript.get(script) ?? [])].map(outpoint => all.get(outpoint)!),
    get size() {
      return all.size
    },
  }
}

export const outpointOf = ({ txid, vout }: { txid: string; vout: number }): Outpoint => `${txid}:${vout}`

/** What a transaction spends. */
export const spentBy = (transaction: Transaction): Outpoint[] =>
  transaction.isCoinbase()
    ? []
    : transaction.ins.map(({ hash, index }): Outpoint => `${shown(hash)}:${index}`)

/** What it makes, except what nobody can ever spend. */
export const madeBy = (transaction: Transaction, txid: string, height: number): Coin[] =>
  transaction.outs.flatMap(({ script, value }, vout) =>
    script[0] === 0x6a
      ? []
      : [{ txid, vout, units: value, script, height, coinbase: transaction.isCoinbase() }],
  )
