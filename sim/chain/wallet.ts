/** One wallet: BIP 84 and BIP 86 accounts of one seed, the coins they hold, and transactions that spend them. */
import { crypto, payments, script as scripts, Transaction } from 'bitcoinjs-lib'
import type { Random } from '../../src/base/world.ts'
import { outpointOf, type Coin } from './coins.ts'
import { summed } from './descriptors.ts'
import { addressOf, hex, masterKey, taprootSigner, tr, unshown, wpkh, type BIP32Interface } from './keys.ts'
import type { Node } from './node.ts'
import { dustOf } from './policy.ts'
import { codes, refuse } from './refusal.ts'

export type Kind = 'bech32' | 'bech32m'
/** 0 is shown to payers, 1 is change. */
export type Side = 0 | 1

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

export interface OwnKey {
  key: BIP32Interface
  kind: Kind
  side: Side
  /** From the master key: m/84'/1'/0'/0/5. */
  path: string
}

export interface WalletCoin extends Coin {
  confirmations: number
  /** Confirmed and ripe, or our own change. */
  spendable: boolean
}

export interface Wallet {
  readonly name: string
  /** False for one without private keys. */
  readonly signs: boolean
  readonly fingerprint: Uint8Array
  address(kind: Kind, side?: Side): string
  /** Where the wallet's window of addresses holds it. */
  keyOf(script: Uint8Array): OwnKey | undefined
  /** Unspent, by what the node knows. */
  coins(): WalletCoin[]
  /** Transactions it made, with what they spend. */
  readonly sent: Map<string, { transaction: Transaction; spent: Coin[]; change: number | undefined }>
  /** Makes and signs one; it is not broadcast. Throws -6 where there is too little. */
  pay(payees: readonly Payee[], options: PayOptions): Transaction
  sign(transaction: Transaction, coins: readonly Coin[]): void
  descriptors(secret: boolean): { desc: string; internal: boolean; next: number }[]
}

interface Account {
  kind: Kind
  side: Side
  branch: BIP32Interface
  path: string
  scripts: string[]
  next: number
}

const purposes: [Kind, number][] = [
  ['bech32m', 86],
  ['bech32', 84],
]

