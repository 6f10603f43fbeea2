/** The node's state and all that changes it: blocks, mempool, and what a storm does to both. No RPC here. */
import type { Transaction } from 'bitcoinjs-lib'
import type { Clock } from '../../src/base/world.ts'
import { makeBranches, payments, type BlockNode, type Branches, type Change } from './branches.ts'
import { spentBy } from './coins.ts'
import { makeDescriptors, type Descriptor } from './descriptors.ts'
import { genesis } from './genesis.ts'
import { networkOf, unshown, type Network } from './keys.ts'
import { makeMempool, type Mempool } from './mempool.ts'
import { makeBlock } from './miner.ts'
import { isFinal } from './policy.ts'
import type { ChainSettings } from './settings.ts'

export interface MineOptions {
  /** The script that gets the reward; nobody's where none is named. */
  to?: Uint8Array | undefined
  /** The only transactions of the mempool that are taken, in this order. */
  only?: readonly string[] | undefined
  /** Transactions that stay in the mempool, with what depends on them. */
  without?: readonly string[] | undefined
  /** Put in though the mempool has not seen them: what contradicts them goes. */
  including?: readonly Transaction[] | undefined
}

export interface ReorgOptions extends Pick<MineOptions, 'to' | 'without' | 'including'> {
  /** Length of the new branch; one more than the old one's by default. */
  blocks?: number | undefined
  /** Transactions that are in neither the new branch nor the mempool: lost. With what depends on them. */
  forget?: readonly string[] | undefined
}

export interface Node {
  readonly settings: ChainSettings
  readonly branches: Branches
  readonly mempool: Mempool
  network(): Network
  /** Reads a descriptor, and remembers what it derived. */
  descriptor(text: string): Descriptor
  /** Seconds. */
  now(): number
  /** `setmocktime`: this second from now on, or the clock's own again for 0. */
  setTime(seconds: number): void
  /** Of the best header it has heard of: above its tip while it lags. */
  headers(): number
  mine(blocks: number, options?: MineOptions): BlockNode[]
  /**
   * Leaves `depth` blocks for a longer branch; the old ones stay known. Answers the blocks left and the new
   * ones.
   */
  reorganise(depth: number, options?: ReorgOptions): { left: BlockNode[]; mined: BlockNode[] }
  invalidate(node: BlockNode): void
  reconsider(node: BlockNode): void
  /** The newest `blocks` have not been received yet, nor will be until `lag(0)`. */
  lag(blocks: number): void
}

const nobody = Uint8Array.from([0x51])

