/**
 * The watch never misses what was added, whatever shape it has, and holds a million scripts in little room.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { outpointParts, ScriptWatch } from './watch.ts'

const scripts = fc.uint8Array({ maxLength: 60 })
const outpoints = fc.tuple(
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes).toString('hex')),
  fc.integer({ min: 0, max: 0xffff_ffff }),
)

function hasScript(watch: ScriptWatch, bytes: Uint8Array, start: number, end: number): boolean {
  watch.begin(bytes)
  watch.script(start, end, 0)
  return watch.touched().length > 0
}

function hasOutpoint(watch: ScriptWatch, bytes: Uint8Array, at: number): boolean {
  watch.begin(bytes)
  watch.outpoint(at, 0)
  return watch.touched().length > 0
}

/** As it stands in a transaction, with something around it. */
function serialised(txid: string, vout: number): Buffer {
  const bytes = Buffer.alloc(50, 7)
  Buffer.from(txid, 'hex').reverse().copy(bytes, 5)
  bytes.writeUInt32LE(vout, 37)
  return bytes
}

test('whatever was added is found again, wherever it lies in the bytes', () => {
  fc.assert(
    fc.property(
      fc.array(scripts, { maxLength: 300 }),
      fc.array(outpoints, { maxLength: 300 }),
      (someScripts, someOutpoints) => {
        const watch = new ScriptWatch()
        for (const script of someScripts) watch.addScript(script)
        for (const [txid, vout] of someOutpoints) watch.addOutpoint(`${txid}:${vout}`)
        for (const script of someScripts) {
          const bytes = Buffer.concat([Buffer.alloc(9, 1), script, Buffer.alloc(3, 2)])
          expect(hasScript(watch, bytes, 9, 9 + script.length)).toBe(true)
        }
        for (const [txid, vout] of someOutpoints)
          expect(hasOutpoint(watch, serialised(txid, vout), 5)).toBe(true)
      },
    ),
    { numRuns: 100 },
  )
})

test('of 100 000 strangers none is taken for one of 100 000 watched, and what is added twice counts once', () => {
  const watch = new ScriptWatch()
  const script = (seed: number, number: number): Uint8Array => {
    const bytes = Buffer.alloc(22)
    bytes.writeUInt16BE(0x0014)
    // Multiplied by an odd number, every number is another one.
    bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(number * 2 + seed) * 0x9e37_79b9_7f4a_7c15n), 14)
    return bytes
  }
  for (let number = 0; number < 100_000; number++) watch.addScript(script(0, number))
  watch.addScript(script(0, 1))
  expect(watch.size).toBe(100_000)
  let taken = 0
  for (let number = 0; number < 100_000; number++) if (hasScript(watch, script(1, number), 0, 22)) taken++
  expect(taken).toBe(0)
})

test('owners are named once each, in their order, however many of theirs are watched', () => {
  const watch = new ScriptWatch()
  const ours = [1, 2, 3].map(number => Buffer.alloc(22, number))
  for (const script of ours) watch.addScript(script)
  const bytes = Buffer.concat([...ours, Buffer.alloc(22, 99)])
  watch.begin(bytes)
  for (let owner = 0; owner < 100; owner++)
    for (const at of owner % 30 === 7 ? [0, 22, 44] : [66]) watch.script(at, at + 22, owner)
  expect(watch.touched()).toEqual([7, 37, 67, 97])
})

test('an output of a watched transaction is not watched for being its neighbour', () => {
  const txid = 'ab'.repeat(32)
  const watch = new ScriptWatch()
  watch.addOutpoint(`${txid}:1`)
  expect([0, 1, 2, 256].map(vout => hasOutpoint(watch, serialised(txid, vout), 5))).toEqual([
    false,
    true,
    false,
    false,
  ])
})

test('a script of zeros is watched like any other, and not before it was added', () => {
  const watch = new ScriptWatch()
  const zeros = new Uint8Array(22)
  expect(hasScript(watch, zeros, 0, 22)).toBe(false)
  watch.addScript(zeros)
  expect(hasScript(watch, zeros, 0, 22)).toBe(true)
})

test('1 000 000 scripts take less than 40 MB', () => {
  const before = process.memoryUsage().arrayBuffers
  const watch = new ScriptWatch()
  const script = Buffer.alloc(34)
  for (let number = 0; number < 1_000_000; number++) {
    script.writeUInt32LE(Math.imul(number, 0x9e37_79b1) >>> 0, 26)
    script.writeUInt32LE(number, 30)
    watch.addScript(script)
  }
  expect(watch.size).toBe(1_000_000)
  // What growing left behind is counted too, where it is not collected yet.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(40e6)
})

test.each([
  '',
  'ab:0',
  `${'ab'.repeat(32)}:`,
  `${'ab'.repeat(32)}:-1`,
  `${'ab'.repeat(32)}:4294967296`,
  `${'AB'.repeat(32)}:0`,
])('"%s" is no outpoint', text => {
  expect(() => outpointParts(text)).toThrow('give TXID:VOUT')
})
