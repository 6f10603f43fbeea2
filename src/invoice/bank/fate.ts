/**
 * What became of an invoice's money after it was paid, from everything the bank's log has of it: order, delay
 * and repetition of events do not matter.
 */
import { largest, smallest } from '../../base/money.ts'
import type { Instant } from '../../base/world.ts'
import type { InvoiceLog } from '../../rails/rail.ts'

export interface Fate {
  /** What of the payment is with us; the rest has gone back to the payer. */
  left: bigint
  /** Some of it may be going back now. */
  underWay: boolean
  /** Whether the bank says anything of it; after people said how it ended, anything more. */
  isTold: boolean
  /** When the bank said that the last one came to nothing; undefined where that is not the last it said. */
  failedAt?: Instant
}

/** Logs that tell of money going back (Stark Bank: seen on the sandbox, see docs/ledger.md). */
export const reversalLogs = new Set([
  'reversing',
  'sending',
  'sent',
  'reversed',
  'voided',
  'failed',
  'refunded',
])

/** What two people said of it, where the bank did not say how a reversal ended. */
export interface Said {
  /** What went back in all by then. */
  returned: bigint
  /** How many logs the bank had by then: they say no more about it. */
  logs: number
}

/** As a row of `invoice_reversals` keeps it. */
export const saidIn = (row: { said_units: bigint | null; said_logs: bigint } | undefined): Said | undefined =>
  row?.said_units == null ? undefined : { returned: row.said_units, logs: Number(row.said_logs) }

/**
 * Pure. `paid`: what was credited; `logs`: oldest first. What people `said` stands, and later logs change it
 * by what they tell: a reversal that comes to nothing leaves what was left before it, and one that arrives
 * takes from that what it moved.
 */
export function fateOf(paid: bigint, logs: readonly InvoiceLog[], said?: Said): Fate {
  const later = logs.slice(said?.logs ?? 0).filter(({ log }) => reversalLogs.has(log))
  let [left, underWay] = [paid - (said?.returned ?? 0n), false]
  // The bank's own amount, from which people's word may differ: it counts once a reversal began after they
  // spoke.
  let [shown, began] = [said && logs[said.logs - 1]?.units, false]
  // `refunded` after `failed` tells of the same reversal.
  let cameToNothing = false
  let failedAt: Instant | undefined
  for (const { log, units, createdAt } of later) {
    const moved = began && shown !== undefined ? units - shown : 0n
    failedAt = log === 'failed' || log === 'refunded' ? createdAt : undefined
    switch (log) {
      case 'reversing':
      case 'sending':
      case 'sent':
        began ||= log === 'reversing'
        underWay = true
        cameToNothing = false
        break
      case 'reversed':
      case 'voided': {
        const then = moved < 0n ? largest(units, left + moved) : units
        if (then < left) left = then
        if (began) shown = units
        underWay = false
        cameToNothing = false
        break
      }
      case 'failed':
      case 'refunded': {
        const ofTheSame = cameToNothing && log === 'refunded'
        // After it had left it came back; before, it never left.
        if (!underWay && !ofTheSame)
          left = smallest(paid, largest(left, units, moved > 0n ? left + moved : 0n))
        if (!underWay && began) shown = units
        cameToNothing = underWay && log === 'failed'
        underWay = false
        break
      }
    }
  }
  return { left, underWay, isTold: later.length > 0, ...(failedAt !== undefined && { failedAt }) }
}