export function makeNode({ clock, settings }: { clock: Pick<Clock, 'now'>; settings: ChainSettings }): Node {
  let mockTime = 0
  const now = () => mockTime || Math.floor(clock.now() / 1_000)
  const branches = makeBranches(genesis(settings.network))
  const mempool = makeMempool({ branches, settings, now })
  const network = () => networkOf[settings.network]
  let made = 0
  let behind = 0
  let newest = 0

  function absorb({ disconnected, connected }: Change): void {
    for (const node of connected) mempool.connected(node)
    if (disconnected.length > 0) mempool.rebuild(disconnected.toReversed().flatMap(payments))
  }

  function mineOne({ to = nobody, only, without = [], including = [] }: MineOptions): BlockNode {
    const tip = branches.tip()
    const taken = [...including, ...choose(only, without, including)]
    const block = makeBlock({
      previous: unshown(tip.hash),
      height: tip.height + 1,
      time: Math.max(now(), branches.medianTime(tip) + 1),
      transactions: taken,
      fees: feesOf(taken),
      to,
      extra: made++,
    })
    const node = branches.add(block)
    absorb(branches.activate())
    return node
  }

  /**
   * Parents before children, as the mempool has them; nothing that `including` contradicts, nor what is too
   * early.
   */
  function choose(
    only: readonly string[] | undefined,
    without: readonly string[],
    including: readonly Transaction[],
  ): Transaction[] {
    const out = new Set(
      without.filter(txid => mempool.get(txid)).flatMap(txid => [...mempool.descendants(txid)]),
    )
    for (const transaction of including) {
      out.add(transaction.getId())
      for (const outpoint of spentBy(transaction)) {
        const rival = mempool.spender(outpoint)
        if (rival !== undefined) for (const txid of mempool.descendants(rival)) out.add(txid)
      }
    }
    const wanted = only?.map(txid => mempool.get(txid)!) ?? mempool.entries()
    const tip = branches.tip()
    const medianTime = branches.medianTime(tip)
    for (const { txid, transaction } of wanted) {
      if (!isFinal(transaction, tip.height, medianTime))
        for (const later of mempool.descendants(txid)) out.add(later)
    }
    return wanted.filter(({ txid }) => !out.has(txid)).map(({ transaction }) => transaction)
  }

  function feesOf(transactions: Transaction[]): bigint {
    const here = new Map(transactions.map(transaction => [transaction.getId(), transaction]))
    let fees = 0n
    for (const transaction of transactions) {
      for (const outpoint of spentBy(transaction)) {
        const [txid, vout] = outpoint.split(':') as [string, string]
        const units = here.get(txid)?.outs[Number(vout)]?.value ?? branches.coins.get(outpoint)?.units
        if (units === undefined) throw new Error(`a block cannot spend ${outpoint}: it is not there`)
        fees += units
      }
      for (const { value } of transaction.outs) fees -= value
    }
    return fees
  }

  /** Does something to the whole chain, and is then as far behind as before. */
  function whole<T>(act: () => T): T {
    if (behind > 0) absorb(branches.activate())
    const result = act()
    newest = branches.tip().height
    if (behind > 0) absorb(branches.retreat(Math.max(0, newest - behind)))
    return result
  }

  return {
    settings,
    branches,
    mempool,
    network,
    descriptor: makeDescriptors(network),
    now,
    setTime: seconds => void (mockTime = seconds),
    headers: () => Math.max(newest, branches.tip().height),
    mine: (blocks, options = {}) =>
      whole(() =>
        Array.from({ length: blocks }, (_, nth) =>
          mineOne(nth === 0 ? options : { to: options.to, without: options.without }),
        ),
      ),
    reorganise: (depth, { blocks = depth + 1, forget = [], ...options } = {}) =>
      whole(() => {
        const { disconnected } = branches.retreat(Math.max(0, branches.tip().height - depth))
        mempool.rebuild(disconnected.toReversed().flatMap(payments), true)
        for (const txid of forget) mempool.remove(txid)
        // The old branch stays the higher one until the new one has overtaken it, so it is kept out of the
        // choice till then.
        const base = disconnected.at(-1)
        if (base) base.invalid = true
        const mined = Array.from({ length: blocks }, (_, nth) =>
          mineOne(nth === 0 ? options : { to: options.to, without: options.without }),
        )
        if (base) base.invalid = false
        absorb(branches.activate())
        mempool.rebuild([])
        return { left: disconnected, mined }
      }),
    invalidate: node =>
      whole(() => {
        node.invalid = true
        const before = branches.isActive(node)
          ? branches.retreat(node.height - 1)
          : { disconnected: [], connected: [] }
        const { disconnected, connected } = branches.activate()
        absorb({ disconnected: [...before.disconnected, ...disconnected], connected })
      }),
    reconsider: node =>
      whole(() => {
        for (let block: BlockNode | undefined = node; block; block = block.previous) block.invalid = false
        for (const tip of branches.tips())
          if (standsOn(tip, node)) for (const block of between(tip, node)) block.invalid = false
        absorb(branches.activate())
      }),
    lag(blocks) {
      if (behind > 0) absorb(branches.activate())
      behind = blocks
      whole(() => undefined)
    },
  }
}

function between(top: BlockNode, bottom: BlockNode): BlockNode[] {
  const nodes: BlockNode[] = []
  for (let node: BlockNode | undefined = top; node && node !== bottom; node = node.previous) nodes.push(node)
  return nodes
}

function standsOn(top: BlockNode, bottom: BlockNode): boolean {
  let node: BlockNode | undefined = top
  while (node && node.height > bottom.height) node = node.previous
  return node === bottom
}
