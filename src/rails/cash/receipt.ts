/**
 * A receipt: that somebody paid an invoice over the counter, as its operator said. It is kept in the inbox as
 * the bytes written here, for no provider signs one.
 */
import { z } from 'zod'
import { BadInput } from '../../base/answer.ts'
import { parseUnits, formatUnits } from '../../base/money.ts'
import type { Instant } from '../../base/world.ts'

export interface Receipt {
  invoice: string
  /** In cents, > 0. */
  units: bigint
  by: string
  /** The receipt book's number, or whatever else finds it again; may be empty. */
  note: string
  at: Instant
}

const shape = z.object({
  invoice: z.string(),
  amount: z.string(),
  by: z.string(),
  note: z.string(),
  at: z.string(),
})

/**
 * The id of the event of an invoice's receipt, by its number: after one was taken back there may be another.
 */
export const receiptIdOf = (invoice: string, number = 1): string =>
  number === 1 ? `receipt/${invoice}` : `receipt/${invoice}/${number}`

export const writeReceipt = ({ units, ...receipt }: Receipt): Uint8Array =>
  Buffer.from(JSON.stringify({ ...receipt, amount: formatUnits(units, 'BRL') }))

/** Reads kept bytes. Throws `BadInput` on what is no receipt. */
export function readReceipt(raw: Uint8Array): Receipt {
  try {
    const { amount, ...receipt } = shape.parse(JSON.parse(Buffer.from(raw).toString('utf8')))
    const units = parseUnits(amount, 'BRL')
    if (units !== undefined && units > 0n) return { ...receipt, units }
  } catch {
    // Said below.
  }
  throw new BadInput('the bytes are no receipt')
}
