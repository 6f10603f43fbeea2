/** One wallet: the coins its accounts hold, and transactions that spend them. */
import { crypto, payments, script as scripts, Transaction } from 'bitcoinjs-lib'
import type { Random } from '../../src/base/world.ts'
import { accountsOfSeed, makeAccounts, type Accounts, type Kind, type OwnKey, type Side } from './accounts.ts'
import { outpointOf, type Coin } from './coins.ts'
import { addressOf, hex, taprootSigner, unshown, type BIP32Interface } from './keys.ts'
import type { Node } from './node.ts'
import { codes, refuse } from './refusal.ts'

export interface Payee {
  script: Uint8Array
  units: bigint
}

export interface PayOptions {
  /** Satoshis for a thousand virtual bytes. */
  rate: bigint
  replaceable?: boolean
  /** The first payee bears the fee. */
  subtractFee?: boolean
  /** Spends exactly these and, where they are too few, more. */
  inputs?: readonly Coin[]
  /** A transaction that is being replaced: nothing of its making is spent. */
  replacing?: string
  /** The tip's height where none is said, as Core does it. */
  lockTime?: number
}

export interface WalletCoin extends Coin {
  confirmations: number
  /** Confirmed and ripe, or our own change. */
  spendable: boolean
}

export interface Wallet {
  readonly name: string
  /** False for one that may hold no private keys. */
  readonly signs: boolean
  readonly accounts: Accounts
  address(kind: Kind, side?: Side): string
  /** Where it is among the addresses the wallet looks at. */
  keyOf(script: Uint8Array): OwnKey | undefined
  /** Unspent, by what the node knows. */
  coins(): WalletCoin[]
  /** Transactions it made, with what they spend. */
  readonly sent: Map<string, { transaction: Transaction; spent: Coin[]; change: number | undefined }>
  /** Makes and signs one; it is not broadcast. Throws -6 where there is too little. */
  pay(payees: readonly Payee[], options: PayOptions): Transaction
  sign(transaction: Transaction, coins: readonly Coin[]): void
}

export interface WalletOptions {
  name: string
  node: Node
  random: Random
  /** Made from it; without one it is blank, until descriptors are imported. */
  seed?: Uint8Array | undefined
  signs?: boolean
}

