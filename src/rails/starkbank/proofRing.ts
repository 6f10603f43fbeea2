/**
 * The memory that the main thread and the proving thread share: a ring of jobs, posted by one and judged in
 * order by the other, with no message for each.
 */
import type { PublicKey } from './verify.ts'

export interface Job {
  raw: Uint8Array
  /** r and s, 32 bytes each. */
  signature: Uint8Array
  key: PublicKey
}

/** The main thread's end. */
export interface Posting {
  memory: SharedArrayBuffer
  /** Whether the job was written: not when the ring is full or the job too large for it. */
  post(job: Job): boolean
  /** The oldest verdict not yet taken, or undefined while there is none. */
  take(): boolean | undefined
}

// More would only make the last one wait: what finds the ring full is proven where it arrived.
const slots = 32
// The bank's events have 1 to 3 kB.
const slotBytes = 4096
const [pemAt, signatureBytes] = [72, 64]

// Two counters that only grow, and wrap as 32-bit integers do.
const posted = 0
const judged = 1
const genuine = 1
const forged = 2

const viewsOf = (memory: SharedArrayBuffer) => ({
  counters: new Int32Array(memory, 0, 2),
  verdicts: new Int32Array(memory, 8, slots),
  bytes: Buffer.from(memory, 8 + slots * 4),
})
const slotOf = (count: number) => count & (slots - 1)

export function postingEnd(): Posting {
  const memory = new SharedArrayBuffer(8 + slots * (4 + slotBytes))
  const { counters, verdicts, bytes } = viewsOf(memory)
  let written = 0
  let taken = 0
  return {
    memory,
    post({ raw, signature, key: { pem } }) {
      if (((written - taken) | 0) === slots || pemAt + pem.length + raw.length > slotBytes) return false
      const at = slotOf(written) * slotBytes
      bytes.writeUInt32LE(pem.length, at)
      bytes.writeUInt32LE(raw.length, at + 4)
      bytes.set(signature, at + 8)
      bytes.write(pem, at + pemAt, 'latin1')
      bytes.set(raw, at + pemAt + pem.length)
      written = (written + 1) | 0
      Atomics.store(counters, posted, written)
      Atomics.notify(counters, posted)
      return true
    },
    take() {
      if (Atomics.load(counters, judged) === taken) return undefined
      const verdict = verdicts[slotOf(taken)]
      taken = (taken + 1) | 0
      return verdict === genuine
    },
  }
}

/**
 * The proving thread's end: judges the next job, waiting for it as long as it takes. Answers whether it was
 * the last one there.
 */
export function judgingEnd(
  memory: SharedArrayBuffer,
  prove: (raw: Uint8Array, signature: Uint8Array, pem: string) => boolean,
) {
  const { counters, verdicts, bytes } = viewsOf(memory)
  let done = 0
  return function judgeNext(): boolean {
    // A wake-up may be for a job that is judged already, so the counter is asked again.
    while (Atomics.load(counters, posted) === done) Atomics.wait(counters, posted, done)
    const at = slotOf(done) * slotBytes
    const rawAt = at + pemAt + bytes.readUInt32LE(at)
    const raw = bytes.subarray(rawAt, rawAt + bytes.readUInt32LE(at + 4))
    const signature = bytes.subarray(at + 8, at + 8 + signatureBytes)
    verdicts[slotOf(done)] = prove(raw, signature, bytes.toString('latin1', at + pemAt, rawAt))
      ? genuine
      : forged
    done = (done + 1) | 0
    Atomics.store(counters, judged, done)
    return Atomics.load(counters, posted) === done
  }
}
