/** The RPCs of the chain and of mining, in Bitcoin Core's shapes. */
import { payments, type BlockNode } from './branches.ts'
import { decode } from './broadcast.ts'
import { genesis } from './genesis.ts'
import { extendedKey, hex } from './keys.ts'
import type { Node } from './node.ts'
import { codes, refuse } from './refusal.ts'
import { hashText, list, number, payTo, string, verbosity, type Method } from './asked.ts'
import { blockShape, btc, headerShape } from './shapes.ts'
import { checksumOf, parseDescriptor, summed } from './descriptors.ts'

/** What a method sees: the node, how long it has been up, and whether it still believes to be far behind. */
export interface NodeContext {
  node: Node
  upSince(): number
  isInitialDownload(): boolean
}

export const nodeMethods: Record<string, Method<NodeContext>> = {
  getblockchaininfo: {
    takes: [],
    run: ({ node, isInitialDownload }) => chainInfo(node, isInitialDownload()),
  },
  getnetworkinfo: { takes: [], run: ({ node }) => networkInfo(node) },
  getblockcount: { takes: [], run: ({ node }) => node.branches.tip().height },
  getbestblockhash: { takes: [], run: ({ node }) => hashOf(node, node.branches.tip()) },
  getblockhash: {
    takes: ['height'],
    needs: 1,
    run: ({ node }, height) =>
      hashOf(node, node.branches.at(number(height)) ?? refuse(codes.parameter, 'Block height out of range')),
  },
  getblockheader: {
    takes: ['blockhash', 'verbose'],
    needs: 1,
    run({ node }, hash, verbose = true) {
      const found = blockOf(node, hash, 'hash')
      return verbose ? headerShape(found, node.branches) : hex(found.block.toBuffer(true))
    },
  },
  getblock: {
    takes: ['blockhash', 'verbosity'],
    needs: 1,
    run({ node }, hash, detail) {
      const found = blockOf(node, hash, 'blockhash')
      if (isPruned(node, found)) refuse(codes.misc, 'Block not available (pruned data)')
      const level = verbosity(detail, 1)
      return level <= 0
        ? hex(found.block.toBuffer())
        : blockShape(found, node.branches, node.network(), level)
    },
  },
  getchaintips: {
    takes: [],
    run: ({ node: { branches } }) =>
      branches
        .tips()
        .sort((a, b) => b.height - a.height)
        .map(tip => {
          let fork: BlockNode | undefined = tip
          while (fork && !branches.isActive(fork)) fork = fork.previous
          const branchlen = tip.height - fork!.height
          return {
            height: tip.height,
            hash: tip.hash,
            branchlen,
            status: branchlen === 0 ? 'active' : tip.invalid ? 'invalid' : 'valid-fork',
          }
        }),
  },
  uptime: { takes: [], run: ({ node, upSince }) => node.now() - upSince() },
  setmocktime: {
    takes: ['timestamp'],
    needs: 1,
    run({ node }, seconds) {
      if (number(seconds) < 0)
        refuse(codes.parameter, `Mocktime must be in the range [0, 9223372036], not ${number(seconds)}.`)
      node.setTime(number(seconds))
    },
  },
  getindexinfo: { takes: ['index_name'], run: () => ({}) },
  getzmqnotifications: { takes: [], run: () => [] },
  getdescriptorinfo: {
    takes: ['descriptor'],
    needs: 1,
    run({ node }, text) {
      const body = string(text).split('#')[0]!
      const { ranged } = parseDescriptor(string(text), node.network())
      // The checksum is of what was given; what is shown has public keys alone.
      const open = body.replace(/[xt]prv[0-9A-Za-z]+/g, key => extendedKey(key)!.neutered().toBase58())
      return {
        descriptor: summed(open),
        checksum: checksumOf(body),
        isrange: ranged,
        issolvable: true,
        hasprivatekeys: open !== body,
      }
    },
  },
  generatetoaddress: {
    takes: ['nblocks', 'address', 'maxtries'],
    needs: 2,
    run: ({ node }, blocks, address) =>
      node.mine(number(blocks), { to: payTo(address, node.network()) }).map(({ hash }) => hash),
  },
  generatetodescriptor: {
    takes: ['num_blocks', 'descriptor', 'maxtries'],
    needs: 2,
    run: ({ node }, blocks, descriptor) =>
      node
        .mine(number(blocks), { to: parseDescriptor(string(descriptor), node.network()).at(0)[0]!.script })
        .map(({ hash }) => hash),
  },
  generateblock: {
    takes: ['output', 'transactions', 'submit'],
    needs: 2,
    run: ({ node }, output, given) => ({
      hash: generateBlock(node, payTo(output, node.network()), list(given)),
    }),
  },
  invalidateblock: {
    takes: ['blockhash'],
    needs: 1,
    run({ node }, hash) {
      node.invalidate(blockOf(node, hash, 'blockhash'))
    },
  },
  reconsiderblock: {
    takes: ['blockhash'],
    needs: 1,
    run({ node }, hash) {
      node.reconsider(blockOf(node, hash, 'blockhash'))
    },
  },
}

