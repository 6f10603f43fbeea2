/** What became of an invoice's money after it was paid, from everything the bank's log has of it: order, delay and repetition of events do not matter. */
import type { Instant } from '../base/world.ts'
import type { InvoiceLog } from '../rails/rail.ts'

export interface Fate {
  /** What of the payment is with us; the rest has gone back to the payer. */
  left: bigint
  /** Some of it may be going back now. */
  underWay: boolean
  /** When the bank said that the last one came to nothing; undefined where that is not the last it said. */
  failedAt?: Instant
}

/** Logs that tell of money going back (Stark Bank: seen on the sandbox, see docs/ledger.md). */
export const reversalLogs = new Set(['reversing', 'sending', 'sent', 'reversed', 'voided', 'failed', 'refunded'])

/** Pure. `paid`: what was credited; `logs`: oldest first. */
export function fateOf(paid: bigint, logs: readonly InvoiceLog[]): Fate {
  let [left, underWay] = [paid, false]
  let failedAt: Instant | undefined
  for (const { log, units, createdAt } of logs.filter(({ log: type }) => reversalLogs.has(type))) {
    failedAt = log === 'failed' || log === 'refunded' ? createdAt : undefined
    switch (log) {
      case 'reversing':
      case 'sending':
      case 'sent':
        underWay = true
        break
      case 'reversed':
      case 'voided':
        if (units < left) left = units
        underWay = false
        break
      case 'failed':
      case 'refunded':
        // After it had left it came back; before, it never left.
        if (!underWay && units > left) left = units < paid ? units : paid
        underWay = false
        break
    }
  }
  return { left, underWay, ...(failedAt !== undefined && { failedAt }) }
}