export function makeWallet(name: string, seed: Uint8Array | undefined, node: Node, random: Random): Wallet {
  const network = node.network()
  const coinType = network.bech32 === 'bc' ? 0 : 1
  const master = masterKey(seed ?? new Uint8Array(32), network)
  const known = new Map<string, { account: Account; index: number }>()
  const sent: Wallet['sent'] = new Map()
  const accounts = !seed
    ? []
    : purposes.flatMap(([kind, purpose]) =>
        ([0, 1] as const).map((side): Account => {
          const path = `m/${purpose}'/${coinType}'/0'/${side}`
          return { kind, side, path, branch: master.derivePath(path), scripts: [], next: 0 }
        }),
      )

  /** Looks as many unused addresses ahead as the settings say, from the last that was used or given out. */
  function widen(account: Account): void {
    for (let index = account.next; index < account.next + node.settings.keypool; index++) {
      const script = (account.scripts[index] ??= learn(account, index))
      if (node.branches.everPaid(script) || node.mempool.coins.ofScript(script).length > 0) account.next = index + 1
    }
  }

  function learn(account: Account, index: number): string {
    const { publicKey } = account.branch.derive(index)
    const script = hex(account.kind === 'bech32' ? wpkh(publicKey) : tr(publicKey))
    known.set(script, { account, index })
    return script
  }

  const accountOf = (kind: Kind, side: Side) =>
    accounts.find(account => account.kind === kind && account.side === side) ??
    refuse(codes.wallet, 'Error: This wallet has no available keys')

  function coins(): WalletCoin[] {
    accounts.forEach(widen)
    const tip = node.branches.tip().height
    return [...known.keys()].flatMap(script =>
      [...node.branches.coins.ofScript(script), ...node.mempool.coins.ofScript(script)]
        .filter(coin => node.mempool.spender(outpointOf(coin)) === undefined)
        .map(coin => {
          const confirmations = coin.height < 0 ? 0 : tip - coin.height + 1
          return { ...coin, confirmations, spendable: coin.coinbase ? confirmations > 100 : confirmations > 0 || sent.has(coin.txid) }
        }),
    )
  }

  function sign(transaction: Transaction, spent: readonly Coin[]): void {
    for (const index of spent.keys()) {
      const own = keyOf(spent[index]!.script)
      if (!own) throw new Error(`the wallet ${name} has no key for ${outpointOf(spent[index]!)}`)
      transaction.setWitness(
        index,
        own.kind === 'bech32' ? signKeyHash(transaction, index, spent[index]!, own.key) : signTaproot(transaction, index, spent, own.key),
      )
    }
  }

  function keyOf(script: Uint8Array): OwnKey | undefined {
    accounts.forEach(widen)
    const place = known.get(hex(script))
    if (!place) return undefined
    const { account, index } = place
    return { key: account.branch.derive(index), kind: account.kind, side: account.side, path: `${account.path}/${index}` }
  }

  function address(kind: Kind, side: Side = 0): string {
    const account = accountOf(kind, side)
    widen(account)
    const script = (account.scripts[account.next] ??= learn(account, account.next))
    account.next++
    return addressOf(Buffer.from(script, 'hex'), network)!
  }

  function pay(
    payees: readonly Payee[],
    { rate, replaceable = true, subtractFee = false, inputs = [], replacing, lockTime }: PayOptions,
  ): Transaction {
    const named = new Set(inputs.map(outpointOf))
    const more = coins()
      .filter(coin => coin.spendable && coin.txid !== replacing && !named.has(outpointOf(coin)))
      .sort((a, b) => Number(a.confirmations === 0) - Number(b.confirmations === 0) || compare(b.units, a.units))
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

  const dust = dustOf(wpkh(master.publicKey))
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
    for (const { txid, vout } of spent) transaction.addInput(unshown(txid), vout, replaceable ? 0xfffffffd : 0xfffffffe)
    const outputs = payees.map(({ script, units }, nth) => ({ script, units: nth === 0 ? units - fee : units }))
    if (change > 0n) outputs.splice(at, 0, { script: scriptForChange(), units: change })
    for (const { script, units } of outputs) transaction.addOutput(script, units)
    spent.forEach(({ script }, index) => transaction.setWitness(index, placeholder(script)))
    return transaction
  }

  /** The same until it has been paid. */
  function scriptForChange(): Uint8Array {
    if (!changeScript || node.branches.everPaid(hex(changeScript)) || node.mempool.coins.ofScript(hex(changeScript)).length > 0) {
      const account = accountOf('bech32', 1)
      widen(account)
      changeScript = Uint8Array.from(Buffer.from((account.scripts[account.next] ??= learn(account, account.next)), 'hex'))
    }
    return changeScript
  }

  return {
    name,
    signs: seed !== undefined,
    fingerprint: master.fingerprint,
    address,
    keyOf,
    coins,
    sent,
    pay,
    sign,
    descriptors: secret =>
      accounts.map(({ kind, side, path, next }) => {
        const origin = `${hex(master.fingerprint)}${path.slice(1, -2).replaceAll("'", 'h')}`
        const parent = master.derivePath(path.slice(0, -2))
        const key = secret ? parent.toBase58() : parent.neutered().toBase58()
        return { desc: summed(`${kind === 'bech32' ? 'wpkh' : 'tr'}([${origin}]${key}/${side}/*)`), internal: side === 1, next }
      }),
  }
}

function signKeyHash(transaction: Transaction, index: number, { units }: Coin, key: BIP32Interface): Uint8Array[] {
  const digest = transaction.hashForWitnessV0(
    index,
    payments.p2pkh({ hash: crypto.hash160(key.publicKey) }).output!,
    units,
    Transaction.SIGHASH_ALL,
  )
  return [scripts.signature.encode(key.sign(digest, true), Transaction.SIGHASH_ALL), key.publicKey]
}

function signTaproot(transaction: Transaction, index: number, spent: readonly Coin[], key: BIP32Interface): Uint8Array[] {
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

const sumOf = (amounts: bigint[]): bigint => amounts.reduce((sum, units) => sum + units, 0n)
const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0)
