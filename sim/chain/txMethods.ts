/** The RPCs of transactions: what waits, what is unspent, and what is handed in; in Bitcoin Core's shapes. */
import type { Transaction } from 'bitcoinjs-lib'
import { boolean, hashText, list, number, satoshis, string, verbosity, type Method } from './asked.ts'
import { decode, isTooDear, submit, usualCap } from './broadcast.ts'
import { outpointOf, type Coin, type Outpoint } from './coins.ts'
import { hex, shown } from './keys.ts'
import type { Entry } from './mempool.ts'
import type { Node } from './node.ts'
import { blockOf, inBlock, isPruned, type NodeContext } from './nodeMethods.ts'
import { signalsReplacement } from './policy.ts'
import { codes, refuse } from './refusal.ts'
import { btc, scriptShape, transactionShape } from './shapes.ts'

export const txMethods: Record<string, Method<NodeContext>> = {
  getrawmempool: {
    takes: ['verbose', 'mempool_sequence'],
    run({ node }, verbose, sequence) {
      const entries = node.mempool.entries()
      if (boolean(verbose, false))
        return Object.fromEntries(entries.map(entry => [entry.txid, entryShape(node, entry)]))
      const txids = entries.map(({ txid }) => txid)
      return boolean(sequence, false) ? { txids, mempool_sequence: txids.length + 1 } : txids
    },
  },
  getmempoolinfo: { takes: [], run: ({ node }) => mempoolInfo(node) },
  getmempoolentry: {
    takes: ['txid'],
    needs: 1,
    run: ({ node }, txid) =>
      entryShape(
        node,
        node.mempool.get(hashText(txid, 'txid')) ?? refuse(codes.notFound, 'Transaction not in mempool'),
      ),
  },
  getrawtransaction: {
    takes: ['txid', 'verbosity', 'blockhash'],
    needs: 1,
    run: ({ node }, txid, detail, blockhash) =>
      rawTransaction(node, hashText(txid, 'parameter 1'), verbosity(detail, 0), blockhash),
  },
  decoderawtransaction: {
    takes: ['hexstring', 'iswitness'],
    needs: 1,
    run({ node }, text) {
      const { hex: _, ...shape } = transactionShape(decode(text), node.network())
      return shape
    },
  },
  gettxout: {
    takes: ['txid', 'n', 'include_mempool'],
    needs: 2,
    run: ({ node }, txid, n, waiting) =>
      txOut(node, `${hashText(txid, 'txid')}:${number(n)}`, boolean(waiting, true)),
  },
  scantxoutset: {
    takes: ['action', 'scanobjects'],
    needs: 1,
    run({ node }, action, objects) {
      if (action === 'status') return null
      if (action === 'abort') return false
      if (action !== 'start') return refuse(codes.parameter, `Invalid action '${String(action)}'`)
      return scan(node, list(objects))
    },
  },
  estimatesmartfee: {
    takes: ['conf_target', 'estimate_mode'],
    needs: 1,
    run({ node: { settings } }, target) {
      const blocks = number(target)
      if (blocks < 1 || blocks > 1_008)
        refuse(codes.parameter, 'Invalid conf_target, must be between 1 and 1008')
      if (settings.feeRate === undefined)
        return { errors: ['Insufficient data or no feerate found'], blocks: 0 }
      return { feerate: btc(settings.feeRate), blocks: Math.max(2, blocks) }
    },
  },
  sendrawtransaction: {
    takes: ['hexstring', 'maxfeerate', 'maxburnamount'],
    needs: 1,
    run: ({ node }, text, cap) => submit(node, decode(text), cap === undefined ? usualCap : satoshis(cap)),
  },
  testmempoolaccept: {
    takes: ['rawtxs', 'maxfeerate'],
    needs: 1,
    run: ({ node }, texts, cap) =>
      list(texts).map(text => {
        const transaction = decode(
          text,
          `TX decode failed: ${String(text)} Make sure the tx has at least one input.`,
        )
        return judged(node, transaction, cap === undefined ? usualCap : satoshis(cap))
      }),
  },
}

function mempoolInfo({ mempool, settings }: Node) {
  const entries = mempool.entries()
  const bytes = entries.reduce((sum, { size }) => sum + size, 0)
  return {
    loaded: true,
    size: entries.length,
    bytes,
    usage: bytes * 5,
    total_fee: btc(entries.reduce((sum, { fee }) => sum + fee, 0n)),
    maxmempool: 300_000_000,
    mempoolminfee: btc(settings.mempoolMinimum),
    minrelaytxfee: btc(1_000n),
    incrementalrelayfee: btc(1_000n),
    unbroadcastcount: 0,
    fullrbf: settings.fullRbf,
  }
}

