/**
 * The node's half of the rail: what the chain says, asked of Bitcoin Core, and the two things it is told to
 * do, send and sign.
 */
import { z } from 'zod'
import { BadInput, done, refused, unsure, type Answer } from '../../base/answer.ts'
import { instant } from '../../base/world.ts'
import type { ChainRail, Outpoint, Tx, Watch } from '../chain.ts'
import { readBlock, readTransaction, touches } from './block.ts'
import type { Network } from './network.ts'
import {
  acceptShape,
  blockless,
  hashShape,
  headerShape,
  hexShape,
  infoShape,
  inputsGone,
  invalidParameter,
  notFound,
  said,
  scanShape,
  sendFault,
  unknownMethod,
  walletLocked,
  walletNotFound,
  walletShape,
} from './nodeAnswers.ts'
import { asked, satoshis, type Call, type Item, type Reply, type RpcClient } from './rpc.ts'
import { outpointParts, ScriptWatch } from './watch.ts'

/** A descriptor and how far it is looked at: the last index, or first and last. */
export interface ScanRange {
  desc: string
  range?: number | [number, number]
}

export interface WalletState {
  /** The node knows the wallet and has it loaded. */
  loaded: boolean
  /** It holds private keys or an external signer, so that it can sign. */
  signs: boolean
  /** It needs its passphrase before it signs. */
  locked: boolean
}

export type Accepted = { allowed: true; size: number; feeUnits: bigint } | { allowed: false; why: string }

export interface ChainNode extends Pick<
  ChainRail,
  'info' | 'hashAt' | 'header' | 'newWatch' | 'block' | 'mempool' | 'waiting' | 'unspent' | 'broadcast'
> {
  /**
   * As the rail's `scan`, over these descriptors. A scan outlives the deadline in the node, so one that was
   * not waited for is ended.
   */
  scan(ranges: ScanRange[]): ReturnType<ChainRail['scan']>
  /**
   * Satoshis for a thousand virtual bytes to be mined within `blocks`: estimatesmartfee, and never less than
   * the node's own mempool takes. For a node that has not seen enough to estimate `fallback` stands in its
   * place.
   */
  feeRate(blocks: number, fallback?: bigint): Promise<Answer<bigint>>
  /** Whether the last fee rate was an estimate; true before the first. */
  estimates(): boolean
  /**
   * These transactions' bytes, each read from the block it was mined in; a pruned node does not have them all
   * any more.
   */
  mined(blocks: ReadonlyMap<string, string>): Promise<Answer<Map<string, Uint8Array>>>
  /** What the node publishes, and where (getzmqnotifications): `hashblock tcp://127.0.0.1:28332`. */
  hints(): Promise<Answer<string[]>>
  /** Whether the node's mempool would take it now (testmempoolaccept); nothing is sent. */
  testAccept(raw: Uint8Array): Promise<Answer<Accepted>>
  wallet(name: string): Promise<Answer<WalletState>>
  /**
   * Those of our addresses that the wallet does not call its own (getaddressinfo), and so cannot sign for.
   */
  walletStrange(name: string, addresses: string[]): Promise<Answer<string[]>>
  /**
   * Signs what the wallet can of a PSBT in base64 (walletprocesspsbt, finalised); `complete` where nothing is
   * missing.
   */
  walletProcess(name: string, psbt: string): Promise<Answer<{ psbt: string; complete: boolean }>>
}