/** `name` as Core complains by. */
export function blockOf(node: Node, hash: unknown, name: string, otherwise = 'Block not found'): BlockNode {
  const wanted = hashText(hash, name)
  return node.branches.find(wanted) ?? refuse(codes.notFound, otherwise)
}

export const isPruned = (node: Node, { height }: BlockNode): boolean => height < node.settings.prunedBelow

/** A node that is on another network is known by its first block. */
const hashOf = (node: Node, found: BlockNode): string =>
  found.height === 0 ? genesis(node.settings.network).getId() : found.hash

function generateBlock(node: Node, to: Uint8Array, given: unknown[]): string {
  const waiting = given.map(string).filter(text => text.length === 64)
  for (const txid of waiting) {
    if (!node.mempool.get(txid)) refuse(codes.notFound, `Transaction ${txid} not in mempool.`)
  }
  const whole = given.map(string).filter(text => text.length !== 64)
  const including = whole.map(text =>
    decode(text, `Transaction decode failed for ${text}. Make sure the tx has at least one input.`),
  )
  try {
    return node.mine(1, { to, only: waiting, including })[0]!.hash
  } catch (fault) {
    return refuse(
      codes.rejectedInputs,
      `TestBlockValidity failed: bad-txns-inputs-missingorspent, ${(fault as Error).message}`,
    )
  }
}

function chainInfo(node: Node, isInitialDownload: boolean) {
  const { branches, settings } = node
  const tip = branches.tip()
  const headers = node.headers()
  const { bits, target, difficulty, time, mediantime, chainwork } = headerShape(tip, branches)
  return {
    chain: settings.network,
    blocks: tip.height,
    headers,
    bestblockhash: hashOf(node, tip),
    bits,
    target,
    difficulty,
    time,
    mediantime,
    verificationprogress: headers === 0 ? 1 : tip.height / headers,
    initialblockdownload: isInitialDownload,
    chainwork,
    size_on_disk: 293 * (tip.height + 1),
    pruned: settings.prunedBelow > 0,
    ...(settings.prunedBelow > 0 && { pruneheight: settings.prunedBelow, automatic_pruning: false }),
    warnings: [],
  }
}

const networkInfo = ({ settings }: Node) => ({
  version: 290_000,
  subversion: '/Satoshi:29.0.0(simulated)/',
  protocolversion: 70_016,
  localservices: '0000000000000009',
  localservicesnames: ['NETWORK', 'WITNESS'],
  localrelay: true,
  timeoffset: 0,
  networkactive: true,
  connections: 8,
  connections_in: 0,
  connections_out: 8,
  networks: [],
  relayfee: btc(1_000n),
  incrementalfee: btc(1_000n),
  localaddresses: [],
  warnings: settings.network === 'regtest' ? [] : ['This is a simulated node'],
})

/** A transaction of a block, by its id. */
export function inBlock(found: BlockNode, txid: string) {
  const at = found.txids.indexOf(txid)
  return at < 0 ? undefined : at === 0 ? found.block.transactions![0]! : payments(found)[at - 1]!
}
