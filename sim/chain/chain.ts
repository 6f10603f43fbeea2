/**
 * The simulated Bitcoin node, in one process and with no I/O: everything it does follows from the clock, the
 * randomness and the requests handed in, so the same seed gives the same bytes.
 *
 * const chain = makeChain({ clock, random, settings?, faults? })
 *   chain.handle({ method, path, authorization, body })   -> { is: 'answer', status, headers, body, afterMs } | { is: 'hang' } | { is: 'reset' }
 *   chain.mine(3), .mine(1, { without: [txid] }), .reorg(6, { leaveOut: [txid] }), .doubleSpend(txid), .evict(txid)
 *   chain.payer.pay(address, units, { feeRate }), .payer.bump(txid), .payer.takeBack(txid)
 *   chain.goDown(), .goUp({ warmupMs }), .lag(blocks), .setSettings({ prunedBelow, network, feeRate, answerMs }), .setFaults({ … }), .failNext(…)
 *   for oracles: .height(), .tip(), .mempool(), .confirmations(txid), .unspentOf(address), .transaction(txid), .requestCounts()
 */
import type { Transaction } from 'bitcoinjs-lib'
import type { Clock, Random } from '../../src/base/world.ts'
import { makeFaultBox, type ChainResponse } from './faults.ts'
import { hex, scriptOf } from './keys.ts'
import { makeNode, type MineOptions } from './node.ts'
import { inBlock } from './nodeMethods.ts'
import { makePayer, type Payer, type PaymentOptions } from './payer.ts'
import { codes, RpcFault } from './refusal.ts'
import { answerRpc, methodsOf } from './rpc.ts'
import { defaultChainSettings, type ChainFault, type ChainFaults, type ChainSettings } from './settings.ts'
import { makeWallets, type Wallets } from './wallets.ts'

export { RpcFault }
export type { ChainFault, ChainFaults, ChainResponse, ChainSettings, MineOptions, Payer, PaymentOptions }

export interface ChainRequest {
  method: string
  /** `/`, or `/wallet/NAME`. */
  path: string
  /** The header, as `Basic …`. */
  authorization: string | undefined
  body: string
}

export interface ChainOptions {
  clock: Pick<Clock, 'now'>
  random: Random
  settings?: Partial<ChainSettings>
  faults?: Partial<ChainFaults>
}

export interface Chain {
  handle(request: ChainRequest): ChainResponse
  /**
   * Asks it directly: no cookie, no faults, no delay. Throws `RpcFault`; amounts come as floats, so it is
   * for tests.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- who asks knows for what
  rpc<T = any>(method: string, params?: unknown, wallet?: string): T
  /** `user:password`, new each time the node goes up; `onCookie` hears of it. */
  readonly cookie: string
  onCookie: ((cookie: string) => void) | undefined
  readonly settings: Readonly<ChainSettings>
  readonly faults: Readonly<ChainFaults>
  setSettings(settings: Partial<Omit<ChainSettings, 'premined' | 'payerCoins'>>): void
  setFaults(faults: Partial<ChainFaults>): void
  failNext(fault: ChainFault, only?: string, times?: number): void
  readonly payer: Payer
  readonly wallets: Wallets
  /** Mines what waits; answers the blocks' hashes, lowest first. */
  mine(blocks?: number, options?: MineOptions): string[]
  /**
   * A branch one block longer takes the place of the last `depth` blocks, with the same transactions.
   * `leaveOut`: those wait in the mempool again; `forget`: those are lost; `doubleSpend`: those of the
   * payer's are contradicted in the new branch.
   */
  reorg(
    depth: number,
    options?: { leaveOut?: readonly string[]; forget?: readonly string[]; doubleSpend?: readonly string[] },
  ): { left: string[]; mined: string[] }
  /** Drops it from the mempool, with what spends it; answers what went. */
  evict(txid: string): string[]
  /**
   * Mines a block in which the payer's coins go back to him though the mempool had seen them paid; answers
   * the new txid.
   */
  doubleSpend(txid: string): string
  /** Stops answering; connections drop. */
  goDown(): void
  /** Answers again, after `warmupMs` of -28, under another cookie. */
  goUp(options?: { warmupMs?: number; forgetMempool?: boolean }): void
  /** The newest `blocks` have not reached the node, nor will any more, until `lag(0)`. */
  lag(blocks: number): void
  height(): number
  tip(): string
  hashAt(height: number): string | undefined
  mempool(): string[]
  /** 0 in the mempool, undefined where neither it nor the active chain has it. */
  confirmations(txid: string): number | undefined
  transaction(txid: string): Transaction | undefined
  /** Confirmed and unspent, in satoshis. */
  unspentOf(address: string): bigint
  requestCounts(): Record<string, number>
}

