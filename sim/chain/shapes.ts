/** Blocks, transactions and outputs as Bitcoin Core's JSON shows them. */
import { script as scripts, type Transaction } from 'bitcoinjs-lib'
import type { BlockNode, Branches } from './branches.ts'
import { describeScript } from './descriptors.ts'
import { addressOf, hex, shown, type Network } from './keys.ts'
import { typeOf } from './policy.ts'

/** A number of JSON with eight decimals, exactly as Core writes amounts. */
export function btc(units: bigint): unknown {
  const size = units < 0n ? -units : units
  const text = `${units < 0n ? '-' : ''}${size / 100_000_000n}.${String(size % 100_000_000n).padStart(8, '0')}`
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text)
}

const target = '7fffff0000000000000000000000000000000000000000000000000000000000'

/** `getblockheader HASH true`. */
export function headerShape(node: BlockNode, branches: Branches) {
  const { block, hash, height } = node
  const active = branches.isActive(node)
  return {
    hash,
    confirmations: active ? branches.tip().height - height + 1 : -1,
    height,
    version: block.version,
    versionHex: block.version.toString(16).padStart(8, '0'),
    merkleroot: shown(block.merkleRoot!),
    time: block.timestamp,
    mediantime: branches.medianTime(node),
    nonce: block.nonce,
    bits: block.bits.toString(16).padStart(8, '0'),
    target,
    difficulty: 4.656542373906925e-10,
    chainwork: ((height + 1) * 2).toString(16).padStart(64, '0'),
    nTx: node.txids.length,
    previousblockhash: node.previous?.hash,
    nextblockhash: active ? branches.at(height + 1)?.hash : undefined,
  }
}

/** `getblock HASH` 1, or 2 with whole transactions. */
export function blockShape(node: BlockNode, branches: Branches, network: Network, verbosity: number) {
  const { block } = node
  return {
    ...headerShape(node, branches),
    strippedsize: block.byteLength(false, false),
    size: block.byteLength(),
    weight: block.weight(),
    tx:
      verbosity === 1
        ? node.txids
        : block.transactions!.map(transaction => transactionShape(transaction, network)),
  }
}

/** `getrawtransaction TXID true`, but for what depends on where it stands. */
export function transactionShape(transaction: Transaction, network: Network) {
  const whole = transaction.toBuffer()
  return {
    txid: transaction.getId(),
    hash: shown(transaction.getHash(true)),
    version: transaction.version,
    size: whole.length,
    vsize: transaction.virtualSize(),
    weight: transaction.weight(),
    locktime: transaction.locktime,
    vin: transaction.ins.map(({ hash, index, script, sequence, witness }) => ({
      ...(transaction.isCoinbase()
        ? { coinbase: hex(script) }
        : { txid: shown(hash), vout: index, scriptSig: { asm: asmOf(script), hex: hex(script) } }),
      ...(witness.length > 0 && { txinwitness: witness.map(hex) }),
      sequence,
    })),
    vout: transaction.outs.map(({ value, script }, n) => ({
      value: btc(value),
      n,
      scriptPubKey: scriptShape(script, network),
    })),
    hex: hex(whole),
  }
}

interface ScriptShape {
  asm: string
  desc: string
  hex: string
  address: string | undefined
  type: string
}
/** A coin is asked about many times, and its script stays as it is. */
const shapes = new WeakMap<Uint8Array, { network: Network; shape: ScriptShape }>()

export function scriptShape(script: Uint8Array, network: Network): ScriptShape {
  const known = shapes.get(script)
  if (known?.network === network) return known.shape
  const shape = {
    asm: asmOf(script),
    desc: describeScript(script, network),
    hex: hex(script),
    address: addressOf(script, network),
    type: typeOf(script),
  }
  shapes.set(script, { network, shape })
  return shape
}

function asmOf(script: Uint8Array): string {
  try {
    // Core writes small numbers as numbers.
    return scripts.toASM(script).replace(/\bOP_([0-9]|1[0-6])\b/g, '$1')
  } catch {
    return '[error]'
  }
}
