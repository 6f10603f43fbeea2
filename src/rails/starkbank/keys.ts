/**
 * The bank's public keys: new ones are asked for at most once a minute, whoever posts, and one that the bank
 * no longer publishes proves for `overlapMs` more. What no key proves is forged only if the bank was asked
 * after it came; else nobody can know yet.
 */
import type { Answer } from '../../base/answer.ts'
import type { Log } from '../../base/log.ts'
import type { Clock, Millis } from '../../base/world.ts'
import type { Verdict } from '../rail.ts'
import { provingHere, type Proving } from './proving.ts'
import { parseSignature, readPublicKey, type PublicKey } from './verify.ts'

export interface KeyRing {
  verify(raw: Uint8Array, signatures: string[]): Promise<Verdict>
}

/** A key as it is kept between two runs. */
export interface KeptKey {
  pem: string
  /** Since when the bank does not publish it; undefined while it does. */
  missingSince?: Millis | undefined
  /** Retired by a person: proves nothing, until the bank publishes it again. */
  isRetired?: boolean
}

export interface KeyRingParts {
  /** Asks the bank for every key it publishes, as PEM. */
  fetch: () => Promise<Answer<string[]>>
  clock: Clock
  log: Log
  /** Keys kept from an earlier run, so that a start without the bank can still judge. */
  initial?: readonly KeptKey[]
  /** Called once for each key that was not in the ring: to keep it, and to tell a person of a rotation. */
  onNewKey?: (pem: string) => void
  /** Called with every key the bank publishes, each time it was asked: to keep since when one is missing. */
  onPublished?: (pems: readonly string[]) => void
  /**
   * What is kept by now: other processes learn keys too, and a person may have retired one. Asked at most
   * once a minute.
   */
  kept?: () => Promise<readonly KeptKey[]>
  /**
   * How old the bank's answer may be before it is asked again, though no new key was seen; never where it is
   * not set.
   */
  askAgainMs?: Millis
  /** Where signatures are proven; by default where they arrive. */
  proving?: Proving
}

/**
 * How long a key proves after the bank stopped publishing it. The bank tries an event four times within three
 * hours, and what it could not deliver is polled, which needs no signature.
 */
export const overlapMs = 3 * 86_400_000

const betweenFetchesMs = 60_000
// The bank has published one key in five years. A ring that grows without end is a fault, not a rotation.
const maxKeys = 32

interface Held {
  key: PublicKey
  missingSince: Millis | undefined
  isRetired: boolean
}

