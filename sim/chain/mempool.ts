/**
 * What waits to be mined, and the rules by which something may (Bitcoin Core, validation.cpp and
 * policy/rbf.cpp, roughly).
 */
import type { Transaction } from 'bitcoinjs-lib'
import type { BlockNode, Branches } from './branches.ts'
import { madeBy, makeCoins, outpointOf, spentBy, type Coin, type Coins, type Outpoint } from './coins.ts'
import { shown } from './keys.ts'
import { faultOfShape, isFinal, moneyText, rateText, signalsReplacement } from './policy.ts'
import { codes } from './refusal.ts'
import type { ChainSettings } from './settings.ts'
import { faultOfInput } from './verify.ts'

export interface Entry {
  txid: string
  transaction: Transaction
  fee: bigint
  size: number
  /** Seconds. */
  time: number
  height: number
  /** In the mempool when it came. */
  parents: string[]
}

/** `reason` is Core's short word; `why` says more. */
export type Verdict =
  | { is: 'fits'; entry: Entry; replaces: Set<string> }
  | { is: 'refused'; code: number; reason: string; why: string }

export interface Mempool {
  /** Outputs of what waits, spent by something waiting or not. */
  readonly coins: Coins
  entries(): Entry[]
  get(txid: string): Entry | undefined
  /** Who in here spends it. */
  spender(outpoint: Outpoint): string | undefined
  ancestors(txid: string): Set<string>
  /** With itself. */
  descendants(txid: string): Set<string>
  judge(transaction: Transaction): Verdict
  /** Puts in what fits; what it replaces goes. */
  enter(verdict: Extract<Verdict, { is: 'fits' }>): void
  /** Takes it out with all that spends it; answers what went. */
  remove(txid: string): string[]
  /** After a block: what is in it and what it contradicts goes. */
  connected(node: BlockNode): void
  /**
   * After blocks were undone: their transactions come first, and what no longer holds goes; but for its lock
   * time, where `early`.
   */
  rebuild(returned: Transaction[], early?: boolean): void
}

const maxAncestors = 25
const ripeAfter = 100

