/** Our tags: by what a transfer or a statement line at the bank names an invoice or an order of ours. */
import { sql } from '../db/db.ts'

/** An invoice of ours, as the bank keeps it among the tags, and an order of ours: payout and number. */
const invoiceTag = /^inv_[0-9a-z]{26}$/
const orderTag = /^pay_[0-9a-z]{26}-\d+$/

export interface OurTags {
  invoice: string | undefined
  order: string | undefined
}

/** Which of the tags are ours. */
export const ourTags = (tags: readonly string[]): OurTags => ({
  invoice: tags.find(tag => invoiceTag.test(tag)),
  order: tags.find(tag => orderTag.test(tag)),
})

/** The payout that an `order_key` is the key of an order of, whether these books know the order or not. */
export const payoutOfKey = sql`substr(order_key, 1, 30)`
