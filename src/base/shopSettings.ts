/** Settings of how much one buyer may ask for in the shop. */
import { parsedOr } from './setting.ts'

/** How many within an hour and within a day; undefined: as many as they like. */
export type Rate = { anHour: number; aDay: number } | undefined
/** How many items unpaid orders may keep from others: one order, and all orders of one buyer. */
export type HeldItems = { anOrder: bigint; aBuyer: bigint } | undefined

export interface ShopLimits {
  /** Codes to pay with, new ones for an old order too, by whom they are asked for. */
  email: Rate
  taxId: Rate
  address: Rate
  /** The same of one order. */
  order: Rate
  /** Letters to an address that has paid for nothing yet. */
  letters: Rate
  held: HeldItems
}

const limit = (fallback: string, first: string, second: string) =>
  parsedOr(
    fallback,
    (text): { is: 'none' } | { is: 'limit'; first: number; second: number } | undefined => {
      if (text === 'none') return { is: 'none' }
      const [, one, other] = new RegExp(`^(\\d{1,6}) ${first}, (\\d{1,6}) ${second}$`).exec(text) ?? []
      if (one === undefined || other === undefined || Number(one) < 1 || Number(other) < Number(one))
        return undefined
      return { is: 'limit', first: Number(one), second: Number(other) }
    },
    `none, or two numbers, the second no smaller, like ${fallback}`,
  )

const rate = (fallback: string) =>
  limit(fallback, 'an hour', 'a day').transform((read): Rate =>
    read.is === 'none' ? undefined : { anHour: read.first, aDay: read.second },
  )

export const shopSettings = {
  SHOP_LIMIT_EMAIL: rate('10 an hour, 30 a day'),
  SHOP_LIMIT_TAX_ID: rate('10 an hour, 30 a day'),
  // Behind one address may be an office, or a mobile network’s whole city.
  SHOP_LIMIT_ADDRESS: rate('30 an hour, 120 a day'),
  SHOP_LIMIT_ORDER: rate('4 an hour, 10 a day'),
  SHOP_LIMIT_LETTERS: rate('1 an hour, 5 a day'),
  SHOP_LIMIT_HELD: limit('30 an order, 60 a buyer', 'an order', 'a buyer').transform((read): HeldItems =>
    read.is === 'none' ? undefined : { anOrder: BigInt(read.first), aBuyer: BigInt(read.second) },
  ),
}