export function makeChain({ clock, random, settings: given = {}, faults = {} }: ChainOptions): Chain {
  const settings: ChainSettings = { ...defaultChainSettings, ...given }
  const node = makeNode({ clock, settings })
  const wallets = makeWallets(node, random)
  const payer = makePayer(node, random)
  const box = makeFaultBox(random, faults)
  const counts = new Map<string, number>()
  const newCookie = () => `__cookie__:${hex(random.bytes(32))}`
  let cookie = newCookie()
  let down = false
  let warmUntil = 0
  let upSince = node.now()
  let hasCaughtUp = false

  function isInitialDownload(): boolean {
    // As Core: once its newest block was of the last 24 hours, it is done for good.
    hasCaughtUp ||= node.branches.tip().block.timestamp > node.now() - 86_400
    return !hasCaughtUp
  }

  const contextOf = (wallet: string | undefined) => ({
    node,
    wallets,
    upSince: () => upSince,
    isInitialDownload,
    wallet: () => wallets.of(wallet === undefined ? undefined : decodeURIComponent(wallet)),
  })

  function answer({ method, path, authorization, body }: ChainRequest): ChainResponse {
    const wait = settings.answerMs[1] > 0 ? random.between(...settings.answerMs) : 0
    const say = (status: number, text: string, headers: Record<string, string> = {}): ChainResponse => ({
      is: 'answer',
      status,
      headers,
      body: text,
      afterMs: wait,
    })
    if (method !== 'POST') return say(405, 'JSONRPC server handles only POST requests')
    const wallet = /^\/wallet\/([^/]*)$/.exec(path)?.[1]
    if (path !== '/' && path !== '' && wallet === undefined) return say(404, '')
    if (!settings.skipAuth && authorization !== `Basic ${Buffer.from(cookie).toString('base64')}`) {
      return say(401, '', { 'WWW-Authenticate': 'Basic realm="jsonrpc"' })
    }
    const { status, body: text } = answerRpc(body, contextOf(wallet), name => {
      counts.set(name, (counts.get(name) ?? 0) + 1)
      if (clock.now() < warmUntil) throw new RpcFault(codes.warmup, 'Loading block index…')
    })
    return say(status, text, { 'Content-Type': 'application/json' })
  }

  const heightOf = (txid: string): number | undefined => {
    for (let height = node.branches.tip().height; height >= 0; height--)
      if (node.branches.at(height)!.txids.includes(txid)) return height
    return undefined
  }
  const hashes = (nodes: { hash: string }[]) => nodes.map(({ hash }) => hash)

  const chain: Chain = {
    handle: request =>
      down ? { is: 'reset', afterMs: 0 } : box.around(methodsOf(request.body), () => answer(request)),
    rpc(method, params = [], wallet) {
      const { body } = answerRpc(
        JSON.stringify({ id: 1, method, params }),
        contextOf(wallet),
        () => undefined,
      )
      const { result, error } = JSON.parse(body)
      if (error) throw new RpcFault(error.code, `${method}: ${error.message}`)
      return result
    },
    get cookie() {
      return cookie
    },
    onCookie: undefined,
    settings,
    faults: box.faults,
    setSettings: changes => void Object.assign(settings, changes),
    setFaults: changes => box.set(changes),
    failNext: (fault, only, times) => box.failNext(fault, only, times),
    payer,
    wallets,
    mine: (blocks = 1, options) => hashes(node.mine(blocks, options)),
    reorg(depth, { leaveOut = [], forget = [], doubleSpend = [] } = {}) {
      const including = doubleSpend.map(txid => payer.conflict(txid))
      const { left, mined } = node.reorganise(depth, { without: leaveOut, forget, including })
      return { left: hashes(left), mined: hashes(mined) }
    },
    evict: txid => node.mempool.remove(txid),
    doubleSpend(txid) {
      const rival = payer.conflict(txid)
      node.mine(1, { including: [rival] })
      return rival.getId()
    },
    goDown: () => void (down = true),
    goUp({ warmupMs = 0, forgetMempool = false } = {}) {
      down = false
      warmUntil = clock.now() + warmupMs
      upSince = node.now()
      hasCaughtUp = false
      if (forgetMempool) for (const { txid } of node.mempool.entries()) node.mempool.remove(txid)
      cookie = newCookie()
      chain.onCookie?.(cookie)
    },
    lag: blocks => node.lag(blocks),
    height: () => node.branches.tip().height,
    tip: () => node.branches.tip().hash,
    hashAt: height => node.branches.at(height)?.hash,
    mempool: () => node.mempool.entries().map(({ txid }) => txid),
    confirmations(txid) {
      if (node.mempool.get(txid)) return 0
      const height = heightOf(txid)
      return height === undefined ? undefined : node.branches.tip().height - height + 1
    },
    transaction(txid) {
      const height = heightOf(txid)
      return (
        node.mempool.get(txid)?.transaction ??
        (height === undefined ? undefined : inBlock(node.branches.at(height)!, txid))
      )
    },
    unspentOf(address) {
      const script = scriptOf(address, node.network())
      return script
        ? node.branches.coins.ofScript(hex(script)).reduce((sum, { units }) => sum + units, 0n)
        : 0n
    },
    requestCounts: () => Object.fromEntries(counts),
  }

  if (settings.premined > 0) {
    node.mine(settings.premined, { to: payer.script })
    if (settings.payerCoins > 0 && payer.balance() > 0n) {
      payer.split(settings.payerCoins)
      node.mine(1)
    }
  }
  return chain
}
