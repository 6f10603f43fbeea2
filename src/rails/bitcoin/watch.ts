/** What is looked for in every block: scripts and outpoints as 64-bit fingerprints in one flat table, asked of the block's own bytes. */
import { BadInput } from '../../base/answer.ts'
import type { Outpoint, Watch } from '../chain.ts'

/**
 * Never misses what was added. It may name what was not, about once in 2^48 for an address, so the database has the last
 * word. Eight bytes an entry, at most two thirds full: 16 MB hold 1 000 000 scripts.
 */
export class ScriptWatch implements Watch {
  size = 0
  // Pairs of words, low and high; a pair of zeros is a free place. The number of places is a power of two.
  #table = new Uint32Array(2 * 1024)
  #mask = 1024 - 1

  addScript(script: Uint8Array): void {
    this.#add(tailWord(script, 0, script.length, 8), tailWord(script, 0, script.length, 4))
  }

  /** Throws `BadInput` for what is not `txid:vout`. */
  addOutpoint(outpoint: Outpoint): void {
    const { txid, vout } = outpointParts(outpoint)
    this.#add(outpointLow(txid, 0, vout), word(txid, 4))
  }

  /** Whether the script that lies in `bytes` from `start` to `end` may be watched. */
  hasScript(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#has(tailWord(bytes, start, end, 8), tailWord(bytes, start, end, 4))
  }

  /** Whether the outpoint serialised at `at` (32 bytes of txid, 4 of vout) may be watched. */
  hasOutpoint(bytes: Uint8Array, at: number): boolean {
    return this.#has(outpointLow(bytes, at, word(bytes, at + 32)), word(bytes, at + 4))
  }

  #has(low: number, high: number): boolean {
    if ((low | high) === 0) high = 1
    const table = this.#table
    for (let place = placeOf(low, high) & this.#mask; ; place = (place + 1) & this.#mask) {
      const there = table[2 * place]!
      if (there === low && table[2 * place + 1] === high) return true
      if (there === 0 && table[2 * place + 1] === 0) return false
    }
  }

  #add(low: number, high: number): void {
    if ((low | high) === 0) high = 1
    if (3 * this.size >= this.#table.length) this.#grow()
    if (this.#put(low, high)) this.size++
  }

  /** False where it was there already. */
  #put(low: number, high: number): boolean {
    let place = placeOf(low, high) & this.#mask
    while (this.#table[2 * place] !== 0 || this.#table[2 * place + 1] !== 0) {
      if (this.#table[2 * place] === low && this.#table[2 * place + 1] === high) return false
      place = (place + 1) & this.#mask
    }
    this.#table[2 * place] = low
    this.#table[2 * place + 1] = high
    return true
  }

  #grow(): void {
    const old = this.#table
    this.#table = new Uint32Array(2 * old.length)
    this.#mask = old.length - 1
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0 || old[at + 1] !== 0) this.#put(old[at]!, old[at + 1]!)
  }
}

/** `txid:vout` as the bytes and the number a transaction has; throws `BadInput`. */
export function outpointParts(outpoint: string): { txid: Uint8Array; vout: number } {
  const match = /^([0-9a-f]{64}):(\d{1,10})$/.exec(outpoint)
  const vout = Number(match?.[2])
  if (!match || vout > 0xffff_ffff) throw new BadInput(`"${outpoint.slice(0, 80)}" is no outpoint: give TXID:VOUT`)
  return { txid: Buffer.from(match[1]!, 'hex').reverse(), vout }
}

const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0

/**
 * Four bytes that lie `back` before the end, zeros where the script is shorter. An address's script ends in a hash, a key
 * or one or two opcodes after it, so its last eight bytes are as good as random.
 */
function tailWord(bytes: Uint8Array, start: number, end: number, back: number): number {
  const at = end - back
  if (at >= start) return word(bytes, at)
  let low = 0
  for (let place = 0; place < 4; place++) if (at + place >= start && at + place < end) low |= bytes[at + place]! << (8 * place)
  return low >>> 0
}

// The vout turns into other bits, so that the outputs of one transaction do not stand beside each other.
const outpointLow = (txid: Uint8Array, at: number, vout: number): number => (word(txid, at) ^ Math.imul(vout + 1, 0x9e37_79b1)) >>> 0

/** Both words, mixed: scripts that share their last bytes (opcodes, an own pattern) still spread. */
function placeOf(low: number, high: number): number {
  const mixed = Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0xc2b2_ae35)
  return mixed ^ (mixed >>> 15)
}
