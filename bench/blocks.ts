/**
 * Reading a full block against 1 000, 100 000 and 1 000 000 watched scripts: what matching adds to parsing,
 * and bitcoinjs-lib beside it.
 */
import { Block, Transaction } from 'bitcoinjs-lib'
import { seededRandom } from '../src/base/clock.ts'
import type { Random } from '../src/base/world.ts'
import { readBlock } from '../src/rails/bitcoin/block.ts'
import { ScriptWatch } from '../src/rails/bitcoin/watch.ts'
import { median, type BenchOptions, type Figure } from './figure.ts'

const bench = 'blocks'
const touchingWanted = 25

export async function blocks({ quick, tiny, say }: BenchOptions): Promise<Figure[]> {
  const random = seededRandom(21)
  // 4 MB of common payments are more outputs than the rules let into any block, so no real one is harder to
  // match.
  const { raw, hash, scripts, outputs } = fullBlock(random, tiny ? 60_000 : quick ? 400_000 : 4_000_000)
  const rounds = tiny ? 1 : quick ? 10 : 60
  const megabytes = raw.length / 1e6
  const count = readBlock(raw, hash, 0).transactions
  say(`  a block of ${megabytes.toFixed(2)} MB, ${count} transactions, ${outputs} outputs`)

  const figures: Figure[] = []
  for (const watched of tiny ? [1_000] : [1_000, 100_000, 1_000_000]) {
    const watch = new ScriptWatch()
    // The addresses of one account (BIP 84), and a coin of it for every tenth.
    for (let at = 0; at < watched - touchingWanted; at++) watch.addScript(segwit(random))
    for (let at = 0; at < watched / 10; at++)
      watch.addOutpoint(`${Buffer.from(random.bytes(32)).toString('hex')}:0`)
    for (let at = 0; at < touchingWanted; at++)
      watch.addScript(scripts[Math.floor((at * scripts.length) / touchingWanted)]!)
    const [plain, matched] = [[] as number[], [] as number[]]
    // In turns, so that whatever else the machine does falls on both.
    for (let round = -5; round < rounds; round++) {
      const [plainMs] = timed(() => readBlock(raw, hash, 0))
      const [matchedMs, block] = timed(() => readBlock(raw, hash, 0, watch))
      if (block.touching.length !== touchingWanted)
        throw new Error(`${touchingWanted} were to be found, ${block.touching.length} were`)
      // The first few are the compiler's.
      if (round < 0) continue
      plain.push(plainMs)
      matched.push(matchedMs)
    }
    const without = median(plain)
    const added = median(matched.map((ms, round) => ms - plain[round]!))
    const of = `${watched.toLocaleString('en-US')} scripts`
    figures.push(
      {
        bench,
        name: `${megabytes.toFixed(1)} MB, ${count} transactions, unwatched`,
        value: without,
        unit: 'ms',
      },
      { bench, name: `the same against ${of}`, value: median(matched), unit: 'ms' },
      {
        bench,
        name: `matching ${of} adds`,
        value: (100 * added) / without,
        unit: '% of parsing',
        target: { most: 10 },
      },
    )
  }
  figures.push(peer(raw, tiny ? 1 : quick ? 2 : 5))
  return figures
}

/** bitcoinjs-lib: every transaction as objects, its txids and the Merkle root checked; nothing is matched. */
function peer(raw: Buffer, rounds: number): Figure {
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const [ms, good] = timed(() => Block.fromBuffer(raw).checkTxRoots())
    if (!good) throw new Error('bitcoinjs-lib holds the block for wrong')
    times.push(ms)
  }
  return { bench, name: 'the same with bitcoinjs-lib, unwatched', value: median(times), unit: 'ms' }
}

function timed<T>(work: () => T): [number, T] {
  const from = performance.now()
  const value = work()
  return [performance.now() - from, value]
}

const segwit = (random: Random): Uint8Array => Buffer.concat([Buffer.from('0014', 'hex'), random.bytes(20)])

/** What most payees use today: native segwit, taproot, and the older kinds. */
function payee(random: Random): Uint8Array {
  const kind = random.next()
  if (kind < 0.45) return segwit(random)
  if (kind < 0.75) return Buffer.concat([Buffer.from('5120', 'hex'), random.bytes(32)])
  if (kind < 0.85)
    return Buffer.concat([Buffer.from('a914', 'hex'), random.bytes(20), Buffer.from('87', 'hex')])
  return Buffer.concat([Buffer.from('76a914', 'hex'), random.bytes(20), Buffer.from('88ac', 'hex')])
}

/**
 * A block of about `size` bytes whose transactions have the shape of common payments; the same for the same
 * chance.
 */
function fullBlock(
  random: Random,
  size: number,
): { raw: Buffer; hash: string; scripts: Uint8Array[]; outputs: number } {
  const block = new Block()
  block.prevHash = Buffer.from(random.bytes(32))
  block.timestamp = 1_790_000_000
  const transactions = [coinbase(random)]
  const scripts: Uint8Array[] = []
  let outputs = 1
  for (let bytes = 400; bytes < size; bytes += transactions.at(-1)!.byteLength()) {
    const tx = payment(random)
    outputs += tx.outs.length
    const { script } = tx.outs[0]!
    if (script.length === 22) scripts.push(script)
    transactions.push(tx)
  }
  block.transactions = transactions
  block.merkleRoot = Block.calculateMerkleRoot(transactions)
  block.witnessCommit = Block.calculateMerkleRoot(transactions, true)
  transactions[0]!.outs[0]!.script = Buffer.concat([Buffer.from('6a24aa21a9ed', 'hex'), block.witnessCommit])
  block.merkleRoot = Block.calculateMerkleRoot(transactions)
  return { raw: Buffer.from(block.toBuffer()), hash: block.getId(), scripts, outputs }
}

function coinbase(random: Random): Transaction {
  const tx = new Transaction()
  tx.addInput(Buffer.alloc(32), 0xffff_ffff, 0xffff_ffff, Buffer.from(random.bytes(20)))
  // BIP 141: the value the witness commitment is made with.
  tx.setWitness(0, [Buffer.alloc(32)])
  tx.addOutput(Buffer.from('6a', 'hex'), 0n)
  return tx
}

function payment(random: Random): Transaction {
  const tx = new Transaction()
  tx.version = 2
  const inputs = random.next() < 0.7 ? 1 : random.between(2, 4)
  for (let input = 0; input < inputs; input++) {
    tx.addInput(Buffer.from(random.bytes(32)), random.between(0, 3), 0xffff_fffd)
    const taproot = random.next() < 0.35
    tx.setWitness(
      input,
      taproot
        ? [Buffer.from(random.bytes(64))]
        : [Buffer.from(random.bytes(71)), Buffer.from(random.bytes(33))],
    )
  }
  // Now and then somebody pays many at once.
  const outputs = random.next() < 0.03 ? random.between(5, 60) : 2
  for (let output = 0; output < outputs; output++)
    tx.addOutput(payee(random), BigInt(random.between(600, 2_000_000_000)))
  return tx
}
