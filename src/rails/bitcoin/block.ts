/**
 * Reads a block's raw bytes: every txid computed, the whole proven by its hash and Merkle root, and only what
 * touches us made a value.
 */
import { hash as digest } from 'node:crypto'
import { BadInput } from '../../base/answer.ts'
import { instant } from '../../base/world.ts'
import type { Outpoint, ReadBlock, Tx, TxInput, TxOutput } from '../chain.ts'
import type { ScriptWatch } from './watch.ts'

/**
 * The block `hash` from its serialisation (Bitcoin Core, getblock verbosity 0). Height is what the node says:
 * only the coinbase of newer blocks tells it. Throws `BadInput` where the bytes are malformed, or are of
 * another block.
 */
export function readBlock(bytes: Buffer, hash: string, height: number, watch?: ScriptWatch): ReadBlock {
  if (bytes.length < 81) throw new BadInput(`a block has at least 81 bytes, not ${bytes.length}`)
  if (shown(doubleHash(bytes, 0, 80)) !== hash) throw new BadInput(`the bytes are not those of block ${hash}`)
  const at = { at: 80 }
  const count = readCount(bytes, at, 60)
  if (count === 0) throw new BadInput('a block has at least one transaction')

  const txids = Buffer.allocUnsafe(32 * count)
  const starts = new Uint32Array(count)
  watch?.begin(bytes)
  const span = newSpan()
  for (let number = 0; number < count; number++) {
    starts[number] = at.at
    walk(bytes, at, span, watch, number)
    writeTxid(bytes, span, txids, 32 * number)
  }
  if (at.at !== bytes.length)
    throw new BadInput(`${bytes.length - at.at} bytes are left after the block's last transaction`)
  if (!merkleRoot(txids).equals(bytes.subarray(36, 68)))
    throw new BadInput(`the transactions are not those of block ${hash}`)
  return {
    hash,
    previous: shown(bytes.subarray(4, 36)),
    height,
    at: instant(bytes.readUInt32LE(68) * 1000),
    transactions: count,
    touching: watch ? touchingIn(bytes, starts, watch) : [],
  }
}

/**
 * One serialised transaction, with or without witness (BIP 144); throws `BadInput` for anything else, bytes
 * left over included.
 */
export function readTransaction(raw: Uint8Array): Tx {
  const tx = transactionAt(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength), 0)
  if (tx.raw.length !== raw.length)
    throw new BadInput(`${raw.length - tx.raw.length} bytes are left after the transaction`)
  return tx
}

/**
 * Whether the transaction pays a watched script or spends a watched outpoint, as far as fingerprints tell.
 */
export function touches(raw: Uint8Array, watch: ScriptWatch): boolean {
  watch.begin(raw)
  walk(Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength), { at: 0 }, newSpan(), watch)
  return watch.touched().length > 0
}

/**
 * In the block's order. What pays us is watched from here on, so that its being spent in this same block is
 * noticed too.
 */
function touchingIn(bytes: Buffer, starts: Uint32Array, watch: ScriptWatch): Tx[] {
  const found = new Map<number, Tx>()
  for (let fresh = watch.touched(); fresh.length > 0;) {
    const before = watch.size
    for (const number of fresh) {
      const tx = transactionAt(bytes, starts[number]!)
      found.set(number, tx)
      watch.addOutputs(tx)
    }
    fresh = watch.size === before ? [] : watch.spending().filter(number => !found.has(number))
  }
  return [...found].sort(([a], [b]) => a - b).map(([, tx]) => tx)
}

/** A place in bytes, moved by who reads. */
interface Cursor {
  at: number
}

/**
 * Where the parts of one transaction lie. One is used for all of a block, so that reading makes nothing to
 * throw away.
 */
interface Span {
  start: number
  /** Inputs and outputs: what the txid is made of beside version and lock time. */
  body: number
  bodyEnd: number
  lockTime: number
}

const newSpan = (): Span => ({ start: 0, body: 0, bodyEnd: 0, lockTime: 0 })

const mostUnits = 2_100_000_000_000_000n

/** Steps over one transaction, telling the watch on the way. */
function walk(bytes: Buffer, cursor: Cursor, span: Span, watch?: ScriptWatch, number = 0): void {
  span.start = cursor.at
  skip(bytes, cursor, 4)
  // BIP 144: where the count of inputs would stand, a zero and the flag 1.
  const segwit = bytes[cursor.at] === 0
  if (segwit && bytes[cursor.at + 1] !== 1)
    throw new BadInput(`a transaction at byte ${span.start} has no inputs, or a flag we do not know`)
  if (segwit) cursor.at += 2
  span.body = cursor.at

  const inputs = readCount(bytes, cursor, 41)
  if (inputs === 0) throw new BadInput(`the transaction at byte ${span.start} has no inputs`)
  for (let input = 0; input < inputs; input++) {
    const outpoint = cursor.at
    skip(bytes, cursor, 36)
    watch?.outpoint(outpoint, number)
    skip(bytes, cursor, readCount(bytes, cursor, 1) + 4)
  }
  const outputs = readCount(bytes, cursor, 9)
  if (outputs === 0) throw new BadInput(`the transaction at byte ${span.start} has no outputs`)
  for (let output = 0; output < outputs; output++) {
    skip(bytes, cursor, 8)
    const length = readCount(bytes, cursor, 1)
    const script = cursor.at
    skip(bytes, cursor, length)
    watch?.script(script, cursor.at, number)
  }
  span.bodyEnd = cursor.at
  if (segwit) skipWitnesses(bytes, cursor, inputs)
  span.lockTime = cursor.at
  skip(bytes, cursor, 4)
}

