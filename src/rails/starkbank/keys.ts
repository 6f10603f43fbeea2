/** The bank's public keys: all it ever published stay valid, and new ones are asked for at most once a minute, whoever knocks. */
import type { Answer } from '../../base/answer.ts'
import type { Log } from '../../base/log.ts'
import type { Clock, Millis } from '../../base/world.ts'
import type { Verdict } from '../rail.ts'
import { provingHere, type Proving } from './proving.ts'
import { parseSignature, readPublicKey, type PublicKey } from './verify.ts'

export interface KeyRing {
  verify(raw: Uint8Array, signatures: string[]): Promise<Verdict>
}

export interface KeyRingParts {
  /** Asks the bank for every key it publishes, as PEM. */
  fetch: () => Promise<Answer<string[]>>
  clock: Clock
  log: Log
  /** Keys kept from an earlier run, so that a start without the bank can still judge. */
  initial?: readonly string[]
  /** Called once for each key that was not in the ring: to keep it, and to tell a person of a rotation. */
  onNewKey?: (pem: string) => void
  /** Where signatures are proven; by default where they arrive. */
  proving?: Proving
}

const betweenFetchesMs = 60_000
// The bank has published one key in five years. A ring that grows without end is a fault, not a rotation.
const mostKeys = 32

export function keyRing({ fetch, clock, log, initial = [], onNewKey, proving = provingHere }: KeyRingParts): KeyRing {
  const ring = new Map<string, PublicKey>()
  for (const pem of initial) add(pem)

  let asking: Promise<void> | undefined
  let askedAt: Millis | undefined
  let answered = false

  return { verify }

  async function verify(raw: Uint8Array, signatures: string[]): Promise<Verdict> {
    const [text] = signatures
    if (text === undefined || signatures.length !== 1)
      return { is: 'forged', why: `exactly one Digital-Signature is needed, got ${signatures.length}` }
    const signature = parseSignature(text)
    if (!signature) return { is: 'forged', why: 'the Digital-Signature is not base64 of a DER signature' }

    const known = await proven(raw, signature)
    if (known) return known
    await refresh()
    const found = await proven(raw, signature)
    if (found) return found

    if (ring.size === 0) return { is: 'unknown', why: 'no public key of the bank could be had' }
    // A rotated key may have signed this: saying 401 to a genuine event would spend one of the bank's four tries on nothing.
    if (!answered) return { is: 'unknown', why: 'no known key signed this, and the bank could not be asked for newer ones' }
    return { is: 'forged', why: 'no key of the bank signed this' }
  }

  async function proven(raw: Uint8Array, signature: Uint8Array): Promise<Verdict | undefined> {
    for (const key of ring.values()) if (await proving.prove(raw, signature, key)) return { is: 'genuine', keyId: key.keyId }
    return undefined
  }

  /** One question at a time, and one a minute: a flood of forgeries waits for the same answer, then for none. */
  async function refresh(): Promise<void> {
    if (asking) return asking
    const sinceMs = askedAt === undefined ? Infinity : clock.now() - askedAt
    // A clock set back must not silence us until it has caught up.
    if (sinceMs >= 0 && sinceMs < betweenFetchesMs) return
    askedAt = clock.now()
    asking = ask().finally(() => (asking = undefined))
    await asking
  }

  async function ask(): Promise<void> {
    const answer = await fetch()
    answered = answer.is === 'done' && answer.value.length > 0
    if (answer.is !== 'done') return log.warn({ why: answer.why }, 'the bank did not say its public keys')
    const fresh = answer.value.filter(add)
    for (const pem of fresh) {
      log.warn({ keyId: readPublicKey(pem).keyId }, 'the bank published a key that was not known')
      onNewKey?.(pem)
    }
  }

  /** Whether `pem` is a key and was not in the ring. */
  function add(pem: string): boolean {
    const key = keyOrNothing(pem)
    if (!key || ring.has(key.keyId) || ring.size >= mostKeys) return false
    ring.set(key.keyId, key)
    return true
  }

  function keyOrNothing(pem: string): PublicKey | undefined {
    try {
      return readPublicKey(pem)
    } catch {
      log.error({}, 'a published public key is not a secp256k1 key in PEM')
      return undefined
    }
  }
}
