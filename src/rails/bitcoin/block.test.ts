/**
 * Blocks and transactions as bytes: read as another library reads them, and refused where a byte is wrong.
 */
import { Block, Transaction } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BadInput } from '../../base/answer.ts'
import { readBlock, readTransaction, touches } from './block.ts'
import { ScriptWatch } from './watch.ts'

// Block 0 of the main chain: Bitcoin Core, kernel/chainparams.cpp.
const genesis = {
  hash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
  bytes: Buffer.from(
    '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c' +
      '0101000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
    'hex',
  ),
}

interface Made {
  inputs: { hash: Uint8Array; index: number; sequence: number; script: Uint8Array; witness: Uint8Array[] }[]
  outputs: { value: bigint; script: Uint8Array }[]
  version: number
  lockTime: number
}

const bytes = (most: number) => fc.uint8Array({ maxLength: most })
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff })
const made: fc.Arbitrary<Made> = fc.record({
  inputs: fc.array(
    fc.record({
      hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      index: uint32,
      sequence: uint32,
      script: bytes(300),
      witness: fc.array(bytes(300), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  outputs: fc.array(
    fc.record({ value: fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }), script: bytes(300) }),
    {
      minLength: 1,
      maxLength: 4,
    },
  ),
  version: fc.constantFrom(1, 2, 3),
  lockTime: uint32,
})

/** By the other library. */
function built({ inputs, outputs, version, lockTime }: Made): Transaction {
  const tx = new Transaction()
  tx.version = version
  tx.locktime = lockTime
  for (const { hash, index, sequence, script, witness } of inputs)
    tx.setWitness(
      tx.addInput(hash, index, sequence, script),
      witness.map(item => Buffer.from(item)),
    )
  for (const { script, value } of outputs) tx.addOutput(script, value)
  return tx
}

function blockOf(transactions: Transaction[]): { hash: string; raw: Buffer } {
  const block = new Block()
  block.prevHash = Buffer.alloc(32, 9)
  block.timestamp = 1_790_000_000
  block.transactions = transactions
  block.merkleRoot = Block.calculateMerkleRoot(transactions)
  return { hash: block.getId(), raw: Buffer.from(block.toBuffer()) }
}

/** What the watch knows a script by; generated ones may be so short that two share it. */
const knownBy = (script: Uint8Array): string =>
  `${script.length & 0xff} ${script[0] ?? 0} ${Buffer.concat([Buffer.alloc(8), script])
    .subarray(-8)
    .toString('hex')}`

test('the first block of all is read, and its one output found', () => {
  const watch = new ScriptWatch()
  watch.addScript(
    Buffer.from(
      '4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac',
      'hex',
    ),
  )
  const block = readBlock(genesis.bytes, genesis.hash, 0, watch)
  expect(block).toMatchObject({
    hash: genesis.hash,
    previous: '0'.repeat(64),
    height: 0,
    at: '2009-01-03T18:15:05.000Z',
    transactions: 1,
  })
  expect(block.touching).toEqual([
    expect.objectContaining({
      txid: '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b',
      outputs: [expect.objectContaining({ units: 5_000_000_000n })],
    }),
  ])
  expect(readBlock(genesis.bytes, genesis.hash, 0, new ScriptWatch()).touching).toEqual([])
})

test('any transaction is read as bitcoinjs-lib wrote it', () => {
  fc.assert(
    fc.property(made, given => {
      const tx = built(given)
      const read = readTransaction(tx.toBuffer())
      expect(read.txid).toBe(tx.getId())
      expect(read.inputs).toEqual(
        given.inputs.map(({ hash, index, sequence }) => ({
          outpoint: `${Buffer.from(hash).reverse().toString('hex')}:${index}`,
          sequence,
        })),
      )
      expect(read.outputs.map(({ units, script }) => [units, Buffer.from(script)])).toEqual(
        given.outputs.map(({ value, script }) => [value, Buffer.from(script)]),
      )
      expect(Buffer.from(read.raw).equals(tx.toBuffer())).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('of a block exactly what pays a watched script or spends a watched outpoint is handed out', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(made, { minLength: 1, maxLength: 12, selector: given => built(given).getId() }),
      fc.nat(),
      (list, pick) => {
        const transactions = list.map(built)
        const { hash, raw } = blockOf(transactions)
        const paid = list[pick % list.length]!.outputs[0]!.script
        const spent = list[(pick + 1) % list.length]!.inputs[0]!
        const watch = new ScriptWatch()
        watch.addScript(paid)
        watch.addOutpoint(`${Buffer.from(spent.hash).reverse().toString('hex')}:${spent.index}`)
        const block = readBlock(raw, hash, 7, watch)
        const expected = transactions.filter(
          (_, at) =>
            list[at]!.outputs.some(({ script }) => knownBy(script) === knownBy(paid)) ||
            list[at]!.inputs.some(
              input => Buffer.from(input.hash).equals(spent.hash) && input.index === spent.index,
            ),
        )
        expect(block.touching.map(({ txid }) => txid)).toEqual(expected.map(tx => tx.getId()))
        expect(block.touching.length).toBeGreaterThan(0)
        expect(block).toMatchObject({
          transactions: list.length,
          at: '2026-09-21T14:13:20.000Z',
          previous: '09'.repeat(32),
        })
      },
    ),
    { numRuns: 200 },
  )
})

test('a byte changed, missing or added anywhere is refused as bad input, and never hangs or throws otherwise', () => {
  const sample = fc.sample(made, { numRuns: 5, seed: 5 }).map(built)
  const { hash, raw } = blockOf(sample)
  // The txid does not cover the witness, so there a changed byte is another, as good a block to whoever only
  // knows the root.
  const plain = blockOf(
    fc
      .sample(made, { numRuns: 5, seed: 6 })
      .map(given => built({ ...given, inputs: given.inputs.map(input => ({ ...input, witness: [] })) })),
  )
  expect(readBlock(raw, hash, 1).transactions).toBe(5)
  fc.assert(
    fc.property(fc.nat(plain.raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(plain.raw)
      changed[at]! ^= flip
      expect(() => readBlock(changed, plain.hash, 1)).toThrow(BadInput)
    }),
    { numRuns: 1_000 },
  )
  fc.assert(
    fc.property(fc.nat(raw.length - 1), at => {
      expect(() => readBlock(raw.subarray(0, at), hash, 1)).toThrow(BadInput)
    }),
    { numRuns: 300 },
  )
  expect(() => readBlock(Buffer.concat([raw, Buffer.alloc(1)]), hash, 1)).toThrow('1 bytes are left')
  expect(() => readBlock(raw, genesis.hash, 1)).toThrow('are not those of block')
})

test('noise, and a transaction with noise in it, is read or is bad input', () => {
  const readable = (raw: Uint8Array) => {
    try {
      readTransaction(raw)
      touches(raw, new ScriptWatch())
    } catch (fault) {
      if (!(fault instanceof BadInput)) throw fault
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readable), { numRuns: 2_000 })
  const whole = fc.sample(made, { numRuns: 1, seed: 1 }).map(built)[0]!.toBuffer()
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(whole)
      changed[at] = value
      readable(changed)
    }),
    { numRuns: 2_000 },
  )
})

test('a list of transactions that repeats its end has the same root, and is refused (CVE-2012-2459)', () => {
  const three = fc.sample(made, { numRuns: 3, seed: 3 }).map(built)
  const { hash, raw } = blockOf(three)
  const doubled = blockOf([...three, three[2]!])
  expect(doubled.hash).toBe(hash)
  expect(readBlock(raw, hash, 1).transactions).toBe(3)
  expect(() => readBlock(doubled.raw, hash, 1)).toThrow('names a transaction twice')
})

const coinbase = readTransaction(genesis.bytes.subarray(81)).raw
test.each([
  ['no inputs', '01000000' + '00' + '01' + '00'.repeat(9) + '00000000', 'has no inputs'],
  [
    'a witness that is empty',
    `01000000${'0001'}${Buffer.from(coinbase).toString('hex').slice(8, -8)}${'00'}00000000`,
    'a witness and has none',
  ],
  ['a count that is not at its shortest', `01000000fd0100${'00'.repeat(60)}`, 'not written at its shortest'],
  ['a count of more than there is', `01000000feffffff7f${'00'.repeat(60)}`, 'in the middle'],
  ['a count in eight bytes', `01000000ff0100000000000000${'00'.repeat(60)}`, 'in the middle'],
  [
    'money that will never be',
    Buffer.from(coinbase).toString('hex').replace('00f2052a01000000', '00f2052a01ffff00'),
    'more than there will ever be',
  ],
])('a transaction with %s is bad input', (_, hex, why) => {
  expect(() => readTransaction(Buffer.from(hex, 'hex'))).toThrow(new RegExp(why))
  expect(() => readTransaction(Buffer.from(hex, 'hex'))).toThrow(BadInput)
})

test('what pays a watched script and is spent on in the same block is followed from hand to hand', () => {
  const [ours, other] = [
    Buffer.from('0014'.padEnd(44, 'a1'), 'hex'),
    Buffer.from('0014'.padEnd(44, 'b2'), 'hex'),
  ]
  const paying = (from: { hash: Uint8Array; index: number }, scripts: Buffer[]) =>
    built({
      inputs: [{ ...from, sequence: 0, script: Buffer.alloc(0), witness: [Buffer.alloc(1)] }],
      outputs: scripts.map(script => ({ value: 1n, script })),
      version: 2,
      lockTime: 0,
    })
  const first = paying({ hash: Buffer.alloc(32, 3), index: 0 }, [other, ours])
  const second = paying({ hash: first.getHash(), index: 1 }, [ours])
  const last = paying({ hash: second.getHash(), index: 0 }, [other])
  // It spends what `first` paid to somebody else, which does not concern us.
  const stranger = paying({ hash: first.getHash(), index: 0 }, [other])
  const { hash, raw } = blockOf([first, stranger, second, last])

  const watch = new ScriptWatch()
  watch.addScript(ours)
  expect(readBlock(raw, hash, 5, watch).touching.map(({ txid }) => txid)).toEqual(
    [first, second, last].map(tx => tx.getId()),
  )
})
