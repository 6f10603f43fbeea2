/** The tree of blocks, and the coins as the branch with the most work has them. */
import type { Block, Transaction } from 'bitcoinjs-lib'
import { madeBy, makeCoins, outpointOf, spentBy, type Coin, type Coins } from './coins.ts'
import { hex, shown } from './keys.ts'

export interface BlockNode {
  hash: string
  height: number
  previous: BlockNode | undefined
  block: Block
  txids: string[]
  /** Declared so by `invalidateblock`; what stands on it is too. */
  invalid: boolean
  /** Which came first: of two branches of one height, that one is kept. */
  order: number
}

/** What a change of the best branch undid, highest first, and did, lowest first. */
export interface Change {
  disconnected: BlockNode[]
  connected: BlockNode[]
}

export interface Branches {
  readonly coins: Coins
  tip(): BlockNode
  /** Of the active branch. */
  at(height: number): BlockNode | undefined
  find(hash: string): BlockNode | undefined
  isActive(node: BlockNode): boolean
  /** Blocks nothing stands on. */
  tips(): BlockNode[]
  /** Takes a block in without making it active. */
  add(block: Block): BlockNode
  /**
   * Goes to the highest valid branch, or to its block at `limit` where it is higher: the rest has not been
   * received yet.
   */
  activate(limit?: number): Change
  /** Leaves every block above `height`, without judging them. */
  retreat(height: number): Change
  /** Of the last eleven blocks, in seconds. */
  medianTime(node: BlockNode): number
  /** Whether a script was ever paid in a block. */
  everPaid(script: string): boolean
}

export function makeBranches(first: Block): Branches {
  const known = new Map<string, BlockNode>()
  const active: BlockNode[] = []
  const coins = makeCoins()
  const undo = new Map<BlockNode, Coin[]>()
  const paid = new Set<string>()

  function add(block: Block): BlockNode {
    const previous = known.get(shown(block.prevHash!))
    const node: BlockNode = {
      hash: block.getId(),
      height: previous ? previous.height + 1 : 0,
      previous,
      block,
      txids: block.transactions!.map(transaction => transaction.getId()),
      invalid: false,
      order: known.size,
    }
    known.set(node.hash, node)
    return node
  }

  // Nothing invalid is active: whoever declares it so retreats below it first.
  const isInvalid = (node: BlockNode): boolean => {
    for (
      let block: BlockNode | undefined = node;
      block && active[block.height] !== block;
      block = block.previous
    ) {
      if (block.invalid) return true
    }
    return false
  }

  function best(): BlockNode {
    const { height } = active.at(-1)!
    const candidates = [...known.values()].filter(node => node.height >= height && !isInvalid(node))
    return candidates.reduce((a, b) =>
      b.height > a.height || (b.height === a.height && b.order < a.order) ? b : a,
    )
  }

  function connect(node: BlockNode): void {
    const spent: Coin[] = []
    node.block.transactions!.forEach((transaction, at) => {
      for (const outpoint of spentBy(transaction)) {
        const coin = coins.take(outpoint)
        if (!coin) throw new Error(`block ${node.hash} spends ${outpoint}, which is not there`)
        spent.push(coin)
      }
      // The first block's output can be spent by nobody.
      if (node.height === 0) return
      for (const coin of madeBy(transaction, node.txids[at]!, node.height)) {
        coins.add(coin)
        paid.add(hex(coin.script))
      }
    })
    undo.set(node, spent)
    active.push(node)
  }

  function disconnect(): BlockNode {
    const node = active.pop()!
    node.block.transactions!.forEach((transaction, at) => {
      for (const coin of madeBy(transaction, node.txids[at]!, node.height)) coins.take(outpointOf(coin))
    })
    const made = new Set(node.txids)
    // What one of its transactions made for the next was never there before it.
    for (const coin of undo.get(node)!) if (!made.has(coin.txid)) coins.add(coin)
    undo.delete(node)
    return node
  }

  function goTo(target: BlockNode): Change {
    const connected: BlockNode[] = []
    for (let node = target; active[node.height] !== node; node = node.previous!) connected.unshift(node)
    const fork = (connected[0]?.height ?? target.height + 1) - 1
    const disconnected: BlockNode[] = []
    while (active.length > fork + 1) disconnected.push(disconnect())
    for (const node of connected) connect(node)
    return { disconnected, connected }
  }

  connect(add(first))
  return {
    coins,
    tip: () => active.at(-1)!,
    at: height => active[height],
    find: hash => known.get(hash),
    isActive: node => active[node.height] === node,
    tips() {
      const stoodOn = new Set([...known.values()].map(({ previous }) => previous))
      return [...known.values()].filter(node => !stoodOn.has(node) || node === active.at(-1))
    },
    add,
    activate(limit = Infinity) {
      let target = best()
      while (target.height > limit) target = target.previous!
      return goTo(target)
    },
    retreat: height => goTo(active[height]!),
    medianTime(node) {
      const times: number[] = []
      for (let block: BlockNode | undefined = node; block && times.length < 11; block = block.previous)
        times.push(block.block.timestamp)
      return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!
    },
    everPaid: script => paid.has(script),
  }
}

/** Its transactions but the coinbase. */
export const payments = (node: BlockNode): Transaction[] => node.block.transactions!.slice(1)
