/** The first block of each network, from its own constants (Bitcoin Core, kernel/chainparams.cpp). */
import { Block, Transaction } from 'bitcoinjs-lib'
import { bytes } from './keys.ts'
import type { ChainName } from './settings.ts'

const constants: Record<ChainName, { time: number; nonce: number; bits: number }> = {
  main: { time: 1_231_006_505, nonce: 2_083_236_893, bits: 0x1d00ffff },
  testnet4: { time: 1_714_777_860, nonce: 393_743_547, bits: 0x1d00ffff },
  signet: { time: 1_598_918_400, nonce: 52_613_770, bits: 0x1e0377ae },
  regtest: { time: 1_296_688_602, nonce: 2, bits: 0x207fffff },
}

export const regtestBits = constants.regtest.bits

export function genesis(network: ChainName): Block {
  const { time, nonce, bits } = constants[network]
  const coinbase = firstCoinbase(network)
  const block = new Block()
  block.version = 1
  block.prevHash = new Uint8Array(32)
  block.timestamp = time
  block.bits = bits
  block.nonce = nonce
  block.transactions = [coinbase]
  block.merkleRoot = Block.calculateMerkleRoot([coinbase])
  return block
}

const headline = {
  classic: 'The Times 03/Jan/2009 Chancellor on brink of second bailout for banks',
  testnet4: '03/May/2024 000000000000000000001ebd58c244970b3aa9d783bb001011fbe8ea8e98e00e',
}
const satoshisKey =
  '04678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5f'

function firstCoinbase(network: ChainName): Transaction {
  const [said, key] =
    network === 'testnet4' ? [headline.testnet4, '00'.repeat(33)] : [headline.classic, satoshisKey]
  const pushed = Buffer.from(said)
  const size = pushed.length > 75 ? [0x4c, pushed.length] : [pushed.length]
  const transaction = new Transaction()
  transaction.addInput(
    new Uint8Array(32),
    0xffffffff,
    0xffffffff,
    Uint8Array.from([4, 0xff, 0xff, 0, 0x1d, 1, 4, ...size, ...pushed]),
  )
  transaction.addOutput(bytes(`${(key.length / 2).toString(16)}${key}ac`), 5_000_000_000n)
  return transaction
}
