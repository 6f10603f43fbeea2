/**
 * Standing: what the coins of a request make of it. Pure, and the only place it is decided; the same coins
 * always mean the same.
 */
import { because, type Reason } from '../../base/reasons.ts'
import type { ConfirmationRule, LatePolicy } from '../../base/bitcoinSettings.ts'
import { millis, type Instant, type Millis } from '../../base/world.ts'
import type { RequestState } from '../states.ts'

export interface Asked {
  units: bigint
  /**
   * BRL cents, and cents for one BTC, at which it was priced; undefined where it was asked for in satoshis.
   */
  quoteUnits: bigint | undefined
  rateUnits: bigint | undefined
  dueAt: Instant
  watchUntil: Instant
  confirmations: number
  /** A person took on what came, however late or little. */
  takenOn: boolean
}

export interface Sighting {
  units: bigint
  /** Blocks deep: 0 in the mempool, -1 where it is not there (any more). */
  depth: number
  firstSeenAt: Instant
  /** How deep it must lie to be passed on, beside the terms: a miner's reward, a hundred blocks. */
  ripeDepth?: number
  /** Given back, or spent by somebody else, and never credited: no word of a person makes it count. */
  spent?: boolean
  /** Of those, what two people said was given back: it counts for nothing, in time or not. */
  givenBack?: boolean
  /** Cents for one BTC when it came, where that was known. */
  rateUnits: bigint | undefined
}

export interface RequestStatus {
  state: Exclude<RequestState, 'draft'>
  why: Reason
  /** Satoshis that are on their way or there, counted or not. */
  received: bigint
  /** What is still to come to the same address; 0 where nothing is. */
  missing: bigint
  /** How deep what covers it lies. */
  depth: number
  /** For each sighting, in order, whether it counts towards what was asked. */
  counts: boolean[]
}

export interface Terms {
  now: Millis
  /** How deep a coin must lie before its money is passed on. */
  payoutDepth: number
  late: LatePolicy
}

/**
 * Decides, from what lies where now: what was reached before gives nothing, for the coin that reached it may
 * have been exchanged for another.
 */
export function requestStatus(asked: Asked, coins: readonly Sighting[], terms: Terms): RequestStatus {
  // What is spent is the payer's all the same where it paid in time and in full; then it was ours to lose.
  const byItself = coins.map(coin => worthOf({ ...asked, takenOn: false }, coin, terms.late))
  const isThere = ({ depth, givenBack }: Sighting) => depth >= 0 && givenBack !== true
  const paid = sum(byItself.filter((_, at) => isThere(coins[at]!)).map(worth => worth ?? 0n)) >= asked.units
  const judged = coins.map((coin, at) => ({
    coin:
      coin.spent === true && (!paid || byItself[at] === undefined || coin.givenBack === true)
        ? { ...coin, depth: -1 }
        : coin,
    worth: worthOf(asked, coin, terms.late),
  }))
  const live = judged.filter(({ coin }) => coin.depth >= 0)
  const received = sum(live.map(({ coin }) => coin.units))
  const counted = live.filter(({ worth }) => worth !== undefined)
  const worth = sum(counted.map(each => each.worth!))
  const missing = worth >= asked.units ? 0n : asked.units - worth
  const depth = depthCovering(asked.units, counted)
  const counts = judged.map(({ coin, worth: counting }) => coin.depth >= 0 && counting !== undefined)
  const be = (state: RequestStatus['state'], why: Reason): RequestStatus => ({
    state,
    why,
    received,
    missing,
    depth,
    counts,
  })

  if (live.length === 0) {
    const back = coins.some(({ spent }) => spent === true) ? because('came-and-returned') : undefined
    return terms.now > millis(asked.dueAt)
      ? be('expired', back ?? because('nothing-in-time'))
      : be('issued', back ?? because('nothing-yet'))
  }
  const enough = missing === 0n || asked.takenOn
  if (!enough) {
    if (counted.length < live.length) return be('late', because('paid-late'))
    if (terms.now > millis(asked.watchUntil)) return be('late', because('paid-in-part'))
    return be('underpaid', because('missing', { units: `${missing}` }))
  }
  const aside = received - sum(counted.map(({ coin }) => coin.units))
  const beyond = {
    ...(worth > asked.units && { over: `${worth - asked.units}` }),
    ...(aside > 0n && { late: `${aside}` }),
  }
  const payable = Math.max(terms.payoutDepth, asked.confirmations)
  // What may not be spent yet counts as if it lay so much higher.
  const ripe = depthCovering(
    asked.units,
    counted.map(({ coin, worth: its }) => ({
      coin: { ...coin, depth: coin.depth - Math.max(0, (coin.ripeDepth ?? 0) - payable) },
      worth: its,
    })),
  )
  if (ripe >= payable) return be('credited', because('deep', { depth, ...beyond }))
  if (depth >= payable)
    return be('paid', because('deep-not-ripe', { depth, later: payable - ripe, ...beyond }))
  if (depth >= asked.confirmations) return be('paid', because('deep-of', { depth, of: payable, ...beyond }))
  if (depth > 0)
    return be('confirming', because('confirmations', { depth, of: asked.confirmations, ...beyond }))
  return be('seen', because('seen', beyond))
}

/** How much of what was asked a coin covers; undefined where a person must say. */
function worthOf(
  asked: Asked,
  { units, firstSeenAt, rateUnits }: Sighting,
  late: LatePolicy,
): bigint | undefined {
  if (asked.takenOn || millis(firstSeenAt) <= millis(asked.dueAt)) return units
  if (millis(firstSeenAt) > millis(asked.watchUntil)) return undefined
  // Satoshis asked for are satoshis, whenever they come.
  if (asked.quoteUnits === undefined || asked.rateUnits === undefined)
    return late.is === 'hold' ? undefined : units
  if (late.is === 'hold' || rateUnits === undefined) return undefined
  if (late.is === 'reprice') return (units * rateUnits) / asked.rateUnits
  const drift = rateUnits > asked.rateUnits ? rateUnits - asked.rateUnits : asked.rateUnits - rateUnits
  return drift * 10_000n <= asked.rateUnits * late.within ? units : undefined
}

/**
 * The depth of the shallowest coin needed, when the deepest are taken first; of the shallowest of all where
 * they do not cover it.
 */
function depthCovering(units: bigint, counted: { coin: Sighting; worth: bigint | undefined }[]): number {
  let covered = 0n
  let depth = 0
  for (const { coin, worth } of counted.toSorted((a, b) => b.coin.depth - a.coin.depth)) {
    if (covered >= units) break
    covered += worth!
    depth = coin.depth
  }
  return depth
}

const sum = (units: bigint[]) => units.reduce((total, each) => total + each, 0n)

/**
 * How deep a payment must lie to be `paid`, by what it is worth; where its worth is unknown, the most that is
 * ever asked.
 */
export function confirmationsFor(rules: readonly ConfirmationRule[], quoteUnits: bigint | undefined): number {
  const most = Math.max(...rules.map(({ confirmations }) => confirmations))
  if (quoteUnits === undefined) return most
  return (
    rules.find(({ belowUnits }) => belowUnits === undefined || quoteUnits < belowUnits)?.confirmations ?? most
  )
}
