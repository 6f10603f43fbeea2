/** Makes one block on another: coinbase, witness commitment, Merkle root and regtest's proof of work. */
import { Block, script as scripts, Transaction } from 'bitcoinjs-lib'
import { regtestBits } from './genesis.ts'
import { bytes, concat } from './keys.ts'

export interface Template {
  previous: Uint8Array
  height: number
  /** Seconds. */
  time: number
  transactions: Transaction[]
  /** Satoshis the transactions leave. */
  fees: bigint
  /** Gets the subsidy and the fees. */
  to: Uint8Array
  /** Different for each block ever made, so that no two are alike. */
  extra: number
}

/** Satoshis, halved every 150 blocks (regtest's consensus). */
export const subsidyAt = (height: number): bigint => 5_000_000_000n >> BigInt(Math.floor(height / 150))

export function makeBlock({ previous, height, time, transactions, fees, to, extra }: Template): Block {
  const coinbase = new Transaction()
  coinbase.version = 2
  const said = concat(
    scripts.compile([scripts.number.encode(height)]),
    scripts.compile([scripts.number.encode(extra + 1_000)]),
  )
  coinbase.addInput(new Uint8Array(32), 0xffffffff, 0xffffffff, said)
  coinbase.addOutput(to, subsidyAt(height) + fees)
  coinbase.setWitness(0, [new Uint8Array(32)])
  const commitment = Block.calculateMerkleRoot([coinbase, ...transactions], true)
  coinbase.addOutput(concat(bytes('6a24aa21a9ed'), commitment), 0n)

  const block = new Block()
  block.version = 0x20000000
  block.prevHash = previous
  block.timestamp = time
  block.bits = regtestBits
  block.transactions = [coinbase, ...transactions]
  block.merkleRoot = Block.calculateMerkleRoot(block.transactions)
  while (!block.checkProofOfWork()) block.nonce++
  return block
}