export function makeWallet({ name, node, random, seed, signs = true }: WalletOptions): Wallet {
  const network = node.network()
  const sent: Wallet['sent'] = new Map()
  const accounts = makeAccounts(node)
  if (seed) accounts.add(accountsOfSeed(seed, node))
  const { keyOf } = accounts

  function coins(): WalletCoin[] {
    const tip = node.branches.tip().height
    return accounts.scripts().flatMap(script =>
      [...node.branches.coins.ofScript(script), ...node.mempool.coins.ofScript(script)]
        .filter(coin => node.mempool.spender(outpointOf(coin)) === undefined)
        .map(coin => {
          const confirmations = coin.height < 0 ? 0 : tip - coin.height + 1
          return {
            ...coin,
            confirmations,
            spendable: coin.coinbase ? confirmations > 100 : confirmations > 0 || sent.has(coin.txid),
          }
        }),
    )
  }

  function sign(transaction: Transaction, spent: readonly Coin[]): void {
    for (const index of spent.keys()) {
      const own = keyOf(spent[index]!.script)
      if (!own) throw new Error(`the wallet ${name} has no key for ${outpointOf(spent[index]!)}`)
      transaction.setWitness(
        index,
        own.kind === 'bech32'
          ? signKeyHash(transaction, index, spent[index]!, own.key)
          : signTaproot(transaction, index, spent, own.key),
      )
    }
  }

  const address = (kind: Kind, side: Side = 0): string =>
    addressOf(Buffer.from(accounts.fresh(kind, side, true), 'hex'), network)!

  function pay(
    payees: readonly Payee[],
    { rate, replaceable = true, subtractFee = false, inputs = [], replacing, lockTime }: PayOptions,
  ): Transaction {
    const named = new Set(inputs.map(outpointOf))
    const more = coins()
      .filter(coin => coin.spendable && coin.txid !== replacing && !named.has(outpointOf(coin)))
      .sort(
        (a, b) => Number(a.confirmations === 0) - Number(b.confirmations === 0) || compare(b.units, a.units),
      )
    const spent: Coin[] = [...inputs]
    const owed = sumOf(payees.map(({ units }) => units))
    const at = random.between(0, payees.length)
    for (;;) {
      const have = sumOf(spent.map(({ units }) => units))
      const draft = (change: bigint, fee: bigint) =>
        compose(payees, spent, { change, fee: subtractFee ? fee : 0n, at, replaceable, lockTime })
      const fee = feeFor(draft(dust, 0n).virtualSize(), rate)
      const change = have - owed - (subtractFee ? 0n : fee)
      if (spent.length > 0 && change >= 0n) {
        const kept = change >= dust ? change : 0n
        const transaction = draft(kept, fee)
        sign(transaction, spent)
        sent.set(transaction.getId(), { transaction, spent: [...spent], change: kept > 0n ? at : undefined })
        return transaction
      }
      const next = more.shift()
      if (!next) return refuse(codes.funds, 'Insufficient funds')
      spent.push(next)
    }
  }

  let changeScript: Uint8Array | undefined

  function compose(
    payees: readonly Payee[],
    spent: readonly Coin[],
    {
      change,
      fee,
      at,
      replaceable,
      lockTime,
    }: { change: bigint; fee: bigint; at: number; replaceable: boolean; lockTime: number | undefined },
  ): Transaction {
    const transaction = new Transaction()
    transaction.version = 2
    transaction.locktime = lockTime ?? node.branches.tip().height
    for (const { txid, vout } of spent)
      transaction.addInput(unshown(txid), vout, replaceable ? 0xfffffffd : 0xfffffffe)
    const outputs = payees.map(({ script, units }, nth) => ({
      script,
      units: nth === 0 ? units - fee : units,
    }))
    if (change > 0n) outputs.splice(at, 0, { script: scriptForChange(), units: change })
    for (const { script, units } of outputs) transaction.addOutput(script, units)
    spent.forEach(({ script }, index) => transaction.setWitness(index, placeholder(script)))
    return transaction
  }

  /** The same until it has been paid. */
  function scriptForChange(): Uint8Array {
    if (
      !changeScript ||
      node.branches.everPaid(hex(changeScript)) ||
      node.mempool.coins.ofScript(hex(changeScript)).length > 0
    ) {
      changeScript = Uint8Array.from(Buffer.from(accounts.fresh('bech32', 1, false), 'hex'))
    }
    return changeScript
  }

  return { name, signs, accounts, address, keyOf, coins, sent, pay, sign }
}

function signKeyHash(
  transaction: Transaction,
  index: number,
  { units }: Coin,
  key: BIP32Interface,
): Uint8Array[] {
  const digest = transaction.hashForWitnessV0(
    index,
    payments.p2pkh({ hash: crypto.hash160(key.publicKey) }).output!,
    units,
    Transaction.SIGHASH_ALL,
  )
  return [scripts.signature.encode(key.sign(digest, true), Transaction.SIGHASH_ALL), key.publicKey]
}

function signTaproot(
  transaction: Transaction,
  index: number,
  spent: readonly Coin[],
  key: BIP32Interface,
): Uint8Array[] {
  const digest = transaction.hashForWitnessV1(
    index,
    spent.map(({ script }) => script),
    spent.map(({ units }) => units),
    Transaction.SIGHASH_DEFAULT,
  )
  return [taprootSigner(key).signSchnorr(digest)]
}

/** As long as a signature will be: with a low R, which takes a byte less (Bitcoin Core). */
const placeholder = (script: Uint8Array): Uint8Array[] =>
  script[0] === 0 ? [new Uint8Array(71), new Uint8Array(33)] : [new Uint8Array(64)]

/** Rounded up. */
export const feeFor = (size: number, rate: bigint): bigint => (BigInt(size) * rate + 999n) / 1_000n

// Below this no change is made (P2WPKH at 3 satoshis a byte).
const dust = 294n

const sumOf = (amounts: bigint[]): bigint => amounts.reduce((sum, units) => sum + units, 0n)
const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)