function skipWitnesses(bytes: Buffer, cursor: Cursor, inputs: number): void {
  let items = 0
  for (let input = 0; input < inputs; input++) {
    const count = readCount(bytes, cursor, 1)
    items += count
    for (let item = 0; item < count; item++) skip(bytes, cursor, readCount(bytes, cursor, 1))
  }
  // Two serialisations of one transaction would be one too many; the node refuses this too.
  if (items === 0) throw new BadInput('a transaction is written with a witness and has none')
}

/** The transaction that begins at `start`, as a value. */
function transactionAt(bytes: Buffer, start: number): Tx {
  const span = newSpan()
  walk(bytes, { at: start }, span)
  const hash = Buffer.allocUnsafe(32)
  writeTxid(bytes, span, hash, 0)
  const txid = shown(hash)
  // A copy: the block's megabytes are not kept for it.
  const raw = new Uint8Array(bytes.subarray(span.start, span.lockTime + 4))
  const own = Buffer.from(raw.buffer)
  const cursor = { at: span.body - span.start }
  const inputs: TxInput[] = []
  for (let left = readCount(own, cursor, 41); left > 0; left--) {
    const outpoint: Outpoint = `${shown(own.subarray(cursor.at, cursor.at + 32))}:${own.readUInt32LE(cursor.at + 32)}`
    cursor.at += 36
    const length = readCount(own, cursor, 1)
    cursor.at += length
    inputs.push({ outpoint, sequence: own.readUInt32LE(cursor.at) })
    cursor.at += 4
  }
  const outputs: TxOutput[] = []
  for (let left = readCount(own, cursor, 9); left > 0; left--) {
    const units = own.readBigUInt64LE(cursor.at)
    if (units > mostUnits) throw new BadInput(`an output of ${txid} holds more than there will ever be`)
    cursor.at += 8
    const length = readCount(own, cursor, 1)
    outputs.push({ units, script: raw.subarray(cursor.at, cursor.at + length) })
    cursor.at += length
  }
  return { txid, inputs, outputs, raw }
}

/** Double SHA-256 of version, inputs, outputs and lock time: the witness is not part of it. */
function writeTxid(bytes: Buffer, { start, body, bodyEnd, lockTime }: Span, to: Buffer, at: number): void {
  // Without a witness it lies in one piece.
  if (body === start + 4) return writeDoubleHash(bytes, start, lockTime + 4, to, at)
  const length = 4 + (bodyEnd - body) + 4
  if (length > scratch.length) scratch = Buffer.allocUnsafe(2 * length)
  bytes.copy(scratch, 0, start, start + 4)
  bytes.copy(scratch, 4, body, bodyEnd)
  bytes.copy(scratch, length - 4, lockTime, lockTime + 4)
  writeDoubleHash(scratch, 0, length, to, at)
}

let scratch = Buffer.allocUnsafe(64 * 1024)
const half = Buffer.allocUnsafe(32)

// The digest as a string of bytes is written where it belongs; a Buffer of its own for each would take twice
// the time.
function writeDoubleHash(bytes: Buffer, start: number, end: number, to: Buffer, at: number): void {
  half.write(digest('sha256', bytes.subarray(start, end), 'binary'), 0, 32, 'binary')
  to.write(digest('sha256', half, 'binary'), at, 32, 'binary')
}

function doubleHash(bytes: Buffer, start: number, end: number): Buffer {
  const result = Buffer.allocUnsafe(32)
  writeDoubleHash(bytes, start, end, result, 0)
  return result
}

/**
 * Of the txids, which are overwritten. Throws where a pair is twice the same: other lists have that root too
 * (CVE-2012-2459).
 */
function merkleRoot(txids: Buffer): Buffer {
  const pair = Buffer.allocUnsafe(64)
  for (let count = txids.length / 32; count > 1; count = (count + 1) >> 1) {
    for (let left = 0; left < count; left += 2) {
      const alone = left + 1 === count
      txids.copy(pair, 0, 32 * left, 32 * left + 32)
      txids.copy(pair, 32, 32 * (alone ? left : left + 1), 32 * (alone ? left : left + 1) + 32)
      if (!alone && pair.compare(pair, 32, 64, 0, 32) === 0)
        throw new BadInput('the block names a transaction twice')
      writeDoubleHash(pair, 0, 64, txids, 16 * left)
    }
  }
  return txids.subarray(0, 32)
}

function skip(bytes: Buffer, cursor: Cursor, length: number): void {
  cursor.at += length
  if (cursor.at > bytes.length) throw cutShort()
}

const cutShort = () => new BadInput('the bytes end in the middle of a transaction')

/**
 * A CompactSize (at its shortest, as the node wants it) of things that take at least `least` bytes each,
 * which must be there.
 */
function readCount(bytes: Buffer, cursor: Cursor, least: number): number {
  const first = bytes[cursor.at]
  if (first === undefined) throw cutShort()
  cursor.at += 1
  let count = first
  if (first >= 0xfd) {
    const width = first === 0xfd ? 2 : 4
    // Eight bytes of count are more than any block holds.
    if (first === 0xff || cursor.at + width > bytes.length) throw cutShort()
    count = bytes.readUIntLE(cursor.at, width)
    if (count < (width === 2 ? 0xfd : 0x1_0000)) throw new BadInput('a count is not written at its shortest')
    cursor.at += width
  }
  if (count * least > bytes.length - cursor.at) throw cutShort()
  return count
}

/** Hashes are shown with their bytes in reverse. */
function shown(bytes: Uint8Array): string {
  return Buffer.from(bytes).reverse().toString('hex')
}
