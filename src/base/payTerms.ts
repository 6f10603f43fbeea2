/**
 * What paying late or early costs at the bank, and until when an invoice can be paid at all. All of it is
 * said with each invoice: where nothing is said, Stark Bank adds a fine of 2 % and 1 % a month, and takes
 * payments for 59 days (Stark Bank docs, Invoice).
 */
import { formatDuration, parseDuration } from './duration.ts'
import { typedPercent } from './typedAmount.ts'
import type { BasisPoints } from './money.ts'
import type { Millis } from './world.ts'

export interface PayTerms {
  /** Added once, after the due time. */
  fineBp: BasisPoints
  /** Added for each month after the due time, by the day. */
  interestBp: BasisPoints
  /** How long after the due time it can still be paid. */
  expiresInMs: Millis
  /** The largest first, which is also the earliest to end. */
  discounts: readonly Discount[]
}

/** Off, for whoever pays at least so long before the due time. */
export interface Discount {
  basisPoints: BasisPoints
  beforeMs: Millis
}

/** 59 days, the bank's own. */
export const usualExpiresInMs: Millis = 59 * 86_400_000
export const maxExpiresInMs: Millis = 365 * 86_400_000

/** Nothing is added and nothing taken off. */
export const plainTerms: PayTerms = {
  fineBp: 0n,
  interestBp: 0n,
  expiresInMs: usualExpiresInMs,
  discounts: [],
}

/** The bank takes so many. */
const maxDiscounts = 5

/**
 * Reads `5%@3d`, or several, `5%@5d 2,5%@1d`: percent off when paid so long before it is due, less each time,
 * as the bank asks. Empty and `0` are none. Answers undefined for anything else.
 */
export function parseDiscounts(text: string): Discount[] | undefined {
  const plain = text.trim()
  if (plain === '' || /^0+%?$/.test(plain)) return []
  const discounts: Discount[] = []
  for (const item of plain.split(/[\s;]+/)) {
    const [, percent = '', before = ''] = /^([\d.,]+%?)@(\w+)$/.exec(item) ?? []
    const [basisPoints, beforeMs] = [typedPercent(percent), parseDuration(before)]
    if (basisPoints === undefined || beforeMs === undefined || basisPoints <= 0n || basisPoints >= 10_000n)
      return undefined
    const last = discounts.at(-1)
    if (last && (basisPoints >= last.basisPoints || beforeMs >= last.beforeMs)) return undefined
    discounts.push({ basisPoints, beforeMs })
  }
  return discounts.length <= maxDiscounts ? discounts : undefined
}

/** `5.00%@5d 2.50%@1d`: what `parseDiscounts` reads back. */
export const formatDiscounts = (discounts: readonly Discount[]): string =>
  discounts
    .map(({ basisPoints, beforeMs }) => `${percentText(basisPoints)}%@${formatDuration(beforeMs)}`)
    .join(' ')

/** `1.50`: basis points as percent, exactly. */
export const percentText = (basisPoints: BasisPoints): string =>
  `${basisPoints / 100n}.${(basisPoints % 100n).toString().padStart(2, '0')}`

/** Whether every discount can still be had by somebody who is asked now and is given `dueInMs`. */
export const fitsWithin = (discounts: readonly Discount[], dueInMs: Millis): boolean =>
  discounts.every(({ beforeMs }) => beforeMs < dueInMs)
