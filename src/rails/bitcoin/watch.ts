/** What is looked for in every block: our scripts, and the outpoints whose spending concerns us. */
import { BadInput } from '../../base/answer.ts'
import type { Outpoint, Tx, Watch } from '../chain.ts'
import { Fingerprints, Notes } from './fingerprints.ts'

/**
 * Never misses what was added. It may name what was not, about once in 2^48 for an address, so the database
 * has the last word. Asked for a block at a time: `begin`, then each script and outpoint as they are read,
 * then `touched`.
 */
export class ScriptWatch implements Watch {
  // Apart, because coins are thousands where addresses are a million: most of what a block names is looked
  // for in little memory.
  readonly #scripts = new Fingerprints()
  readonly #outpoints = new Fingerprints()
  // By first byte and length. An account has one kind of address, and a script of another kind is not looked
  // for at all.
  readonly #kinds = new Uint8Array(256 * 256)
  readonly #outputs = new Notes()
  readonly #inputs = new Notes()
  #view = viewOf(new Uint8Array())

  get size(): number {
    return this.#scripts.size + this.#outpoints.size
  }

  addScript(script: Uint8Array): void {
    const view = viewOf(script)
    this.#kinds[kindOf(view, 0, script.length)] = 1
    this.#scripts.add(tailWord(view, 0, script.length, 8), tailWord(view, 0, script.length, 4))
  }

  /** Throws `BadInput` for what is not `txid:vout`. */
  addOutpoint(outpoint: Outpoint): void {
    const { txid, vout } = outpointParts(outpoint)
    this.#outpoints.add(outpointLow(txid.readUInt32LE(0), vout), txid.readUInt32LE(4))
  }

  /** Watches the outputs of `tx` that pay a watched script. */
  addOutputs({ txid, outputs }: Pick<Tx, 'txid' | 'outputs'>): void {
    for (const [vout, { script }] of outputs.entries())
      if (this.#knows(script)) this.addOutpoint(`${txid}:${vout}`)
  }

  #knows(script: Uint8Array): boolean {
    const view = viewOf(script)
    const { length } = script
    return (
      this.#kinds[kindOf(view, 0, length)] === 1 &&
      this.#scripts.has(tailWord(view, 0, length, 8), tailWord(view, 0, length, 4))
    )
  }

  /** Forgets what was read, and reads these bytes from now on. */
  begin(bytes: Uint8Array): void {
    this.#view = viewOf(bytes)
    this.#outputs.count = this.#inputs.count = 0
  }

  /** Transaction number `owner` has the script that lies from `start` to `end`. */
  script(start: number, end: number, owner: number): void {
    const view = this.#view
    if (this.#kinds[kindOf(view, start, end)] === 1)
      this.#outputs.note(tailWord(view, start, end, 8), tailWord(view, start, end, 4), owner)
  }

  /** Transaction number `owner` spends the outpoint serialised at `at`: 32 bytes of txid, 4 of vout. */
  outpoint(at: number, owner: number): void {
    const view = this.#view
    this.#inputs.note(
      outpointLow(view.getUint32(at, true), view.getUint32(at + 32, true)),
      view.getUint32(at + 4, true),
      owner,
    )
  }

  /** The numbers of the transactions that may concern us, rising. */
  touched(): number[] {
    const owners = [...this.#scripts.owners(this.#outputs), ...this.spending()]
    return [...new Set(owners)].sort((a, b) => a - b)
  }

  /** Those of them that may spend a watched outpoint; asked again, it counts what was added since. */
  spending(): number[] {
    return this.#outpoints.owners(this.#inputs)
  }
}

/** `txid:vout` as the bytes and the number a transaction has; throws `BadInput`. */
export function outpointParts(outpoint: string): { txid: Buffer; vout: number } {
  const match = /^([0-9a-f]{64}):(\d{1,10})$/.exec(outpoint)
  const vout = Number(match?.[2])
  if (!match || vout > 0xffff_ffff)
    throw new BadInput(`"${outpoint.slice(0, 80)}" is no outpoint: give TXID:VOUT`)
  return { txid: Buffer.from(match[1]!, 'hex').reverse(), vout }
}

const viewOf = (bytes: Uint8Array): DataView<ArrayBufferLike> =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const kindOf = (view: DataView, start: number, end: number): number =>
  (((end - start) & 0xff) << 8) | (end > start ? view.getUint8(start) : 0)

/**
 * Four bytes that lie `back` before the end, zeros where the script is shorter. An address's script ends in a
 * hash, a key or one or two opcodes after it, so its last eight bytes are as good as random.
 */
function tailWord(view: DataView, start: number, end: number, back: number): number {
  const at = end - back
  if (at >= start) return view.getUint32(at, true)
  let word = 0
  for (let place = 0; place < 4; place++)
    if (at + place >= start && at + place < end) word |= view.getUint8(at + place) << (8 * place)
  return word >>> 0
}

// The vout turns into other bits, so that the outputs of one transaction do not stand beside each other.
const outpointLow = (low: number, vout: number): number => (low ^ Math.imul(vout + 1, 0x9e37_79b1)) >>> 0
