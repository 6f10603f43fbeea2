/**
 * What payers and miners can do to an installation: transactions made by hand, replaced and double-spent, and
 * chains that are left for others.
 */
import { randomBytes } from 'node:crypto'
import type { TestNode } from './chainInstallation.ts'

export const payerName = 'payer'

/** A transaction of the payer's, signed and not sent. */
export interface Made {
  txid: string
  hex: string
}

/** Satoshis to addresses, in this order. */
export type Outputs = [address: string, units: bigint][]

/** Satoshis as Bitcoin Core reads them: `1.00000000`. */
export const coinsText = (units: bigint): string =>
  `${units / 100_000_000n}.${(units % 100_000_000n).toString().padStart(8, '0')}`

/**
 * Makes a transaction of the payer's that pays these; spending `inputs` where given, and then with no other.
 * `feeRate` in sat/vB.
 */
export async function make(
  node: TestNode,
  outputs: Outputs,
  { inputs, feeRate = 5 }: MakeOptions = {},
): Promise<Made> {
  const pays = outputs.map(([address, units]) => ({ [address]: coinsText(units) }))
  const bare = await node.rpc<string>('createrawtransaction', [inputs ?? [], pays, 0, true])
  // The change comes last, where nobody looks for a payment.
  const options = {
    add_inputs: inputs === undefined,
    fee_rate: feeRate,
    changePosition: outputs.length,
    lockUnspents: false,
  }
  const { hex: funded } = await node.rpc<{ hex: string }>('fundrawtransaction', [bare, options], payerName)
  const { hex } = await node.rpc<{ hex: string }>(
    'signrawtransactionwithwallet',
    [funded, await outputsSpent(node, inputs ?? [])],
    payerName,
  )
  const { txid } = await node.rpc<{ txid: string }>('decoderawtransaction', [hex])
  return { txid, hex }
}

/** What is spent in a block already is not found by who signs, and handed in. */
const outputsSpent = (node: TestNode, inputs: { txid: string; vout: number }[]) =>
  Promise.all(
    inputs.map(async ({ txid, vout }) => {
      const { vout: outputs } = await node.rpc<{ vout: { value: number; scriptPubKey: { hex: string } }[] }>(
        'getrawtransaction',
        [txid, true],
      )
      const { value, scriptPubKey } = outputs[vout]!
      return { txid, vout, scriptPubKey: scriptPubKey.hex, amount: value }
    }),
  )

/**
 * The same by hand, with a coin of the payer's that nothing else takes: a wallet makes no outputs as small as
 * these may be.
 */
export async function makeDust(node: TestNode, outputs: Outputs): Promise<Made> {
  const [coin] = await node.rpc<{ txid: string; vout: number; amount: number }[]>(
    'listunspent',
    [1],
    payerName,
  )
  await node.rpc('lockunspent', [false, [{ txid: coin!.txid, vout: coin!.vout }]], payerName)
  const change = outputs.reduce(
    (left, [, units]) => left - units,
    BigInt(Math.round(coin!.amount * 100_000_000)) - 1_000n,
  )
  const all: Outputs = [...outputs, [await ownAddress(node), change]]
  const bare = await node.rpc<string>('createrawtransaction', [
    [coin],
    all.map(([address, units]) => ({ [address]: coinsText(units) })),
  ])
  const { hex } = await node.rpc<{ hex: string }>('signrawtransactionwithwallet', [bare], payerName)
  const { txid } = await node.rpc<{ txid: string }>('decoderawtransaction', [hex])
  return { txid, hex }
}

interface MakeOptions {
  inputs?: { txid: string; vout: number }[]
  feeRate?: number
}

/**
 * Another transaction that spends the inputs of `txid`, made and not sent: of the two the chain can have one.
 */
export async function rival(node: TestNode, txid: string, outputs: Outputs, feeRate = 20): Promise<Made> {
  const { vin } = await node.rpc<{ vin: { txid: string; vout: number }[] }>('getrawtransaction', [txid, true])
  return make(node, outputs, { inputs: vin.map(input => ({ txid: input.txid, vout: input.vout })), feeRate })
}

export const sendMade = (node: TestNode, { hex }: Made): Promise<string> =>
  node.rpc<string>('sendrawtransaction', [hex])

/** An address of the payer's own. */
export const ownAddress = (node: TestNode): Promise<string> =>
  node.rpc<string>('getnewaddress', ['', 'bech32'], payerName)

/**
 * Spends the output of `parent` (raw) that pays the key's address, all of it less a fee; nobody's wallet is
 * asked. Answers it raw.
 */
export async function spendWith(
  node: TestNode,
  parent: string,
  key: { address: string; wif: string },
  to: string,
): Promise<string> {
  interface Decoded {
    txid: string
    vout: { n: number; value: number; scriptPubKey: { address?: string; hex: string } }[]
  }
  const { txid, vout } = await node.rpc<Decoded>('decoderawtransaction', [parent])
  const { n, value, scriptPubKey } = vout.find(output => output.scriptPubKey.address === key.address)!
  const units = BigInt(Math.round(value * 100_000_000))
  const bare = await node.rpc<string>('createrawtransaction', [
    [{ txid, vout: n }],
    [{ [to]: coinsText(units - 1_000n) }],
  ])
  const spent = [{ txid, vout: n, scriptPubKey: scriptPubKey.hex, amount: coinsText(units) }]
  const { hex } = await node.rpc<{ hex: string }>('signrawtransactionwithkey', [bare, [key.wif], spent])
  return hex
}

/** Mines one block of exactly these transactions, raw or by their txids, whatever else waits. */
export async function mineExactly(node: TestNode, transactions: string[] = []): Promise<string> {
  const { hash } = await node.rpc<{ hash: string }>('generateblock', [
    `raw(6a08${randomBytes(8).toString('hex')})`,
    transactions,
  ])
  return hash
}

/** The first block of each of two chains. */
export interface Turned {
  left: string
  came: string
}

/**
 * Leaves the newest `depth` blocks for others, one for each list of transactions, and at least one more than
 * were left.
 */
export async function reorganise(node: TestNode, depth: number, blocks: string[][] = []): Promise<Turned> {
  const height = await node.rpc<number>('getblockcount')
  const left = await node.rpc<string>('getblockhash', [height - depth + 1])
  await node.rpc('invalidateblock', [left])
  const came: string[] = []
  for (let number = 0; number < Math.max(depth + 1, blocks.length); number++)
    came.push(await mineExactly(node, blocks[number]))
  return { left, came: came[0]! }
}

/** Back to the chain that was left. */
export async function turnBack(node: TestNode, { left, came }: Turned): Promise<void> {
  await node.rpc('reconsiderblock', [left])
  await node.rpc('invalidateblock', [came])
}