function entryShape({ mempool }: Node, { txid, transaction, fee, size, time, height }: Entry) {
  const [ancestors, descendants] = [mempool.ancestors(txid), mempool.descendants(txid)]
  const sizeOf = (txids: Iterable<string>) =>
    [...txids].reduce((sum, other) => sum + mempool.get(other)!.size, 0)
  const feesOf = (txids: Iterable<string>) =>
    [...txids].reduce((sum, other) => sum + mempool.get(other)!.fee, 0n)
  const children = transaction.outs
    .map((_, vout) => mempool.spender(`${txid}:${vout}`))
    .filter(child => child !== undefined)
  const parents = transaction.ins.map(({ hash }) => shown(hash)).filter(parent => mempool.get(parent))
  return {
    vsize: size,
    weight: transaction.weight(),
    time,
    height,
    descendantcount: descendants.size,
    descendantsize: sizeOf(descendants),
    ancestorcount: ancestors.size + 1,
    ancestorsize: sizeOf(ancestors) + size,
    wtxid: shown(transaction.getHash(true)),
    fees: {
      base: btc(fee),
      modified: btc(fee),
      ancestor: btc(feesOf(ancestors) + fee),
      descendant: btc(feesOf(descendants)),
    },
    depends: [...new Set(parents)],
    spentby: [...new Set(children)],
    'bip125-replaceable': [txid, ...ancestors].some(other =>
      signalsReplacement(mempool.get(other)!.transaction),
    ),
    unbroadcast: false,
  }
}

function rawTransaction(node: Node, txid: string, level: number, blockhash: unknown) {
  const network = node.network()
  const waiting = blockhash === undefined ? node.mempool.get(txid) : undefined
  if (waiting)
    return level <= 0 ? hex(waiting.transaction.toBuffer()) : transactionShape(waiting.transaction, network)
  const block =
    blockhash === undefined
      ? indexed(node, txid)
      : blockOf(node, blockhash, 'parameter 3', 'Block hash not found')
  if (isPruned(node, block)) refuse(codes.misc, 'Block not available')
  const found =
    inBlock(block, txid) ??
    refuse(
      codes.notFound,
      'No such transaction found in the provided block. Use gettransaction for wallet transactions.',
    )
  if (level <= 0) return hex(found.toBuffer())
  const active = node.branches.isActive(block)
  return {
    ...(blockhash !== undefined && { in_active_chain: active }),
    ...transactionShape(found, network),
    blockhash: block.hash,
    confirmations: active ? node.branches.tip().height - block.height + 1 : 0,
    ...(active && { time: block.block.timestamp, blocktime: block.block.timestamp }),
  }
}

function indexed({ branches, settings }: Node, txid: string) {
  if (!settings.txindex) {
    refuse(
      codes.notFound,
      'No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.',
    )
  }
  for (let { height } = branches.tip(); height > 0; height--) {
    const block = branches.at(height)!
    if (block.txids.includes(txid)) return block
  }
  return refuse(
    codes.notFound,
    'No such mempool or blockchain transaction. Use gettransaction for wallet transactions.',
  )
}

function txOut(node: Node, outpoint: Outpoint, withMempool: boolean) {
  const { branches, mempool } = node
  if (withMempool && mempool.spender(outpoint) !== undefined) return null
  const coin = branches.coins.get(outpoint) ?? (withMempool ? mempool.coins.get(outpoint) : undefined)
  if (!coin) return null
  const tip = branches.tip()
  return {
    bestblock: tip.hash,
    confirmations: coin.height < 0 ? 0 : tip.height - coin.height + 1,
    value: btc(coin.units),
    scriptPubKey: scriptShape(coin.script, node.network()),
    coinbase: coin.coinbase,
  }
}

function scan(node: Node, objects: unknown[]) {
  const found = new Map<Outpoint, { coin: Coin; told: () => string }>()
  for (const object of objects) {
    const { desc, range = 1_000 } =
      typeof object === 'string' ? { desc: object } : (object as { desc: string; range?: number | number[] })
    const descriptor = node.descriptor(string(desc))
    const [from, to] = Array.isArray(range) ? [number(range[0]), number(range[1])] : [0, number(range)]
    if (from < 0 || to < from)
      refuse(
        codes.parameter,
        from < 0
          ? 'Range should be greater or equal than 0'
          : 'Range specified as [begin,end] must not have begin after end',
      )
    for (let index = from; index <= (descriptor.ranged ? to : from); index++) {
      for (const { script, told } of descriptor.at(index)) {
        for (const coin of node.branches.coins.ofScript(hex(script)))
          found.set(outpointOf(coin), { coin, told })
      }
    }
  }
  const tip = node.branches.tip()
  const unspents = [...found.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { coin, told }]) => ({
      txid: coin.txid,
      vout: coin.vout,
      scriptPubKey: hex(coin.script),
      desc: told(),
      amount: btc(coin.units),
      coinbase: coin.coinbase,
      height: coin.height,
      blockhash: node.branches.at(coin.height)!.hash,
      confirmations: tip.height - coin.height + 1,
    }))
  return {
    success: true,
    txouts: node.branches.coins.size,
    height: tip.height,
    bestblock: tip.hash,
    unspents,
    total_amount: btc([...found.values()].reduce((sum, { coin }) => sum + coin.units, 0n)),
  }
}

function judged(node: Node, transaction: Transaction, cap: bigint) {
  const named = { txid: transaction.getId(), wtxid: shown(transaction.getHash(true)) }
  const verdict = node.mempool.judge(transaction)
  if (verdict.is === 'refused') {
    const details = verdict.reason === 'missing-inputs' ? {} : { 'reject-details': verdict.why }
    return { ...named, allowed: false, 'reject-reason': verdict.reason, ...details }
  }
  if (isTooDear(verdict, cap)) return { ...named, allowed: false, 'reject-reason': 'max-fee-exceeded' }
  const { fee, size } = verdict.entry
  return {
    ...named,
    allowed: true,
    vsize: size,
    fees: {
      base: btc(fee),
      'effective-feerate': btc((fee * 1_000n) / BigInt(size)),
      'effective-includes': [named.wtxid],
    },
  }
}