export function keyRing(parts: KeyRingParts): KeyRing {
  const {
    fetch,
    clock,
    log,
    initial = [],
    onNewKey,
    onPublished,
    kept,
    askAgainMs = Infinity,
    proving = provingHere,
  } = parts
  const ring = new Map<string, Held>()
  hold(initial)

  let asking: Promise<void> | undefined
  let askedAt: Millis | undefined
  let answeredAt: Millis | undefined
  let readAt: Millis | undefined
  // Counted, because two questions may be asked within one millisecond: the newest that was begun, and the
  // newest with an answer.
  let begun = 0
  let answered = 0

  return { verify }

  async function verify(raw: Uint8Array, signatures: string[]): Promise<Verdict> {
    const [text] = signatures
    if (text === undefined || signatures.length !== 1)
      return { is: 'forged', why: `exactly one Digital-Signature is needed, got ${signatures.length}` }
    const signature = parseSignature(text)
    if (!signature) return { is: 'forged', why: 'the Digital-Signature is not base64 of a DER signature' }

    const before = begun
    keepUp()
    const known = await proven(raw, signature, isGood)
    if (known) return known
    await refresh()
    const found = await proven(raw, signature, isGood)
    if (found) return found

    if (ring.size === 0) return { is: 'unknown', why: 'no public key of the bank could be had' }
    // A rotated key may have signed this: saying 401 to a genuine event would spend one of the bank's four
    // tries on nothing.
    if (answered <= before)
      return {
        is: 'unknown',
        why: 'no known key signed this, and the bank was not asked for newer ones since it came',
      }
    if (await proven(raw, signature, held => !isGood(held)))
      return { is: 'forged', why: 'a key that the bank retired signed this' }
    return { is: 'forged', why: 'no key of the bank signed this' }
  }

  async function proven(
    raw: Uint8Array,
    signature: Uint8Array,
    which: (held: Held) => boolean,
  ): Promise<Verdict | undefined> {
    for (const held of ring.values())
      if (which(held) && (await proving.prove(raw, signature, held.key)))
        return { is: 'genuine', keyId: held.key.keyId }
    return undefined
  }

  function isGood({ missingSince, isRetired }: Held): boolean {
    return !isRetired && (missingSince === undefined || clock.now() - missingSince < overlapMs)
  }

  /**
   * Beside the judging, which waits for none of it: reads what is kept, and asks the bank where its last
   * answer is old.
   */
  function keepUp(): void {
    const now = clock.now()
    if (kept && isOver(readAt, betweenFetchesMs, now)) {
      readAt = now
      kept().then(hold, () => log.warn({}, 'the keys of the bank that are kept could not be read'))
    }
    if (askAgainMs !== Infinity && isOver(answeredAt, askAgainMs, now)) void refresh()
  }

  /**
   * One question at a time, and one a minute: a flood of forgeries waits for the same answer, then for none.
   */
  async function refresh(): Promise<void> {
    if (asking) return asking
    if (!isOver(askedAt, betweenFetchesMs, clock.now())) return
    // The first question of all is about every key, not about an unknown one: the next may follow at once.
    const isFirst = ring.size === 0
    askedAt = clock.now()
    asking = ask().finally(() => (asking = undefined))
    await asking
    if (isFirst && ring.size > 0) askedAt = undefined
  }

  async function ask(): Promise<void> {
    const number = ++begun
    const answer = await fetch()
    if (answer.is !== 'done') return log.warn({ why: answer.why }, 'the bank did not say its public keys')
    const published = answer.value.flatMap(pem => keyOrNothing(pem) ?? [])
    // A list of no keys is no answer: it would retire them all.
    if (published.length === 0) return
    answered = number
    answeredAt = clock.now()
    const ids = new Set(published.map(({ keyId }) => keyId))
    for (const held of ring.values()) {
      const isThere = ids.has(held.key.keyId)
      if (!isThere && held.missingSince === undefined)
        log.warn({ keyId: held.key.keyId }, 'the bank no longer publishes a key')
      held.missingSince = isThere ? undefined : (held.missingSince ?? answeredAt)
      if (isThere) held.isRetired = false
    }
    for (const key of published) {
      if (ring.has(key.keyId) || ring.size >= maxKeys) continue
      ring.set(key.keyId, { key, missingSince: undefined, isRetired: false })
      log.warn({ keyId: key.keyId }, 'the bank published a key that was not known')
      onNewKey?.(key.pem)
    }
    onPublished?.(published.map(({ pem }) => pem))
  }

  /** Takes kept keys as they stand in the database, which other processes write to. */
  function hold(keys: readonly KeptKey[]): void {
    const taken = new Set<string>()
    for (const { pem, missingSince, isRetired = false } of keys) {
      const key = keyOrNothing(pem)
      if (!key || (!ring.has(key.keyId) && ring.size >= maxKeys)) continue
      // One key in two spellings of PEM is published where either is.
      const isMissing = missingSince !== undefined || isRetired
      if (!isMissing || !taken.has(key.keyId)) ring.set(key.keyId, { key, missingSince, isRetired })
      taken.add(key.keyId)
    }
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

/** Whether `spanMs` have passed since; a clock set back must not silence us until it has caught up. */
const isOver = (since: Millis | undefined, spanMs: Millis, now: Millis): boolean =>
  since === undefined || now - since >= spanMs || now < since