export function chainNode({
  rpc,
  network,
}: {
  rpc: RpcClient
  network: Pick<Network, 'genesis' | 'chain'>
}): ChainNode {
  const ask = async <S extends z.ZodType>(
    shape: S,
    method: string,
    ...params: unknown[]
  ): Promise<Answer<z.output<S>>> => asked(await rpc.call(shape, { method, params }))

  /** Many of one kind, some at a time, so that no answer is boundless. */
  async function askEach<S extends z.ZodType>(shape: S, calls: Call[]): Promise<Answer<Item<z.output<S>>[]>> {
    const items: Item<z.output<S>>[] = []
    for (let from = 0; from < calls.length; from += atOnce) {
      const some = asked(await rpc.batch(shape, calls.slice(from, from + atOnce)))
      if (some.is !== 'done') return some
      items.push(...some.value)
    }
    return done(items)
  }

  const isMined = async (txid: string): Promise<boolean> => {
    const answer = await ask(z.object({ confirmations: z.int().optional() }), 'getrawtransaction', txid, true)
    return answer.is === 'done' && (answer.value.confirmations ?? 0) > 0
  }

  let estimated = true
  return {
    info: async () => {
      // Both in one request, so that every answer is of a node whose chain was looked at.
      const answer = asked(
        await rpc.batch(z.union([infoShape, hashShape]), [
          { method: 'getblockchaininfo' },
          { method: 'getblockhash', params: [0] },
        ]),
      )
      if (answer.is !== 'done') return answer
      const [info, genesis] = answer.value.map(asked) as [Answer<unknown>, Answer<unknown>]
      if (info.is !== 'done') return info
      if (genesis.is !== 'done') return genesis
      const { chain, blocks, headers, bestblockhash, initialblockdownload, pruned, pruneheight } =
        infoShape.parse(info.value)
      if (genesis.value !== network.genesis)
        return refused(
          `the node at ${rpc.place} follows the chain "${chain}", and this is set up for "${network.chain}"`,
        )
      return done({
        height: blocks,
        hash: bestblockhash,
        headers,
        syncing: initialblockdownload || headers - blocks > maxBehind,
        prunedBelow: pruned ? (pruneheight ?? 0) : 0,
      })
    },

    hashAt: async height =>
      orNothing(await rpc.call(hashShape, { method: 'getblockhash', params: [height] }), invalidParameter),

    header: async hash => {
      const answer = orNothing(
        await rpc.call(headerShape, { method: 'getblockheader', params: [hash] }),
        notFound,
      )
      if (answer.is !== 'done' || !answer.value) return answer as Answer<undefined>
      const { height, time, confirmations, previousblockhash = noHash } = answer.value
      return done({
        hash,
        previous: previousblockhash,
        height,
        at: instant(time * 1000),
        active: confirmations >= 0,
      })
    },

    newWatch: () => new ScriptWatch(),

    block: async (hash, watch) => {
      const answer = asked(
        await rpc.batch(z.union([headerShape, hexShape]), [
          { method: 'getblockheader', params: [hash] },
          { method: 'getblock', params: [hash, 0] },
        ]),
      )
      if (answer.is !== 'done') return answer
      const [header, block] = answer.value as [Item<z.output<typeof headerShape>>, Item<string>]
      if (header.is === 'fault') return blockless(hash, header)
      if (block.is === 'fault') return blockless(hash, block)
      return orMalformed(() =>
        readBlock(Buffer.from(block.value, 'hex'), hash, header.value.height, own(watch)),
      )
    },

    mempool: () => ask(z.array(hashShape), 'getrawmempool'),

    waiting: async (txids, watch) => {
      const mine = own(watch)
      const answer = await askEach(
        hexShape,
        txids.map(txid => ({ method: 'getrawtransaction', params: [txid, false] })),
      )
      if (answer.is !== 'done') return answer
      const found = orMalformed(() =>
        answer.value.flatMap((item, at) =>
          item.is === 'done' ? touching(item.value, txids[at]!, mine) : [],
        ),
      )
      if (found.is !== 'done') return found
      // With an index of transactions the node answers for mined ones too, and those wait no more.
      const entries = await askEach(
        z.object({ time: z.int() }),
        found.value.map(({ txid }) => ({ method: 'getmempoolentry', params: [txid] })),
      )
      if (entries.is !== 'done') return entries
      return done(
        found.value.flatMap((tx, at) => {
          const entry = entries.value[at]!
          return entry.is === 'done' ? [{ ...tx, seenAt: instant(entry.value.time * 1000) }] : []
        }),
      )
    },

    mined: async blocks => {
      const calls = [...blocks].map(([txid, block]) => ({
        method: 'getrawtransaction',
        params: [txid, false, block],
      }))
      const answer = await askEach(hexShape, calls)
      if (answer.is !== 'done') return answer
      const found = new Map<string, Uint8Array>()
      return orMalformed(() => {
        for (const [at, txid] of [...blocks.keys()].entries()) {
          const item = answer.value[at]!
          if (item.is === 'done') found.set(txid, transactionNamed(txid, Buffer.from(item.value, 'hex')).raw)
        }
        return found
      })
    },

    hints: async () => {
      const reply = await rpc.call(z.array(z.object({ type: z.string(), address: z.string() })), {
        method: 'getzmqnotifications',
      })
      // Built without it, the node does not know the method.
      if (reply.is === 'fault' && reply.code === unknownMethod) return done([])
      const answer = asked(reply)
      return answer.is === 'done'
        ? done(answer.value.map(({ type, address }) => `${type.replace(/^pub/, '')} ${address}`))
        : answer
    },

    unspent: async outpoints => {
      const calls = outpoints.map(outpoint => ({ method: 'gettxout', params: outpointCall(outpoint) }))
      for (let tries = 0; tries < 5; tries++) {
        const before = await ask(infoShape, 'getblockchaininfo')
        if (before.is !== 'done') return before
        const items = await askEach(z.object({ value: satoshis }).nullable(), calls)
        if (items.is !== 'done') return items
        const after = await ask(hashShape, 'getbestblockhash')
        if (after.is !== 'done') return after
        const fault = items.value.find(item => item.is === 'fault')
        if (fault) return asked<never>(fault)
        const { blocks: height, bestblockhash: hash } = before.value
        // A block that came in between would make this a picture of no moment.
        if (after.value === hash)
          return done({ height, hash, units: items.value.map(item => (item as Held).value?.value) })
      }
      return refused('the node’s best block kept changing while it was asked', true)
    },

    scan: async ranges => {
      const call = { method: 'scantxoutset', params: ['start', ranges] }
      const reply = await rpc.call(scanShape, call, { deadlineMs: scanDeadlineMs })
      if (reply.is === 'unsure') await rpc.call(z.unknown(), { method: 'scantxoutset', params: ['abort'] })
      // -8: one is running already; the node does one at a time.
      if (reply.is === 'fault' && reply.code === invalidParameter && /in progress/.test(reply.message))
        return refused(said(reply), true)
      const answer = asked(reply)
      if (answer.is !== 'done') return answer
      const { height, bestblock, total_amount, unspents } = answer.value
      const sum = unspents.reduce((units, { amount }) => units + amount, 0n)
      if (sum !== total_amount)
        return refused(`the node’s scan lists ${sum} satoshis and adds up ${total_amount}`)
      return done({
        height,
        hash: bestblock,
        units: sum,
        outpoints: unspents.map(({ txid, vout }): Outpoint => `${txid}:${vout}`),
      })
    },

    feeRate: async (blocks, fallback = 0n) => {
      const estimate = await ask(z.object({ feerate: satoshis.optional() }), 'estimatesmartfee', blocks)
      if (estimate.is !== 'done') return estimate
      const mempool = await ask(z.object({ mempoolminfee: satoshis }), 'getmempoolinfo')
      if (mempool.is !== 'done') return mempool
      estimated = estimate.value.feerate !== undefined
      const { feerate = fallback } = estimate.value
      return done(feerate > mempool.value.mempoolminfee ? feerate : mempool.value.mempoolminfee)
    },
    estimates: () => estimated,

    broadcast: async raw => {
      const { txid } = readTransaction(raw)
      // The node takes what it has already without a word, so it is asked first; in one request, in this
      // order.
      const answer = await rpc.batch(z.unknown(), [
        { method: 'getmempoolentry', params: [txid] },
        // 0: what the fee may be was judged when the transaction was planned and signed.
        { method: 'sendrawtransaction', params: [Buffer.from(raw).toString('hex'), 0] },
      ])
      // Whoever does not let us in, or is no node of ours, has said nothing about the transaction.
      if (answer.is !== 'done') return answer.is === 'refused' ? { ...answer, again: true } : answer
      const [entry, sent] = answer.value as [Item<unknown>, Item<unknown>]
      if (sent.is === 'fault') {
        const meant = sendFault(sent)
        // Once all it paid is spent again, the node has forgotten it, and holds it for a second spending; an
        // index still knows it.
        return meant.is === 'refused' && inputsGone(sent) && (await isMined(txid)) ? done('known') : meant
      }
      if (sent.value !== txid) return unsure('the node says it sent another transaction')
      return done(entry.is === 'done' ? 'known' : 'sent')
    },

    testAccept: async raw => {
      const answer = await ask(
        z.array(acceptShape).length(1),
        'testmempoolaccept',
        [Buffer.from(raw).toString('hex')],
        0,
      )
      if (answer.is !== 'done') return answer
      const { allowed, vsize, fees, 'reject-reason': reason = 'no reason given' } = answer.value[0]!
      if (allowed && vsize !== undefined && fees) return done({ allowed, size: vsize, feeUnits: fees.base })
      return done({ allowed: false, why: reason })
    },

    wallet: async name => {
      const reply = await rpc.call(walletShape, { method: 'getwalletinfo' }, { wallet: name })
      if (reply.is === 'fault' && reply.code === walletNotFound)
        return done({ loaded: false, signs: false, locked: false })
      const answer = asked(reply)
      if (answer.is !== 'done') return answer
      const { private_keys_enabled, external_signer = false, unlocked_until } = answer.value
      return done({
        loaded: true,
        signs: private_keys_enabled || external_signer,
        locked: unlocked_until === 0,
      })
    },

    walletStrange: async (name, addresses) => {
      const strange: string[] = []
      for (const address of addresses) {
        const reply = await rpc.call(
          z.object({ ismine: z.boolean() }),
          { method: 'getaddressinfo', params: [address] },
          { wallet: name },
        )
        const answer = asked(reply)
        if (answer.is !== 'done') return answer
        if (!answer.value.ismine) strange.push(address)
      }
      return done(strange)
    },

    walletProcess: async (name, psbt) => {
      // Sign, the default sighash, with the paths of its keys, and finalise.
      const call = { method: 'walletprocesspsbt', params: [psbt, true, 'DEFAULT', true, true] }
      const reply = await rpc.call(z.object({ psbt: z.string(), complete: z.boolean() }), call, {
        wallet: name,
      })
      if (reply.is === 'fault' && reply.code === walletNotFound)
        return refused(`the node has no wallet "${name}" loaded`, true)
      if (reply.is === 'fault' && reply.code === walletLocked)
        return refused(`the node’s wallet "${name}" needs its passphrase`, true)
      return asked(reply)
    },
  }
}