export function makeMempool({
  branches,
  settings,
  now,
}: {
  branches: Branches
  settings: ChainSettings
  now(): number
}): Mempool {
  let entries = new Map<string, Entry>()
  let spenders = new Map<Outpoint, string>()
  let coins = makeCoins()

  const childrenOf = ({ transaction, txid }: Entry) =>
    transaction.outs.map((_, vout) => spenders.get(`${txid}:${vout}`)).filter(child => child !== undefined)
  const parentsOf = (transaction: Transaction) => [
    ...new Set(transaction.ins.map(({ hash }) => shown(hash)).filter(txid => entries.has(txid))),
  ]
  const walk = (from: string[], next: (entry: Entry) => string[]): Set<string> => {
    const found = new Set<string>()
    const open = [...from]
    for (let txid = open.pop(); txid !== undefined; txid = open.pop()) {
      if (found.has(txid)) continue
      found.add(txid)
      open.push(...next(entries.get(txid)!))
    }
    return found
  }
  const descendants = (txid: string) => walk([txid], childrenOf)
  const ancestorsOf = (transaction: Transaction) =>
    walk(parentsOf(transaction), entry => parentsOf(entry.transaction))

  // `lenient`: it was in a block or in here already, so it pays and signs enough. `early`: a lower tip is
  // only passed through.
  function judge(transaction: Transaction, lenient = false, early = false): Verdict {
    const txid = transaction.getId()
    const shape = faultOfShape(transaction)
    if (shape !== undefined && !(lenient && shape === 'dust')) return rejected(shape)
    const tip = branches.tip()
    if (!early && !isFinal(transaction, tip.height, branches.medianTime(tip))) return rejected('non-final')
    if (entries.has(txid)) return rejected('txn-already-in-mempool')

    const outpoints = spentBy(transaction)
    const direct = new Set(
      outpoints.map(outpoint => spenders.get(outpoint)).filter(spender => spender !== undefined),
    )
    if (
      !settings.fullRbf &&
      [...direct].some(other => !signalsReplacement(entries.get(other)!.transaction))
    ) {
      return rejected('txn-mempool-conflict')
    }
    const spent: Coin[] = []
    for (const outpoint of outpoints) {
      const coin = branches.coins.get(outpoint) ?? coins.get(outpoint)
      if (!coin) {
        const done = transaction.outs.some((_, vout) => branches.coins.get(`${txid}:${vout}`))
        return done ? rejected('txn-already-known') : missing
      }
      spent.push(coin)
    }
    const young = spent.find(({ coinbase, height }) => coinbase && tip.height + 1 - height < ripeAfter)
    if (young) {
      const depth = tip.height + 1 - young.height
      return rejected('bad-txns-premature-spend-of-coinbase', `tried to spend coinbase at depth ${depth}`)
    }
    const [into, out] = [
      sumOf(spent.map(({ units }) => units)),
      sumOf(transaction.outs.map(({ value }) => value)),
    ]
    if (into < out)
      return rejected('bad-txns-in-belowout', `value in (${moneyText(into)}) < value out (${moneyText(out)})`)

    const fee = into - out
    const size = transaction.virtualSize()
    const replaces = new Set([...direct].flatMap(other => [...descendants(other)]))
    if (!lenient) {
      const fault =
        faultOfFee(fee, size) ??
        faultOfFamily(transaction) ??
        faultOfReplacement(transaction, txid, fee, size, direct, replaces)
      if (fault) return fault
      for (const index of transaction.ins.keys()) {
        const bad = faultOfInput(transaction, index, spent)
        if (bad !== undefined) {
          const place = `input ${index} of ${txid} (wtxid ${shown(transaction.getHash(true))}), spending ${outpoints[index]}`
          return rejected(`mempool-script-verify-flag-failed (${bad})`, place)
        }
      }
    }
    const entry = {
      txid,
      transaction,
      fee,
      size,
      time: now(),
      height: tip.height,
      parents: parentsOf(transaction),
    }
    return { is: 'fits', entry, replaces }
  }

  function faultOfFee(fee: bigint, size: number): Verdict | undefined {
    const relay = BigInt(size)
    const asked = (settings.mempoolMinimum * BigInt(size)) / 1_000n
    if (asked > relay && fee < asked) return rejected('mempool min fee not met', `${fee} < ${asked}`)
    return fee < relay ? rejected('min relay fee not met', `${fee} < ${relay}`) : undefined
  }

  const faultOfFamily = (transaction: Transaction): Verdict | undefined => {
    const count = ancestorsOf(transaction).size + 1
    return count > maxAncestors
      ? rejected('too-long-mempool-chain', `too many unconfirmed ancestors [limit: ${maxAncestors}]`)
      : undefined
  }

  function faultOfReplacement(
    transaction: Transaction,
    txid: string,
    fee: bigint,
    size: number,
    direct: Set<string>,
    replaces: Set<string>,
  ): Verdict | undefined {
    if (direct.size === 0) return undefined
    const poor = (why: string) => rejected('insufficient fee', `rejecting replacement ${txid}${why}`)
    const ownParents = parentsOf(transaction)
    const clash = ownParents.find(parent => replaces.has(parent))
    if (clash !== undefined)
      return rejected('bad-txns-spends-conflicting-tx', `${txid} spends conflicting transaction ${clash}`)
    for (const other of [...direct].map(conflict => entries.get(conflict)!)) {
      // Rates in whole satoshis for a thousand bytes, as Core compares them.
      if ((fee * 1_000n) / BigInt(size) <= (other.fee * 1_000n) / BigInt(other.size)) {
        return poor(`; new feerate ${rateText(fee, size)} <= old feerate ${rateText(other.fee, other.size)}`)
      }
    }
    const oldParents = new Set([...direct].flatMap(conflict => parentsOf(entries.get(conflict)!.transaction)))
    if (ownParents.some(parent => !oldParents.has(parent))) {
      return rejected('replacement-adds-unconfirmed', `replacement ${txid} adds unconfirmed input`)
    }
    const old = sumOf([...replaces].map(other => entries.get(other)!.fee))
    if (fee < old) return poor(`, less fees than conflicting txs; ${moneyText(fee)} < ${moneyText(old)}`)
    const relay = BigInt(size)
    if (fee - old < relay)
      return poor(`, not enough additional fees to relay; ${moneyText(fee - old)} < ${moneyText(relay)}`)
    return undefined
  }

  function enter({ entry, replaces }: Extract<Verdict, { is: 'fits' }>): void {
    for (const other of replaces) remove(other)
    entries.set(entry.txid, entry)
    for (const outpoint of spentBy(entry.transaction)) spenders.set(outpoint, entry.txid)
    for (const coin of madeBy(entry.transaction, entry.txid, -1)) coins.add(coin)
  }

  function drop(txid: string): void {
    const entry = entries.get(txid)!
    entries.delete(txid)
    for (const outpoint of spentBy(entry.transaction)) spenders.delete(outpoint)
    for (const coin of madeBy(entry.transaction, txid, -1)) coins.take(outpointOf(coin))
  }

  function remove(txid: string): string[] {
    if (!entries.has(txid)) return []
    const gone = [...descendants(txid)]
    gone.forEach(drop)
    return gone
  }

  return {
    get coins() {
      return coins
    },
    entries: () => [...entries.values()],
    get: txid => entries.get(txid),
    spender: outpoint => spenders.get(outpoint),
    ancestors: txid => ancestorsOf(entries.get(txid)!.transaction),
    descendants,
    judge: transaction => judge(transaction),
    enter,
    remove,
    connected(node) {
      for (const [at, transaction] of node.block.transactions!.entries()) {
        if (entries.has(node.txids[at]!)) drop(node.txids[at]!)
        for (const outpoint of spentBy(transaction)) {
          const other = spenders.get(outpoint)
          if (other !== undefined) remove(other)
        }
      }
    },
    rebuild(returned, early = false) {
      const before = [...entries.values()]
      ;[entries, spenders, coins] = [new Map(), new Map(), makeCoins()]
      const times = new Map(before.map(({ txid, time }) => [txid, time]))
      for (const transaction of [...returned, ...before.map(entry => entry.transaction)]) {
        const verdict = judge(transaction, true, early)
        if (verdict.is !== 'fits' || verdict.replaces.size > 0) continue
        verdict.entry.time = times.get(verdict.entry.txid) ?? verdict.entry.time
        enter(verdict)
      }
    },
  }
}

const sumOf = (amounts: bigint[]): bigint => amounts.reduce((sum, units) => sum + units, 0n)
const rejected = (reason: string, more?: string): Verdict => ({
  is: 'refused',
  code: codes.rejected,
  reason,
  why: more === undefined ? reason : `${reason}, ${more}`,
})
const missing: Verdict = {
  is: 'refused',
  code: codes.rejectedInputs,
  reason: 'missing-inputs',
  why: 'bad-txns-inputs-missingorspent',
}