// Transactions of a standard size, 400 kB at most, are asked for this many at a time.
const atOnce = 200
// Headers come before their blocks: this many without theirs are an ordinary moment, more are a node that
// catches up.
const maxBehind = 12
// On the main chain a scan takes one to three minutes.
const scanDeadlineMs = 290_000
const noHash = '0'.repeat(64)

type Held = { value: { value: bigint } | null }

/** What is not there is an answer too, where the node's code says just that. */
const orNothing = <T>(reply: Reply<T>, code: number): Answer<T | undefined> =>
  reply.is === 'fault' && reply.code === code ? done(undefined) : asked(reply)

/**
 * Bytes that are not what was asked for: the connection or the node is broken, and asking again may be
 * answered better.
 */
function orMalformed<T>(work: () => T): Answer<T> {
  try {
    return done(work())
  } catch (fault) {
    if (fault instanceof BadInput)
      return refused(`the node answered with bytes that prove wrong: ${fault.message}`, true)
    throw fault
  }
}

function own(watch: Watch): ScriptWatch {
  if (watch instanceof ScriptWatch) return watch
  throw new TypeError('the watch is not one of this rail’s newWatch()')
}

function touching(hex: string, txid: string, watch: ScriptWatch): Tx[] {
  const raw = Buffer.from(hex, 'hex')
  if (!touches(raw, watch)) return []
  const tx = transactionNamed(txid, raw)
  // The node lists what others spend before them, so a child that is asked for in the same breath is found.
  watch.addOutputs(tx)
  return [tx]
}

function transactionNamed(txid: string, bytes: Uint8Array): Tx {
  const tx = readTransaction(bytes)
  if (tx.txid !== txid) throw new BadInput(`asked for transaction ${txid}, was given ${tx.txid}`)
  return tx
}

function outpointCall(outpoint: Outpoint): unknown[] {
  const { vout } = outpointParts(outpoint)
  // False: as the chain has it, whatever waits in the mempool.
  return [outpoint.slice(0, 64), vout, false]
}
